package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// snapshot reads from the live store: each record is consistent and read once.
type snapshot struct{ *Store }

func (snapshot) Close() error { return nil }

// Snapshot implements [storage.Backups]. It makes sure that the server is there.
func (s *Store) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	return snapshot{s}, s.Ping(ctx)
}

// clearTimeout bounds the emptying of one collection, for which no request waits.
const clearTimeout = 10 * time.Minute

// Clear implements [storage.Backups], one collection after the other. What is
// added to the collections is cleared too; see docs/storage.md for what package
// backup must then learn.
func (s *Store) Clear(ctx context.Context) error {
	for _, c := range collections() {
		filter := bson.D{}
		switch c {
		case schema, statusLists: // the numbers of the lists never come back
			continue
		case users:
			filter = bson.D{onlyUsers()}
		}
		if err := s.clear(ctx, c, filter); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) clear(ctx context.Context, collection string, filter bson.D) error {
	ctx, cancel := context.WithTimeout(ctx, clearTimeout)
	defer cancel()
	_, err := s.db.Collection(collection).DeleteMany(ctx, filter)
	return s.unavailable("clear "+collection, err)
}

// ListRevocations implements [storage.Revocations].
func (s *Store) ListRevocations(ctx context.Context, p storage.Page) (storage.RevocationPage, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	records, next, err := page(ctx, s, revocations, bson.D{}, p, revocationDoc.record, func(r storage.Revocation) string { return r.JTI })
	return storage.RevocationPage{Revocations: records, Next: next}, err
}

func (d revocationDoc) record() storage.Revocation {
	return storage.Revocation{JTI: d.ID, ExpiresAt: d.ExpiresAt}
}
