package verify_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"go.uber.org/goleak"

	"example.org/signet/internal/testclock"
	"example.org/signet/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	issuerURL = "https://id.example.com"
	api       = "https://api.example.com"
)

// testTime is the time at which most tests run.
var testTime = time.Date(2030, 5, 6, 12, 0, 0, 0, time.UTC)

func newClock() *testclock.Clock { return testclock.At(testTime) }

// key is a test signer: a private key with the alg and kid that it puts in headers.
type key struct {
	alg, kid string
	private  crypto.Signer
}

// Keys are made once; the names say what they are for.
var (
	rsaKey      = makeKey("RS256", "rsa-1", func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })
	otherRSA    = makeKey("RS256", "rsa-2", func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })
	weakRSA     = makeKey("RS256", "weak", func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 1024) })
	p256Key     = makeKey("ES256", "ec-1", func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })
	p384Key     = makeKey("ES384", "ec-384", func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) })
	ed25519Key  = makeKey("EdDSA", "ed-1", func() (crypto.Signer, error) { _, k, err := ed25519.GenerateKey(rand.Reader); return k, err })
	rsaAsPS256  = func() key { return rsaKey().as("PS256") }
	unknownRSA  = func() key { k := otherRSA(); k.kid = "nobody-knows"; return k }
	impostorRSA = func() key { k := otherRSA(); k.kid = rsaKey().kid; return k }
)

func makeKey(alg, kid string, generate func() (crypto.Signer, error)) func() key {
	return sync.OnceValue(func() key {
		private, err := generate()
		if err != nil {
			panic(err)
		}
		return key{alg, kid, private}
	})
}

func (k key) as(alg string) key { k.alg = alg; return k }

func (k key) jwk() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private.Public(), KeyID: k.kid, Algorithm: k.alg, Use: "sig"}
}

// header is the header of a good token.
func (k key) header() string {
	return fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"}`, k.alg, k.kid)
}

// token signs payload under a good header.
func (k key) token(payload string) string { return k.raw(k.header(), payload) }

// raw signs any header and payload, however wrong, with what k.alg says.
func (k key) raw(header, payload string) string {
	signed := b64(header) + "." + b64(payload)
	return signed + "." + b64(string(k.sign([]byte(signed))))
}

func (k key) sign(message []byte) []byte {
	sum := sha256.Sum256(message)
	var signature []byte
	var err error
	switch k.alg {
	case "RS256":
		signature, err = k.private.Sign(rand.Reader, sum[:], crypto.SHA256)
	case "RS512":
		sum := sha512.Sum512(message)
		signature, err = k.private.Sign(rand.Reader, sum[:], crypto.SHA512)
	case "PS256":
		signature, err = k.private.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	case "ES256", "ES384":
		r, s, signErr := ecdsa.Sign(rand.Reader, k.private.(*ecdsa.PrivateKey), sum[:])
		size := (k.private.(*ecdsa.PrivateKey).Curve.Params().BitSize + 7) / 8
		signature, err = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), signErr
	case "EdDSA":
		signature, err = k.private.Sign(rand.Reader, message, crypto.Hash(0))
	default:
		panic("no signing for " + k.alg)
	}
	if err != nil {
		panic(err)
	}
	return signature
}

func hmacSHA256(secret []byte, message string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(message))
	return mac.Sum(nil)
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// claims is a good payload at noon; tests change one thing at a time.
type claims map[string]any

func goodClaims() claims {
	return claims{
		"iss": issuerURL, "sub": "0196a1f0-0000-7000-8000-000000000001", "aud": api, "client_id": "web",
		"exp": testTime.Add(15 * time.Minute).Unix(), "iat": testTime.Unix(), "jti": "0196a1f0-0000-7000-8000-000000000002",
		"scope": "openid items:read items:write", "roles": []string{"user", "editor"}, "sid": "s-1", "auth_time": testTime.Unix() - 60,
		"status": map[string]any{"status_list": map[string]any{"idx": 7, "uri": issuerURL + "/oauth2/status/1"}},
	}
}

func (c claims) with(name string, value any) claims { c[name] = value; return c }

func (c claims) without(name string) claims { delete(c, name); return c }

func (c claims) json() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func goodToken() string { return rsaKey().token(goodClaims().json()) }

// host is an issuer's HTTP side: it serves metadata and keys, counts, and can be
// told to answer anything else.
type host struct {
	*httptest.Server
	keys, metadata                       atomic.Pointer[http.HandlerFunc]
	keyFetches, metaFetches, notModified atomic.Int64
}

const keysPath = "/.well-known/jwks.json"

func newHost(t testing.TB, keys ...key) *host {
	h := &host{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+keysPath, func(w http.ResponseWriter, r *http.Request) {
		h.keyFetches.Add(1)
		(*h.keys.Load())(w, r)
	})
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		h.metaFetches.Add(1)
		(*h.metadata.Load())(w, r)
	})
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	h.publish(keys...)
	h.describe(fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, h.URL, h.URL+keysPath))
	return h
}

// answerKeys replaces what the JWKS endpoint does.
func (h *host) answerKeys(f http.HandlerFunc) { h.keys.Store(&f) }

// publish serves keys with an ETag and a max-age of five minutes.
func (h *host) publish(keys ...key) { h.publishFor("max-age=300", keys...) }

func (h *host) publishFor(cacheControl string, keys ...key) {
	body := jwks(keys...)
	etag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(body)))
	h.answerKeys(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag)
		if cacheControl != "" {
			w.Header().Set("Cache-Control", cacheControl)
		}
		if r.Header.Get("If-None-Match") == etag {
			h.notModified.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(w, body)
	})
}

// publishText serves a JWK Set of any text.
func (h *host) publishText(body string) {
	h.answerKeys(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
}

// fail makes the JWKS endpoint answer 500.
func (h *host) fail() {
	h.answerKeys(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
}

func (h *host) describe(body string) {
	f := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
	h.metadata.Store(&f)
}

func jwks(keys ...key) string {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range keys {
		set.Keys = append(set.Keys, k.jwk())
	}
	body, err := json.Marshal(set)
	if err != nil {
		panic(err)
	}
	return string(body)
}

// config is a good configuration for keys served by h; the clock stands at noon.
func config(h *host) verify.Config {
	return verify.Config{Issuer: issuerURL, Audience: []string{api}, JWKSURL: h.URL + keysPath, HTTPClient: h.Client(), Now: newClock().Now}
}

func newVerifier(t testing.TB, cfg verify.Config) *verify.Verifier {
	t.Helper()
	v, err := verify.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// allAlgorithms is a verifier that accepts everything that can be accepted, with a
// key for each, and the host that serves them.
func allAlgorithms(t testing.TB) (*verify.Verifier, *host) {
	h := newHost(t, rsaKey(), p256Key(), ed25519Key())
	cfg := config(h)
	cfg.Algorithms = []string{verify.RS256, verify.ES256, verify.EdDSA}
	return newVerifier(t, cfg), h
}

func check(v *verify.Verifier, token string) error {
	claims, err := v.Verify(context.Background(), token)
	if (err == nil) == (claims == nil) {
		panic(fmt.Sprintf("claims %v beside error %v", claims, err))
	}
	return err
}
