package verify_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/testclock"
	"example.org/signet/verify"
)

// watched is a verifier over h with a clock that the test moves.
func watched(t *testing.T, h *host, change func(*verify.Config)) (*verify.Verifier, *testclock.Clock) {
	now := newClock()
	cfg := config(h)
	cfg.Now = now.Now
	if change != nil {
		change(&cfg)
	}
	return newVerifier(t, cfg), now
}

// forever is a token by k that outlives every test's clock.
func forever(k key) string { return k.token(goodClaims().with("exp", testTime.Unix()+1e7).json()) }

func TestNoNetworkUntilNeeded(t *testing.T) {
	h := newHost(t, rsaKey())
	v, _ := watched(t, h, nil)
	if n := h.keyFetches.Load(); n != 0 {
		t.Fatalf("%d fetches at construction", n)
	}
	if err := v.Warm(context.Background()); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err := check(v, goodToken()); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Warm(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := h.keyFetches.Load(); n != 1 {
		t.Errorf("%d fetches, want the one of Warm", n)
	}
}

func TestWarmReportsAWrongAddress(t *testing.T) {
	h := newHost(t)
	v, _ := watched(t, h, func(c *verify.Config) { c.JWKSURL = h.URL + "/nowhere" })
	err := v.Warm(context.Background())
	var unavailable *verify.UnavailableError
	if !errors.As(err, &unavailable) || unavailable.RetryAfter != time.Second || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v", err)
	}
}

