package verify_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/internal/testclock"
	"example.org/signet/verify"
)

// statusHost is an issuer with keys and one status list.
type statusHost struct {
	*host
	clock   *testclock.Clock
	answer  atomic.Pointer[http.HandlerFunc]
	fetches atomic.Int64
	mu      sync.Mutex
	bits    []byte
}

func newStatusHost(t *testing.T) *statusHost {
	h := &statusHost{host: newHost(t, rsaKey()), clock: newClock(), bits: make([]byte, 16)}
	keys := h.Config.Handler
	h.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/oauth2/status/1" {
			keys.ServeHTTP(w, r)
			return
		}
		h.fetches.Add(1)
		(*h.answer.Load())(w, r)
	})
	h.serve(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, h.list(nil)) })
	return h
}

func (h *statusHost) serve(f http.HandlerFunc) { h.answer.Store(&f) }

func (h *statusHost) uri() string { return h.URL + "/oauth2/status/1" }

func (h *statusHost) end(index int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bits[index/8] |= 1 << (index % 8)
}

// list is the list of now, with claims changed.
func (h *statusHost) list(change map[string]any) string {
	h.mu.Lock()
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	w.Write(h.bits)
	w.Close()
	h.mu.Unlock()
	c := claims{
		"iss": h.URL, "sub": h.uri(), "iat": h.clock.Now().Unix(), "exp": h.clock.Now().Add(time.Hour).Unix(), "ttl": 60,
		"status_list": map[string]any{"bits": 1, "lst": base64.RawURLEncoding.EncodeToString(packed.Bytes())},
	}
	for name, value := range change {
		c[name] = value
	}
	return rsaKey().raw(`{"alg":"RS256","kid":"rsa-1","typ":"statuslist+jwt"}`, c.json())
}

func (h *statusHost) token(index int) string {
	c := goodClaims().with("iss", h.URL)
	c["exp"] = testTime.Add(48 * time.Hour).Unix()
	c["status"] = map[string]any{"status_list": map[string]any{"idx": index, "uri": h.uri()}}
	return rsaKey().token(c.json())
}

func (h *statusHost) verifier(t *testing.T, policy verify.StatusPolicy, adjust ...func(*verify.Config)) *verify.Verifier {
	cfg := config(h.host)
	cfg.Issuer, cfg.Status, cfg.Now = h.URL, policy, h.clock.Now
	for _, a := range adjust {
		a(&cfg)
	}
	return newVerifier(t, cfg)
}

// waitUntil waits for what goes on in the background.
func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

func TestStatus_SetBit_RefusesToken(t *testing.T) {
	h := newStatusHost(t)
	h.end(9)
	for _, policy := range []verify.StatusPolicy{verify.StatusFailOpen, verify.StatusFailClosed} {
		v := h.verifier(t, policy)
		if err := check(v, h.token(9)); !errors.Is(err, verify.ErrRevoked) || !errors.Is(err, verify.ErrInvalidToken) {
			t.Errorf("an ended session: %v", err)
		}
		for range 100 {
			if err := check(v, h.token(8)); err != nil {
				t.Fatalf("a living one: %v", err)
			}
		}
	}
	if n := h.fetches.Load(); n != 2 {
		t.Errorf("%d fetches by two verifiers", n)
	}
	if err := check(h.verifier(t, verify.StatusIgnored), h.token(9)); err != nil {
		t.Errorf("ignored: %v", err)
	}
	if err := check(h.verifier(t, verify.StatusFailClosed), rsaKey().token(goodClaims().with("iss", h.URL).without("status").json())); err != nil {
		t.Errorf("a token without a status: %v", err)
	}
}

