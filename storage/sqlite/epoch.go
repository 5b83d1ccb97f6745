package sqlite

import (
	"context"

	"example.org/signet/storage"
)

var _ storage.Epochs = (*Store)(nil)

const epochColumns = query("number, since, incomplete")

func epochTargets(e *storage.Epoch) []any {
	return []any{&e.Number, timeColumn{&e.Since}, &e.Incomplete}
}

func scanEpoch(row scanner) (e storage.Epoch, err error) {
	err = row.Scan(epochTargets(&e)...)
	return e, err
}

// Epoch implements [storage.Epochs].
func (s *Store) Epoch(ctx context.Context) (storage.Epoch, error) {
	return readOne(ctx, s, "read the epoch", "SELECT "+epochColumns+" FROM epoch", scanEpoch)
}

// RaiseEpoch implements [storage.Epochs].
func (s *Store) RaiseEpoch(ctx context.Context, r storage.EpochRaise) (storage.Epoch, error) {
	return write(ctx, s, "raise the epoch", func(t *tx) (storage.Epoch, error) {
		return queryOne(t, "UPDATE epoch SET number = max(number, ?) + 1, since = ?, incomplete = ? RETURNING "+epochColumns,
			scanEpoch, r.Above, nullableMillis(r.At), r.Incomplete)
	})
}

type userInEpoch struct {
	user  storage.User
	epoch storage.Epoch
}

func scanUserInEpoch(row scanner) (v userInEpoch, err error) {
	err = row.Scan(append(userTargets(&v.user), epochTargets(&v.epoch)...)...)
	return v, err
}

// UserInEpoch implements [storage.Epochs].
func (s *Store) UserInEpoch(ctx context.Context, id string) (storage.User, storage.Epoch, error) {
	v, err := readOne(ctx, s, "read user and epoch",
		"SELECT "+userColumns+", "+epochColumns+" FROM users, epoch WHERE id = ?", scanUserInEpoch, id)
	return v.user, v.epoch, err
}
