package status

import (
	"context"
	"errors"
	"time"

	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

const (
	// batchSize is how many ended sessions one round puts into the lists. They
	// lie in any list, and each list touched costs one write.
	batchSize = 5000

	// maxPendingRevocations bounds the pending revocations that are read at once.
	maxPendingRevocations = 5000

	// pendingRevocationDelay is how long a pending revocation is left to those who recorded it.
	// Whatever began before the epoch moved, such as a login, is over by then.
	pendingRevocationDelay = time.Minute

	// maxPublishAttempts bounds the lost compare-and-swaps in a row.
	maxPublishAttempts = 32
)

// publishPending puts the bits that are due into the lists.
func (ls *Lists) publishPending(ctx context.Context) (more bool, err error) {
	due, err := ls.store.PendingStatus(ctx, batchSize)
	if err != nil || len(due) == 0 {
		return false, err
	}
	ended := map[int64][]int64{}
	for _, s := range due {
		if !s.RevokedAt.IsZero() {
			group(ended, s.StatusIndex)
		}
		group(ended, s.RetiredIndex)
	}
	for id, indexes := range ended {
		if err := ls.publish(ctx, id, indexes); err != nil {
			return false, err
		}
	}
	return len(due) == batchSize, ls.store.ClearPendingStatus(ctx, due)
}

// group adds an index to those of its list. One below the first list is no index.
func group(ended map[int64][]int64, index int64) {
	if id := index / storage.StatusListSize; id > 0 {
		ended[id] = append(ended[id], index%storage.StatusListSize)
	}
}

// Publish sets the bit of an index at once.
func (ls *Lists) Publish(ctx context.Context, index int64) error {
	return ls.publish(ctx, index/storage.StatusListSize, []int64{index % storage.StatusListSize})
}

// publish sets bits of one list. A list that has left has nothing to tell: the
// tokens that name it have expired.
func (ls *Lists) publish(ctx context.Context, id int64, indexes []int64) error {
	for range maxPublishAttempts {
		l, err := ls.store.StatusList(ctx, id)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if !set(&l, indexes) {
			return nil
		}
		if err := ls.store.SetStatus(ctx, id, l.Version, l.Bits); !errors.Is(err, storage.ErrConflict) {
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

// finishPendingRevocations marks the sessions that an epoch has ended and that nobody marked:
// because whoever moved it crashed, or a login was under way. It trusts no time
// in a record: a pending revocation is due when it has been seen here for long enough.
func (ls *Lists) finishPendingRevocations(ctx context.Context, now time.Time) error {
	endings, err := ls.store.PendingRevocations(ctx, maxPendingRevocations)
	if err != nil {
		return err
	}
	seen := make(map[string]time.Time, len(endings))
	for _, e := range endings {
		first, seenBefore := ls.firstSeen[e.ID]
		if !seenBefore {
			first = now
		}
		seen[e.ID] = first
	}
	ls.firstSeen = seen
	for _, e := range endings {
		if now.Sub(seen[e.ID]) < pendingRevocationDelay {
			continue
		}
		if err := ls.finishRevocation(ctx, e, now); err != nil {
			return err
		}
	}
	return nil
}

func (ls *Lists) finishRevocation(ctx context.Context, e storage.PendingRevocation, now time.Time) error {
	f, err := ls.revocationFilter(ctx, e)
	if err != nil {
		return err
	}
	if f != (storage.SessionFilter{}) { // which would mean everybody
		if _, err := ls.store.RevokeAll(ctx, f, now, e.Reason); err != nil {
			return err
		}
	}
	return ls.store.RemovePendingRevocation(ctx, e.ID)
}

// revocationFilter selects the sessions that the pending revocation has ended, by what the user, the
// client or the store's epoch says now; all where user or client are gone, and
// nothing where no epoch moved.
func (ls *Lists) revocationFilter(ctx context.Context, e storage.PendingRevocation) (f storage.SessionFilter, err error) {
	switch {
	case e.UserID != "":
		var user storage.User
		var storeEpoch storage.Epoch
		user, storeEpoch, err = ls.store.UserInEpoch(ctx, e.UserID)
		f = epoch.EndedByUser(user, storeEpoch)
	case e.ClientID != "":
		var client storage.Client
		client, err = ls.store.Client(ctx, e.ClientID)
		f = epoch.EndedByClient(client)
	default:
		var storeEpoch storage.Epoch
		storeEpoch, err = ls.store.Epoch(ctx)
		f = epoch.EndedByStore(storeEpoch)
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return storage.SessionFilter{UserID: e.UserID, ClientID: e.ClientID}, nil
	case err != nil, f.UserEpochBelow <= 0 && f.ClientEpochBelow <= 0:
		return storage.SessionFilter{}, err
	}
	return f, nil
}
