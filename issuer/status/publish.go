package status

import (
	"context"
	"errors"
	"slices"

	"example.org/signet/storage"
)

const (
	// batchSize is how many ended sessions one round puts into the lists. They
	// lie in any list, and each list touched costs one write.
	batchSize = 5000

	// maxPublishAttempts bounds the lost compare-and-swaps in a row.
	maxPublishAttempts = 32
)

// publishPending puts the bits that are due into the lists, and tells of the sessions that
// have ended.
func (ls *Lists) publishPending(ctx context.Context) (more bool, err error) {
	due, err := ls.store.PendingStatus(ctx, batchSize)
	if err != nil || len(due) == 0 {
		return false, err
	}
	ended := map[int64][]int64{}
	for _, s := range due {
		if !s.RevokedAt.IsZero() || s.StatusRetired {
			group(ended, s.StatusIndex)
		}
		group(ended, s.RetiredIndex)
	}
	for id, indexes := range ended {
		if err := ls.publish(ctx, id, indexes); err != nil {
			return false, err
		}
	}
	if err := ls.tellEnded(ctx, due); err != nil {
		return false, err
	}
	return len(due) == batchSize, ls.store.ClearPendingStatus(ctx, due)
}

// tellEnded tells of those sessions that have ended.
func (ls *Lists) tellEnded(ctx context.Context, due []storage.Session) error {
	if ls.cfg.Ended == nil {
		return nil
	}
	ended := slices.DeleteFunc(slices.Clone(due), func(s storage.Session) bool { return s.RevokedAt.IsZero() })
	if len(ended) == 0 {
		return nil
	}
	return ls.cfg.Ended(ctx, ended)
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
