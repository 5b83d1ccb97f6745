package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"example.org/signet/internal/failpoint"
)

// hastyProvider is a provider of OpenID Connect where everybody is signed in already, as whom the
// test says.
type hastyProvider struct {
	*httptest.Server
	signer jose.Signer
	public jose.JSONWebKey

	mu    sync.Mutex
	who   string
	nonce string
}

func newHastyProvider(t *testing.T) *hastyProvider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &hastyProvider{public: jose.JSONWebKey{Key: &key.PublicKey, KeyID: "k", Algorithm: "ES256", Use: "sig"}}
	if h.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		sendJSON(w, map[string]any{"issuer": h.URL, "authorization_endpoint": h.URL + "/authorize", "token_endpoint": h.URL + "/token", "jwks_uri": h.URL + "/jwks",
			"id_token_signing_alg_values_supported": []string{"ES256"}, "authorization_response_iss_parameter_supported": true})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		sendJSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{h.public}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.nonce = r.FormValue("nonce")
		h.mu.Unlock()
		back := url.Values{"code": {"a code of the provider"}, "state": {r.FormValue("state")}, "iss": {h.URL}}
		http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", h.token)
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h
}

func (h *hastyProvider) token(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text, err := jwt.Signed(h.signer).Claims(map[string]any{
		"iss": h.URL, "sub": h.who + " there", "aud": "signet", "nonce": h.nonce, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		"email": h.who + "@example.com", "email_verified": true, "preferred_username": h.who, "name": h.who, "groups": []string{"staff"},
	}).Serialize()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	sendJSON(w, map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": text})
}

func sendJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client's loss
}

// TestKilledAtLinkFailpoints: an instance is killed at every step of a sign-in at another provider
// that makes a user. Whoever signs in again gets in: there is one user, with one link and the roles
// of the rules, and nobody else is in the way.
func TestKilledAtLinkFailpoints(t *testing.T) {
	long(t)
	t.Parallel()
	for name, uri := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, h := newCrashTest(t, uri(t)), newHastyProvider(t)
			k.run(t, "role", "create", "editor", "--scope", "items:write", "--rank", "10")
			k.run(t, "connector", "create", "company", "--issuer", k.front.issuer, "--name", "Company", "--provider-issuer", h.URL, "--client-id", "signet",
				"--create-users", "--authoritative-domain", "example.com", "--role-rule", "editor:groups=staff")
			for _, p := range []failpoint.Point{failpoint.LinkInserting, failpoint.LinkInserted, failpoint.LinkUserMade, failpoint.LinkUsed} {
				t.Run("a new user, at "+string(p), func(t *testing.T) { k.madeByProvider(t, h, p) })
			}
			k.check(t, false)
		})
	}
}

func (k *crashTest) madeByProvider(t *testing.T, h *hastyProvider, p failpoint.Point) {
	h.mu.Lock()
	h.who = strings.ReplaceAll(string(p), ".", "-")
	h.mu.Unlock()
	k.dies(t, p, 1, func() {
		if to, err := k.continueWith(t, h); err == nil {
			t.Errorf("an instance that should be dead sends the browser to %s", to)
		}
	})
	for range 2 {
		if to, err := k.continueWith(t, h); err != nil || to != "/account" {
			t.Fatalf("after the death the browser is sent to %s, %v", to, err)
		}
	}
	var users struct {
		Items []struct {
			ID, Username string
			Roles        []string
		}
	}
	k.front.decode(t, &users, append([]string{"user", "list", "--prefix", h.who}, k.store...)...)
	if len(users.Items) != 1 || users.Items[0].Username != h.who || !slices.Equal(users.Items[0].Roles, []string{"editor", "user"}) {
		t.Fatalf("the users are %+v", users.Items)
	}
	var links struct {
		Items []struct {
			Subject string
			Roles   []string
		}
	}
	k.front.decode(t, &links, append([]string{"user", "links", h.who}, k.store...)...)
	if len(links.Items) != 1 || links.Items[0].Subject != h.who+" there" || !slices.Equal(links.Items[0].Roles, []string{"editor"}) {
		t.Errorf("the links are %+v", links.Items)
	}
}

// continueWith signs in at the provider in a new browser, and returns where that is sent at the end.
func (k *crashTest) continueWith(t *testing.T, h *hastyProvider) (string, error) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := *k.node.http
	browser.Jar = jar
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := browser.PostForm(k.node.issuer+"/login/upstream/company", nil)
	for _, from := range []string{h.URL, k.front.issuer} {
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		to := res.Header.Get("Location")
		if !strings.HasPrefix(to, from+"/") {
			t.Fatalf("the browser is sent to %q with status %d, want %s", to, res.StatusCode, from)
		}
		res, err = browser.Get(strings.Replace(to, k.front.issuer, k.node.issuer, 1))
	}
	if err != nil {
		return "", err
	}
	_ = res.Body.Close()
	return res.Header.Get("Location"), nil
}
