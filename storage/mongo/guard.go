package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// guardDoc is a [storage.Guard] as it lies in the collection guards.
type guardDoc struct {
	Name    string   `bson:"_id"`
	Members []string `bson:"members,omitempty"`
	Version int64    `bson:"version"`
}

// Guard implements [storage.Guards].
func (s *Store) Guard(ctx context.Context, name string) (storage.Guard, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	doc, err := find[guardDoc](ctx, s, guards, byID(name))
	return storage.Guard(doc), err
}

// SwapGuard implements [storage.Guards] by one insert, or by one replacement
// that is conditional on the version.
func (s *Store) SwapGuard(ctx context.Context, g storage.Guard) (storage.Guard, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	doc := guardDoc{Name: g.Name, Members: list(g.Members), Version: g.Version + 1}
	if g.Version == 0 {
		err := s.insert(ctx, guards, doc)
		if errors.Is(err, errDuplicate) {
			err = storage.ErrConflict
		}
		return given(doc, err)
	}
	done, err := s.replace(ctx, guards, bson.D{is("_id", g.Name), is("version", g.Version)}, doc)
	if err == nil && !done {
		err = storage.ErrConflict
	}
	return given(doc, err)
}

// given is the guard as it was stored, or nothing.
func given(doc guardDoc, err error) (storage.Guard, error) {
	if err != nil {
		return storage.Guard{}, err
	}
	return storage.Guard(doc), nil
}