func TestKeysOutliveAnOutage(t *testing.T) {
	h := newHost(t, rsaKey())
	v, now := watched(t, h, func(c *verify.Config) { c.StaleIfError = 10 * time.Minute })
	if err := check(v, forever(rsaKey())); err != nil {
		t.Fatal(err)
	}
	h.fail()
	now.Advance(5 * time.Minute)
	if err := check(v, forever(rsaKey())); err != nil {
		t.Errorf("within the bound: %v", err)
	}
	now.Advance(10 * time.Minute)
	if err := check(v, forever(rsaKey())); !errors.Is(err, verify.ErrKeysUnavailable) || errors.Is(err, verify.ErrInvalidToken) {
		t.Errorf("beyond the bound: %v", err)
	}
	h.publish(rsaKey())
	now.Advance(time.Minute)
	if err := check(v, forever(rsaKey())); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

func TestRevalidatesWithTheETag(t *testing.T) {
	h := newHost(t, rsaKey())
	v, now := watched(t, h, nil)
	for range 3 {
		if err := check(v, forever(rsaKey())); err != nil {
			t.Fatal(err)
		}
		now.Advance(5 * time.Minute)
	}
	if fetched, same := h.keyFetches.Load(), h.notModified.Load(); fetched != 3 || same != 2 {
		t.Errorf("%d fetches, of which %d not modified", fetched, same)
	}
	h.publish(otherRSA())
	if err := check(v, forever(otherRSA())); err != nil {
		t.Error(err)
	}
	if err := check(v, forever(rsaKey())); !errors.Is(err, verify.ErrUnknownKey) {
		t.Error(err)
	}
}

// 304 is an answer to If-None-Match only.
func TestFetch_UnrequestedNotModified_IsAnError(t *testing.T) {
	h := newHost(t)
	h.answerKeys(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	v, _ := watched(t, h, nil)
	if err := check(v, goodToken()); !errors.Is(err, verify.ErrKeysUnavailable) {
		t.Error(err)
	}
}

// The TTL is max-age less Age, within the bounds. It is seen from outside by when a
// withdrawn key is gone.
func TestTTLFollowsCacheControl(t *testing.T) {
	tests := []struct {
		cacheControl, age string
		want              time.Duration
	}{
		{"max-age=120", "", 2 * time.Minute},
		{"public, Max-Age=120, must-revalidate", "", 2 * time.Minute},
		{`max-age="120"`, "", 2 * time.Minute},
		{"max-age=120", "30", 90 * time.Second},
		{"max-age=120", "119", 10 * time.Second},
		{"max-age=120", "99999999999999999999", 10 * time.Second},
		{"max-age=120", "rubbish", 2 * time.Minute},
		{"", "", 4 * time.Minute},
		{"", "60", 3 * time.Minute},
		{"max-age=rubbish", "", 4 * time.Minute},
		{"max-age=-1", "", 4 * time.Minute},
		{"s-maxage=120", "", 4 * time.Minute},
		{"max-age=0", "", 10 * time.Second},
		{"no-store", "", 10 * time.Second},
		{"no-cache, max-age=120", "", 10 * time.Second},
		{"max-age=86400", "", 20 * time.Minute},
		{"max-age=99999999999999999999", "", 20 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.cacheControl+" "+tt.age, func(t *testing.T) {
			h := newHost(t)
			h.answerKeys(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Cache-Control"] = []string{tt.cacheControl}
				w.Header()["Age"] = []string{tt.age}
				io.WriteString(w, jwks(rsaKey()))
			})
			v, now := watched(t, h, func(c *verify.Config) {
				c.CacheTTL, c.MaxCacheTTL, c.MinRefetchInterval = 4*time.Minute, 20*time.Minute, 10*time.Second
			})
			if err := check(v, forever(rsaKey())); err != nil {
				t.Fatal(err)
			}
			now.Advance(tt.want*4/5 - 1)
			if err := check(v, forever(rsaKey())); err != nil || h.keyFetches.Load() != 1 {
				t.Fatalf("%v, %d fetches just before the time to renew", err, h.keyFetches.Load())
			}
			h.publish(otherRSA())
			now.Advance(tt.want/5 + 1)
			if err := check(v, forever(rsaKey())); !errors.Is(err, verify.ErrUnknownKey) {
				t.Errorf("withdrawn key at the TTL: %v", err)
			}
		})
	}
}

// blanks is an endless text of spaces.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte(" "), len(p))), nil }

func TestFetch_NotAKeySet_IsUnavailable(t *testing.T) {
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
	}
	answers := map[string]http.HandlerFunc{
		"500":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); io.WriteString(w, jwks(rsaKey())) },
		"204":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"empty":       text(""),
		"html":        text("<html>maintenance</html>"),
		"array":       text("[" + jwks(rsaKey()) + "]"),
		"no keys":     text(`{"KEYS":[]}`),
		"keys null":   text(`{"keys":null}`),
		"keys object": text(`{"keys":{}}`),
		"keys twice":  text(`{"keys":[],"keys":[]}`),
		"and more":    text(jwks(rsaKey()) + "{}"),
		"over 1 MiB":  text(jwks(rsaKey()) + strings.Repeat(" ", 1<<20)),
		"a megabyte and more in a few compressed bytes": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			io.Copy(packed, io.LimitReader(blanks{}, 64<<20))
			packed.Close()
		},
		"cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			io.WriteString(w, jwks(rsaKey()))
		},
		"hung up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, f := range answers {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.answerKeys(f)
			v, now := watched(t, h, nil)
			err := check(v, goodToken())
			if !errors.Is(err, verify.ErrKeysUnavailable) || errors.Is(err, verify.ErrInvalidToken) {
				t.Errorf("got %v", err)
			}
			h.publish(rsaKey())
			now.Advance(time.Second)
			if err := check(v, goodToken()); err != nil {
				t.Errorf("after recovery: %v", err)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	other := newHost(t, rsaKey())
	h := newHost(t)
	to := func(address string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, address, http.StatusFound) }
	}
	tests := []struct {
		name, location string
		fetched        bool
	}{
		{"another host", other.URL + keysPath, false},
		{"another port by name", strings.Replace(other.URL, "127.0.0.1", "localhost", 1) + keysPath, false},
		{"another scheme", strings.Replace(h.URL, "http:", "https:", 1) + keysPath, false},
		{"in a circle", keysPath, false},
		{"a file", "file:///etc/passwd", false},
		{"the same host", "/moved", true},
	}
	h.Config.Handler.(*http.ServeMux).HandleFunc("GET /moved", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, jwks(rsaKey()))
	})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.answerKeys(to(tt.location))
			base := *h.Client()
			base.CheckRedirect = func(*http.Request, []*http.Request) error { return nil } // no way around
			v, _ := watched(t, h, func(c *verify.Config) { c.HTTPClient = &base })
			if err := check(v, goodToken()); (err == nil) != tt.fetched {
				t.Errorf("got %v", err)
			}
		})
	}
	if n := other.keyFetches.Load(); n != 0 {
		t.Errorf("%d fetches from the other host", n)
	}
}

