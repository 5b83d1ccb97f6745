package authorization_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/authorization"
	"example.org/signet/keys"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func newMaster(t testing.TB) keys.MasterKey {
	t.Helper()
	k, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func seal(t testing.TB, s *authorization.Sealer, stamp authorization.Stamp) string {
	t.Helper()
	text, err := s.Seal(stamp)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestStamp_RoundTrips_AlsoUnderAnEarlierMasterKey(t *testing.T) {
	old, next := newMaster(t), newMaster(t)
	want := authorization.Stamp{Begun: noon, Request: [16]byte{1, 2}, Password: true, Browser: authorization.BrowserMark("b")}
	text := seal(t, authorization.NewSealer(rand.Reader, issuer, old), want)
	if len(text) > 200 {
		t.Errorf("%d characters", len(text))
	}
	if got := authorization.NewSealer(rand.Reader, issuer, next, old).Open(text); got != want {
		t.Errorf("%+v", got)
	}
	if got := authorization.NewSealer(rand.Reader, issuer, next).Open(text); got != (authorization.Stamp{}) {
		t.Errorf("under a key that is gone: %+v", got)
	}
}

// L26: a stamp of another issuer, or an altered one, is the zero Stamp.
func TestStamp_AlteredOrForeign_IsIgnored(t *testing.T) {
	key := newMaster(t)
	sealer := authorization.NewSealer(rand.Reader, issuer, key)
	text := seal(t, sealer, authorization.Stamp{Begun: noon, Password: true})
	if got := authorization.NewSealer(rand.Reader, "https://other.example.com", key).Open(text); got != (authorization.Stamp{}) {
		t.Errorf("another issuer opens it: %+v", got)
	}
	for n := range text {
		altered := text[:n] + string("AB"[b2i(text[n] == 'A')]) + text[n+1:]
		if got := sealer.Open(altered); got != (authorization.Stamp{}) {
			t.Fatalf("altered at %d: %+v", n, got)
		}
	}
	for _, bad := range []string{"", "x", text[:len(text)-1], text + "A", strings.Repeat("A", 201), text + "="} {
		if got := sealer.Open(bad); got != (authorization.Stamp{}) {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

// E08: instances of the version before read what this one seals, and this one what they have
// sealed. Whoever changes the form lets Open read this one for as long as such pages are open.
func TestStamp_OfTheFirstRelease_IsRead(t *testing.T) {
	const text = "AnNzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc_ClSI0uqbjzsSmPAYNpos0ZsFQ-4AW3CoXVyYcNuxrEPdrfbHgySesZqmGMygIOv07ylGet0iJUvT2mATgjlJ8tAeSHeYog3gY"
	master, err := keys.NewMasterKey(strings.NewReader("a master key of thirty-two bytes, and some more that nobody reads"))
	if err != nil {
		t.Fatal(err)
	}
	want := authorization.Stamp{Begun: noon, Request: [16]byte{1}, Password: true, Consent: true, Browser: [16]byte{2}, Shown: [16]byte{3}}
	sealer := authorization.NewSealer(strings.NewReader(strings.Repeat("s", 64)), issuer, master)
	if got := sealer.Open(text); got != want {
		t.Errorf("%+v", got)
	}
	if got := seal(t, sealer, want); got != text {
		t.Errorf("sealed: %s", got)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// L26: the steps count for this request, in this browser session, for an hour.
func TestStamp_Proves(t *testing.T) {
	r := authorization.Request{ClientID: "app"}
	stamp := authorization.Stamp{
		Begun: noon, Request: r.Hash(), Password: true, Consent: true, Later: true,
		Browser: authorization.BrowserMark("b"),
	}
	if got := stamp.Proves(r, "b", noon.Add(time.Hour)); got != (authorization.Steps{Password: true, Consent: true, Later: true}) {
		t.Errorf("%+v", got)
	}
	other := r
	other.Prompt.Login = true
	for name, got := range map[string]authorization.Steps{
		"another request": stamp.Proves(other, "b", noon),
		"another session": stamp.Proves(r, "c", noon),
		"no session":      stamp.Proves(r, "", noon),
		"too old":         stamp.Proves(r, "b", noon.Add(time.Hour+time.Second)),
		"of the future":   stamp.Proves(r, "b", noon.Add(-2*time.Minute)),
		"zero stamp":      authorization.Stamp{}.Proves(r, "b", noon),
	} {
		if got != (authorization.Steps{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
