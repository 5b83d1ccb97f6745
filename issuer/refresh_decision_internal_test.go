package issuer

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.org/signet/internal/linear"
	"example.org/signet/internal/testdir"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

var (
	testRules  = refreshRules{idle: 24 * time.Hour, grace: 30 * time.Second, skew: time.Minute, maxReplays: 3}
	rotatedAt  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	expiresAt  = rotatedAt.Add(72 * time.Hour)
	millisec   = time.Millisecond // the store's resolution
	refreshing = storage.Session{ID: "sid", ClientID: "web", Generation: 5, RotatedAt: rotatedAt, ExpiresAt: expiresAt}
)

// Every outcome, and both sides of every boundary.
func TestRefreshDecision(t *testing.T) {
	after := func(d time.Duration) func(*storage.Session, *presentedToken, *refreshRules) {
		return func(_ *storage.Session, p *presentedToken, _ *refreshRules) { p.at = rotatedAt.Add(d) }
	}
	for name, tt := range map[string]struct {
		generation int64
		change     func(*storage.Session, *presentedToken, *refreshRules) // of a session of generation 5, presented at its rotation
		want       refreshOutcome
	}{
		"newest":                          {5, nil, refreshRotate},
		"newest, after the window":        {5, after(time.Hour), refreshRotate},
		"newest, clock set back":          {5, after(-time.Hour), refreshRotate},
		"newest, replayed often":          {5, func(s *storage.Session, _ *presentedToken, _ *refreshRules) { s.Replays = 99 }, refreshRotate},
		"newest, last moment before idle": {5, after(24*time.Hour - millisec), refreshRotate},
		"newest, idle":                    {5, after(24 * time.Hour), refreshEnded},
		"newest, last moment before expiry": {5, func(s *storage.Session, p *presentedToken, _ *refreshRules) {
			s.ExpiresAt = rotatedAt.Add(time.Hour)
			p.at = s.ExpiresAt.Add(-millisec)
		}, refreshRotate},
		"newest, expired": {5, func(s *storage.Session, p *presentedToken, _ *refreshRules) {
			s.ExpiresAt = rotatedAt.Add(time.Hour)
			p.at = s.ExpiresAt
		}, refreshEnded},
		"newest, revoked": {5, func(s *storage.Session, _ *presentedToken, _ *refreshRules) { s.RevokedAt = rotatedAt }, refreshEnded},

		"predecessor":                      {4, nil, refreshReplay},
		"predecessor, clock set back":      {4, after(-time.Hour), refreshReuse},
		"predecessor, another's clock":     {4, after(-time.Minute), refreshReplay},
		"predecessor, beyond the skew":     {4, after(-time.Minute - millisec), refreshReuse},
		"predecessor, at the window's end": {4, after(30 * time.Second), refreshReplay},
		"predecessor, after the window":    {4, after(30*time.Second + millisec), refreshReuse},
		"predecessor, without a window":    {4, func(_ *storage.Session, _ *presentedToken, r *refreshRules) { r.grace = 0 }, refreshReuse},
		"predecessor, last replay":         {4, func(s *storage.Session, _ *presentedToken, _ *refreshRules) { s.Replays = 2 }, refreshReplay},
		"predecessor, replays used up":     {4, func(s *storage.Session, _ *presentedToken, _ *refreshRules) { s.Replays = 3 }, refreshReplayLimit},
		"predecessor, used up, window over": {4, func(s *storage.Session, p *presentedToken, _ *refreshRules) {
			s.Replays, p.at = 3, rotatedAt.Add(time.Minute)
		}, refreshReuse},
		"predecessor, revoked": {4, func(s *storage.Session, _ *presentedToken, _ *refreshRules) { s.RevokedAt = rotatedAt }, refreshEnded},
		"predecessor, idle before the window": {4, func(_ *storage.Session, p *presentedToken, r *refreshRules) {
			r.idle, p.at = time.Second, rotatedAt.Add(time.Second)
		}, refreshEnded},

		"older":               {3, nil, refreshReuse},
		"first":               {0, nil, refreshReuse},
		"older, revoked":      {3, func(s *storage.Session, _ *presentedToken, _ *refreshRules) { s.RevokedAt = rotatedAt }, refreshEnded},
		"older, idle":         {3, after(24 * time.Hour), refreshEnded},
		"ahead of the record": {6, nil, refreshReuse},
		"foreign, newest":     {5, func(_ *storage.Session, p *presentedToken, _ *refreshRules) { p.clientID = "other" }, refreshForeign},
		"foreign, older":      {3, func(_ *storage.Session, p *presentedToken, _ *refreshRules) { p.clientID = "other" }, refreshForeign},
		"foreign, of ended session": {3, func(s *storage.Session, p *presentedToken, _ *refreshRules) {
			p.clientID, s.RevokedAt = "other", rotatedAt
		}, refreshForeign},
	} {
		t.Run(name, func(t *testing.T) {
			s, p, r := refreshing, presentedToken{sessionID: "sid", clientID: "web", generation: tt.generation, at: rotatedAt}, testRules
			if tt.change != nil {
				tt.change(&s, &p, &r)
			}
			if got := r.decide(s, p); got != tt.want {
				t.Errorf("decide = %s, want %s", got, tt.want)
			}
		})
	}
}

