package issuer_test

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
)

// A login writes twice, one after the other: the count of the attempt, and the rest at once.
func TestSignIn_Login_CommitsAtMostTwice(t *testing.T) {
	f, b := newSignInFixture(t)
	elsewhere := b.info
	elsewhere.Address = netip.MustParseAddr("198.51.100.9")
	for name, info := range map[string]issuer.RequestInfo{"first from its network": b.info, "first from another": elsewhere} {
		b.cookie, b.info = "", info
		f.store.rounds = &rounds{}
		f.store.reset()
		wantCodeOf(t, name, b.logIn(request()))
		if n := f.store.rounds.n; n > 2 {
			t.Errorf("%s: %d rounds of writes", name, n)
		}
		t.Logf("%s: %d reads, %d writes in %d rounds", name, f.store.reads.Load(), f.store.writes.Load(), f.store.rounds.n)
		f.store.rounds = nil
	}
}

// rounds counts rounds of writes: those that begin before the first of them has ended are one.
type rounds struct {
	mu      sync.Mutex
	n       int
	running int
}

// enter begins a write, and waits for those that begin at the same time.
func (r *rounds) enter() {
	if r == nil {
		return
	}
	r.mu.Lock()
	if r.running == 0 {
		r.n++
	}
	r.running++
	r.mu.Unlock()
	time.Sleep(200 * time.Millisecond)
	r.mu.Lock()
	r.running--
	r.mu.Unlock()
}