// roundTrip answers requests without a network.
type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// On default ports https and http are the same host by name; going down to http is
// refused all the same.
func TestRedirectIsNotDowngraded(t *testing.T) {
	var asked []string
	client := &http.Client{Transport: roundTrip(func(r *http.Request) *http.Response {
		asked = append(asked, r.URL.String())
		w := httptest.NewRecorder()
		if r.URL.Scheme == "https" {
			http.Redirect(w, r, "http://keys.example.com/", http.StatusFound)
		} else {
			io.WriteString(w, jwks(rsaKey()))
		}
		return w.Result()
	})}
	v := newVerifier(t, verify.Config{Issuer: issuerURL, Audience: []string{api}, JWKSURL: "https://keys.example.com/", Now: newClock().Now, HTTPClient: client})
	if err := check(v, goodToken()); !errors.Is(err, verify.ErrKeysUnavailable) || len(asked) != 1 {
		t.Errorf("%v after %q", err, asked)
	}
}

// discovering is a verifier that knows h by its issuer URL only.
func discovering(t *testing.T, h *host) (*verify.Verifier, *testclock.Clock) {
	return watched(t, h, func(c *verify.Config) { c.Issuer, c.JWKSURL = h.URL, "" })
}

func TestDiscovery(t *testing.T) {
	h := newHost(t, rsaKey())
	v, now := discovering(t, h)
	token := rsaKey().token(goodClaims().with("iss", h.URL).with("exp", testTime.Unix()+1e7).json())
	for range 10 {
		if err := check(v, token); err != nil {
			t.Fatal(err)
		}
		now.Advance(5 * time.Minute)
	}
	if meta, keys := h.metaFetches.Load(), h.keyFetches.Load(); meta != 1 || keys != 10 {
		t.Errorf("%d fetches of metadata, %d of keys", meta, keys)
	}
	now.Advance(time.Hour)
	if err := check(v, token); err != nil {
		t.Fatal(err)
	}
	if meta := h.metaFetches.Load(); meta != 2 {
		t.Errorf("%d fetches of metadata after an hour", meta)
	}
}

// Where the keys are no longer where they were, the metadata is asked anew.
func TestDiscoveryFollowsAMove(t *testing.T) {
	h := newHost(t, rsaKey())
	v, now := discovering(t, h)
	token := rsaKey().token(goodClaims().with("iss", h.URL).with("exp", testTime.Unix()+1e7).json())
	if err := check(v, token); err != nil {
		t.Fatal(err)
	}
	elsewhere := newHost(t, rsaKey())
	h.fail()
	h.describe(fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, h.URL, elsewhere.URL+keysPath))
	now.Advance(5 * time.Minute)
	for range 2 { // the first finds it failed, and serves the stale set
		if err := check(v, token); err != nil {
			t.Fatal(err)
		}
		now.Advance(10 * time.Second)
	}
	if err := v.Warm(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := check(v, otherRSA().token(goodClaims().with("iss", h.URL).with("exp", testTime.Unix()+1e7).json())); !errors.Is(err, verify.ErrUnknownKey) {
		t.Error(err)
	}
	if elsewhere.keyFetches.Load() == 0 {
		t.Error("the new place was not asked")
	}
}

func TestDiscoveryUnderAPath(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked == "" {
			asked = r.URL.Path
		}
		if strings.HasSuffix(r.URL.Path, "openid-configuration") {
			fmt.Fprintf(w, `{"issuer":"http://%s/tenant/","jwks_uri":"http://%s/keys"}`, r.Host, r.Host)
			return
		}
		io.WriteString(w, jwks(rsaKey()))
	}))
	defer server.Close()
	v := newVerifier(t, verify.Config{Issuer: server.URL + "/tenant/", Audience: []string{api}, Now: newClock().Now, HTTPClient: server.Client()})
	if err := check(v, rsaKey().token(goodClaims().with("iss", server.URL+"/tenant/").json())); err != nil {
		t.Error(err)
	}
	if asked != "/tenant/.well-known/openid-configuration" {
		t.Errorf("asked %q", asked)
	}
}