// The store's conditional updates succeed exactly where the decision says so.
func TestRefreshDecision_AgreesWithTheStore(t *testing.T) {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, filepath.Join(testdir.New(t), "signet.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	n := 0
	offset := rapid.SampledFrom([]time.Duration{
		-time.Hour, -time.Minute - millisec, -time.Minute, -millisec, 0, millisec, 29999 * millisec, 30 * time.Second, 30001 * millisec, time.Minute, time.Minute + millisec, time.Hour,
	})
	rapid.Check(t, func(t *rapid.T) {
		n++
		s := refreshing
		s.ID = "s" + strconv.Itoa(n)
		s.ExpiresAt = rotatedAt.Add(offset.Draw(t, "expiry"))
		if rapid.IntRange(0, 7).Draw(t, "revoked") == 0 {
			s.RevokedAt = rotatedAt
		}
		s.Replays = rapid.Int64Range(0, 4).Draw(t, "replays")
		p := presentedToken{
			sessionID: s.ID, clientID: rapid.SampledFrom([]string{"web", "web", "web", "other"}).Draw(t, "client"),
			generation: rapid.Int64Range(3, 6).Draw(t, "generation"), at: rotatedAt.Add(offset.Draw(t, "at")),
		}
		rules := testRules
		rules.idle = rapid.SampledFrom([]time.Duration{time.Minute, 24 * time.Hour}).Draw(t, "idle")
		rules.grace = rapid.SampledFrom([]time.Duration{0, 30 * time.Second}).Draw(t, "grace")
		if err := store.CreateSession(ctx, s); err != nil {
			t.Fatal(err)
		}
		want := rules.decide(s, p)
		if update, ok := rules.replay(p); ok {
			if _, err = store.CountReplay(ctx, update); (err == nil) != (want == refreshReplay) {
				t.Errorf("CountReplay: %v, decision %s", err, want)
			}
		} else if want == refreshReplay {
			t.Error("decision replay, but there is no update for it")
		}
		if _, err = store.RotateSession(ctx, rules.rotation(p)); (err == nil) != (want == refreshRotate) {
			t.Errorf("RotateSession: %v, decision %s", err, want)
		}
		if err != nil && !errors.Is(err, storage.ErrConflict) {
			t.Fatal(err)
		}
	})
}

// Any sequence of refreshes is answered as the rules of internal/linear say.
func TestRefreshDecision_AgreesWithTheSpecification(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := testRules
		rules.maxReplays = 1 << 30 // the specification knows no limit
		strict := rapid.Bool().Draw(t, "strict")
		if strict {
			rules.grace = 0
		}
		spec := linear.Rules{Strict: strict}
		state, _ := spec.Apply(linear.State{}, linear.Input{Op: linear.Login})
		s := storage.Session{ID: "sid", ClientID: "web", RotatedAt: rotatedAt, ExpiresAt: expiresAt}
		at := rotatedAt
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			in := linear.Input{Op: linear.Refresh, Generation: rapid.IntRange(0, int(s.Generation)).Draw(t, "generation")}
			p := presentedToken{sessionID: "sid", clientID: "web", generation: int64(in.Generation)}
			switch rapid.IntRange(0, 9).Draw(t, "operation") {
			case 0:
				in.Op, p.clientID = linear.RefreshByOther, "other"
			case 1:
				at = at.Add(rules.grace + millisec)
				state, _ = spec.Apply(state, linear.Input{Op: linear.Wait})
			}
			p.at = at
			got := applyRefresh(&s, rules.decide(s, p), at)
			var want linear.Output
			if state, want = spec.Apply(state, in); got != want {
				t.Fatalf("generation %d at %d: %+v, want %+v", in.Generation, s.Generation, got, want)
			}
			if state.Sessions[0].Revoked == s.RevokedAt.IsZero() {
				t.Fatalf("revoked: %t by the specification", state.Sessions[0].Revoked)
			}
		}
	})
}

// applyRefresh does to the record what the grant does for the outcome.
func applyRefresh(s *storage.Session, o refreshOutcome, at time.Time) linear.Output {
	switch o {
	case refreshRotate:
		s.Generation, s.RotatedAt, s.Replays = s.Generation+1, at, 0
	case refreshReplay:
		s.Replays++
	case refreshReuse:
		s.RevokedAt = at
		return linear.Output{Verdict: linear.No}
	default:
		return linear.Output{Verdict: linear.No}
	}
	return linear.Output{Verdict: linear.Yes, Generation: int(s.Generation)}
}
