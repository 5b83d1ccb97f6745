package endpoints

import (
	"context"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"example.org/signet/storage"
)

const (
	pingTTL     = time.Second           // how long a ping's outcome is believed
	pingTimeout = time.Second           // after which a ping has failed
	pingWait    = 80 * time.Millisecond // how long a caller waits for one

	// writeInterval is the time between two writes that show that the store has
	// room: a full disk is read like any other.
	writeInterval = 10 * time.Second
	writeKey      = "readyz"    // of the counter that is written
	writeWindow   = time.Minute // of the counter
)

// liveness answers 200. It does not look at the store: an outage of the store must not
// have every instance restarted.
type liveness struct{}

var _ endpoint = liveness{}

func (liveness) handle(*http.Request, *event) (any, error) { return health{Status: "alive"}, nil }

// health is the answer to a health check.
type health struct {
	Status string   `json:"status"`
	Failed []string `json:"fault,omitempty"` // what fails: draining, keys, store
}

func (h health) httpStatus() int {
	if len(h.Failed) > 0 {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// readyChecker tells whether there is a key to sign with.
type readyChecker interface {
	Ready() error
}

// readiness answers 200 if this instance should get traffic, else 503.
type readiness struct {
	keys     readyChecker
	store    *storePinger
	draining atomic.Bool
}

var _ endpoint = (*readiness)(nil)

func (d *readiness) handle(r *http.Request, _ *event) (any, error) {
	if failed := d.failed(r.Context()); failed != nil {
		return health{Status: "not ready", Failed: failed}, nil
	}
	return health{Status: "ready"}, nil
}

// failed returns what keeps the instance from getting traffic; nil for nothing.
func (d *readiness) failed(ctx context.Context) (failed []string) {
	if d.draining.Load() {
		failed = append(failed, "draining")
	}
	if d.keys.Ready() != nil {
		failed = append(failed, "keys")
	}
	if !d.store.reachable(ctx) {
		failed = append(failed, "store")
	}
	return failed
}

// storePinger tells whether the store can be reached and written, by at most one ping a
// second. A caller waits for a ping no longer than pingWait, and then gets the outcome of
// the one before.
type storePinger struct {
	store Store
	now   func() time.Time

	mu      sync.Mutex
	running chan struct{} // closed when the ping under way has ended; nil if none is
	at      time.Time     // of the last outcome
	ok      bool
	wroteAt time.Time // of the last write that succeeded; used by the ping under way alone
}

func (p *storePinger) reachable(ctx context.Context) bool {
	if ok, finished := p.lastResult(); finished == nil {
		return ok
	} else {
		select {
		case <-finished:
		case <-ctx.Done():
		case <-time.After(pingWait):
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ok
}

// lastResult returns the last outcome, and while that is not recent enough the end
// of the ping under way, which it starts if there is none.
func (p *storePinger) lastResult() (ok bool, finished <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if !p.at.IsZero() && now.Before(p.at.Add(pingTTL)) && !now.Before(p.at) {
		return p.ok, nil
	}
	if p.running == nil {
		p.running = make(chan struct{})
		go p.ping(p.running)
	}
	return p.ok, p.running
}

// ping outlives the request that asked for it, by at most its own timeout.
func (p *storePinger) ping(finished chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
	defer cancel()
	err := p.store.Ping(ctx)
	if err == nil {
		err = p.write(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.ok, p.running = p.now(), err == nil, nil
	close(finished)
}

// write makes a small write, unless one has succeeded a moment ago. After one that
// failed each ping writes, until one succeeds.
func (p *storePinger) write(ctx context.Context) error {
	now := p.now()
	if age := now.Sub(p.wroteAt); age >= 0 && age < writeInterval {
		return nil
	}
	_, err := p.store.ReserveCounters(ctx, now, 0, storage.CounterClaim{Key: writeKey, Limit: math.MaxInt64, Window: writeWindow})
	if err == nil {
		p.wroteAt = now
	}
	return err
}
