package status

import (
	"context"
	"fmt"
	"time"

	"example.org/signet/storage"
)

// blockSize is how many indexes an instance leases at a time: one write of the
// store for as many logins.
const blockSize = 1024

// blockLife is how long a block is used. It bounds how long a list is needed:
// the rest of a block that is used up slowly is given up.
const blockLife = 24 * time.Hour

// block is what is left of a lease.
type block struct {
	turn       chan struct{} // held while next and left are used
	next, left int64
	leased     time.Time
}

// Next takes the next index of this instance's block; once in a block it asks
// the store for another.
func (b *Board) Next(ctx context.Context) (int64, error) {
	k := &b.block
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return 0, storage.Unavailable("lease status indexes", context.Cause(ctx))
	}
	now := b.cfg.Now()
	if k.left == 0 || now.Sub(k.leased) >= blockLife {
		first, err := b.store.LeaseStatus(ctx, blockSize, now.Add(blockLife+b.cfg.Longest))
		if err != nil {
			return 0, fmt.Errorf("lease status indexes: %w", err)
		}
		k.next, k.left, k.leased = first, blockSize, now
	}
	index := k.next
	k.next, k.left = k.next+1, k.left-1
	return index, nil
}
