package upstream_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"example.org/signet/internal/safehttp"
	"example.org/signet/issuer/upstream"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

const clientID = "signet"

// fakeProvider is a provider that a test can let misbehave. It gives one code an attempt.
type fakeProvider struct {
	*httptest.Server
	t   *testing.T
	key *ecdsa.PrivateKey

	mu       sync.Mutex
	metadata map[string]any // beyond the usual
	claims   map[string]any // of the ID token, beyond the usual; nil removes one
	userInfo map[string]any // nil for no such endpoint
	asked    url.Values     // of the authorization request
	redeemed int
	token    http.HandlerFunc // in the place of the token endpoint
	signer   *ecdsa.PrivateKey
}

func newFake(t *testing.T) *fakeProvider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeProvider{t: t, key: key, signer: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", f.discovery)
	mux.HandleFunc("/jwks", f.jwks)
	mux.HandleFunc("/token", f.redeem)
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, f.userInfo) })
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client's loss
}

func (f *fakeProvider) discovery(w http.ResponseWriter, _ *http.Request) {
	m := map[string]any{
		"issuer": f.URL, "authorization_endpoint": f.URL + "/authorize", "token_endpoint": f.URL + "/token", "jwks_uri": f.URL + "/jwks",
		"id_token_signing_alg_values_supported": []string{"ES256"},
	}
	if f.userInfo != nil {
		m["userinfo_endpoint"] = f.URL + "/userinfo"
	}
	for name, value := range f.metadata {
		m[name] = value
	}
	reply(w, http.StatusOK, m)
}

func (f *fakeProvider) jwks(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &f.key.PublicKey, KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
}

func (f *fakeProvider) redeem(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.redeemed++; f.token != nil {
		f.token(w, r)
		return
	}
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	switch {
	case id != clientID || secret != "secret":
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
	case f.redeemed > 1 || r.PostFormValue("code") != "code" || f.asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) || r.PostFormValue("redirect_uri") != f.asked.Get("redirect_uri"):
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
	default:
		reply(w, http.StatusOK, map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": f.idToken()})
	}
}

func (f *fakeProvider) idToken() string {
	claims := map[string]any{
		"iss": f.URL, "sub": "ann-at-idp", "aud": clientID, "nonce": f.asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"email": "Ann@example.org", "email_verified": true, "preferred_username": "ann", "name": "Ann", "groups": []string{"staff", "dev"},
	}
	for name, value := range f.claims {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: f.signer, KeyID: "k"}}, nil)
	if err != nil {
		f.t.Error(err)
		return ""
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		f.t.Error(err)
	}
	return text
}

func newClient(t *testing.T) *upstream.Client {
	t.Helper()
	master, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return upstream.New(upstream.Config{
		HTTP: safehttp.Client(safehttp.Loopback), Secrets: master, Rand: rand.Reader, Now: func() time.Time { return now },
		Redirect: func(id string) string { return "https://id.example/login/upstream/" + id + "/callback" },
	})
}

func newConnector(t *testing.T, c *upstream.Client, issuer string) storage.Connector {
	t.Helper()
	conn := storage.Connector{ID: "company", Name: "Company", Kind: upstream.KindOIDC, Issuer: issuer, ClientID: clientID, Version: 1, CreatedAt: now}
	var err error
	if conn.SealedSecret, err = c.SealSecret(t.Context(), conn, "secret"); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(conn.SealedSecret, "secret") {
		t.Error("the secret is not sealed")
	}
	return conn
}

// begin starts an attempt, and lets the provider see its request.
func begin(t *testing.T, f *fakeProvider, c *upstream.Client, conn storage.Connector, p upstream.Proof, ask upstream.Ask) {
	t.Helper()
	ask.State = "state"
	text, err := c.Begin(t.Context(), conn, p, ask)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(text)
	if err != nil || !strings.HasPrefix(text, f.URL+"/authorize?") {
		t.Fatalf("the browser is sent to %s: %v", text, err)
	}
	f.mu.Lock()
	f.asked = u.Query()
	f.mu.Unlock()
}
