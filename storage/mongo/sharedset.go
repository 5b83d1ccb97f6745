package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// sharedSetDoc is a [storage.SharedSet] as it lies in the collection guards.
type sharedSetDoc struct {
	Name    string   `bson:"_id"`
	Members []string `bson:"members,omitempty"`
	Version int64    `bson:"version"`
}

// SharedSet implements [storage.SharedSets].
func (s *Store) SharedSet(ctx context.Context, name string) (storage.SharedSet, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[sharedSetDoc](ctx, s, sharedSets, byID(name))
	return storage.SharedSet(doc), err
}

// SwapSharedSet implements [storage.SharedSets] by one insert, or by one replacement
// that is conditional on the version.
func (s *Store) SwapSharedSet(ctx context.Context, g storage.SharedSet) (storage.SharedSet, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc := sharedSetDoc{Name: g.Name, Members: nilIfEmpty(g.Members), Version: g.Version + 1}
	if g.Version == 0 {
		err := s.insert(ctx, sharedSets, doc)
		if errors.Is(err, errDuplicate) {
			err = storage.ErrConflict
		}
		return storedSet(doc, err)
	}
	replaced, err := s.replace(ctx, sharedSets, bson.D{eq("_id", g.Name), eq("version", g.Version)}, doc)
	if err == nil && !replaced {
		err = storage.ErrConflict
	}
	return storedSet(doc, err)
}

// storedSet is the set as it was stored, or nothing.
func storedSet(doc sharedSetDoc, err error) (storage.SharedSet, error) {
	if err != nil {
		return storage.SharedSet{}, err
	}
	return storage.SharedSet(doc), nil
}
