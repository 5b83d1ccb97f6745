package sqlite

import (
	"context"
	"errors"
	"time"

	"example.org/signet/storage"
)

var _ storage.Keys = (*Store)(nil)

var keyTable = newTable("keys",
	plain("seq", func(k *storage.Key) *int64 { return &k.Seq }),
	plain("kid", func(k *storage.Key) *string { return &k.KID }),
	plain("alg", func(k *storage.Key) *string { return &k.Alg }),
	blob("public_jwk", func(k *storage.Key) *[]byte { return &k.PublicJWK }),
	blob("sealed", func(k *storage.Key) *[]byte { return &k.Sealed }),
	timestamp("created_at", func(k *storage.Key) *time.Time { return &k.CreatedAt }),
	nullableTimestamp("activates_at", func(k *storage.Key) *time.Time { return &k.ActivatesAt }),
	nullableTimestamp("predecessor_activates_at", func(k *storage.Key) *time.Time { return &k.PredecessorActivatesAt }),
	plain("restores", func(k *storage.Key) *string { return &k.Restores }),
	nullableTimestamp("restores_at", func(k *storage.Key) *time.Time { return &k.RestoresAt }),
	nullableTimestamp("verifies_until", func(k *storage.Key) *time.Time { return &k.VerifiesUntil }),
	nullableTimestamp("revoked_at", func(k *storage.Key) *time.Time { return &k.RevokedAt }),
)

var listKeys = keyTable.read + " ORDER BY seq"

// InsertKey implements [storage.Keys].
func (s *Store) InsertKey(ctx context.Context, k storage.Key) error {
	_, err := writeMulti(ctx, s, "insert key", func(t *tx) (none struct{}, err error) {
		err = insertRecord(t, keyTable, &k, duplicate("kid"))
		if !errors.Is(err, storage.ErrConflict) {
			return none, err
		}
		seqTaken, existsErr := queryOne(t, keyTable.exists, scanBool, k.Seq)
		switch {
		case existsErr != nil:
			return none, existsErr
		case seqTaken:
			return none, duplicate("seq")
		}
		return none, err
	})
	return err
}

// ListKeys implements [storage.Keys].
func (s *Store) ListKeys(ctx context.Context) ([]storage.Key, error) {
	return readMany(ctx, s, "list keys", selection{query: listKeys}, keyTable.scan)
}

// RevokeKey implements [storage.Keys].
func (s *Store) RevokeKey(ctx context.Context, kid string, at time.Time) error {
	return s.exec(ctx, "revoke key", storage.ErrNotFound,
		"UPDATE keys SET revoked_at = coalesce(revoked_at, ?) WHERE kid = ?", millis(at), kid)
}

// ResealKey implements [storage.Keys].
func (s *Store) ResealKey(ctx context.Context, kid string, was, sealed []byte) error {
	_, err := writeMulti(ctx, s, "reseal key", func(t *tx) (int64, error) {
		changed, err := t.exec("UPDATE keys SET sealed = ? WHERE kid = ? AND sealed = ?", sealed, kid, was)
		if err != nil || changed > 0 {
			return changed, err
		}
		return 0, conflictOrNotFound(t, storage.ErrNotFound, "SELECT EXISTS (SELECT 1 FROM keys WHERE kid = ?)", kid)
	})
	return err
}

// DeleteKey implements [storage.Keys].
func (s *Store) DeleteKey(ctx context.Context, kid string) error {
	return s.exec(ctx, "delete key", storage.ErrNotFound, "DELETE FROM keys WHERE kid = ?", kid)
}
