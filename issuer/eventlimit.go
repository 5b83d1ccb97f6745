package issuer

import (
	"context"
	"time"

	"example.org/signet/storage"
)

// eventLimiter bounds how often something is audited that a client can repeat without end.
// All instances share the count.
type eventLimiter struct {
	store storage.RateCounters
	now   func() time.Time
}

// repeatedEvents are how many events of one kind about one thing are worth writing down.
var repeatedEvents = Limit{10, time.Hour}

// allow tells whether one more event is to be written. Past the limit nothing is written.
func (l eventLimiter) allow(ctx context.Context, key string) (bool, error) {
	return l.allowUpTo(ctx, key, repeatedEvents)
}

// allowUpTo is allow with a limit of its own.
func (l eventLimiter) allowUpTo(ctx context.Context, key string, limit Limit) (bool, error) {
	r, err := l.store.ReserveCounters(ctx, storage.Time(l.now()), 0,
		storage.CounterClaim{Key: key, Limit: limit.Attempts, Window: limit.Window})
	if err != nil {
		return false, unavailable(err)
	}
	return r.Full == nil, nil
}
