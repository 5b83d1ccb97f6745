package linear_test

import (
	"context"
	"errors"
	"fmt"
	random "math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"example.org/signet/internal/linear"
	"example.org/signet/storage"
)

// codeStore is what the redemption of a code needs of a store.
type codeStore interface {
	storage.Sessions
	storage.Codes
}

var begin = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// codeRun is one pending session whose code several callers redeem at once.
type codeRun struct {
	linear.CodeHistory
	store  codeStore
	faults faultRates
	id     string
}

func newCodeRun(t testing.TB, store codeStore, f faultRates, n int) *codeRun {
	t.Helper()
	r := &codeRun{store: store, faults: f, id: fmt.Sprintf("session-%d", n)}
	must(t, store.CreateSession(t.Context(), storage.Session{
		ID: r.id, UserID: "u", ClientID: "web", Generation: storage.PendingGeneration, CreatedAt: begin, AuthTime: begin, ExpiresAt: begin.Add(time.Minute),
		CodeCheck: "check", CodePKCE: true, Code: storage.Code{Challenge: "challenge", Nonce: "nonce"},
	}))
	return r
}

// steps are what callers do, by weight.
var steps = []struct {
	op     linear.CodeOp
	weight int
}{
	{linear.Redeem, 40}, {linear.ReadSession, 20}, {linear.Rotate, 15}, {linear.CountFailure, 10}, {linear.EndSession, 6}, {linear.RedeemByOther, 5}, {linear.RedeemLate, 4},
}

func pickStep(place int64) linear.CodeInput {
	n := random.IntN(100)
	for _, s := range steps {
		if n -= s.weight; n < 0 {
			return linear.CodeInput{Op: s.op, Place: place, Generation: int64(random.IntN(3))}
		}
	}
	panic("the weights are less than 100")
}

// play lets callers make steps at once. Each redemption has a place of its own.
func (r *codeRun) play(callers, each int) {
	var playing sync.WaitGroup
	for c := range callers {
		playing.Go(func() {
			for n := range each {
				r.Do(c, pickStep(int64(1+c*each+n)), r.step)
			}
		})
	}
	playing.Wait()
	r.Do(0, linear.CodeInput{Op: linear.ReadSession}, func(in linear.CodeInput) linear.CodeOutput { return codeOutput(r.call(in)) })
}

// step makes a step, whose answer may be lost or that may not be made at all.
func (r *codeRun) step(in linear.CodeInput) linear.CodeOutput {
	ctx := context.Background()
	if r.faults.failBefore(ctx, 0, "") != nil {
		return linear.CodeOutput{}
	}
	s, err := r.call(in)
	if r.faults.failAfter(0, "") != nil {
		return linear.CodeOutput{}
	}
	return codeOutput(s, err)
}

func (r *codeRun) call(in linear.CodeInput) (storage.Session, error) {
	ctx := context.Background()
	redemption := storage.Redemption{SessionID: r.id, ClientID: "web", At: begin.Add(time.Second), ExpiresAt: begin.Add(time.Hour), StatusIndex: in.Place}
	switch in.Op {
	case linear.RedeemByOther:
		redemption.ClientID = "other"
	case linear.RedeemLate:
		redemption.At = begin.Add(time.Minute)
	case linear.CountFailure:
		return r.store.CountCodeFailure(ctx, r.id)
	case linear.Rotate:
		rotated, err := r.store.RotateSession(ctx, storage.Rotation{SessionID: r.id, ClientID: "web", From: in.Generation, At: begin.Add(2 * time.Second)})
		return rotated.Session, err
	case linear.EndSession:
		return storage.Session{}, r.store.RevokeSession(ctx, r.id, begin, "logout")
	case linear.ReadSession:
		return r.store.Session(ctx, r.id)
	}
	return r.store.RedeemSession(ctx, redemption)
}

// codeOutput sorts an answer. A revocation has no record: its zero one stands for that.
func codeOutput(s storage.Session, err error) linear.CodeOutput {
	switch {
	case errors.Is(err, storage.ErrConflict):
		return linear.CodeOutput{Verdict: linear.No}
	case err != nil:
		return linear.CodeOutput{}
	case s.ID == "":
		return linear.CodeOutput{Verdict: linear.Yes}
	}
	return linear.CodeOutput{Verdict: linear.Yes, State: linear.CodeState{
		Generation: s.Generation, Place: s.StatusIndex, Failures: s.Code.Failures, Revoked: !s.RevokedAt.IsZero(),
	}}
}

// playCodes plays histories, several at once, until one has no order.
func playCodes(t *testing.T, store codeStore, f faultRates, histories int) (wrong *codeRun) {
	t.Helper()
	const together = 20
	var redeemed, steps int
	for n := 0; n < histories && wrong == nil; n += together {
		runs := make([]*codeRun, together)
		var playing sync.WaitGroup
		for i := range runs {
			runs[i] = newCodeRun(t, store, f, n+i)
			playing.Go(func() { runs[i].play(4, 4) })
		}
		playing.Wait()
		for _, r := range runs {
			some, all := r.Redemptions()
			redeemed, steps = redeemed+some, steps+all
			switch r.Check(20 * time.Second) {
			case porcupine.Illegal:
				wrong = r
			case porcupine.Unknown:
				t.Errorf("too hard to judge:\n%s", r)
			}
		}
	}
	t.Logf("%d redemptions in %d steps", redeemed, steps)
	return wrong
}

// TestRedemptionsAreLinearizable: whatever concurrent callers of a store that fails now and
// then are answered about one code, there is an order of single steps that explains it. So
// no code is redeemed twice, or after a revocation that was answered.
func TestRedemptionsAreLinearizable(t *testing.T) {
	for name, c := range map[string]struct {
		open      func(t testing.TB) storage.Store
		histories int
	}{
		"SQLite":  {openSQLite, 4000},
		"MongoDB": {openMongo, 200}, // the test server is slow
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, ok := c.open(t).(codeStore)
			if !ok {
				t.Skip("the store redeems no codes yet")
			}
			if wrong := playCodes(t, store, flaky, often(c.histories)); wrong != nil {
				t.Errorf("no order explains these answers:\n%s", wrong)
			}
		})
	}
}

// TestBrokenRedemptionsAreFound: the check finds every rule of redemption that is broken,
// within a few histories, and nothing where none is.
func TestBrokenRedemptionsAreFound(t *testing.T) {
	for name, broken := range map[string]redemptionRule{
		"a read, then a write": blindRedemption, "a condition that leaves out revocation": revokedRedeems, "any client": anyClientRedeems,
		"an expired code": lateRedemption, "no mark of who redeemed": lostPlace, "failures that are lost": lostFailures, "nothing": unbrokenRedemption,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, histories := none, 5000
			if broken == unbrokenRedemption {
				f, histories = flaky, often(1000)
			}
			store := &memoryStore{redemption: broken, sessions: map[string]storage.Session{}}
			wrong := playCodes(t, store, f, histories)
			switch {
			case broken == unbrokenRedemption && wrong != nil:
				t.Errorf("no order explains these answers:\n%s", wrong)
			case broken != unbrokenRedemption && wrong == nil:
				t.Errorf("not found in %d histories", histories)
			case wrong != nil:
				t.Logf("found:\n%s", wrong)
			}
		})
	}
}
