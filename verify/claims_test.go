package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.org/signet/verify"
)

func TestReturnsTheClaims(t *testing.T) {
	v, _ := allAlgorithms(t)
	got, err := v.Verify(context.Background(), goodToken())
	if err != nil {
		t.Fatal(err)
	}
	want := &verify.Claims{
		Issuer: issuerURL, Subject: "0196a1f0-0000-7000-8000-000000000001", Audience: []string{api}, ClientID: "web",
		Expiry: testTime.Add(15 * time.Minute), IssuedAt: testTime, ID: "0196a1f0-0000-7000-8000-000000000002",
		Scope: []string{"openid", "items:read", "items:write"}, Roles: []string{"user", "editor"},
		SessionID: "s-1", AuthTime: testTime.Add(-time.Minute),
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(verify.Claims{})); diff != "" {
		t.Error(diff)
	}
	if !got.HasScope("items:read") || got.HasScope("items") || got.HasScope("") {
		t.Error("HasScope is not an exact match")
	}
	if !got.HasRole("editor") || got.HasRole("edit") || got.HasRole("Editor") {
		t.Error("HasRole is not an exact match")
	}
}

// Escapes, white space and order in the JSON text make no difference.
func TestReadsAnyJSONSpelling(t *testing.T) {
	v, _ := allAlgorithms(t)
	payload := " {\n\t\"j\\u0074i\" : \"a\\\"b\\u00e9\\\\\" ,\r\n\"iat\":1904299200 , \"exp\" :1904299300,\"roles\": [ \"x\\/y\" , \"\" ] ,\"scope\":\" a  b \"," +
		"\"aud\":[ \"other\" ,\"https:\\/\\/api.example.com\"],\"sub\":\"s\",\"client_id\":\"c\",\"iss\":\"https://id.example.com\", \"deep\":[[],{},[{\"a\":[null,true,-1.5e3]}]] } \n"
	got, err := v.Verify(context.Background(), rsaKey().token(payload))
	if err != nil {
		t.Fatal(err)
	}
	want := &verify.Claims{
		Issuer: issuerURL, Subject: "s", Audience: []string{"other", api}, ClientID: "c", ID: "a\"bé\\",
		Expiry: time.Unix(1904299300, 0).UTC(), IssuedAt: time.Unix(1904299200, 0).UTC(), Scope: []string{"a", "b"}, Roles: []string{"x/y", ""},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(verify.Claims{})); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeGivesPrivateClaims(t *testing.T) {
	v, _ := allAlgorithms(t)
	c, err := v.Verify(context.Background(), rsaKey().token(goodClaims().with("tenant", "acme").with("TENANT", "evil").json()))
	if err != nil {
		t.Fatal(err)
	}
	var private struct {
		Tenant string `json:"tenant"`
		Status struct {
			List struct {
				Index int `json:"idx"`
			} `json:"status_list"`
		} `json:"status"`
	}
	if err := c.Decode(&private); err != nil {
		t.Fatal(err)
	}
	if private.Tenant != "acme" || private.Status.List.Index != 7 {
		t.Errorf("got %+v", private)
	}
	var wrong struct {
		Tenant int `json:"tenant"`
	}
	if err := c.Decode(&wrong); err == nil {
		t.Error("a string decoded into an int")
	}
}

func TestRolesClaimCanBeNamed(t *testing.T) {
	h := newHost(t, rsaKey())
	cfg := config(h)
	cfg.RolesClaim = "groups"
	c, err := newVerifier(t, cfg).Verify(context.Background(), rsaKey().token(goodClaims().with("groups", []string{"staff"}).with("roles", "anything").json()))
	if err != nil {
		t.Fatal(err)
	}
	if !c.HasRole("staff") || len(c.Roles) != 1 {
		t.Errorf("roles %q", c.Roles)
	}
}

func TestRequiredClaims(t *testing.T) {
	v, _ := allAlgorithms(t)
	for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} {
		err := check(v, rsaKey().token(goodClaims().without(name).json()))
		var claim *verify.ClaimError
		if !errors.As(err, &claim) || claim.Claim != name || claim.Problem != "missing" || !errors.Is(err, verify.ErrClaim) {
			t.Errorf("without %s: %v", name, err)
		}
		if err := check(v, rsaKey().token(goodClaims().with(name, nil).json())); !errors.Is(err, verify.ErrClaim) {
			t.Errorf("%s null: %v", name, err)
		}
	}
	for _, name := range []string{"scope", "roles", "sid", "auth_time", "nbf", "status"} {
		if err := check(v, rsaKey().token(goodClaims().without(name).json())); err != nil {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestClaimForms(t *testing.T) {
	v, _ := allAlgorithms(t)
	text := []any{nil, 1, true, []string{"x"}, map[string]any{}}
	list := []any{nil, "admin", 1, true, map[string]any{"admin": true}, []any{"admin", 1}, []any{"admin", nil}, []any{[]string{"admin"}}}
	wrong := map[string][]any{
		"iss": text, "sub": append(text, ""), "client_id": append(text, ""), "jti": append(text, ""), "sid": text, "scope": text,
		"roles": list,
		"aud":   {nil, 1, true, map[string]any{}, []any{api, 1}, []any{api, nil}, []any{[]string{api}}, []any{api, []string{api}}},
	}
	for name, values := range wrong {
		for _, value := range values {
			err := check(v, rsaKey().token(goodClaims().with(name, value).json()))
			var claim *verify.ClaimError
			if !errors.As(err, &claim) || claim.Claim != name {
				t.Errorf("%s = %#v: %v", name, value, err)
			}
		}
	}
}

func TestNumericDates(t *testing.T) {
	v, _ := allAlgorithms(t)
	for _, name := range []string{"exp", "iat", "nbf", "auth_time"} {
		for _, value := range []string{
			`null`, `"1904300100"`, `-1`, `-0`, `1904300100.5`, `1904300100.0`, `1904300100e0`, `1e308`, `1E3`, `9223372036854775807`, `9223372036854775808`,
			`18446744073709551616`, `253402300800`, `99999999999999999999999999`, `true`, `[1904300100]`, `{}`,
		} {
			err := check(v, rsaKey().token(goodClaims().with(name, json.RawMessage(value)).json()))
			var claim *verify.ClaimError
			if !errors.As(err, &claim) || claim.Claim != name {
				t.Errorf("%s = %s: %v", name, value, err)
			}
		}
	}
	if err := check(v, rsaKey().token(goodClaims().with("exp", 253402300799).json())); err != nil {
		t.Errorf("the last second of the year 9999: %v", err)
	}
	if err := check(v, rsaKey().token(goodClaims().with("exp", 0).json())); !errors.Is(err, verify.ErrExpired) {
		t.Errorf("exp 0: %v", err)
	}
}

// Borders are exact to the second, with a leeway and without.
func TestTimeBorders(t *testing.T) {
	for _, leeway := range []time.Duration{-1, time.Second, time.Minute, 5 * time.Minute} {
		h := newHost(t, rsaKey())
		now := newClock()
		cfg := config(h)
		cfg.Leeway, cfg.Now = leeway, now.Now
		v := newVerifier(t, cfg)
		allowed := int64(max(0, leeway) / time.Second)
		at := func(name string, offset int64) error {
			return check(v, rsaKey().token(goodClaims().with(name, testTime.Unix()+offset).json()))
		}
		border := func(name string, offset int64, want error) {
			t.Helper()
			if err := at(name, offset); !errors.Is(err, want) || want == nil && err != nil {
				t.Errorf("leeway %v, %s %+d s: got %v, want %v", leeway, name, offset, err, want)
			}
		}
		border("exp", -allowed, verify.ErrExpired) // on or after is expired
		border("exp", -allowed+1, nil)
		border("exp", -allowed-1, verify.ErrExpired)
		border("nbf", allowed, nil)
		border("nbf", allowed+1, verify.ErrNotYetValid)
		border("iat", allowed, nil)
		border("iat", allowed+1, verify.ErrNotYetValid)
		border("auth_time", allowed+1000, nil) // not a validity time

		now.Advance(time.Second - 1) // the last nanosecond before exp counts
		border("exp", -allowed+1, nil)
		now.Advance(1)
		border("exp", -allowed+1, verify.ErrExpired)
	}
}

func TestLeewayIsAMinuteByDefault(t *testing.T) {
	v, _ := allAlgorithms(t)
	if err := check(v, rsaKey().token(goodClaims().with("exp", testTime.Unix()-59).json())); err != nil {
		t.Errorf("59 s ago: %v", err)
	}
	if err := check(v, rsaKey().token(goodClaims().with("exp", testTime.Unix()-60).json())); !errors.Is(err, verify.ErrExpired) {
		t.Errorf("60 s ago: %v", err)
	}
}

func TestIssuerIsComparedByteForByte(t *testing.T) {
	v, _ := allAlgorithms(t)
	for _, iss := range []string{
		"https://id.example.com/", "https://ID.example.com", "http://id.example.com", "https://id.example.com:443", "id.example.com",
		"https://id.example.com.evil.example", " https://id.example.com", "https://id.example.co", "https://id.example.com\x00",
	} {
		if err := check(v, rsaKey().token(goodClaims().with("iss", iss).json())); !errors.Is(err, verify.ErrIssuer) {
			t.Errorf("%q: %v", iss, err)
		}
	}
}

func TestAudience(t *testing.T) {
	v, _ := allAlgorithms(t)
	for _, aud := range []any{api, []string{api}, []string{"other", api}, []string{api, "other", ""}} {
		if err := check(v, rsaKey().token(goodClaims().with("aud", aud).json())); err != nil {
			t.Errorf("%q: %v", aud, err)
		}
	}
	for _, aud := range []any{"", []string{}, []string{""}, "web", "https://api.example.com/", "https://api.example.com ", "HTTPS://api.example.com",
		"https://api.example.com https://other", []string{"other", "https://api.example.com.evil"}, issuerURL} {
		if err := check(v, rsaKey().token(goodClaims().with("aud", aud).json())); !errors.Is(err, verify.ErrAudience) {
			t.Errorf("%q: %v", aud, err)
		}
	}
}

func TestSeveralAudiences(t *testing.T) {
	h := newHost(t, rsaKey())
	cfg := config(h)
	cfg.Audience = []string{api, "https://old.example.com"}
	v := newVerifier(t, cfg)
	if err := check(v, rsaKey().token(goodClaims().with("aud", "https://old.example.com").json())); err != nil {
		t.Error(err)
	}
	cfg.Audience[0] = "changed later" // the Verifier has its own copy
	if err := check(v, goodToken()); err != nil {
		t.Error(err)
	}
}

// Errors name the check that failed, in words that a log can take.
func TestErrorTexts(t *testing.T) {
	v, _ := allAlgorithms(t)
	for token, want := range map[string]string{
		"x": "invalid token: malformed: not three parts of base64url",
		rsaKey().token(goodClaims().with("exp", 1).json()):                  "invalid token: expired",
		rsaKey().token(goodClaims().without("sub").json()):                  "invalid token: bad claim: sub: missing",
		rsaKey().token(goodClaims().with("roles", "admin").json()):          "invalid token: bad claim: roles: not an array of strings",
		rsaKey().raw(`{"alg":"RS256","typ":"at+jwt"}`, goodClaims().json()): "invalid token: unknown key: the token names none",
		rsaKey().token(`{"a":1,"a":1}`):                                     "invalid token: malformed: payload: repeated member",
		rsaKey().as("RS512").token(goodClaims().json()):                     "invalid token: algorithm not accepted",
	} {
		if err := check(v, token); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	scopes := &verify.InsufficientError{Scopes: []string{"a", "b"}}
	if got := scopes.Error(); got != `insufficient scope: needs scopes ["a" "b"]` {
		t.Error(got)
	}
}

// Nothing is said about the claims of a token whose signature is bad.
func TestSignatureComesBeforeClaims(t *testing.T) {
	v, _ := allAlgorithms(t)
	for name, payload := range map[string]string{
		"expired": goodClaims().with("exp", 1).json(), "wrong issuer": goodClaims().with("iss", "x").json(),
		"no JSON": "hello", "duplicates": `{"a":1,"a":1}`, "huge numbers": goodClaims().with("exp", math.MaxFloat64).json(),
	} {
		if err := check(v, impostorRSA().token(payload)); !errors.Is(err, verify.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
