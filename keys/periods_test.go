package keys_test

import (
	"testing"
	"time"

	"example.org/signet/keys"
)

// What the keys were at each moment is what their lives say of it later, and what a plan says of
// the future is what comes.
func TestLives_TellWhatWasAndComes(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	m := open(t, new(memoryStore), cfg)
	type moment struct {
		at     time.Time
		states map[string]keys.State
	}
	var past []moment
	note := func() {
		now := moment{c.Now(), map[string]keys.State{}}
		for _, k := range m.List() {
			now.states[k.KID] = k.State
		}
		past = append(past, now)
	}
	step := func(d time.Duration) {
		c.Advance(d)
		refresh(t, m)
		note()
	}
	note()
	c.Advance(time.Second)
	rotate(t, m, true)
	step(time.Second)
	c.Advance(time.Second)
	if _, err := m.Rollback(t.Context(), keys.Change{}); err != nil {
		t.Fatal(err)
	}
	step(time.Minute)
	future := m.Lives(plan(t, m, keys.PlanRequest{}))
	c.Advance(time.Second)
	if err := m.Revoke(t.Context(), active(t, m), keys.Change{}); err != nil {
		t.Fatal(err)
	}
	step(time.Second)
	rotate(t, m, false)
	step(cfg.PublishAhead / 2)
	lives := m.Lives(plan(t, m, keys.PlanRequest{}))
	for _, was := range past {
		for kid, state := range was.states {
			if got := stateIn(lives, kid, was.at); got != state {
				t.Errorf("%s at %s: %q, was %q", kid, was.at, got, state)
			}
		}
	}
	for _, life := range append(lives, future...) {
		for n, p := range life.Periods {
			if n > 0 && !p.From.Equal(life.Periods[n-1].Until) || n+1 == len(life.Periods) && !p.Until.IsZero() {
				t.Errorf("%s: the periods %+v have a gap", life.KID, life.Periods)
			}
		}
	}
	if last := future[len(future)-1]; last.KID != "" || last.Periods[0].State != keys.Standby || !last.Periods[0].From.After(c.Now()) {
		t.Errorf("the key to come: %+v", last)
	}
}

// stateIn is the state of the key at that time.
func stateIn(lives []keys.Life, kid string, at time.Time) (state keys.State) {
	for _, l := range lives {
		for _, p := range l.Periods {
			if l.KID == kid && !p.From.After(at) {
				state = p.State
			}
		}
	}
	return state
}
