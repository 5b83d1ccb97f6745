package authorization_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/issuer/authorization"
)

func newSealer(t *testing.T, issuer string) *authorization.Sealer {
	t.Helper()
	return authorization.NewSealer(rand.Reader, issuer, newMaster(t))
}

func TestPending_SealedAndOpened(t *testing.T) {
	sealer, now := newSealer(t, "https://id.example"), time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC)
	request := authorization.Request{ClientID: "app"}
	p := authorization.Pending{
		UserID: "u", Epoch: 1<<40 + 3, Request: request.Hash(), Browser: authorization.BrowserMark("b"),
		Until: now.Add(authorization.PendingTTL), Methods: []string{"pwd"}, Remember: true,
	}
	text, err := sealer.SealPending(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, sealer.OpenPending(text)); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct {
		request authorization.Request
		after   time.Duration
		valid   bool
	}{
		"at once":                     {request, 0, true},
		"in the last moment":          {request, authorization.PendingTTL - time.Millisecond, true},
		"too late":                    {request, authorization.PendingTTL, false},
		"with a clock set back":       {request, -time.Second, false},
		"for another request":         {authorization.Request{ClientID: "other"}, 0, false},
		"for signing in to no client": {authorization.Request{}, 0, false},
	} {
		if got := p.Valid(c.request, now.Add(c.after)); got != c.valid {
			t.Errorf("%s: valid %v", name, got)
		}
	}
	if (authorization.Pending{}).Valid(authorization.Request{}, time.Time{}.Add(-time.Second)) {
		t.Error("a login of nobody is valid")
	}
}

// What this issuer has not sealed as a pending login is none.
func TestPending_ForeignTexts(t *testing.T) {
	sealer := newSealer(t, "https://id.example")
	p := authorization.Pending{UserID: "u", Methods: []string{"pwd"}}
	text, err := sealer.SealPending(p)
	if err != nil {
		t.Fatal(err)
	}
	stamp, err := sealer.Seal(authorization.Stamp{Begun: time.Unix(1, 0), Password: true})
	if err != nil {
		t.Fatal(err)
	}
	other, err := newSealer(t, "https://id.example").SealPending(p)
	if err != nil {
		t.Fatal(err)
	}
	changed := []byte(text)
	changed[len(changed)/2] ^= 1
	for name, foreign := range map[string]string{
		"nothing": "", "a stamp": stamp, "of another master key": other, "changed": string(changed), "cut": text[:len(text)-4], "longer": text + "AAAA",
	} {
		if got := sealer.OpenPending(foreign); got.UserID != "" {
			t.Errorf("%s is opened: %+v", name, got)
		}
	}
	if got := sealer.Open(text); got != (authorization.Stamp{}) {
		t.Errorf("a pending login is opened as a stamp: %+v", got)
	}
}
