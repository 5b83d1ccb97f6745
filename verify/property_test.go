package verify_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.org/signet/verify"
)

// Whatever the times, a token is accepted exactly when exp is ahead and nbf and iat
// are not, give or take the leeway.
func TestTimesProperty(t *testing.T) {
	h := newHost(t, ed25519Key())
	rapid.Check(t, func(t *rapid.T) {
		around := rapid.Int64Range(-400, 400)
		leeway := rapid.Int64Range(1, 300).Draw(t, "leeway")
		exp, nbf, iat := around.Draw(t, "exp"), around.Draw(t, "nbf"), around.Draw(t, "iat")
		cfg := config(h)
		cfg.Algorithms, cfg.Leeway = []string{verify.EdDSA}, time.Duration(leeway)*time.Second
		v, err := verify.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		at := testTime.Unix()
		err = check(v, ed25519Key().token(goodClaims().with("exp", at+exp).with("nbf", at+nbf).with("iat", at+iat).json()))
		switch expired, early := exp+leeway <= 0, nbf > leeway || iat > leeway; {
		case expired && !errors.Is(err, verify.ErrExpired):
			t.Fatalf("expired, but %v", err)
		case !expired && early && !errors.Is(err, verify.ErrNotYetValid):
			t.Fatalf("early, but %v", err)
		case !expired && !early && err != nil:
			t.Fatal(err)
		}
	})
}

// Whatever the audiences, one exact member in common decides.
func TestAudienceProperty(t *testing.T) {
	h := newHost(t, ed25519Key())
	names := rapid.SampledFrom([]string{"a", "A", "a ", "b", "ab", "https://a", "https://a/", "é", `"`, `\`})
	rapid.Check(t, func(t *rapid.T) {
		ours, theirs := rapid.SliceOfN(names, 1, 3).Draw(t, "ours"), rapid.SliceOfN(names, 0, 4).Draw(t, "theirs")
		cfg := config(h)
		cfg.Algorithms, cfg.Audience = []string{verify.EdDSA}, ours
		v, err := verify.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.ContainsFunc(theirs, func(aud string) bool { return slices.Contains(ours, aud) })
		err = check(v, ed25519Key().token(goodClaims().with("aud", theirs).json()))
		if (err == nil) != want || err != nil && !errors.Is(err, verify.ErrAudience) {
			t.Fatalf("common member %v, but %v", want, err)
		}
	})
}

// A token with any one byte changed, put in or taken out is refused.
func TestMutationProperty(t *testing.T) {
	v, _ := allAlgorithms(t)
	tokens := []string{goodToken(), p256Key().token(goodClaims().json()), ed25519Key().token(goodClaims().json())}
	rapid.Check(t, func(t *rapid.T) {
		token := rapid.SampledFrom(tokens).Draw(t, "token")
		at := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		b := rapid.OneOf(rapid.ByteRange(0, 255), rapid.SampledFrom([]byte("Aa0-_.=+/"))).Draw(t, "byte")
		var changed string
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			changed = token[:at] + string([]byte{b}) + token[at+1:]
		case 1:
			changed = token[:at] + string([]byte{b}) + token[at:]
		case 2:
			changed = token[:at] + token[at+1:]
		}
		if changed == token {
			return
		}
		if err := check(v, changed); !errors.Is(err, verify.ErrInvalidToken) {
			t.Fatalf("byte %d: %v", at, err)
		}
	})
}

// Our own checks and go-jose's give the same verdict on any signature over any text.
func TestAgreesWithGoJOSE(t *testing.T) {
	v, _ := allAlgorithms(t)
	keys := map[string]func() key{"RS256": rsaKey, "ES256": p256Key, "EdDSA": ed25519Key, "impostor": impostorRSA}
	published := map[string]key{"RS256": rsaKey(), "ES256": p256Key(), "EdDSA": ed25519Key()}
	rapid.Check(t, func(t *rapid.T) {
		k := keys[rapid.SampledFrom([]string{"RS256", "ES256", "EdDSA", "impostor"}).Draw(t, "key")]()
		payload := goodClaims().with("x", rapid.String().Draw(t, "x")).json()
		token := k.token(payload)
		if rapid.Bool().Draw(t, "damage") {
			cut := strings.LastIndexByte(token, '.') + 1
			signature := []byte(token[cut:])
			signature[rapid.IntRange(0, len(signature)-1).Draw(t, "at")] = 'A'
			token = token[:cut] + string(signature)
		}
		_, theirs := joseVerify(token, published[k.alg])
		if ours := check(v, token); (ours == nil) != (theirs == nil) {
			if errors.Is(ours, verify.ErrMalformed) {
				return // spare bits, which go-jose lets pass
			}
			t.Fatalf("we say %v, go-jose says %v", ours, theirs)
		}
	})
}
