package status

import (
	"context"
	"fmt"
	"time"

	"example.org/signet/storage"
)

// leaseSize is how many indexes an instance leases at a time: one write of the
// store for as many logins.
const leaseSize = storage.StatusLeaseSize

// leaseTTL is how long a lease is used. It bounds how long a list is needed: what is
// left of a lease then is given up.
const leaseTTL = 24 * time.Hour

// lease is what is left of a lease.
type lease struct {
	mutex      chan struct{} // held while next and left are used
	next, left int64
	leasedAt   time.Time
}

// Next takes the next index of this instance's lease; when that is used up, or
// too old, it asks the store for another.
func (ls *Lists) Next(ctx context.Context) (int64, error) {
	k := &ls.lease
	select {
	case k.mutex <- struct{}{}:
		defer func() { <-k.mutex }()
	case <-ctx.Done():
		return 0, storage.Unavailable("lease status indexes", context.Cause(ctx))
	}
	now := ls.cfg.Now()
	if k.left == 0 || now.Sub(k.leasedAt) >= leaseTTL {
		first, err := ls.store.LeaseStatus(ctx, leaseSize, now.Add(leaseTTL+ls.cfg.MaxSessionTTL))
		if err != nil {
			return 0, fmt.Errorf("lease status indexes: %w", err)
		}
		k.next, k.left, k.leasedAt = first, leaseSize, now
	}
	index := k.next
	k.next, k.left = k.next+1, k.left-1
	return index, nil
}
