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
	return l.reserve(ctx, claimUpTo(key, repeatedEvents))
}

// allowFrom is allow for what strangers cause: the limit is that of one network, and wider ones
// have theirs, as for attempts at passwords.
func (l eventLimiter) allowFrom(ctx context.Context, kind string, info RequestInfo, limit Limit) (bool, error) {
	var claims []storage.CounterClaim
	for _, n := range info.networks() {
		claims = append(claims, claimUpTo(kind+":"+n.name+":"+hashKey(n.prefix), limit.wider(n.manyTimes)))
	}
	return l.reserve(ctx, claims...)
}

func claimUpTo(key string, limit Limit) storage.CounterClaim {
	return storage.CounterClaim{Key: key, Limit: limit.Attempts, Window: limit.Window}
}

// reserve takes a place in every counter, or in none.
func (l eventLimiter) reserve(ctx context.Context, claims ...storage.CounterClaim) (bool, error) {
	r, err := l.store.ReserveCounters(ctx, storage.Time(l.now()), 0, claims...)
	if err != nil {
		return false, unavailable(err)
	}
	return r.Full == nil, nil
}
