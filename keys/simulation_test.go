package keys_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"example.org/signet/internal/testclock"
	"example.org/signet/keys"
	"example.org/signet/storage"
	"pgregory.net/rapid"
)

// A simulation is some instances on one store, with clocks that differ and links
// that break, and verifiers that cache the JWKS for up to as long as they may
// and never ask for an unknown key. Time passes in steps shorter than a refresh.
type simulation struct {
	choose     func(n int, what string) int // 0 to n-1
	trueClock  *testclock.Clock
	cfg        keys.Config
	store      *memoryStore
	instances  []*instance
	verifiers  []*verifier
	tokens     []simToken
	revoked    map[string]time.Time
	exempted   map[string]bool // keys that were made to sign before their time, by force or need
	exemptions bool            // whether that is an excuse
	counts     eventCounts

	// Rules that a test breaks.
	tokenLifetime   time.Duration // of tokens, as resource servers see it
	minCacheTime    time.Duration // for how long verifiers cache whatever max-age says; 0 heeds it
	forceRotations  bool          // every rotation is forced
	ignoreReadiness bool          // the balancer never looks who is ready
}

// eventCounts counts what happened.
type eventCounts struct{ rotations, forced, rollbacks, revocations, restarts, cuts int }

func (t *eventCounts) add(o eventCounts) {
	t.rotations += o.rotations
	t.forced += o.forced
	t.rollbacks += o.rollbacks
	t.revocations += o.revocations
	t.restarts += o.restarts
	t.cuts += o.cuts
}

type instance struct {
	clock   *testclock.Clock
	skew    time.Duration
	link    *link
	manager *keys.Manager
	read    time.Time // last refresh, by the true clock
}

// link is one instance's way to the store, which may be cut.
type link struct {
	keys.Store
	cut bool
}

func (l *link) ListKeys(ctx context.Context) ([]storage.Key, error) {
	if l.cut {
		return nil, unavailable("list")
	}
	return l.Store.ListKeys(ctx)
}

func (l *link) InsertKey(ctx context.Context, k storage.Key) error {
	if l.cut {
		return unavailable("insert")
	}
	return l.Store.InsertKey(ctx, k)
}

type verifier struct {
	skew  time.Duration
	kids  []string
	until time.Time // of the cached set, by the true clock
}

type simToken struct {
	kid string
	exp time.Time // by the signer's clock, as in the token
}

func newSimulation(t *testing.T, pick func(int, string) int) *simulation {
	w := prepareSimulation(pick)
	w.begin(t)
	return w
}

func prepareSimulation(pick func(int, string) int) *simulation {
	w := &simulation{choose: pick, trueClock: newClock(), store: new(memoryStore), revoked: map[string]time.Time{}, exempted: map[string]bool{}, exemptions: true}
	w.cfg = settings(w.trueClock)
	w.cfg.RotationInterval, w.cfg.PublishAhead, w.cfg.JWKSMaxAge = 8*time.Minute, 4*time.Minute, time.Minute
	w.cfg.Refresh, w.cfg.TokenLifetime, w.cfg.Leeway = 10*time.Second, 2*time.Minute, 6*time.Second
	w.tokenLifetime = w.cfg.TokenLifetime
	return w
}

// begin starts the instances.
func (w *simulation) begin(t *testing.T) {
	for range 3 {
		i := &instance{skew: w.skew(), link: &link{Store: w.store}, clock: newClock()}
		w.instances = append(w.instances, i)
		w.setClocks()
		w.start(t, i)
		w.verifiers = append(w.verifiers, &verifier{skew: w.skew()})
	}
}

// skew keeps any two clocks within the leeway of each other.
func (w *simulation) skew() time.Duration {
	return time.Duration(w.choose(7, "skew")-3) * w.cfg.Leeway / 6
}

func (w *simulation) setClocks() {
	for _, i := range w.instances {
		i.clock.Set(w.trueClock.Now().Add(i.skew))
	}
}

func (w *simulation) start(t *testing.T, i *instance) {
	cfg := w.cfg
	cfg.Now = i.clock.Now
	m, err := keys.Open(t.Context(), i.link, testMasterKey(t), cfg)
	if err != nil && !i.link.cut {
		t.Fatalf("open: %v", err)
	}
	if err == nil {
		i.manager, i.read = m, w.trueClock.Now()
	}
}

// ready lists the instances that a load balancer sends requests to.
func (w *simulation) ready() []*instance {
	return slices.DeleteFunc(slices.Clone(w.instances), func(i *instance) bool { return i.manager.Ready() != nil && !w.ignoreReadiness })
}

