package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.Keys = (*Store)(nil)

const keyColumns = query("seq, kid, alg, public_jwk, sealed, created_at, activates_at, predecessor_activates_at, restores, restores_at, verifies_until, revoked_at")

func scanKey(row scanner) (k storage.Key, err error) {
	err = row.Scan(&k.Seq, &k.KID, &k.Alg, bytesColumn{&k.PublicJWK}, bytesColumn{&k.Sealed}, timeColumn{&k.CreatedAt},
		timeColumn{&k.ActivatesAt}, timeColumn{&k.PredecessorActivatesAt},
		&k.Restores, timeColumn{&k.RestoresAt}, timeColumn{&k.VerifiesUntil}, timeColumn{&k.RevokedAt})
	return k, err
}

// InsertKey implements [storage.Keys].
func (s *Store) InsertKey(ctx context.Context, k storage.Key) error {
	_, err := writeMulti(ctx, s, "insert key", func(t *tx) (inserted int64, err error) {
		inserted, err = t.exec("INSERT INTO keys ("+keyColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			k.Seq, k.KID, k.Alg, k.PublicJWK, k.Sealed, millis(k.CreatedAt),
			nullableMillis(k.ActivatesAt), nullableMillis(k.PredecessorActivatesAt),
			k.Restores, nullableMillis(k.RestoresAt), nullableMillis(k.VerifiesUntil), nullableMillis(k.RevokedAt))
		if err != nil || inserted > 0 {
			return inserted, err
		}
		seqTaken, err := queryOne(t, "SELECT EXISTS (SELECT 1 FROM keys WHERE seq = ?)", scanBool, k.Seq)
		switch {
		case err != nil:
			return 0, err
		case seqTaken:
			return 0, duplicate("seq")
		}
		return 0, duplicate("kid")
	})
	return err
}

// ListKeys implements [storage.Keys].
func (s *Store) ListKeys(ctx context.Context) ([]storage.Key, error) {
	return readMany(ctx, s, "list keys", selection{query: "SELECT " + keyColumns + " FROM keys ORDER BY seq"}, scanKey)
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
		there, err := queryOne(t, "SELECT EXISTS (SELECT 1 FROM keys WHERE kid = ?)", scanBool, kid)
		switch {
		case err != nil:
			return 0, err
		case there:
			return 0, storage.ErrConflict
		}
		return 0, storage.ErrNotFound
	})
	return err
}

// DeleteKey implements [storage.Keys].
func (s *Store) DeleteKey(ctx context.Context, kid string) error {
	return s.exec(ctx, "delete key", storage.ErrNotFound, "DELETE FROM keys WHERE kid = ?", kid)
}
