package verifytest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.org/signet/verify"
	"example.org/signet/verify/verifytest"
)

const api = "https://api.example.com"

func start(t *testing.T) (*verifytest.Issuer, func(token string) error) {
	t.Helper()
	issuer := verifytest.New(t)
	v, err := verify.New(issuer.Config(api))
	if err != nil {
		t.Fatal(err)
	}
	return issuer, func(token string) error {
		_, err := v.Verify(context.Background(), token)
		return err
	}
}

func wants(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) || want == nil && got != nil {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestMintsAnyToken(t *testing.T) {
	issuer, check := start(t)
	wants(t, "a good one", check(issuer.Token(api)), nil)
	wants(t, "another audience", check(issuer.Token("https://other.example.com")), verify.ErrAudience)
	wants(t, "no exp", check(issuer.Token(api, func(c verifytest.Claims) { delete(c, "exp") })), verify.ErrClaim)
	wants(t, "an ID token", check(issuer.Sign("JWT", verifytest.Claims{"iss": issuer.URL})), verify.ErrTokenType)
	old := issuer.Token(api)
	issuer.Advance(16 * time.Minute)
	wants(t, "too late", check(old), verify.ErrExpired)
}

func TestRotatesAndRevokes(t *testing.T) {
	issuer, check := start(t)
	before, other := issuer.Token(api), issuer.Token(api)
	wants(t, "before", check(before), nil)
	issuer.Rotate()
	issuer.Advance(10 * time.Second)
	wants(t, "by the new key", check(issuer.Token(api)), nil)
	wants(t, "by the old one", check(before), nil)
	issuer.Revoke(before)
	issuer.Advance(time.Minute)
	wants(t, "revoked", check(before), verify.ErrRevoked)
	wants(t, "not revoked", check(other), nil)
	issuer.Withdraw()
	issuer.Advance(6 * time.Minute)
	wants(t, "by a withdrawn key", check(other), verify.ErrUnknownKey)
}

func TestSetHandler(t *testing.T) {
	issuer, check := start(t)
	issuer.SetHandler(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	wants(t, "out of order", check(issuer.Token(api)), verify.ErrKeysUnavailable)
	issuer.SetHandler(nil)
	issuer.Advance(10 * time.Second)
	wants(t, "in order again", check(issuer.Token(api)), nil)
}

// A handler under test, with tokens of its own making.
func TestExampleOfAHandler(t *testing.T) {
	issuer := verifytest.New(t)
	v, err := verify.New(issuer.Config(api))
	if err != nil {
		t.Fatal(err)
	}
	h := v.RequireRole("admin")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for role, want := range map[string]int{"admin": 200, "user": 403} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+issuer.Token(api, func(c verifytest.Claims) { c["roles"] = []string{role} }))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", role, w.Code, want)
		}
	}
}
