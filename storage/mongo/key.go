package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// keyDoc is a [storage.Key] as it lies in the collection keys. Instances
// contend for the sequence number, so that is its _id; that no two keys have
// one kid is held by the index keys_kid.
type keyDoc struct {
	Seq                    int64     `bson:"_id"`
	KID                    string    `bson:"kid"`
	Alg                    string    `bson:"alg"`
	PublicJWK              []byte    `bson:"public_jwk,omitempty"`
	Sealed                 []byte    `bson:"sealed,omitempty"`
	CreatedAt              time.Time `bson:"created_at"`
	ActivatesAt            time.Time `bson:"activates_at"`
	PredecessorActivatesAt time.Time `bson:"predecessor_activates_at"`
	Restores               string    `bson:"restores,omitempty"`
	RestoresAt             time.Time `bson:"restores_at,omitempty"`
	VerifiesUntil          time.Time `bson:"verifies_until,omitempty"`
	RevokedAt              time.Time `bson:"revoked_at"`
}

func newKeyDoc(k storage.Key) keyDoc {
	k.CreatedAt, k.ActivatesAt = storage.Time(k.CreatedAt), storage.Time(k.ActivatesAt)
	k.PredecessorActivatesAt, k.RevokedAt = storage.Time(k.PredecessorActivatesAt), storage.Time(k.RevokedAt)
	k.RestoresAt, k.VerifiesUntil = storage.Time(k.RestoresAt), storage.Time(k.VerifiesUntil)
	return keyDoc(k)
}

func (d keyDoc) record() storage.Key { return storage.Key(d) }

// InsertKey implements [storage.Keys] by one insert. Which of the two unique
// fields it met is looked up, not read from the error's text.
func (s *Store) InsertKey(ctx context.Context, k storage.Key) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	err := s.insert(ctx, keys, newKeyDoc(k))
	if !errors.Is(err, errDuplicate) {
		return err
	}
	taken, err := s.exists(ctx, keys, byID(k.Seq))
	switch {
	case err != nil:
		return err
	case taken:
		return &storage.DuplicateError{Field: "seq"}
	}
	return &storage.DuplicateError{Field: "kid"}
}

// ListKeys implements [storage.Keys].
func (s *Store) ListKeys(ctx context.Context) ([]storage.Key, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := find[keyDoc](ctx, s, listing{collection: keys, filter: bson.D{}, order: byRisingID})
	return convert(docs, keyDoc.record), err
}

// RevokeKey implements [storage.Keys] by one conditional update. Where it
// meets nothing, a read tells a revoked key from none.
func (s *Store) RevokeKey(ctx context.Context, kid string, at time.Time) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	done, err := s.update(ctx, keys, bson.D{eq("kid", kid), notRevoked()}, bson.D{set(value("revoked_at", storage.Time(at)))}, nil)
	if done || err != nil {
		return err
	}
	return requireFound(s.exists(ctx, keys, bson.D{eq("kid", kid)}))
}

// ResealKey implements [storage.Keys] by one conditional update. Where it meets
// nothing, a read tells a key that is sealed otherwise from none.
func (s *Store) ResealKey(ctx context.Context, kid string, was, sealed []byte) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	done, err := s.update(ctx, keys, bson.D{eq("kid", kid), eq("sealed", was)}, bson.D{set(value("sealed", sealed))}, bson.D{eq("kid", kid), eq("sealed", sealed)})
	if done || err != nil {
		return err
	}
	if err := requireFound(s.exists(ctx, keys, bson.D{eq("kid", kid)})); err != nil {
		return err
	}
	return storage.ErrConflict
}

// DeleteKey implements [storage.Keys] by one delete.
func (s *Store) DeleteKey(ctx context.Context, kid string) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return requireFound(s.delete(ctx, keys, bson.D{eq("kid", kid)}))
}
