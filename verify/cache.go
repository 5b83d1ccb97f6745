package verify

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	firstRetry = time.Second // after a failed fetch; doubled with each, up to the refetch interval
	maxWaiting = 4096        // callers that wait for one fetch at most
)

// keySetFetcher fetches the current key set; old is the cached one, or nil.
type keySetFetcher interface {
	fetch(ctx context.Context, old *keySet) (*keySet, error)
}

var _ keySetFetcher = (*httpFetcher)(nil)

// cache holds the current key set and decides when to fetch another. Reading a fresh
// set takes no lock. At most one fetch runs at a time, under no caller's context, so
// that a caller whose context ends does not affect the others.
type cache struct {
	fetcher  keySetFetcher
	now      func() time.Time
	interval time.Duration // Config.MinRefetchInterval
	stale    time.Duration // Config.StaleIfError
	observe  func(Event)   // Config.Observe; may be nil

	current atomic.Pointer[keySet]

	mu            sync.Mutex
	inflight      *inflightFetch // the fetch under way
	failures      int            // fetches failed since the last success
	failure       error          // the last of them
	retryAt       time.Time      // after a failure: no fetch before
	nextUnknownAt time.Time      // no fetch for an unknown kid before
}

// inflightFetch is a running fetch. err may be read once done is closed.
type inflightFetch struct {
	done    chan struct{}
	err     error
	waiting atomic.Int32
}

var errTooManyWaiting = errors.New("too many callers wait for the keys")

// find returns the keys with this kid. It fails with [ErrUnknownKey] where the issuer
// publishes no such key, and with *[UnavailableError] where that is unknown.
func (c *cache) find(ctx context.Context, kid string) ([]publicKey, error) {
	set, fetched, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	if keys := set.keys[kid]; keys != nil {
		return keys, nil
	}
	if fetched {
		return nil, ErrUnknownKey
	}
	return c.refetchFor(ctx, kid)
}

// load returns a key set that may be used now, and whether this call has fetched it. It
// waits for a fetch only where no cached set may be used.
func (c *cache) load(ctx context.Context) (set *keySet, fetched bool, err error) {
	now := c.now()
	set = c.current.Load()
	if set.fresh(now) && now.Before(set.refreshAt) {
		return set, false, nil
	}
	c.mu.Lock()
	set = c.current.Load()
	due := !set.fresh(now) || !now.Before(set.refreshAt)
	usable := set.fresh(now) || c.failures > 0 && c.usableStale(set, now)
	started := due && c.inflight == nil && c.mayFetch(now)
	if started {
		c.start()
	}
	f, unavailable := c.inflight, c.unavailable(now)
	c.mu.Unlock()

	switch {
	case usable:
		return set, false, nil
	case f == nil:
		return nil, false, unavailable
	}
	err = f.wait(ctx)
	switch {
	case err == nil:
		return c.current.Load(), started, nil
	case f.failed() && c.usableStale(set, c.now()):
		return set, false, nil
	}
	return nil, false, err
}

// usableStale reports whether a stale set may be used because fetches fail.
func (c *cache) usableStale(set *keySet, now time.Time) bool {
	return set != nil && now.Before(set.expiresAt.Add(c.stale))
}

// refetchFor fetches the keys for a kid that the cached set lacks. A running fetch may
// have begun before the key was published: it is waited for, but does not count as the
// fetch that this kid may start.
func (c *cache) refetchFor(ctx context.Context, kid string) ([]publicKey, error) {
	c.mu.Lock()
	f := c.inflight
	c.mu.Unlock()
	if f != nil {
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
		if keys := c.current.Load().keys[kid]; keys != nil {
			return keys, nil
		}
	}
	f, err := c.fetchForUnknownKID()
	if err != nil {
		return nil, err
	}
	if err := f.wait(ctx); err != nil {
		return nil, err
	}
	if keys := c.current.Load().keys[kid]; keys != nil {
		return keys, nil
	}
	return nil, ErrUnknownKey
}

// fetchForUnknownKID starts a fetch for an unknown kid, at most one an interval, or joins
// the running one. In between the kid is unknown as of the last fetch; where that
// one failed, the outcome is unknown.
func (c *cache) fetchForUnknownKID() (*inflightFetch, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	switch {
	case c.inflight != nil:
		return c.inflight, nil
	case !c.mayFetch(now):
		return nil, c.unavailable(now)
	case now.Before(c.nextUnknownAt):
		return nil, ErrUnknownKey
	}
	c.nextUnknownAt = now.Add(c.interval)
	c.start()
	return c.inflight, nil
}

// mayFetch reports whether a fetch may be started: not for a while after a failed one.
// The caller holds mu.
func (c *cache) mayFetch(now time.Time) bool {
	return c.failures == 0 || !now.Before(c.retryAt)
}

// unavailable returns the error while fetches fail. The caller holds mu.
func (c *cache) unavailable(now time.Time) error {
	return &UnavailableError{RetryAfter: max(0, c.retryAt.Sub(now)), Err: c.failure}
}

// start begins a fetch. The caller holds mu, and no fetch is running.
func (c *cache) start() {
	f := &inflightFetch{done: make(chan struct{})}
	c.inflight = f
	go func() {
		began := c.now()
		set, err := c.fetcher.fetch(context.Background(), c.current.Load())
		took := c.now().Sub(began)
		c.complete(f, set, err)
		if c.observe != nil {
			c.observe(fetchEvent(EventKeys, took, err == nil && set.notModified, err))
		}
	}()
}

// complete records the outcome of a fetch and wakes all callers that wait for it.
func (c *cache) complete(f *inflightFetch, set *keySet, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(f.done)
	c.inflight = nil
	if err == nil {
		c.failures = 0
		c.current.Store(set)
		return
	}
	delay := min(c.interval, firstRetry<<min(c.failures, 10))
	c.failures++
	c.failure, c.retryAt = err, c.now().Add(delay)
	f.err = &UnavailableError{RetryAfter: delay, Err: err}
}

// wait returns when the fetch or the caller's context has ended.
func (f *inflightFetch) wait(ctx context.Context) error {
	defer f.waiting.Add(-1)
	if f.waiting.Add(1) > maxWaiting {
		return &UnavailableError{RetryAfter: firstRetry, Err: errTooManyWaiting}
	}
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return &UnavailableError{Err: ctx.Err()}
	}
}

// failed reports whether the fetch has ended with an error.
func (f *inflightFetch) failed() bool {
	select {
	case <-f.done:
		return f.err != nil
	default:
		return false
	}
}
