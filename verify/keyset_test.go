package verify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"example.org/signet/verify"
)

// Rotation as an issuer does it: a new key appears, signs, and the old one goes.
func TestRotation(t *testing.T) {
	h := newHost(t, rsaKey())
	v, now := watched(t, h, nil)
	expect := func(k key, want error) {
		t.Helper()
		if err := check(v, forever(k)); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", k.kid, err, want)
		}
	}
	expect(rsaKey(), nil)
	expect(otherRSA(), verify.ErrUnknownKey)
	now.Advance(5 * time.Second)
	h.publish(rsaKey(), otherRSA())
	expect(otherRSA(), nil) // at once, by a refetch
	expect(rsaKey(), nil)
	h.publish(otherRSA())
	now.Advance(5 * time.Minute)
	expect(rsaKey(), verify.ErrUnknownKey)
	expect(otherRSA(), nil)
}

func TestUnusableKeysAreIgnored(t *testing.T) {
	member := func(k key, change func(map[string]any)) string {
		text, err := k.jwk().MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		change(fields)
		text, err = json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	set := func(name string, value any) func(map[string]any) { return func(f map[string]any) { f[name] = value } }
	drop := func(name string) func(map[string]any) { return func(f map[string]any) { delete(f, name) } }
	private, err := json.Marshal(jose.JSONWebKey{Key: rsaKey().private, KeyID: "rsa-1", Algorithm: "RS256", Use: "sig"})
	if err != nil {
		t.Fatal(err)
	}
	weak := weakRSA()
	tests := []struct {
		name, jwk string
		token     string
		usable    bool
	}{
		{"as published", member(rsaKey(), func(map[string]any) {}), goodToken(), true},
		{"without use", member(rsaKey(), drop("use")), goodToken(), true},
		{"without alg", member(rsaKey(), drop("alg")), goodToken(), true},
		{"with key_ops verify", member(rsaKey(), set("key_ops", []string{"verify"})), goodToken(), true},
		{"with unknown members", member(rsaKey(), set("extra", map[string]any{"y": 1})), goodToken(), true},
		{"for encryption", member(rsaKey(), set("use", "enc")), goodToken(), false},
		{"key_ops encrypt", member(rsaKey(), set("key_ops", []string{"encrypt"})), goodToken(), false},
		{"key_ops empty", member(rsaKey(), set("key_ops", []string{})), goodToken(), false},
		{"key_ops no array", member(rsaKey(), set("key_ops", "verify")), goodToken(), false},
		{"for another algorithm", member(rsaKey(), set("alg", "RS512")), goodToken(), false},
		{"for RSA-OAEP", member(rsaKey(), set("alg", "RSA-OAEP")), goodToken(), false},
		{"for HS256", member(rsaKey(), set("alg", "HS256")), goodToken(), false},
		{"without kid", member(rsaKey(), drop("kid")), goodToken(), false},
		{"kid a number", member(rsaKey(), set("kid", 1)), goodToken(), false},
		{"unknown kty", member(rsaKey(), set("kty", "XYZ")), goodToken(), false},
		{"without kty", member(rsaKey(), drop("kty")), goodToken(), false},
		{"without modulus", member(rsaKey(), drop("n")), goodToken(), false},
		{"exponent 1", member(rsaKey(), set("e", "AQ")), goodToken(), false},
		{"private", string(private), goodToken(), false},
		{"symmetric", `{"kty":"oct","kid":"rsa-1","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}`, goodToken(), false},
		{"1024 bits", member(weak, func(map[string]any) {}), weak.token(goodClaims().json()), false},
		{"P-384", member(p384Key(), func(map[string]any) {}), p384Key().as("ES256").token(goodClaims().json()), false},
		{"P-384 said to be ES256", member(p384Key(), set("alg", "ES256")), p384Key().as("ES256").token(goodClaims().json()), false},
		{"not on the curve", member(p256Key(), set("x", b64(strings.Repeat("x", 32)))), p256Key().token(goodClaims().json()), false},
		{"P-256", member(p256Key(), func(map[string]any) {}), p256Key().token(goodClaims().json()), true},
		{"Ed25519", member(ed25519Key(), func(map[string]any) {}), ed25519Key().token(goodClaims().json()), true},
		{"X25519", member(ed25519Key(), set("crv", "X25519")), ed25519Key().token(goodClaims().json()), false},
		{"not an object", `"rsa-1"`, goodToken(), false},
		{"null", `null`, goodToken(), false},
		{"repeated member", strings.Replace(member(rsaKey(), func(map[string]any) {}), "{", `{"kid":"x",`, 1), goodToken(), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t)
			good := otherRSA()
			h.publishText(fmt.Sprintf(`{"keys":[%s,%s]}`, tt.jwk, member(good, func(map[string]any) {})))
			v, _ := watched(t, h, func(c *verify.Config) { c.Algorithms = []string{"RS256", "ES256", "EdDSA"} })
			if err := check(v, good.token(goodClaims().json())); err != nil {
				t.Errorf("the good key beside it: %v", err)
			}
			err := check(v, tt.token)
			if tt.usable && err != nil || !tt.usable && !errors.Is(err, verify.ErrUnknownKey) {
				t.Errorf("usable %v, but %v", tt.usable, err)
			}
		})
	}
}

// A key that names no algorithm serves those of its type that are accepted.
func TestKeyWithoutAlgServesItsType(t *testing.T) {
	h := newHost(t, rsaKey().as(""))
	v, _ := watched(t, h, func(c *verify.Config) { c.Algorithms = []string{verify.RS256, verify.PS256} })
	for _, k := range []key{rsaKey(), rsaAsPS256()} {
		if err := check(v, k.token(goodClaims().json())); err != nil {
			t.Errorf("%s: %v", k.alg, err)
		}
	}
	v, _ = watched(t, h, nil)
	if err := check(v, rsaAsPS256().token(goodClaims().json())); !errors.Is(err, verify.ErrAlgorithm) {
		t.Error(err)
	}
}

// RFC 7517 §4.5 lets keys share a kid; then each is tried.
func TestKeysThatShareAKid(t *testing.T) {
	h := newHost(t, rsaKey(), impostorRSA())
	v, _ := watched(t, h, nil)
	third := p256Key().as("ES256")
	third.kid = "rsa-1"
	for _, k := range []key{rsaKey(), impostorRSA()} {
		if err := check(v, k.token(goodClaims().json())); err != nil {
			t.Error(err)
		}
	}
	if err := check(v, third.token(goodClaims().json())); !errors.Is(err, verify.ErrAlgorithm) {
		t.Error(err)
	}
}

// A set of just under 1 MiB is read, one without a usable key is believed: all keys
// have been withdrawn.
func TestUnusualKeySets(t *testing.T) {
	h := newHost(t)
	body := jwks(rsaKey())
	h.publishText(strings.Repeat(" ", 1<<20-len(body)) + body)
	v, now := watched(t, h, nil)
	if err := check(v, goodToken()); err != nil {
		t.Errorf("1 MiB: %v", err)
	}
	h.publishText(`{"keys":[]}`)
	now.Advance(5 * time.Minute)
	if err := check(v, goodToken()); !errors.Is(err, verify.ErrUnknownKey) {
		t.Errorf("empty set: %v", err)
	}
}
