package status

import (
	"context"
	"errors"
	"time"

	"example.org/signet/storage"
)

const (
	// portion is how many ended sessions one round puts into the lists. They
	// lie in any list, and each list touched costs one write.
	portion = 5000

	// endingsAtATime bounds the endings that are watched over.
	endingsAtATime = 5000

	// endingPatience is how long an ending is left to those who announced it.
	// Whatever began before the epoch moved, such as a login, is over by then.
	endingPatience = time.Minute

	// publishTries bounds a row of lost compare-and-swaps.
	publishTries = 32
)

// settle puts the bits that are due into the lists.
func (b *Board) settle(ctx context.Context) (more bool, err error) {
	due, err := b.store.DueSessions(ctx, portion)
	if err != nil || len(due) == 0 {
		return false, err
	}
	ended := map[int64][]int64{}
	for _, s := range due {
		if !s.RevokedAt.IsZero() {
			note(ended, s.StatusIndex)
		}
		note(ended, s.RetiredIndex)
	}
	for id, indexes := range ended {
		if err := b.publish(ctx, id, indexes); err != nil {
			return false, err
		}
	}
	return len(due) == portion, b.store.SettleSessions(ctx, due)
}

// note files an index under its list. One below the first list is no index.
func note(ended map[int64][]int64, index int64) {
	if id := index / storage.StatusListSize; id > 0 {
		ended[id] = append(ended[id], index%storage.StatusListSize)
	}
}

// Publish sets the bit of an index at once.
func (b *Board) Publish(ctx context.Context, index int64) error {
	return b.publish(ctx, index/storage.StatusListSize, []int64{index % storage.StatusListSize})
}

// publish sets bits of one list. A list that has left has nothing to tell: the
// tokens that name it have expired.
func (b *Board) publish(ctx context.Context, id int64, indexes []int64) error {
	for range publishTries {
		l, err := b.store.StatusList(ctx, id)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if !set(&l, indexes) {
			return nil
		}
		if err := b.store.SetStatus(ctx, id, l.Version, l.Bits); !errors.Is(err, storage.ErrConflict) {
			return err
		}
	}
	return storage.Unavailable("set status", errors.New("the list changed at every step"))
}

// set sets the bits, lowest first within a byte (§4.1), and tells whether any
// was not set before.
func set(l *storage.StatusList, indexes []int64) (changed bool) {
	bits := make([]byte, storage.StatusListSize/8)
	copy(bits, l.Bits)
	for _, i := range indexes {
		mask := byte(1) << (i % 8)
		changed = changed || bits[i/8]&mask == 0
		bits[i/8] |= mask
	}
	l.Bits = bits
	return changed
}

// repair marks the sessions that an epoch has ended and that nobody marked:
// because whoever moved it crashed, or a login was under way. It trusts no time
// in a record: an ending is due when it has been seen here for long enough.
func (b *Board) repair(ctx context.Context, now time.Time) error {
	endings, err := b.store.Endings(ctx, endingsAtATime)
	if err != nil {
		return err
	}
	seen := make(map[string]time.Time, len(endings))
	for _, e := range endings {
		first, known := b.seen[e.ID]
		if !known {
			first = now
		}
		seen[e.ID] = first
	}
	b.seen = seen
	for _, e := range endings {
		if now.Sub(seen[e.ID]) < endingPatience {
			continue
		}
		if err := b.finish(ctx, e, now); err != nil {
			return err
		}
	}
	return nil
}

func (b *Board) finish(ctx context.Context, e storage.Ending, now time.Time) error {
	f, err := b.ended(ctx, e)
	if err != nil {
		return err
	}
	if f != (storage.SessionFilter{}) { // which would mean everybody
		if _, err := b.store.RevokeAll(ctx, f, now, e.Reason); err != nil {
			return err
		}
	}
	return b.store.RemoveEnding(ctx, e.ID)
}

// ended selects the sessions that the ending has ended, by what the user, the
// client or the store's epoch says now; all where user or client are gone, and
// nothing where no epoch moved.
func (b *Board) ended(ctx context.Context, e storage.Ending) (f storage.SessionFilter, err error) {
	switch {
	case e.UserID != "":
		var user storage.User
		var epoch storage.Epoch
		user, epoch, err = b.store.UserInEpoch(ctx, e.UserID)
		f = storage.SessionFilter{UserID: e.UserID, UserEpochBelow: b.cfg.SessionEpoch(user, epoch)}
		if epoch.Number == user.KeptEpoch {
			f.Except = user.KeptSession
		}
	case e.ClientID != "":
		var client storage.Client
		client, err = b.store.Client(ctx, e.ClientID)
		f = storage.SessionFilter{ClientID: e.ClientID, ClientEpochBelow: client.Epoch}
	default:
		var epoch storage.Epoch
		epoch, err = b.store.Epoch(ctx)
		f = storage.SessionFilter{UserEpochBelow: b.cfg.SessionEpoch(storage.User{}, epoch)}
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return storage.SessionFilter{UserID: e.UserID, ClientID: e.ClientID}, nil
	case err != nil, f.UserEpochBelow <= 0 && f.ClientEpochBelow <= 0:
		return storage.SessionFilter{}, err
	}
	return f, nil
}
