package passkey_test

import (
	"errors"
	"testing"

	"github.com/descope/virtualwebauthn"

	"example.org/signet/issuer/passkey"
	"example.org/signet/storage"
)

func TestNew_RelyingPartyIsTheIssuersHost(t *testing.T) {
	for issuer, want := range map[string]struct {
		id  string
		err error
	}{
		"https://id.example":          {"id.example", nil},
		"https://ID.example:8443/idp": {"id.example", nil},
		"http://localhost:8080":       {"localhost", nil},
		"https://192.0.2.1":           {"", passkey.ErrAddress},
		"https://[2001:db8::1]:8443":  {"", passkey.ErrAddress},
		"http://127.0.0.1:8080":       {"", passkey.ErrAddress},
		"http://id.example":           {"", passkey.ErrInsecure},
	} {
		rp, err := passkey.New(issuer, "Signet")
		if !errors.Is(err, want.err) || err == nil && rp.ID() != want.id {
			t.Errorf("%s: %v, %v", issuer, rp, err)
		}
	}
}

// The origin is compared as browsers write it: without a path and the default port.
func TestFinishRegistration_OriginOfTheIssuer(t *testing.T) {
	for issuer, origin := range map[string]string{
		"https://id.example":          "https://id.example",
		"https://id.example:443/idp":  "https://id.example",
		"https://id.example:8443/idp": "https://id.example:8443",
		"http://localhost:8080":       "http://localhost:8080",
	} {
		rp, err := passkey.New(issuer, "Signet")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rp.FinishRegistration(user, challenge, register(t, rp, origin)); err != nil {
			t.Errorf("%s from %s: %v", issuer, origin, err)
		}
		if _, err := rp.FinishRegistration(user, challenge, register(t, rp, origin+"0")); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("%s from %s0: %v, want ErrRefused", issuer, origin, err)
		}
	}
}

var (
	user      = passkey.User{Handle: []byte("0123456789abcdef"), Name: "ann"}
	challenge = []byte("0123456789abcdef0123456789abcdef")
	device    = virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: user.Handle})
	key       = newKey()
)

// newKey returns a new key pair. Of every 128 that the library makes it writes one down with a
// coordinate that is too short, which is to be refused (RFC 9053 §7.1.1).
func newKey() virtualwebauthn.Credential {
	for {
		if k := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(k.Key.AttestationData()) == 77 {
			return k
		}
	}
}

func register(t testing.TB, rp *passkey.RelyingParty, origin string) string {
	t.Helper()
	options, err := rp.BeginRegistration(user, challenge)
	if err != nil {
		t.Fatal(err)
	}
	o, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	return virtualwebauthn.CreateAttestationResponse(virtualwebauthn.RelyingParty{ID: rp.ID(), Origin: origin}, device, key, *o)
}

func logIn(t testing.TB, rp *passkey.RelyingParty) string {
	t.Helper()
	options, err := rp.BeginLogin(nil, challenge)
	if err != nil {
		t.Fatal(err)
	}
	o, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	return virtualwebauthn.CreateAssertionResponse(virtualwebauthn.RelyingParty{ID: rp.ID(), Origin: "https://id.example"}, device, key, *o)
}

// A response of anybody is refused without a panic, and a passkey that is accepted can be stored.
func FuzzRegistration(f *testing.F) {
	rp, err := passkey.New("https://id.example", "Signet")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(register(f, rp, "https://id.example"))
	f.Add(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}`)
	f.Fuzz(func(t *testing.T, response string) {
		k, err := rp.FinishRegistration(user, challenge, response)
		switch {
		case err != nil && !errors.Is(err, passkey.ErrRefused):
			t.Fatalf("the error is %v, want ErrRefused", err)
		case err == nil && (k.ID == "" || k.PublicKey == "" || k.SignCount < 0 || len(k.Transports) > 8):
			t.Fatalf("accepted %+v", k)
		}
	})
}

// Nothing but the signature of the key over this challenge is accepted.
func FuzzAssertion(f *testing.F) {
	rp, err := passkey.New("https://id.example", "Signet")
	if err != nil {
		f.Fatal(err)
	}
	k, err := rp.FinishRegistration(user, challenge, register(f, rp, "https://id.example"))
	if err != nil {
		f.Fatal(err)
	}
	who := user
	who.Keys = []storage.Passkey{k}
	f.Add(logIn(f, rp))
	f.Add(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}}`)
	f.Fuzz(func(t *testing.T, response string) {
		a, err := passkey.Parse(response)
		if err != nil {
			if !errors.Is(err, passkey.ErrRefused) {
				t.Fatalf("the error is %v, want ErrRefused", err)
			}
			return
		}
		use, err := rp.FinishLogin(who, challenge, a, true)
		switch {
		case err != nil && !errors.Is(err, passkey.ErrRefused):
			t.Fatalf("the error is %v, want ErrRefused", err)
		case err == nil && (use.Key.ID != k.ID || !use.Verified || a.Handle == ""):
			t.Fatalf("accepted %+v", use)
		}
	})
}
