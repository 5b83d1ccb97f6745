package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// tokenIssuer signs valid and invalid tokens.
type tokenIssuer struct {
	key    *ecdsa.PrivateKey
	issuer string
	jwks   []byte
}

func newTokenIssuer(t *testing.T) *tokenIssuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m := &tokenIssuer{key: key, issuer: "http://localhost:1"}
	m.jwks, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// token signs the claims of a good token, changed as the caller wants.
func (m *tokenIssuer) token(t *testing.T, typ, kid string, change map[string]any) string {
	t.Helper()
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": m.issuer, "sub": "alice", "aud": "https://api.example.com", "client_id": "web",
		"iat": now, "exp": now + 600, "jti": "1",
	}
	for name, value := range change {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", kid)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: m.key}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What is wrong with a token is named by the check that finds it; those before
// have passed, those behind were not reached.
func TestInspectNamesTheFailure(t *testing.T) {
	m := newTokenIssuer(t)
	jwks := filepath.Join(t.TempDir(), "jwks.json")
	writeFile(t, jwks, m.jwks)
	now := time.Now().Unix()
	good := m.token(t, "at+jwt", "k1", nil)
	for name, c := range map[string]struct {
		token  string
		failed string // the check; "" for none
	}{
		"good":            {good, ""},
		"several APIs":    {m.token(t, "at+jwt", "k1", map[string]any{"aud": []string{"x", "https://api.example.com"}}), ""},
		"no signature":    {good[:len(good)-86], "form"},
		"an ID token":     {m.token(t, "JWT", "k1", nil), "type"},
		"unknown key":     {m.token(t, "at+jwt", "k2", nil), "key"},
		"forged":          {newTokenIssuer(t).token(t, "at+jwt", "k1", nil), "signature"},
		"no jti":          {m.token(t, "at+jwt", "k1", map[string]any{"jti": nil}), "claims"},
		"float exp":       {m.token(t, "at+jwt", "k1", map[string]any{"exp": float64(now) + 600.5}), "claims"},
		"other issuer":    {m.token(t, "at+jwt", "k1", map[string]any{"iss": "http://localhost:1/"}), "issuer"},
		"other API":       {m.token(t, "at+jwt", "k1", map[string]any{"aud": "https://other.example.com"}), "audience"},
		"expired":         {m.token(t, "at+jwt", "k1", map[string]any{"iat": now - 7200, "exp": now - 3600}), "time"},
		"not yet valid":   {m.token(t, "at+jwt", "k1", map[string]any{"nbf": now + 3600, "exp": now + 7200}), "time"},
		"from the future": {m.token(t, "at+jwt", "k1", map[string]any{"iat": now + 3600, "exp": now + 7200}), "time"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, _, status := runOutputs("token", "inspect", "--jwks", jwks, "--issuer", m.issuer, "--audience", "https://api.example.com", "-o", "json", "--", c.token)
			var got inspectResult
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatalf("%v: %s", err, stdout)
			}
			if got.Valid != (c.failed == "") || (status == exitOK) != got.Valid {
				t.Errorf("valid: %v, status %d", got.Valid, status)
			}
			want := verdictPassed
			for _, check := range got.Checks {
				if check.Check == c.failed {
					if check.Verdict != verdictFailed || check.Detail == "" {
						t.Errorf("%s: %s %s, want it to have failed", check.Check, check.Verdict, check.Detail)
					}
					want = verdictNotReached
				} else if check.Verdict != want {
					t.Errorf("%s: %s, want %s", check.Check, check.Verdict, want)
				}
			}
		})
	}
}

// Keys come from an issuer's own discovery, or from any address; where they
// cannot be had nothing is known, and that is not a no.
func TestInspectFetchesKeys(t *testing.T) {
	m := newTokenIssuer(t)
	var paths []string
	mux := http.NewServeMux()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		mux.ServeHTTP(w, r)
	}))
	defer web.Close()
	m.issuer = web.URL
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = writeJSON(w, map[string]string{"issuer": web.URL, "jwks_uri": web.URL + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(m.jwks) })
	token := m.token(t, "at+jwt", "k1", nil)

	if _, complaint, status := runOutputs("token", "inspect", token, "--issuer", web.URL); status != exitOK || len(paths) != 2 {
		t.Errorf("by discovery: status %d: %s; asked %q", status, complaint, paths)
	}
	if _, complaint, status := runOutputs("token", "inspect", token, "--jwks", web.URL+"/keys"); status != exitOK || len(paths) != 3 {
		t.Errorf("by address: status %d: %s; asked %q", status, complaint, paths)
	}
	stdout, complaint, status := runOutputs("token", "inspect", token, "--jwks", web.URL+"/none", "-o", "json")
	var got inspectResult
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	unknown := slices.ContainsFunc(got.Checks, func(c checkResult) bool { return c.Check == "key" && c.Verdict == verdictUnknown })
	if status != exitFailure || !unknown || got.Valid {
		t.Errorf("out of reach: status %d: %s: %s", status, complaint, stdout)
	}
}

// Keys that a token brings along, or points at, are never looked at.
func TestInspectIgnoresKeysInTheToken(t *testing.T) {
	asked := false
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer web.Close()
	m := newTokenIssuer(t)
	jwks := filepath.Join(t.TempDir(), "jwks.json")
	writeFile(t, jwks, newTokenIssuer(t).jwks)
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("at+jwt").WithHeader("kid", "k1").WithHeader("jku", web.URL).WithHeader("x5u", web.URL)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: m.key}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"iss":"http://localhost:1","aud":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, status := runOutputs("token", "inspect", token, "--jwks", jwks); status != exitFailure || asked {
		t.Errorf("status %d, the address in the token was asked: %v", status, asked)
	}
}