// In the first half of its time a list is used as it is, in the second it is
// renewed in the background, and after it no answer comes from it.
func TestStatusList_PastTTL_IsRefetched(t *testing.T) {
	h := newStatusHost(t)
	v := h.verifier(t, verify.StatusFailClosed)
	expect := func(want error) {
		t.Helper()
		if err := check(v, h.token(3)); !errors.Is(err, want) {
			t.Fatalf("%v, want %v", err, want)
		}
	}
	expect(nil)
	h.end(3)
	h.clock.Advance(29 * time.Second)
	expect(nil)
	h.clock.Advance(time.Second)
	check(v, h.token(3)) // sets off the fetch
	waitUntil(t, "the list was not renewed in the background", func() bool { return errors.Is(check(v, h.token(3)), verify.ErrRevoked) })
	if n := h.fetches.Load(); n != 2 {
		t.Errorf("%d fetches", n)
	}
	h.bits = make([]byte, 16)
	h.clock.Advance(time.Hour) // nobody asked in between: the old one is not believed
	expect(nil)
}

func TestStatusListUnavailable(t *testing.T) {
	h := newStatusHost(t)
	var heard atomic.Int64
	hook := func(c *verify.Config) { c.OnStatusError = func(error) { heard.Add(1) } }
	open, closed := h.verifier(t, verify.StatusFailOpen, hook), h.verifier(t, verify.StatusFailClosed, hook)
	h.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	if err := check(open, h.token(1)); err != nil {
		t.Errorf("fail open: %v", err)
	}
	var problem *verify.StatusError
	if err := check(closed, h.token(1)); !errors.Is(err, verify.ErrStatusUnavailable) || errors.Is(err, verify.ErrInvalidToken) || !errors.As(err, &problem) || problem.URI != h.uri() {
		t.Errorf("fail closed: %v", err)
	}
	if heard.Load() != 2 {
		t.Errorf("the hook heard of %d", heard.Load())
	}
	fetches := h.fetches.Load()
	for range 50 { // a flood costs the issuer nothing
		check(closed, h.token(1))
	}
	if h.fetches.Load() != fetches {
		t.Errorf("%d fetches within the refetch interval", h.fetches.Load()-fetches)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+h.token(1))
	closed.Middleware(http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("middleware answers %d", w.Code)
	}
}

// While no newer one can be had, an old list still counts up to StatusMaxAge.
func TestStatusMaxAge(t *testing.T) {
	h := newStatusHost(t)
	h.end(1)
	v := h.verifier(t, verify.StatusFailClosed, func(c *verify.Config) { c.StatusMaxAge, c.StaleIfError = 10*time.Minute, 24*time.Hour })
	check(v, h.token(2))
	h.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	h.clock.Advance(9 * time.Minute)
	if a, b := check(v, h.token(1)), check(v, h.token(2)); !errors.Is(a, verify.ErrRevoked) || b != nil {
		t.Errorf("within: %v, %v", a, b)
	}
	h.clock.Advance(time.Minute)
	if err := check(v, h.token(2)); !errors.Is(err, verify.ErrStatusUnavailable) {
		t.Errorf("beyond: %v", err)
	}
}

