package admin

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/issuer/attribute"
	"example.org/signet/storage"
)

// userViews makes what a reader sees of users. It reads the schema of attributes once, and only
// if a user has some.
type userViews struct {
	store  storage.AttributeSchemas
	reader string // of attributes
	schema *attribute.Schema
}

func (u Users) views() *userViews {
	reader := attribute.Admin
	if _, own := u.admin.actor.(owner); own {
		reader = attribute.User
	}
	return &userViews{store: u.admin.service.store, reader: reader}
}

// view returns what whoever asks sees of one user.
func (u Users) view(ctx context.Context, x storage.User) (User, error) { return u.views().of(ctx, x) }

func (v *userViews) of(ctx context.Context, x storage.User) (User, error) {
	shown := toUser(x)
	if x.Attributes == "" {
		return shown, nil
	}
	if v.schema == nil {
		record, err := v.store.AttributeSchema(ctx)
		if err != nil {
			return User{}, issuer.OutcomeUnknown(err)
		}
		v.schema = attribute.NewSchema(record)
	}
	shown.Attributes = v.schema.Shown(x.Attributes, v.reader)
	return shown, nil
}