// step lets time pass and something happen, and returns what went wrong.
func (w *simulation) step(t *testing.T) error {
	w.trueClock.Advance(time.Duration(1+w.choose(9, "seconds")) * time.Second)
	w.setClocks()
	for _, i := range w.instances {
		// Whoever can reach the store reads it at least every Refresh.
		if !i.link.cut && (w.choose(2, "refresh") == 0 || w.trueClock.Now().Sub(i.read) > w.cfg.Refresh-9*time.Second) {
			if err := i.manager.Refresh(t.Context()); err != nil {
				return fmt.Errorf("refresh: %w", err)
			}
			i.read = w.trueClock.Now()
			if err := checkKeyring(i.manager); err != nil {
				return err
			}
		}
	}
	if err := w.randomEvent(t, w.instances[w.choose(3, "instance")]); err != nil {
		return err
	}
	if err := w.signTokens(t); err != nil {
		return err
	}
	return w.checkVerifiers()
}

// checkKeyring: after a refresh one key signs and one stands by.
func checkKeyring(m *keys.Manager) error {
	unclaimed := 0
	for _, i := range m.List() {
		if i.State == keys.Standby && i.ActivatesAt.IsZero() {
			unclaimed++
		}
	}
	if n := len(inState(m, keys.Active)); n != 1 || unclaimed == 0 {
		return fmt.Errorf("%d active keys, %d standbys", n, unclaimed)
	}
	return nil
}

func (w *simulation) randomEvent(t *testing.T, i *instance) error {
	switch w.choose(24, "event") {
	case 0, 1, 2:
		return w.rotate(t, i, false)
	case 3:
		if w.choose(4, "force") == 0 {
			return w.rotate(t, i, true)
		}
	case 4:
		if w.choose(4, "revoke") == 0 {
			return w.revoke(t, i)
		}
	case 8, 9:
		return w.rollback(t, i)
	case 5:
		i.link.cut = true
		w.counts.cuts++
	case 6:
		i.link.cut = false
	case 7: // restart
		if !i.link.cut {
			w.start(t, i)
			w.counts.restarts++
		}
	}
	return nil
}

func (w *simulation) rotate(t *testing.T, i *instance, force bool) error {
	_, err := i.manager.Rotate(t.Context(), keys.Change{Force: force || w.forceRotations})
	switch {
	case err == nil && force:
		w.counts.forced++
		w.exempt(i)
	case err == nil:
		w.counts.rotations++
	}
	if errors.Is(err, keys.ErrRotated) || i.link.cut {
		return nil
	}
	return err
}

// rollback needs no excuse: every verifier knows the previous key.
func (w *simulation) rollback(t *testing.T, i *instance) error {
	var late *keys.RollbackUnavailableError
	_, err := i.manager.Rollback(t.Context(), keys.Change{})
	if err == nil {
		w.counts.rollbacks++
	}
	if errors.Is(err, keys.ErrRotated) || errors.As(err, &late) || i.link.cut {
		return nil
	}
	return err
}

// exempt excuses the keys that a forced rotation or a revocation makes sign about
// now, before they have been published for long enough.
func (w *simulation) exempt(i *instance) {
	for _, k := range i.manager.List() {
		if !k.ActivatesAt.IsZero() && k.ActivatesAt.Sub(i.clock.Now()).Abs() <= w.cfg.Leeway && k.ActivatesAt.Before(k.CreatedAt.Add(w.cfg.PublishAhead)) {
			w.exempted[k.KID] = w.exemptions
		}
	}
}

func (w *simulation) revoke(t *testing.T, i *instance) error {
	list := i.manager.List()
	kid := list[w.choose(len(list), "key")].KID
	if i.link.cut {
		return nil
	}
	if err := i.manager.Revoke(t.Context(), kid, keys.Change{}); err != nil {
		return err
	}
	if _, again := w.revoked[kid]; !again {
		w.revoked[kid] = w.trueClock.Now()
		w.counts.revocations++
	}
	w.exempt(i)
	return nil
}

func (w *simulation) signTokens(t *testing.T) error {
	for _, i := range w.instances {
		s, err := i.manager.Current()
		if err != nil {
			continue
		}
		if !slices.Contains(published(t, i.manager), s.KID()) {
			return fmt.Errorf("%s signs and is not published by its own instance", s.KID())
		}
		w.tokens = append(w.tokens, simToken{s.KID(), i.clock.Now().Add(w.tokenLifetime)})
	}
	return nil
}

