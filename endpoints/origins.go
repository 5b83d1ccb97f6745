package endpoints

import (
	"context"
	"sync"
	"time"

	"example.org/signet/issuer"
)

// originTimeoutDivisor divides Config.StoreTimeout into the timeout of a reading
// of the origins, so that both together are two seconds.
const originTimeoutDivisor = 9

// minOriginInterval is the least time between two readings of the origins, and
// the time after a failed one.
const minOriginInterval = time.Second

// originRegistry returns the registered origins.
type originRegistry interface {
	// ClientOrigins reads them all from the store.
	ClientOrigins(ctx context.Context) ([]string, error)
	// ClientChanges moves when this instance has changed a client.
	ClientChanges() uint64
}

// origins holds the registered origins as last read. The store is read at most once an
// interval, whatever origins are asked for, and again when this instance has changed a
// client. While the store is unavailable the last reading is used.
type origins struct {
	registry originRegistry
	limiter  *limiter
	interval time.Duration
	timeout  time.Duration
	now      func() time.Time
	reading  chan struct{} // held by the one reading under way

	mu   sync.Mutex
	last originReading
}

// originReading is the outcome of one reading.
type originReading struct {
	at      time.Time // zero before the first
	changes uint64
	known   map[string]struct{} // of the last reading that succeeded
	err     error               // of this one
}

func newOrigins(cfg Config, l *limiter) *origins {
	return &origins{
		registry: cfg.Service, limiter: l, interval: max(cfg.CacheFor, minOriginInterval),
		timeout: cfg.StoreTimeout / originTimeoutDivisor, now: cfg.Now, reading: make(chan struct{}, 1),
	}
}

// allows tells whether the origin is registered. An origin that is not in the
// last reading and whose registration cannot be read now is an error.
func (o *origins) allows(ctx context.Context, origin string) (bool, error) {
	last, fresh := o.current()
	if !fresh {
		last = o.read(ctx)
	}
	if _, registered := last.known[origin]; registered {
		return true, nil
	}
	return false, last.err
}

// current returns the last reading, and whether it still counts.
func (o *origins) current() (last originReading, fresh bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	interval := o.interval
	if o.last.err != nil {
		interval = minOriginInterval
	}
	age := o.now().Sub(o.last.at)
	return o.last, !o.last.at.IsZero() && age >= 0 && age < interval && o.last.changes == o.registry.ClientChanges()
}

// read reads the origins, unless another request has done so meanwhile.
func (o *origins) read(ctx context.Context) originReading {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	select {
	case o.reading <- struct{}{}:
		defer func() { <-o.reading }()
	case <-ctx.Done():
		last, _ := o.current()
		last.err = &issuer.Error{Code: issuer.Unavailable, Description: "the origins cannot be read now, try again", Cause: context.Cause(ctx)}
		return last
	}
	last, fresh := o.current()
	if fresh {
		return last
	}
	ctx, release, err := o.limiter.acquire(ctx, o.timeout)
	if err != nil {
		last.err = err
		return last
	}
	defer release()
	return o.store(ctx, originReading{at: o.now(), changes: o.registry.ClientChanges(), known: last.known})
}

// store completes the reading and keeps it. The clock and the changes were read
// before the store, so that what changes meanwhile is read again.
func (o *origins) store(ctx context.Context, r originReading) originReading {
	list, err := o.registry.ClientOrigins(ctx)
	if r.err = err; err == nil {
		r.known = make(map[string]struct{}, len(list))
		for _, origin := range list {
			r.known[origin] = struct{}{}
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = r
	return r
}
