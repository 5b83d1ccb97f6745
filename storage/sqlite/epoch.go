package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.Epochs = (*Store)(nil)

var epochTable = newTable("epoch",
	plain("number", func(e *storage.Epoch) *int64 { return &e.Number }),
	nullableTimestamp("since", func(e *storage.Epoch) *time.Time { return &e.Since }),
	plain("incomplete", func(e *storage.Epoch) *bool { return &e.Incomplete }),
)

var (
	raiseEpoch      = "UPDATE epoch SET number = max(number, ?) + 1, since = ?, incomplete = ? RETURNING " + epochTable.list
	userInEpochByID = "SELECT " + userTable.list + ", " + epochTable.list + " FROM users, epoch WHERE id = ?"
)

// Epoch implements [storage.Epochs].
func (s *Store) Epoch(ctx context.Context) (storage.Epoch, error) {
	return readOne(ctx, s, "read the epoch", epochTable.read, epochTable.scan)
}

// RaiseEpoch implements [storage.Epochs].
func (s *Store) RaiseEpoch(ctx context.Context, r storage.EpochRaise) (storage.Epoch, error) {
	return write(ctx, s, "raise the epoch", func(t *tx) (storage.Epoch, error) {
		return queryOne(t, raiseEpoch, epochTable.scan, r.Above, nullableMillis(r.At), r.Incomplete)
	})
}

type userInEpoch struct {
	user  storage.User
	epoch storage.Epoch
}

func scanUserInEpoch(row scanner) (v userInEpoch, err error) {
	err = row.Scan(append(userTable.targets(&v.user), epochTable.targets(&v.epoch)...)...)
	return v, err
}

// UserInEpoch implements [storage.Epochs].
func (s *Store) UserInEpoch(ctx context.Context, id string) (storage.User, storage.Epoch, error) {
	v, err := readOne(ctx, s, "read user and epoch", userInEpochByID, scanUserInEpoch, id)
	return v.user, v.epoch, err
}