func TestStatusList_Invalid_IsNotUsed(t *testing.T) {
	h := newStatusHost(t)
	bomb := func() string {
		var packed bytes.Buffer
		w := zlib.NewWriter(&packed)
		w.Write(make([]byte, 16<<20))
		w.Close()
		return base64.RawURLEncoding.EncodeToString(packed.Bytes())
	}
	lst := func(bits any, lst string) map[string]any {
		return map[string]any{"status_list": map[string]any{"bits": bits, "lst": lst}}
	}
	good := h.list(nil)
	for name, body := range map[string]string{
		"another list": h.list(map[string]any{"sub": h.uri() + "0"}), "another issuer's": h.list(map[string]any{"iss": "https://evil.example.com"}),
		"expired": h.list(map[string]any{"exp": testTime.Add(-time.Hour).Unix()}), "of the future": h.list(map[string]any{"iat": testTime.Add(time.Hour).Unix()}),
		"no ttl to speak of": h.list(map[string]any{"ttl": 0}), "a negative ttl": h.list(map[string]any{"ttl": -1}),
		"three bits": h.list(lst(3, "eNrbuRgAAhcBXQ")), "no bits": h.list(lst(0, "eNrbuRgAAhcBXQ")), "not base64": h.list(lst(1, "!")), "not zlib": h.list(lst(1, "AAAA")),
		"cut off": h.list(lst(1, "eNrbuRg")), "a bomb": h.list(lst(1, bomb())), "too short": h.list(lst(1, "eNoDAAAAAAE")),
		"an access token": h.token(1), "altered": good[:len(good)-8] + "AAAAAAAA", "nothing": "", "huge": string(make([]byte, 9<<20)),
		"a wrong key's": impostorRSA().raw(`{"alg":"RS256","kid":"rsa-1","typ":"statuslist+jwt"}`, `{}`),
		"unsigned":      b64(`{"alg":"none","typ":"statuslist+jwt"}`) + "." + b64(`{}`) + ".",
	} {
		t.Run(name, func(t *testing.T) {
			h.serve(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
			err := check(h.verifier(t, verify.StatusFailClosed), h.token(1))
			if !errors.Is(err, verify.ErrStatusUnavailable) || errors.Is(err, verify.ErrInvalidToken) {
				t.Errorf("%v", err)
			}
		})
	}
	for _, bits := range []int{2, 4, 8} { // the example of the draft: index 0 has a status other than 0
		h.serve(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, h.list(lst(bits, "eNrbuRgAAhcBXQ"))) })
		if err := check(h.verifier(t, verify.StatusFailClosed), h.token(0)); !errors.Is(err, verify.ErrRevoked) {
			t.Errorf("%d bits: %v", bits, err)
		}
	}
}

// A list on another host is not fetched, whoever names it.
func TestStatusListsComeFromTheIssuer(t *testing.T) {
	h := newStatusHost(t)
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was fetched") }))
	defer other.Close()
	for _, uri := range []string{other.URL + "/oauth2/status/1", "http://169.254.169.254/", "file:///etc/passwd", "//x", "x", h.URL + "@evil.example.com/"} {
		c := goodClaims().with("iss", h.URL).with("status", map[string]any{"status_list": map[string]any{"idx": 0, "uri": uri}})
		if err := check(h.verifier(t, verify.StatusFailClosed), rsaKey().token(c.json())); !errors.Is(err, verify.ErrStatusUnavailable) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	for _, status := range []any{1, "x", []int{}, map[string]any{"status_list": 1}, map[string]any{"status_list": map[string]any{"idx": -1, "uri": h.uri()}}, map[string]any{"status_list": map[string]any{"idx": "1", "uri": h.uri()}}, map[string]any{"status_list": map[string]any{"idx": 1}}} {
		err := check(h.verifier(t, verify.StatusFailOpen), rsaKey().token(goodClaims().with("iss", h.URL).with("status", status).json()))
		if !errors.Is(err, verify.ErrClaim) {
			t.Errorf("status %v: %v", status, err)
		}
	}
}

// An older list, kept by a cache, never takes the place of a newer one; 304 keeps
// the one at hand.
func TestStatusListNeverGoesBack(t *testing.T) {
	h := newStatusHost(t)
	old := h.list(nil)
	h.end(5)
	h.clock.Advance(10 * time.Second)
	v := h.verifier(t, verify.StatusFailClosed)
	if err := check(v, h.token(5)); !errors.Is(err, verify.ErrRevoked) {
		t.Fatal(err)
	}
	h.serve(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, old) })
	h.clock.Advance(61 * time.Second)
	if err := check(v, h.token(5)); !errors.Is(err, verify.ErrRevoked) {
		t.Errorf("the older list: %v", err)
	}
}

