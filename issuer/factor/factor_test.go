package factor_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/recovery"
	"example.org/signet/issuer/totp"
	"example.org/signet/keys"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

var start = time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC)

type fixture struct {
	*factor.Service
	store  *sqlite.Store
	master keys.MasterKey
	user   storage.User
}

func newMaster(t *testing.T) keys.MasterKey {
	t.Helper()
	m, err := keys.NewMasterKey(rand.Reader)
	must(t, err)
	return m
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "signet.db"))
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	x := &fixture{store: store, master: newMaster(t), user: storage.User{ID: "u", Username: "ann", CreatedAt: start.Add(-time.Hour)}}
	x.Service = factor.New(store, keys.NewMasterKeys(x.master), rand.Reader, "id.example")
	return x
}

// enrol enrols an app, and returns its seed and the recovery codes.
func (x *fixture) enrol(t *testing.T) (seed []byte, codes []string) {
	t.Helper()
	e, err := x.Begin(t.Context(), x.user, start)
	must(t, err)
	seed, err = totp.Decode(e.Secret)
	must(t, err)
	codes, verdict, err := x.Confirm(t.Context(), x.user, e.Sealed, totp.Code(seed, totp.Step(start)), start)
	if err != nil || verdict != factor.Right || len(codes) != recovery.Count {
		t.Fatalf("Confirm: %d codes, %v, %v", len(codes), verdict, err)
	}
	return seed, codes
}

func (x *fixture) use(t *testing.T, code string, at time.Time) factor.Use {
	t.Helper()
	use, err := x.UseCode(t.Context(), x.user, code, at)
	must(t, err)
	return use
}

func TestEnrol_NothingIsStoredBeforeTheCode(t *testing.T) {
	x := newFixture(t)
	e, err := x.Begin(t.Context(), x.user, start)
	must(t, err)
	seed, err := totp.Decode(e.Secret)
	must(t, err)
	right := totp.Code(seed, totp.Step(start))
	if strings.Contains(e.Sealed, e.Secret) || !strings.Contains(e.URI, e.Secret) || e.QR.Path == "" {
		t.Errorf("the enrolment is %+v", e)
	}
	if _, verdict, err := x.Confirm(t.Context(), x.user, e.Sealed, "000000"[:5]+"x", start); verdict != factor.Wrong || err != nil {
		t.Errorf("a wrong code: %v, %v", verdict, err)
	}
	other := x.user
	other.ID = "other"
	for name, c := range map[string]struct {
		user   storage.User
		sealed string
		at     time.Time
	}{
		"another user":    {other, e.Sealed, start},
		"too late":        {x.user, e.Sealed, start.Add(factor.EnrolmentTTL + time.Second)},
		"before its time": {x.user, e.Sealed, start.Add(-time.Second)},
		"changed":         {x.user, "A" + e.Sealed, start},
		"nothing":         {x.user, "", start},
	} {
		if _, _, err := x.Confirm(t.Context(), c.user, c.sealed, totp.Code(seed, totp.Step(c.at)), c.at); !errors.Is(err, factor.ErrEnrolment) {
			t.Errorf("%s: %v, want ErrEnrolment", name, err)
		}
	}
	if _, err := x.store.UserFactors(t.Context(), x.user.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Fatalf("something is stored: %v", err)
	}
	again, err := x.Resume(t.Context(), x.user, e.Sealed, start.Add(time.Minute))
	if err != nil || again.Secret != e.Secret {
		t.Errorf("Resume: %v, %v", again, err)
	}
	_, verdict, err := x.Confirm(t.Context(), x.user, e.Sealed, right, start)
	if err != nil || verdict != factor.Right {
		t.Fatalf("Confirm: %v, %v", verdict, err)
	}
	if _, _, err := x.Confirm(t.Context(), x.user, e.Sealed, right, start); !errors.Is(err, factor.ErrExists) {
		t.Errorf("Confirm again: %v, want ErrExists", err)
	}
	if _, err := x.Begin(t.Context(), x.user, start); !errors.Is(err, factor.ErrExists) {
		t.Errorf("Begin again: %v, want ErrExists", err)
	}
	if use := x.use(t, right, start); use.Verdict != factor.UsedUp {
		t.Errorf("the code of the enrolment is used for a login: %v", use)
	}
}

func TestUse_ACodeOnce(t *testing.T) {
	x := newFixture(t)
	seed, _ := x.enrol(t)
	at := start.Add(10 * time.Minute)
	code := func(offset int64) string { return totp.Code(seed, totp.Step(at)+offset) }
	for n, c := range []struct {
		code string
		want factor.Verdict
	}{
		{code(1), factor.Wrong}, {code(-2), factor.Wrong}, {"", factor.Wrong}, {code(-1), factor.Right}, {code(-1), factor.UsedUp},
		{code(0), factor.Right}, {code(0), factor.UsedUp}, {code(-1), factor.UsedUp},
	} {
		if use := x.use(t, c.code, at); use.Verdict != c.want {
			t.Errorf("step %d: %v, want %v", n, use, c.want)
		}
	}
	f, err := x.Of(t.Context(), x.user)
	must(t, err)
	if f.TOTP.LastStep != totp.Step(at) || !f.TOTP.LastUsedAt.Equal(at) {
		t.Errorf("the record is %+v", f.TOTP)
	}
}

