package verify_test

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.org/signet/verify"
)

// The sign-in behind a token, against what a route requires (RFC 9470 §3).
func TestRequireAuthentication(t *testing.T) {
	const one, two, phr = "urn:signet:1fa", "urn:signet:2fa", "urn:signet:phr"
	for name, c := range map[string]struct {
		acr      any   // nil leaves it out
		age      int64 // seconds since the sign-in; -1 leaves it out
		required verify.Authentication
		ok       bool
		says     string // of the challenge
	}{
		"the level that is wanted": {two, 60, verify.Authentication{ACR: two}, true, ""},
		"a higher one":             {phr, 60, verify.Authentication{ACR: two}, true, ""},
		"a lower one":              {one, 60, verify.Authentication{ACR: two}, false, `acr_values="urn:signet:2fa"`},
		"an alias is wanted":       {two, 60, verify.Authentication{ACR: "2"}, true, ""},
		"an alias, too low":        {one, 60, verify.Authentication{ACR: "phr"}, false, `acr_values="phr"`},
		"an alias is had":          {"phrh", 60, verify.Authentication{ACR: two}, true, ""},
		"none is had":              {nil, 60, verify.Authentication{ACR: one}, false, `acr_values="urn:signet:1fa"`},
		"an unknown one is had":    {"gold", 60, verify.Authentication{ACR: one}, false, `acr_values="urn:signet:1fa"`},
		"an unknown one is wanted": {"gold", 60, verify.Authentication{ACR: "gold"}, true, ""},
		"another unknown one":      {phr, 60, verify.Authentication{ACR: "gold"}, false, `acr_values="gold"`},
		"fresh":                    {one, 300, verify.Authentication{MaxAge: 5 * time.Minute}, true, ""},
		"a second too old":         {one, 301, verify.Authentication{MaxAge: 5 * time.Minute}, false, `max_age="300"`},
		"no auth_time":             {one, -1, verify.Authentication{MaxAge: time.Hour}, false, `max_age="3600"`},
		"both, and both met":       {two, 10, verify.Authentication{ACR: two, MaxAge: time.Minute}, true, ""},
		"both, and one is not":     {two, 61, verify.Authentication{ACR: two, MaxAge: time.Minute}, false, `acr_values="urn:signet:2fa", max_age="60"`},
	} {
		t.Run(name, func(t *testing.T) {
			token := goodClaims().with("acr", c.acr).with("auth_time", testTime.Unix()-c.age)
			if c.acr == nil {
				token = token.without("acr")
			}
			if c.age < 0 {
				token = token.without("auth_time")
			}
			recorder := &errorRecorder{}
			cfg := config(newHost(t, rsaKey()))
			cfg.OnError, cfg.Now = recorder.record, func() time.Time { return testTime }
			v := newVerifier(t, cfg)
			server := httptest.NewServer(v.RequireScope("items:read")(v.RequireAuthentication(c.required)(whoami)))
			defer server.Close()
			resp, body := call(t, server, get("Bearer "+rsaKey().token(token.json())))
			if c.ok {
				if resp.StatusCode != http.StatusOK {
					t.Errorf("%d %s", resp.StatusCode, body)
				}
				return
			}
			challenge := resp.Header.Get("WWW-Authenticate")
			if resp.StatusCode != http.StatusUnauthorized || !strings.Contains(challenge, `error="insufficient_user_authentication"`) || !strings.HasSuffix(challenge, c.says) {
				t.Errorf("%d %s", resp.StatusCode, challenge)
			}
			checkErrorResponse(t, resp, body)
			if err := recorder.last(); !errors.Is(err, verify.ErrInsufficientAuthentication) || errors.Is(err, verify.ErrInvalidToken) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRequireAuthentication_PanicsOnWhatRequiresNothing(t *testing.T) {
	v := newVerifier(t, config(newHost(t, rsaKey())))
	for name, a := range map[string]verify.Authentication{
		"nothing": {}, "a fraction of a second": {MaxAge: time.Millisecond}, "a negative age": {MaxAge: -time.Second}, "two values": {ACR: "a b"}, "a quote": {ACR: `a"`},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: it let every token pass", name)
				}
			}()
			v.RequireAuthentication(a)
		}()
	}
}

func TestClaims_ACRAndAMR(t *testing.T) {
	v := newVerifier(t, config(newHost(t, rsaKey())))
	claims, err := v.Verify(t.Context(), rsaKey().token(goodClaims().with("acr", "urn:signet:2fa").with("amr", []string{"pwd", "otp", "mfa"}).json()))
	if err != nil || claims.ACR != "urn:signet:2fa" || len(claims.AMR) != 3 {
		t.Errorf("%+v, %v", claims, err)
	}
	for name, bad := range map[string]badClaim{"acr": {"acr", 2}, "amr": {"amr", "pwd"}} {
		var problem *verify.ClaimError
		if _, err := v.Verify(t.Context(), rsaKey().token(goodClaims().with(bad.name, bad.value).json())); !errors.As(err, &problem) || problem.Claim != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type badClaim struct {
	name  string
	value any
}

func ExampleVerifier_RequireAuthentication() {
	issuer, token := exampleIssuer() // of a sign-in by password alone
	defer issuer.Close()
	v, err := verify.New(verify.Config{Issuer: issuer.URL, Audience: []string{"https://api.example.com"}})
	if err != nil {
		log.Fatal(err)
	}
	pay := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "paid") })
	strong := v.RequireAuthentication(verify.Authentication{ACR: "urn:signet:2fa", MaxAge: 5 * time.Minute})

	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/payments", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	v.RequireScope("items:write")(strong(pay)).ServeHTTP(w, r)
	fmt.Println(w.Code)
	for _, part := range strings.Split(w.Header().Get("WWW-Authenticate"), ", ")[1:] {
		fmt.Println(part)
	}
	// Output:
	// 401
	// error="insufficient_user_authentication"
	// error_description="the user must sign in again in the way that is named"
	// acr_values="urn:signet:2fa"
	// max_age="300"
}