// A cache that goes on serving a list past the list's own time to live, by 200 or by
// 304, has no list that counts: nobody learns of a logout from it.
func TestStatusList_StuckCache_CannotBeHad(t *testing.T) {
	for name, answer := range map[string]func(h *statusHost, stuck string) http.HandlerFunc{
		"200": func(_ *statusHost, stuck string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, stuck) }
		},
		"304": func(*statusHost, string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("If-None-Match") == "" {
					t.Error("no condition")
				}
				w.WriteHeader(http.StatusNotModified)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newStatusHost(t)
			stuck := h.list(nil)
			h.serve(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("ETag", `"x"`); fmt.Fprint(w, stuck) })
			closed, open := h.verifier(t, verify.StatusFailClosed), h.verifier(t, verify.StatusFailOpen)
			for _, v := range []*verify.Verifier{closed, open} {
				if err := check(v, h.token(4)); err != nil {
					t.Fatalf("while it is young: %v", err)
				}
			}
			h.serve(answer(h, stuck))
			h.clock.Advance(2 * time.Minute)
			err := check(closed, h.token(4))
			if !errors.Is(err, verify.ErrStatusUnavailable) || errors.Is(err, verify.ErrInvalidToken) || !strings.Contains(err.Error(), "past its own time to live") || !strings.Contains(err.Error(), h.uri()) {
				t.Errorf("fail closed: %v", err)
			}
			if err := check(open, h.token(4)); err != nil {
				t.Errorf("fail open: %v", err)
			}
			if name == "200" {
				if err := check(h.verifier(t, verify.StatusFailClosed), h.token(4)); !errors.Is(err, verify.ErrStatusUnavailable) {
					t.Errorf("one that starts now: %v", err)
				}
			}
			h.serve(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, h.list(nil)) })
			h.clock.Advance(time.Minute)
			if err := check(closed, h.token(4)); err != nil {
				t.Errorf("after the cache was mended: %v", err)
			}
		})
	}
}

// Behind split names, lists are fetched by another address; what they say of themselves
// stays the issuer's.
func TestStatusBaseURL(t *testing.T) {
	h := newStatusHost(t)
	h.end(9)
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/tenant/oauth2/status/1" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		fmt.Fprint(w, h.list(nil))
	}))
	defer inside.Close()
	h.serve(func(http.ResponseWriter, *http.Request) { t.Error("the issuer's own address was asked") })
	v := h.verifier(t, verify.StatusFailClosed, func(c *verify.Config) { c.StatusBaseURL = inside.URL + "/tenant/" })
	if a, b := check(v, h.token(9)), check(v, h.token(8)); !errors.Is(a, verify.ErrRevoked) || b != nil {
		t.Errorf("%v, %v", a, b)
	}
	for _, uri := range []string{inside.URL + "/oauth2/status/1", h.URL + "/../x", h.URL + "x/oauth2/status/1"} {
		c := goodClaims().with("iss", h.URL).with("status", map[string]any{"status_list": map[string]any{"idx": 0, "uri": uri}})
		if err := check(v, rsaKey().token(c.json())); !errors.Is(err, verify.ErrStatusUnavailable) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	cfg := config(h.host)
	cfg.StatusBaseURL = "http://signet.internal:8080"
	if _, err := verify.New(cfg); err == nil || !strings.Contains(err.Error(), "StatusBaseURL") {
		t.Errorf("plain http: %v", err)
	}
}

// What went wrong is said with the address and what came from there.
func TestStatusError_NamesURLAndMediaType(t *testing.T) {
	h := newStatusHost(t)
	h.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>log in to the network</html>")
	})
	err := check(h.verifier(t, verify.StatusFailClosed), h.token(1))
	if err == nil || !strings.Contains(err.Error(), h.uri()) || !strings.Contains(err.Error(), "text/html") || strings.Contains(err.Error(), "log in") {
		t.Errorf("%v", err)
	}
}

// A list whose time to live is shorter than the interval between fetches is fetched again
// when it is due.
func TestStatusList_ShortTTL_IsRefetchedInTime(t *testing.T) {
	h := newStatusHost(t)
	h.serve(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, h.list(map[string]any{"ttl": 1})) })
	v := h.verifier(t, verify.StatusFailClosed)
	for n := range 20 {
		if err := check(v, h.token(4)); err != nil {
			t.Fatalf("after %d s: %v", n, err)
		}
		h.clock.Advance(time.Second)
	}
}
