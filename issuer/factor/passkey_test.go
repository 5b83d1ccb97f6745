package factor_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/passkey"
	"example.org/signet/issuer/recovery"
	"example.org/signet/storage"
)

// device is an authenticator with one key, in a browser on one site.
type device struct {
	site virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

func newDevice(o virtualwebauthn.AuthenticatorOptions) *device {
	return &device{
		site: virtualwebauthn.RelyingParty{ID: "id.example", Name: "Signet", Origin: "https://id.example"},
		auth: virtualwebauthn.NewAuthenticatorWithOptions(o), key: newKey(),
	}
}

// newKey returns a new key pair. Of every 128 that the library makes it writes one down with a
// coordinate that is too short, which is to be refused (RFC 9053 §7.1.1).
func newKey() virtualwebauthn.Credential {
	for {
		if k := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(k.Key.AttestationData()) == 77 {
			return k
		}
	}
}

// create is navigator.credentials.create, and remembers the user handle.
func (d *device) create(t *testing.T, c factor.Ceremony) factor.Response {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(c.Options)
	must(t, err)
	var user struct {
		User struct{ ID string } `json:"user"`
	}
	must(t, json.Unmarshal([]byte(c.Options), &user))
	handle, err := base64.RawURLEncoding.DecodeString(user.User.ID)
	must(t, err)
	d.auth.Options.UserHandle = handle
	return factor.Response{Sealed: c.Sealed, Text: virtualwebauthn.CreateAttestationResponse(d.site, d.auth, d.key, *o)}
}

// get is navigator.credentials.get.
func (d *device) get(t *testing.T, c factor.Ceremony) factor.Response {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(c.Options)
	must(t, err)
	return factor.Response{Sealed: c.Sealed, Text: virtualwebauthn.CreateAssertionResponse(d.site, d.auth, d.key, *o)}
}

var here = factor.Binding{Request: [16]byte{1}, Browser: [16]byte{2}}

func newPasskeyFixture(t *testing.T) *fixture {
	t.Helper()
	x := newFixture(t)
	rp, err := passkey.New("https://id.example", "Signet")
	must(t, err)
	x.Service = x.WithPasskeys(rp)
	return x
}

// add enrols the device for the user.
func (x *fixture) add(t *testing.T, d *device, at time.Time) (codes []string) {
	t.Helper()
	c, err := x.BeginPasskey(t.Context(), x.user, here, at)
	must(t, err)
	_, codes, err = x.AddPasskey(t.Context(), x.user, d.create(t, c), "Phone", here, at)
	must(t, err)
	return codes
}

// ask begins a use as second factor.
func (x *fixture) ask(t *testing.T, at time.Time) factor.Ceremony {
	t.Helper()
	f, err := x.Of(t.Context(), x.user)
	must(t, err)
	c, err := x.AskPasskey(t.Context(), x.user, f, here, at)
	must(t, err)
	return c
}

func TestPasskey_AddedOnce(t *testing.T) {
	x, d := newPasskeyFixture(t), newDevice(virtualwebauthn.AuthenticatorOptions{BackupEligible: true, BackupState: true})
	c, err := x.BeginPasskey(t.Context(), x.user, here, start)
	must(t, err)
	r := d.create(t, c)
	for what, o := range map[string]string{
		`"attestation":"none"`: c.Options, `"residentKey":"preferred"`: c.Options, `"userVerification":"preferred"`: c.Options, `"id":"id.example"`: c.Options,
	} {
		if !strings.Contains(o, what) {
			t.Errorf("the options have no %s: %s", what, o)
		}
	}
	if len(d.auth.Options.UserHandle) != 64 {
		t.Errorf("a user handle of %d bytes", len(d.auth.Options.UserHandle))
	}
	other := x.user
	other.ID = "other"
	for name, try := range map[string]struct {
		user    storage.User
		binding factor.Binding
		after   time.Duration
		as      string
		want    error
	}{
		"by another user":         {other, here, 0, "Phone", factor.ErrChallenge},
		"in another browser":      {x.user, factor.Binding{Request: here.Request}, 0, "Phone", factor.ErrChallenge},
		"for another request":     {x.user, factor.Binding{Browser: here.Browser}, 0, "Phone", factor.ErrChallenge},
		"after more than 5 min":   {x.user, here, 5*time.Minute + time.Second, "Phone", factor.ErrChallenge},
		"before its time":         {x.user, here, -time.Second, "Phone", factor.ErrChallenge},
		"without a name":          {x.user, here, 0, " ", factor.ErrName},
		"with a name of two rows": {x.user, here, 0, "a\nb", factor.ErrName},
		"with a name too long":    {x.user, here, 0, strings.Repeat("ä", 65), factor.ErrName},
	} {
		if _, _, err := x.AddPasskey(t.Context(), try.user, r, try.as, try.binding, start.Add(try.after)); !errors.Is(err, try.want) {
			t.Errorf("%s: %v, want %v", name, err, try.want)
		}
	}
	if _, err := x.store.UserFactors(t.Context(), x.user.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Fatalf("something is stored: %v", err)
	}
	added, codes, err := x.AddPasskey(t.Context(), x.user, r, " Phone ", here, start)
	must(t, err)
	if added.Name != "Phone" || !added.BackupEligible || !added.BackupState || !added.UserVerified || !added.UserPresent || len(codes) != recovery.Count {
		t.Errorf("added %+v, %d codes", added, len(codes))
	}
	if _, _, err := x.AddPasskey(t.Context(), x.user, r, "Phone", here, start); !errors.Is(err, factor.ErrExists) {
		t.Errorf("added again: %v", err)
	}
	c, err = x.BeginPasskey(t.Context(), x.user, here, start)
	must(t, err)
	if !strings.Contains(c.Options, added.ID) {
		t.Errorf("the options exclude nothing: %s", c.Options)
	}
	must(t, x.RemovePasskey(t.Context(), x.user, added.ID))
	if _, _, err := x.AddPasskey(t.Context(), x.user, r, "Phone", here, start); !errors.Is(err, factor.ErrChallenge) {
		t.Errorf("added again by the same response after it was removed: %v", err)
	}
	if f, err := x.Of(t.Context(), x.user); err != nil || f.Recovery != nil || factor.Any(f) {
		t.Errorf("after the removal: %+v, %v", f, err)
	}
	if err := x.RemovePasskey(t.Context(), x.user, added.ID); !errors.Is(err, factor.ErrMissing) {
		t.Errorf("removed again: %v", err)
	}
}

func TestPasskey_AtMostSixteen(t *testing.T) {
	x := newPasskeyFixture(t)
	for range storage.MaxPasskeys - 1 {
		x.add(t, newDevice(virtualwebauthn.AuthenticatorOptions{}), start)
	}
	one, err := x.BeginPasskey(t.Context(), x.user, here, start)
	must(t, err)
	x.add(t, newDevice(virtualwebauthn.AuthenticatorOptions{}), start)
	if _, err := x.BeginPasskey(t.Context(), x.user, here, start); !errors.Is(err, factor.ErrTooMany) {
		t.Errorf("the 17th: %v", err)
	}
	d := newDevice(virtualwebauthn.AuthenticatorOptions{})
	if _, _, err := x.AddPasskey(t.Context(), x.user, d.create(t, one), "Late", here, start); !errors.Is(err, factor.ErrChallenge) {
		t.Errorf("the 17th, begun before the 16th was added: %v", err)
	}
}

func TestPasskey_AssertionUsedOnce(t *testing.T) {
	x, d := newPasskeyFixture(t), newDevice(virtualwebauthn.AuthenticatorOptions{})
	x.add(t, d, start)
	c := x.ask(t, start)
	r := d.get(t, c)
	var wg sync.WaitGroup
	results := make([]error, 20)
	right := make([]bool, 20)
	for n := range results {
		wg.Go(func() {
			use, err := x.UsePasskey(t.Context(), x.user, r, here, start)
			right[n], results[n] = err == nil && use.Verdict == factor.Right, err
		})
	}
	wg.Wait()
	winners := 0
	for n := range results {
		switch {
		case right[n]:
			winners++
		case !errors.Is(results[n], factor.ErrChallenge):
			t.Errorf("a loser got %v", results[n])
		}
	}
	if winners != 1 {
		t.Errorf("%d of 20 uses of one assertion were right", winners)
	}
	older := x.ask(t, start.Add(-time.Second))
	if _, err := x.UsePasskey(t.Context(), x.user, d.get(t, older), here, start.Add(time.Second)); !errors.Is(err, factor.ErrChallenge) {
		t.Errorf("a challenge from before the last use: %v", err)
	}
	next := start.Add(time.Minute)
	if use, err := x.UsePasskey(t.Context(), x.user, d.get(t, x.ask(t, next)), here, next); err != nil || use.Verdict != factor.Right {
		t.Errorf("the next use: %+v, %v", use, err)
	}
}

func TestPasskey_WhatIsRefused(t *testing.T) {
	x, d := newPasskeyFixture(t), newDevice(virtualwebauthn.AuthenticatorOptions{})
	x.add(t, d, start)
	at := start.Add(time.Minute)
	change := func(f func(*device)) *device {
		other := *d
		f(&other)
		return &other
	}
	for name, who := range map[string]*device{
		"another origin":          change(func(d *device) { d.site.Origin = "https://id.example.evil" }),
		"another port":            change(func(d *device) { d.site.Origin = "https://id.example:8443" }),
		"http":                    change(func(d *device) { d.site.Origin = "http://id.example" }),
		"another relying party":   change(func(d *device) { d.site.ID = "example" }),
		"another user's handle":   change(func(d *device) { d.auth.Options.UserHandle = []byte("somebody else") }),
		"another key":             change(func(d *device) { d.key = newKey() }),
		"another key's id":        change(func(d *device) { d.key.ID = []byte("0123456789abcdef") }),
		"nobody present":          change(func(d *device) { d.auth.Options.UserNotPresent = true }),
		"backed up, not eligible": change(func(d *device) { d.auth.Options.BackupState = true }),
	} {
		if use, err := x.UsePasskey(t.Context(), x.user, who.get(t, x.ask(t, at)), here, at); err != nil || use.Verdict != factor.Wrong {
			t.Errorf("%s: %+v, %v", name, use, err)
		}
	}
	for name, text := range map[string]string{"nothing": "", "no JSON": "{", "too long": strings.Repeat(" ", passkey.MaxResponse) + "{}"} {
		r := factor.Response{Sealed: x.ask(t, at).Sealed, Text: text}
		if use, err := x.UsePasskey(t.Context(), x.user, r, here, at); err != nil || use.Verdict != factor.Wrong {
			t.Errorf("%s: %+v, %v", name, use, err)
		}
	}
	signIn, err := x.AskAnybody(t.Context(), here, at)
	must(t, err)
	if _, err := x.UsePasskey(t.Context(), x.user, d.get(t, signIn), here, at); !errors.Is(err, factor.ErrChallenge) {
		t.Errorf("a challenge for signing in, as second factor: %v", err)
	}
	if _, err := x.OpenClaim(t.Context(), d.get(t, x.ask(t, at)), here, at); !errors.Is(err, factor.ErrChallenge) {
		t.Errorf("a challenge for the second factor, to sign in: %v", err)
	}
	c := x.ask(t, at)
	one, two := d.get(t, c), d.get(t, x.ask(t, at))
	if use, err := x.UsePasskey(t.Context(), x.user, factor.Response{Sealed: one.Sealed, Text: two.Text}, here, at); err != nil || use.Verdict != factor.Wrong {
		t.Errorf("the response to another challenge: %+v, %v", use, err)
	}
	f, err := x.Of(t.Context(), x.user)
	must(t, err)
	if len(f.Passkeys) != 1 || !f.Passkeys[0].LastUsedAt.IsZero() {
		t.Errorf("a refused response was marked as a use: %+v", f.Passkeys)
	}
	must(t, x.RemovePasskey(t.Context(), x.user, f.Passkeys[0].ID))
	if use, err := x.UsePasskey(t.Context(), x.user, one, here, at); err != nil || use.Verdict != factor.Missing {
		t.Errorf("a removed passkey: %+v, %v", use, err)
	}
}

// What real authenticators change is stored, and refuses nobody.
func TestPasskey_FlagsAndCounterMayChange(t *testing.T) {
	x, d := newPasskeyFixture(t), newDevice(virtualwebauthn.AuthenticatorOptions{UserNotVerified: true})
	d.key.Counter = 7
	x.add(t, d, start)
	for n, step := range []struct {
		change    func()
		synced    bool
		verified  bool
		countBack bool
	}{
		{func() { d.key.Counter = 8 }, false, false, false},
		{func() { d.key.Counter = 8 }, false, false, true},
		{func() { d.auth.Options.BackupEligible, d.key.Counter = true, 0 }, true, false, true},
		{func() { d.auth.Options.BackupState, d.auth.Options.UserNotVerified = true, false }, true, true, false},
		{func() { d.auth.Options.BackupState = false }, true, true, false},
	} {
		step.change()
		at := start.Add(time.Duration(n+1) * time.Minute)
		use, err := x.UsePasskey(t.Context(), x.user, d.get(t, x.ask(t, at)), here, at)
		want := factor.PasskeyUse{Verdict: factor.Right, Synced: step.synced, Verified: step.verified, CountBack: step.countBack}
		if err != nil || use != want {
			t.Errorf("step %d: %+v, %v, want %+v", n, use, err, want)
		}
		f, err := x.Of(t.Context(), x.user)
		must(t, err)
		if k := f.Passkeys[0]; k.SignCount != int64(d.key.Counter) || k.BackupEligible != d.auth.Options.BackupEligible || k.BackupState != d.auth.Options.BackupState {
			t.Errorf("step %d: stored %+v", n, k)
		}
	}
}

func TestPasskey_SignInWithoutName(t *testing.T) {
	x, d := newPasskeyFixture(t), newDevice(virtualwebauthn.AuthenticatorOptions{})
	x.add(t, d, start)
	at := start.Add(time.Minute)
	claim := func(d *device) *factor.Claim {
		t.Helper()
		c, err := x.AskAnybody(t.Context(), here, at)
		must(t, err)
		if !strings.Contains(c.Options, `"userVerification":"required"`) || strings.Contains(c.Options, "allowCredentials") {
			t.Errorf("the options are %s", c.Options)
		}
		got, err := x.OpenClaim(t.Context(), d.get(t, c), here, at)
		must(t, err)
		return got
	}
	right := claim(d)
	if right.UserID != x.user.ID || !right.UserCreatedAt.Equal(x.user.CreatedAt) {
		t.Fatalf("the claim is of %+v", right)
	}
	for name, change := range map[string]func(*virtualwebauthn.AuthenticatorOptions){
		"without verification": func(o *virtualwebauthn.AuthenticatorOptions) { o.UserNotVerified = true },
		"without a handle":     func(o *virtualwebauthn.AuthenticatorOptions) { o.UserHandle = nil },
		"an unknown handle":    func(o *virtualwebauthn.AuthenticatorOptions) { o.UserHandle = make([]byte, 64) },
	} {
		other := *d
		change(&other.auth.Options)
		c := claim(&other)
		if c.UserID != "" && name != "without verification" {
			t.Errorf("%s: it is of %q", name, c.UserID)
		}
		if use, err := x.ProveClaim(t.Context(), x.user, c, at); err != nil || use.Verdict != factor.Wrong {
			t.Errorf("%s: %+v, %v", name, use, err)
		}
	}
	if use, err := x.ProveClaim(t.Context(), x.user, right, at); err != nil || use.Verdict != factor.Right || !use.Verified {
		t.Errorf("the right one: %+v, %v", use, err)
	}
	if _, err := x.ProveClaim(t.Context(), x.user, right, at); !errors.Is(err, factor.ErrChallenge) {
		t.Errorf("the right one again: %v", err)
	}
}

func TestPasskey_IssuerWithout(t *testing.T) {
	x := newFixture(t)
	_, begin := x.BeginPasskey(t.Context(), x.user, here, start)
	_, _, add := x.AddPasskey(t.Context(), x.user, factor.Response{}, "Phone", here, start)
	_, ask := x.AskPasskey(t.Context(), x.user, storage.UserFactors{Passkeys: []storage.Passkey{{ID: "k"}}}, here, start)
	_, anybody := x.AskAnybody(t.Context(), here, start)
	_, open := x.OpenClaim(t.Context(), factor.Response{}, here, start)
	_, use := x.UsePasskey(t.Context(), x.user, factor.Response{}, here, start)
	for n, err := range []error{begin, add, ask, anybody, open, use} {
		if !errors.Is(err, factor.ErrNoPasskeys) {
			t.Errorf("call %d: %v, want ErrNoPasskeys", n, err)
		}
	}
	if x.HasPasskeys() {
		t.Error("it says that it has some")
	}
}
