package admin

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/issuer/attribute"
)

// OwnAttribute is an attribute that the user may read, and the value that they have.
type OwnAttribute struct {
	Attribute
	Value any // nil for none
}

// Writable tells whether the user may change the value.
func (a OwnAttribute) Writable() bool { return a.Writers == attribute.User }

// Attributes returns the attributes that the user may read, ordered by name, with the values of when the
// request was let in.
func (o *Owner) Attributes(ctx context.Context) ([]OwnAttribute, error) {
	record, err := o.service.store.AttributeSchema(ctx)
	if err != nil {
		return nil, issuer.StoreError(err)
	}
	values := attribute.NewSchema(record).Shown(o.user.Attributes, attribute.User)
	var list []OwnAttribute
	for _, a := range record.Attributes {
		if a.Readers == attribute.User {
			list = append(list, OwnAttribute{Attribute(a), values[a.Name]})
		}
	}
	return list, nil
}