// checkVerifiers has every verifier check every token that is unexpired by its clock.
func (w *simulation) checkVerifiers() error {
	now := w.trueClock.Now()
	w.tokens = slices.DeleteFunc(w.tokens, func(m simToken) bool { return m.exp.Add(w.cfg.Leeway).Before(now) })
	for n, v := range w.verifiers {
		if err := w.fetch(v, now); err != nil {
			return err
		}
		if !now.Before(v.until) { // nobody is ready: its set has expired, so it neither accepts nor refuses
			continue
		}
		for _, m := range w.tokens {
			at, revoked := w.revoked[m.kid]
			known := slices.Contains(v.kids, m.kid)
			switch {
			case !now.Add(v.skew).Before(m.exp):
			case revoked && known && now.After(at.Add(w.cfg.StaleAfter()+w.cfg.JWKSMaxAge+w.cfg.Leeway)):
				return fmt.Errorf("verifier %d still accepts %s, revoked at %v, at %v", n, m.kid, at, now)
			case !revoked && !known && !w.exempted[m.kid]:
				return fmt.Errorf("verifier %d refuses a living token of %s at %v; it knows %v", n, m.kid, now, v.kids)
			}
		}
	}
	return nil
}

func (w *simulation) fetch(v *verifier, now time.Time) error {
	ready := w.ready()
	if now.Before(v.until) || len(ready) == 0 {
		return nil
	}
	document := ready[w.choose(len(ready), "source")].manager.JWKS()
	var set struct {
		Keys []struct {
			KID string `json:"kid"`
		}
	}
	if err := json.Unmarshal(document.Body, &set); err != nil {
		return err
	}
	v.kids = nil
	for _, k := range set.Keys {
		v.kids = append(v.kids, k.KID)
	}
	v.until = now.Add(max(document.MaxAge*time.Duration(1+w.choose(3, "hold"))/3, w.minCacheTime))
	return nil
}

// K05, K06, K10, K12: whatever happens to the keys, no verifier refuses an unexpired
// token for its key. Two halves run in parallel; -rapid.checks says how many schedules
// each tries.
func TestRotationNeverFailsARequest(t *testing.T) {
	for _, half := range []string{"one half", "the other"} {
		t.Run(half, func(t *testing.T) {
			t.Parallel()
			var schedules, steps int
			var seen eventCounts
			rapid.Check(t, func(r *rapid.T) {
				w := newSimulation(t, func(n int, what string) int { return rapid.IntRange(0, n-1).Draw(r, what) })
				schedules++
				for step := range rapid.IntRange(20, 200).Draw(r, "steps") {
					if err := w.step(t); err != nil {
						r.Fatalf("step %d: %v\n%s", step, err, w.describe())
					}
					steps++
				}
				seen.add(w.counts)
			})
			if !testing.Short() && (seen.rotations == 0 || seen.forced == 0 || seen.rollbacks == 0 || seen.revocations == 0 || seen.restarts == 0 || seen.cuts == 0) { // -short tries too few schedules to be sure
				t.Errorf("something never happened: %+v", seen)
			}
			t.Logf("%d schedules, %d steps: %+v", schedules, steps, seen)
		})
	}
}

// The simulation finds each of these broken rules.
func TestSimulation_DetectsBrokenRules(t *testing.T) {
	for name, breakRule := range map[string]func(*simulation){
		"a key signs at once":                     func(w *simulation) { w.exemptions, w.forceRotations = false, true },
		"a retired key leaves too soon":           func(w *simulation) { w.cfg.TokenLifetime = time.Second },
		"the JWKS is cached beyond its max-age":   func(w *simulation) { w.minCacheTime = 5 * time.Minute },
		"a cut-off instance goes on for too long": func(w *simulation) { w.ignoreReadiness = true },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(400) {
				random := rand.New(rand.NewPCG(seed, 1))
				w := prepareSimulation(func(n int, _ string) int { return random.IntN(n) })
				breakRule(w)
				w.begin(t)
				for range 200 {
					if err := w.step(t); err != nil {
						t.Logf("found in schedule %d: %v", seed, err)
						return
					}
				}
			}
			t.Error("went unnoticed")
		})
	}
}

func (w *simulation) describe() string {
	var out string
	for n, i := range w.instances {
		out += fmt.Sprintf("instance %d, clock %+v, cut %v:\n", n, i.skew, i.link.cut)
		for _, k := range i.manager.List() {
			out += fmt.Sprintf("  %+v\n", k)
		}
	}
	return out
}