func TestDiscoveryRefusesWrongMetadata(t *testing.T) {
	h := newHost(t, rsaKey())
	uri := h.URL + keysPath
	for name, body := range map[string]string{
		"issuer with a slash":    fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, h.URL+"/", uri),
		"issuer in upper case":   fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, strings.ToUpper(h.URL), uri),
		"another issuer":         fmt.Sprintf(`{"issuer":"https://evil.example","jwks_uri":%q}`, uri),
		"no issuer":              fmt.Sprintf(`{"jwks_uri":%q}`, uri),
		"issuer twice":           fmt.Sprintf(`{"issuer":"x","issuer":%q,"jwks_uri":%q}`, h.URL, uri),
		"member in other case":   fmt.Sprintf(`{"ISSUER":%q,"jwks_uri":%q}`, h.URL, uri),
		"no jwks_uri":            fmt.Sprintf(`{"issuer":%q}`, h.URL),
		"jwks_uri relative":      fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, h.URL, keysPath),
		"jwks_uri a file":        fmt.Sprintf(`{"issuer":%q,"jwks_uri":"file:///etc/passwd"}`, h.URL),
		"jwks_uri in plain http": fmt.Sprintf(`{"issuer":%q,"jwks_uri":"http://keys.example/"}`, h.URL),
		"jwks_uri a number":      fmt.Sprintf(`{"issuer":%q,"jwks_uri":1}`, h.URL),
		"not JSON":               `hello`,
	} {
		t.Run(name, func(t *testing.T) {
			h.describe(body)
			v, _ := discovering(t, h)
			err := check(v, rsaKey().token(goodClaims().with("iss", h.URL).json()))
			if !errors.Is(err, verify.ErrKeysUnavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
	if n := h.keyFetches.Load(); n != 0 {
		t.Errorf("%d fetches of keys by wrong metadata", n)
	}
}

// An https issuer's metadata cannot point to keys in plain http, loopback or not.
func TestDiscoveryIsNotDowngraded(t *testing.T) {
	plain := newHost(t, rsaKey())
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":"https://%s","jwks_uri":%q}`, r.Host, plain.URL+keysPath)
	}))
	defer secure.Close()
	for _, allow := range []bool{false, true} {
		v := newVerifier(t, verify.Config{Issuer: secure.URL, Audience: []string{api}, Now: newClock().Now, HTTPClient: secure.Client(), InsecureAllowHTTP: allow})
		if err := check(v, rsaKey().token(goodClaims().with("iss", secure.URL).json())); !errors.Is(err, verify.ErrKeysUnavailable) {
			t.Error(err)
		}
	}
	if n := plain.keyFetches.Load(); n != 0 {
		t.Errorf("%d fetches in plain http", n)
	}
}

// A caller whose context ends is let go at once; the fetch goes on for the others.
func TestCanceledContext_FetchGoesOn(t *testing.T) {
	h := newHost(t)
	started, release := make(chan struct{}), make(chan struct{})
	h.answerKeys(func(w http.ResponseWriter, _ *http.Request) {
		close(started)
		<-release
		io.WriteString(w, jwks(rsaKey()))
	})
	v, _ := watched(t, h, nil)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-started; cancel() }()
	claims, err := v.Verify(ctx, goodToken())
	if claims != nil || !errors.Is(err, context.Canceled) || !errors.Is(err, verify.ErrKeysUnavailable) {
		t.Errorf("got %v, %v", claims, err)
	}
	close(release)
	if err := check(v, goodToken()); err != nil {
		t.Error(err)
	}
	if n := h.keyFetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// An issuer that signs by an algorithm which is not accepted here shows at the start,
// not at the first user.
func TestWarm_AlgorithmNotAccepted_Fails(t *testing.T) {
	h := newHost(t, p256Key())
	v, _ := watched(t, h, nil)
	if err := v.Warm(t.Context()); !errors.Is(err, verify.ErrAlgorithm) || !strings.Contains(err.Error(), "ES256") || !strings.Contains(err.Error(), "RS256") {
		t.Errorf("keys of another algorithm alone: %v", err)
	}
	h = newHost(t, p256Key(), rsaKey())
	if v, _ := watched(t, h, nil); v.Warm(t.Context()) != nil {
		t.Error("one of two algorithms is accepted: an error")
	}
}

// A proxy's page in place of the keys is told by address and media type.
func TestFetchError_NamesURLAndMediaType(t *testing.T) {
	h := newHost(t)
	h.answerKeys(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>log in</html>")
	})
	v, _ := watched(t, h, nil)
	if err := v.Warm(t.Context()); err == nil || !strings.Contains(err.Error(), h.URL) || !strings.Contains(err.Error(), "text/html") {
		t.Errorf("%v", err)
	}
}
