// Package verifytest is an issuer inside a test: it has keys, a clock and status
// lists of its own, mints any token, rotates, revokes, and fails as the test wants.
// It tests the code behind package verify, with nothing mocked.
//
//	issuer := verifytest.New(t)
//	v, err := verify.New(issuer.Config("https://api.example.com"))
//	token := issuer.Token("https://api.example.com")
package verifytest

import (
	"bytes"
	"compress/zlib"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"example.org/signet/verify"
)

const (
	keysPath   = "/.well-known/jwks.json"
	statusPath = "/oauth2/status/1"
	listSize   = 1 << 17
)

// Claims are a token's claims by name.
type Claims map[string]any

// Issuer is a running issuer. It is safe for concurrent use.
type Issuer struct {
	URL string // the `iss` value

	server *httptest.Server
	t      testing.TB

	mu            sync.Mutex
	now           time.Time
	keys          []jose.JSONWebKey // the newest, which signs, first
	statusIndexes map[string]int    // of tokens in the list, by jti
	list          []byte
	handler       http.HandlerFunc
}

// New starts an issuer that ends with the test. Its clock stands at the time of
// the start until [Issuer.Advance] moves it.
func New(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{t: t, now: time.Now().Truncate(time.Second), statusIndexes: map[string]int{}, list: make([]byte, listSize/8)}
	i.server = httptest.NewServer(http.HandlerFunc(i.serve))
	i.URL = i.server.URL
	t.Cleanup(i.server.Close)
	i.Rotate()
	return i
}

// Config returns a configuration that accepts the issuer's tokens for the audience and
// reads its status list, by its clock.
func (i *Issuer) Config(audience string) verify.Config {
	return verify.Config{
		Issuer: i.URL, Audience: []string{audience}, JWKSURL: i.URL + keysPath, HTTPClient: i.server.Client(), Now: i.Now,
		Status: verify.StatusFailClosed,
	}
}

// Now returns the time by the issuer's clock.
func (i *Issuer) Now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.now
}

// Advance moves the clock.
func (i *Issuer) Advance(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.now = i.now.Add(d)
}

// Rotate makes a new key, which signs from now on. The old ones stay published.
func (i *Issuer) Rotate() {
	i.t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		i.t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	key := jose.JSONWebKey{Key: private, KeyID: fmt.Sprintf("key-%d", len(i.keys)+1), Algorithm: "RS256", Use: "sig"}
	i.keys = append([]jose.JSONWebKey{key}, i.keys...)
}

// Withdraw takes all keys but the newest out of the key set.
func (i *Issuer) Withdraw() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = i.keys[:1]
}

// Token mints a good access token for the audience: 15 minutes of life, a place
// in the status list. Each change may set or, by delete, remove claims.
func (i *Issuer) Token(audience string, change ...func(Claims)) string {
	i.t.Helper()
	i.mu.Lock()
	jti := rand.Text()
	index := len(i.statusIndexes)
	i.statusIndexes[jti] = index
	now := i.now
	i.mu.Unlock()
	c := Claims{
		"iss": i.URL, "sub": "user-1", "aud": audience, "client_id": "web", "jti": jti, "sid": "session-" + jti,
		"iat": now.Unix(), "exp": now.Add(15 * time.Minute).Unix(), "scope": "openid", "roles": []string{"user"},
		"status": map[string]any{"status_list": map[string]any{"idx": index, "uri": i.URL + statusPath}},
	}
	for _, f := range change {
		f(c)
	}
	return i.Sign("at+jwt", c)
}

// Sign mints any token: of that `typ`, with these claims and no others.
func (i *Issuer) Sign(typ string, c Claims) string {
	i.t.Helper()
	i.mu.Lock()
	key := i.keys[0]
	i.mu.Unlock()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		i.t.Fatal(err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		i.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		i.t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}

// Revoke sets the bit of a token that [Issuer.Token] made. Verifiers learn of it when
// they fetch the list again: a minute later at the latest, by the issuer's clock.
func (i *Issuer) Revoke(token string) {
	i.t.Helper()
	var c struct {
		ID string `json:"jti"`
	}
	if parts := strings.Split(token, "."); len(parts) == 3 {
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(payload, &c) // another payload has no index
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	index, known := i.statusIndexes[c.ID]
	if !known {
		i.t.Fatal("verifytest: Revoke: not a token of this issuer's")
	}
	i.list[index/8] |= 1 << (index % 8)
}

// SetHandler makes h serve every request to the issuer, such as with 500, slowly or
// with the wrong keys, until SetHandler(nil).
func (i *Issuer) SetHandler(h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.handler = h
}

func (i *Issuer) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	handler := i.handler
	i.mu.Unlock()
	switch {
	case handler != nil:
		handler(w, r)
	case r.URL.Path == "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": i.URL + keysPath})
	case r.URL.Path == keysPath:
		w.Header().Set("Cache-Control", "max-age=300")
		_ = json.NewEncoder(w).Encode(i.published())
	case r.URL.Path == statusPath:
		w.Header().Set("Content-Type", "application/statuslist+jwt")
		fmt.Fprint(w, i.statusList())
	default:
		http.NotFound(w, r)
	}
}

func (i *Issuer) published() (set jose.JSONWebKeySet) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, k := range i.keys {
		set.Keys = append(set.Keys, k.Public())
	}
	return set
}

func (i *Issuer) statusList() string {
	i.mu.Lock()
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(i.list) // memory does not fail
	_ = z.Close()
	now := i.now
	i.mu.Unlock()
	return i.Sign("statuslist+jwt", Claims{
		"iss": i.URL, "sub": i.URL + statusPath, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "ttl": 60,
		"status_list": map[string]any{"bits": 1, "lst": base64.RawURLEncoding.EncodeToString(packed.Bytes())},
	})
}
