package keys_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
	"pgregory.net/rapid"
)

// plan returns the plan of a change that is possible.
func plan(t testing.TB, m *keys.Manager, req keys.PlanRequest) keys.Plan {
	t.Helper()
	p, err := m.Plan(req)
	if err != nil {
		t.Fatalf("plan %+v: %v", req, err)
	}
	return p
}

// transition returns the planned change of the key into the state.
func transition(t testing.TB, p keys.Plan, kid string, to keys.State) keys.Transition {
	t.Helper()
	for _, c := range p.Transitions {
		if c.KID == kid && c.To == to {
			return c
		}
	}
	t.Fatalf("%q does not become %s in %+v", kid, to, p.Transitions)
	return keys.Transition{}
}

func TestPlanOfTheSchedule(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m := open(t, store, cfg)
	first, standby := active(t, m), inState(m, keys.Standby)[0]
	p := plan(t, m, keys.PlanRequest{})

	due := epoch.Add(cfg.RotationInterval)
	starts, retires, leaves := transition(t, p, standby, keys.Active), transition(t, p, first, keys.Retired), transition(t, p, first, keys.Expired)
	if !starts.At.Equal(due) || starts.PropagationDelay != 0 || !retires.At.Equal(due) || !retires.LastToken.Equal(due.Add(cfg.TokenLifetime)) || !leaves.At.Equal(due.Add(cfg.Retention())) {
		t.Errorf("starts %+v\nretires %+v\nleaves %+v", starts, retires, leaves)
	}
	if made := transition(t, p, "", keys.Standby); made.From != "" || !made.At.Equal(due.Add(-cfg.StaleAfter())) {
		t.Errorf("the next standby: %+v", made)
	}
	if next, ok := p.Next(first); !ok || next != retires {
		t.Errorf("next of the first: %+v", next)
	}
	if _, ok := p.Next(""); ok {
		t.Error("a key without a name has a next change")
	}
	if len(store.all()) != 2 || !p.At.Equal(epoch) || len(p.Keys) != 2 {
		t.Errorf("%d records, plan %+v", len(store.all()), p)
	}
}

func TestPlanOfARotation(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	m := open(t, new(memoryStore), cfg)
	first, standby := active(t, m), inState(m, keys.Standby)[0]

	waiting := transition(t, plan(t, m, keys.PlanRequest{Rotate: true}), standby, keys.Active)
	if !waiting.At.Equal(epoch.Add(cfg.PublishAhead)) || waiting.PropagationDelay != 0 {
		t.Errorf("unforced: %+v", waiting)
	}
	forced := plan(t, m, keys.PlanRequest{Rotate: true, Force: true})
	if c := transition(t, forced, standby, keys.Active); !c.At.Equal(epoch) || c.PropagationDelay != cfg.JWKSMaxAge || !strings.Contains(c.Tokens(), "refuse them for up to 5m0s") {
		t.Errorf("forced: %+v", c)
	}
	transition(t, forced, first, keys.Retired)
	rotate(t, m, false)
	var scheduled *keys.ScheduledError
	if _, err := m.Plan(keys.PlanRequest{Rotate: true}); !errors.As(err, &scheduled) {
		t.Errorf("with one scheduled: %v", err)
	}
}

func TestPlanOfARevocation(t *testing.T) {
	cfg := settings(newClock())
	m := open(t, new(memoryStore), cfg)
	first, standby := active(t, m), inState(m, keys.Standby)[0]
	p := plan(t, m, keys.PlanRequest{Revoke: first})
	if c := transition(t, p, first, keys.Revoked); c.PropagationDelay != cfg.JWKSMaxAge || c.From != keys.Active {
		t.Errorf("got %+v", c)
	}
	if c := transition(t, p, standby, keys.Active); !c.At.Equal(epoch) || c.PropagationDelay != cfg.JWKSMaxAge {
		t.Errorf("got %+v", c)
	}
	transition(t, p, "", keys.Standby)
	if _, err := m.Plan(keys.PlanRequest{Revoke: "nobody"}); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
}

// Whatever the keys are, at the time of each planned change the key is in the planned
// state.
func TestPlan_MatchesOutcome(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := newClock()
		cfg := settings(c)
		m := open(t, new(memoryStore), cfg)
		for range rapid.IntRange(0, 6).Draw(r, "before") {
			c.Advance(time.Duration(rapid.OneOf(rapid.IntRange(1, 15), rapid.IntRange(60, 40*24*60)).Draw(r, "minutes")) * time.Minute)
			refresh(t, m)
			randomChange(t, r, m)
		}
		req := drawPlanRequest(r, m)
		p, err := m.Plan(req)
		if err == nil {
			applyRequest(t, m, req)
		}
		for _, change := range p.Transitions {
			c.Set(change.At)
			refresh(t, m)
			if got := stateOf(m, change.Seq); got != change.To {
				r.Fatalf("%+v, and it is %q: %+v", change, got, m.List())
			}
		}
	})
}

func randomChange(t *testing.T, r *rapid.T, m *keys.Manager) {
	switch rapid.IntRange(0, 4).Draw(r, "event") {
	case 4:
		_, _ = m.Rollback(t.Context(), keys.Change{}) // a rollback may be unavailable
	case 0:
		_, _ = m.Rotate(t.Context(), keys.Change{Force: rapid.Bool().Draw(r, "force")}) // may be scheduled already
	case 1:
		list := m.List()
		if err := m.Revoke(t.Context(), list[rapid.IntRange(0, len(list)-1).Draw(r, "key")].KID, keys.Change{}); err != nil {
			r.Fatal(err)
		}
	}
}

func drawPlanRequest(r *rapid.T, m *keys.Manager) keys.PlanRequest {
	list := m.List()
	return rapid.SampledFrom([]keys.PlanRequest{
		{}, {Rotate: true}, {Rotate: true, Force: true}, {Rollback: true}, {Revoke: list[rapid.IntRange(0, len(list)-1).Draw(r, "key")].KID},
	}).Draw(r, "request")
}

func applyRequest(t *testing.T, m *keys.Manager, i keys.PlanRequest) {
	switch {
	case i.Revoke != "":
		if err := m.Revoke(t.Context(), i.Revoke, keys.Change{}); err != nil {
			t.Fatal(err)
		}
	case i.Rotate:
		rotate(t, m, i.Force)
	case i.Rollback:
		rollback(t, m)
	}
}

// stateOf returns the state of the key; expired where the record was deleted.
func stateOf(m *keys.Manager, seq int64) keys.State {
	for _, i := range m.List() {
		if i.Seq == seq {
			return i.State
		}
	}
	return keys.Expired
}