// Of fifty who enter the same code at the same time, one gets in.
func TestUse_Race(t *testing.T) {
	x := newFixture(t)
	seed, codes := x.enrol(t)
	at := start.Add(10 * time.Minute)
	for _, code := range []string{totp.Code(seed, totp.Step(at)), codes[0]} {
		right := 0
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 50 {
			all.Go(func() {
				use, err := x.UseCode(context.Background(), x.user, code, at)
				mu.Lock()
				defer mu.Unlock()
				if err == nil && use.Verdict == factor.Right {
					right++
				}
			})
		}
		all.Wait()
		if right != 1 {
			t.Errorf("%q got %d in, want 1", code, right)
		}
	}
}

func TestUse_RecoveryCodes(t *testing.T) {
	x := newFixture(t)
	_, codes := x.enrol(t)
	for n, c := range codes {
		if use := x.use(t, c, start); use != (factor.Use{Verdict: factor.Right, Recovery: true, Left: len(codes) - n - 1}) {
			t.Errorf("code %d: %+v", n, use)
		}
		if use := x.use(t, c, start); use.Verdict != factor.Wrong {
			t.Errorf("code %d again: %+v", n, use)
		}
	}
	fresh, err := x.RenewRecovery(t.Context(), x.user, start)
	if err != nil || len(fresh) != recovery.Count {
		t.Fatalf("%d codes, %v", len(fresh), err)
	}
	again, err := x.RenewRecovery(t.Context(), x.user, start)
	must(t, err)
	if x.use(t, fresh[0], start).Verdict != factor.Wrong || x.use(t, again[0], start).Verdict != factor.Right {
		t.Error("new codes do not replace the ones before")
	}
}

func TestRemove_AndAgain(t *testing.T) {
	x := newFixture(t)
	if err := x.RemoveTOTP(t.Context(), x.user); !errors.Is(err, factor.ErrMissing) {
		t.Errorf("RemoveTOTP of none: %v", err)
	}
	if _, err := x.RenewRecovery(t.Context(), x.user, start); !errors.Is(err, factor.ErrMissing) {
		t.Errorf("RenewRecovery without a factor: %v", err)
	}
	seed, codes := x.enrol(t)
	must(t, x.RemoveTOTP(t.Context(), x.user))
	for _, code := range []string{totp.Code(seed, totp.Step(start)+9), codes[0]} {
		if use := x.use(t, code, start.Add(9*totp.Period)); use.Verdict != factor.Missing {
			t.Errorf("%q after the removal: %v", code, use)
		}
	}
	x.enrol(t)
	must(t, x.Reset(t.Context(), x.user))
	if err := x.Reset(t.Context(), x.user); !errors.Is(err, factor.ErrMissing) {
		t.Errorf("Reset again: %v", err)
	}
}

// Somebody who gets the id of a user who was deleted has none of their factors.
func TestOf_AnIDUsedAgain(t *testing.T) {
	x := newFixture(t)
	seed, _ := x.enrol(t)
	x.user.CreatedAt = start
	f, err := x.Of(t.Context(), x.user)
	if err != nil || factor.Any(f) || factor.Left(f) != 0 {
		t.Fatalf("%+v, %v", f, err)
	}
	if use := x.use(t, totp.Code(seed, totp.Step(start)+9), start.Add(9*totp.Period)); use.Verdict != factor.Missing {
		t.Errorf("the code of the user before: %v", use)
	}
	x.enrol(t) // replaces the record
}

// A seed is sealed anew at its next use once the master key has changed, and opens under no other.
func TestSeed_FollowsTheMasterKey(t *testing.T) {
	x := newFixture(t)
	seed, _ := x.enrol(t)
	next := newMaster(t)
	at := func(step int64) time.Time { return start.Add(time.Duration(step) * totp.Period) }
	code := func(step int64) string { return totp.Code(seed, totp.Step(start)+step) }
	lost := factor.New(x.store, keys.NewMasterKeys(next), rand.Reader, "id.example")
	if use, err := lost.UseCode(t.Context(), x.user, code(1), at(1)); err == nil {
		t.Errorf("opened under another master key: %v", use)
	}
	both := factor.New(x.store, keys.NewMasterKeys(next, x.master), rand.Reader, "id.example")
	for n, s := range []*factor.Service{x.Service, both, lost} {
		step := int64(n) + 2
		if use, err := s.UseCode(t.Context(), x.user, code(step), at(step)); err != nil || use.Verdict != factor.Right {
			t.Errorf("service %d: %v, %v", n, use, err)
		}
	}
	f, err := x.Of(t.Context(), x.user)
	must(t, err)
	for n, want := range []int{1, 0} { // all at once, back under the first key
		back := factor.New(x.store, keys.NewMasterKeys(x.master, next), rand.Reader, "id.example")
		if resealed, err := back.Reseal(t.Context()); err != nil || resealed != want {
			t.Errorf("Reseal %d: %d, %v; want %d", n, resealed, err, want)
		}
	}
	if use, err := x.UseCode(t.Context(), x.user, code(6), at(6)); err != nil || use.Verdict != factor.Right {
		t.Errorf("after the reseal: %v, %v", use, err)
	}
	foreign := f
	foreign.UserID = "other"
	foreign.Version = 0
	_, err = x.store.PutUserFactors(t.Context(), foreign)
	must(t, err)
	other := x.user
	other.ID = "other"
	if use, err := lost.UseCode(t.Context(), other, code(9), at(9)); err == nil {
		t.Errorf("the seed of another user is opened: %v", use)
	}
}
