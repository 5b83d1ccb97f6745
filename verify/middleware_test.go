package verify_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/mux"

	"example.org/signet/verify"
)

// whoami is a protected handler: it answers who is calling and what was sent.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	claims, ok := verify.FromContext(r.Context())
	if !ok {
		http.Error(w, "no claims", http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "%s %s", claims.Subject, body)
})

// errorRecorder collects the errors that OnError is called with.
type errorRecorder struct {
	mu   sync.Mutex
	errs []error
}

func (h *errorRecorder) record(_ *http.Request, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.errs = append(h.errs, err)
}

func (h *errorRecorder) last() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.errs) == 0 {
		return nil
	}
	return h.errs[len(h.errs)-1]
}

// protectedServer serves handler behind a verifier and returns the server and its hook.
func protectedServer(t *testing.T, protect func(*verify.Verifier) http.Handler) (*httptest.Server, *host, *errorRecorder) {
	h, recorder := newHost(t, rsaKey()), &errorRecorder{}
	cfg := config(h)
	cfg.OnError = recorder.record
	server := httptest.NewServer(protect(newVerifier(t, cfg)))
	t.Cleanup(server.Close)
	return server, h, recorder
}

// call sends a request and returns the answer with its body.
func call(t *testing.T, server *httptest.Server, r *http.Request) (*http.Response, string) {
	t.Helper()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Scheme, r.URL.Host, r.RequestURI = u.Scheme, u.Host, ""
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func get(authorization ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Authorization"] = authorization
	return r
}

const realm = `Bearer realm="https://api.example.com"`

func TestMiddlewareAnswers(t *testing.T) {
	server, _, recorder := protectedServer(t, func(v *verify.Verifier) http.Handler { return v.Middleware(whoami) })
	token := goodToken()
	expired := rsaKey().token(goodClaims().with("exp", testTime.Unix()-3600).json())
	inQuery := func(query string, authorization ...string) *http.Request {
		r := get(authorization...)
		r.URL.RawQuery = query
		return r
	}
	const invalid = realm + `, error="invalid_token", error_description="the access token is not valid"`
	const malformed = realm + `, error="invalid_request", error_description="send one access token, in the Authorization header"`
	tests := []struct {
		name      string
		request   *http.Request
		status    int
		challenge string
		heard     error
	}{
		{"good", get("Bearer " + token), 200, "", nil},
		{"scheme in lower case", get("bearer " + token), 200, "", nil},
		{"scheme in upper case", get("BEARER " + token), 200, "", nil},
		{"more spaces", get("Bearer    " + token), 200, "", nil},
		{"harmless query", inQuery("page=2&token=x", "Bearer "+token), 200, "", nil},

		{"no credentials", get(), 401, realm, verify.ErrNoToken},
		{"basic", get("Basic YTpi"), 401, realm, verify.ErrNoToken},
		{"empty header", get(""), 401, realm, verify.ErrNoToken},
		{"scheme glued to the token", get("Bearer" + token), 401, realm, verify.ErrNoToken},
		{"token alone", get(token), 401, realm, verify.ErrNoToken},
		{"DPoP", get("DPoP " + token), 401, realm, verify.ErrNoToken},

		{"bearer of nothing", get("Bearer "), 400, malformed, verify.ErrInvalidRequest},
		{"bearer alone", get("Bearer"), 400, malformed, verify.ErrInvalidRequest},
		{"two tokens in a header", get("Bearer " + token + " " + token), 400, malformed, verify.ErrInvalidRequest},
		{"two credentials in a header", get("Bearer " + token + ", Bearer " + token), 400, malformed, verify.ErrInvalidRequest},
		{"quoted", get(`Bearer "` + token + `"`), 400, malformed, verify.ErrInvalidRequest},
		{"two headers", get("Bearer "+token, "Bearer "+token), 400, malformed, verify.ErrInvalidRequest},
		{"two headers of two schemes", get("Bearer "+token, "Basic YTpi"), 400, malformed, verify.ErrInvalidRequest},
		{"query too", inQuery("access_token="+token, "Bearer "+token), 400, malformed, verify.ErrInvalidRequest},
		{"query only", inQuery("access_token=" + token), 400, malformed, verify.ErrInvalidRequest},
		{"query, name escaped", inQuery("access%5Ftoken="+token, "Bearer "+token), 400, malformed, verify.ErrInvalidRequest},

		{"expired", get("Bearer " + expired), 401, realm + `, error="invalid_token", error_description="Token expired"`, verify.ErrExpired},
		{"garbage", get("Bearer abc"), 401, invalid, verify.ErrMalformed},
		{"bad signature", get("Bearer " + impostorRSA().token(goodClaims().json())), 401, invalid, verify.ErrSignature},
		{"expired with a bad signature", get("Bearer " + impostorRSA().token(goodClaims().with("exp", 1).json())), 401, invalid, verify.ErrSignature},
		{"unknown key", get("Bearer " + unknownRSA().token(goodClaims().json())), 401, invalid, verify.ErrUnknownKey},
		{"refresh token", get("Bearer sgr_AAECAwQFBgc"), 401, invalid, verify.ErrMalformed},
		{"other audience", get("Bearer " + rsaKey().token(goodClaims().with("aud", "x").json())), 401, invalid, verify.ErrAudience},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := call(t, server, tt.request)
			if resp.StatusCode != tt.status || resp.Header.Get("WWW-Authenticate") != tt.challenge {
				t.Fatalf("%d %q", resp.StatusCode, resp.Header.Get("WWW-Authenticate"))
			}
			if tt.status == 200 {
				if body != goodClaims()["sub"].(string)+" " {
					t.Errorf("the handler answered %q", body)
				}
				return
			}
			checkErrorResponse(t, resp, body)
			if err := recorder.last(); !errors.Is(err, tt.heard) || strings.Contains(err.Error(), token) {
				t.Errorf("got %v, want %v", err, tt.heard)
			}
		})
	}
}

func TestRequireScopeAndRole(t *testing.T) {
	token := func(scope string, roles ...string) string {
		return "Bearer " + rsaKey().token(goodClaims().with("scope", scope).with("roles", append([]string{}, roles...)).json())
	}
	const forbidden = realm + `, error="insufficient_scope", error_description="the access token does not give this right"`
	scope := func(names ...string) func(*verify.Verifier) func(http.Handler) http.Handler {
		return func(v *verify.Verifier) func(http.Handler) http.Handler { return v.RequireScope(names...) }
	}
	role := func(names ...string) func(*verify.Verifier) func(http.Handler) http.Handler {
		return func(v *verify.Verifier) func(http.Handler) http.Handler { return v.RequireRole(names...) }
	}
	anyRole := func(names ...string) func(*verify.Verifier) func(http.Handler) http.Handler {
		return func(v *verify.Verifier) func(http.Handler) http.Handler { return v.RequireAnyRole(names...) }
	}
	tests := []struct {
		name      string
		require   func(*verify.Verifier) func(http.Handler) http.Handler
		header    string
		status    int
		challenge string
	}{
		{"scope there", scope("a"), token("a b"), 200, ""},
		{"both scopes there", scope("b", "a"), token("a b c"), 200, ""},
		{"one of two scopes", scope("a", "d"), token("a b c"), 403, forbidden + `, scope="a d"`},
		{"part of a scope", scope("items"), token("items:read"), 403, forbidden + `, scope="items"`},
		{"scope in other case", scope("a"), token("A"), 403, forbidden + `, scope="a"`},
		{"no scope at all", scope("a"), token(""), 403, forbidden + `, scope="a"`},
		{"role is no scope", scope("admin"), token("", "admin"), 403, forbidden + `, scope="admin"`},
		{"role there", role("admin"), token("", "user", "admin"), 200, ""},
		{"one of two roles", role("admin", "auditor"), token("", "admin"), 403, forbidden},
		{"part of a role", role("admin"), token("", "super_admin"), 403, forbidden},
		{"no role", role("admin"), token("a"), 403, forbidden},
		{"scope is no role", role("admin"), token("admin"), 403, forbidden},
		{"any of two roles", anyRole("admin", "auditor"), token("", "auditor"), 200, ""},
		{"none of two roles", anyRole("admin", "auditor"), token("", "user"), 403, forbidden},
		{"no token", scope("a"), "", 401, realm},
		{"bad token", role("admin"), "Bearer x", 401, realm + `, error="invalid_token", error_description="the access token is not valid"`},
	}
	for _, tt := range tests {
		for _, behind := range []string{"alone", "behind Middleware"} {
			t.Run(tt.name+" "+behind, func(t *testing.T) {
				server, _, recorder := protectedServer(t, func(v *verify.Verifier) http.Handler {
					handler := tt.require(v)(whoami)
					if behind != "alone" {
						handler = v.Middleware(handler)
					}
					return handler
				})
				resp, body := call(t, server, get(tt.header))
				if resp.StatusCode != tt.status || resp.Header.Get("WWW-Authenticate") != tt.challenge {
					t.Fatalf("%d %q", resp.StatusCode, resp.Header.Get("WWW-Authenticate"))
				}
				if tt.status != 200 {
					checkErrorResponse(t, resp, body)
				}
				var lacking *verify.InsufficientError
				if forbidden := errors.As(recorder.last(), &lacking) && errors.Is(recorder.last(), verify.ErrInsufficientScope); forbidden != (tt.status == 403) {
					t.Errorf("got %v", recorder.last())
				}
			})
		}
	}
}

// What one Verifier let through means nothing to another.
func TestVerifiersDoNotTrustEachOther(t *testing.T) {
	h := newHost(t, rsaKey())
	outer := newVerifier(t, config(h))
	cfg := config(h)
	cfg.Audience = []string{"https://inner.example.com"}
	inner := newVerifier(t, cfg)
	handler := outer.Middleware(inner.RequireScope("openid")(whoami))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, get("Bearer "+goodToken()))
	if w.Code != 401 || !strings.Contains(w.Header().Get("WWW-Authenticate"), "inner.example.com") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestNewContext(t *testing.T) {
	if claims, ok := verify.FromContext(t.Context()); ok || claims != nil {
		t.Errorf("claims %v in an empty context", claims)
	}
	v := newVerifier(t, config(newHost(t, rsaKey())))
	r := get()
	r = r.WithContext(verify.NewContext(r.Context(), &verify.Claims{Subject: "someone", Scope: []string{"a"}}))
	w := httptest.NewRecorder()
	whoami(w, r)
	if w.Body.String() != "someone " {
		t.Errorf("a handler alone sees %q", w.Body)
	}
	w = httptest.NewRecorder()
	v.RequireScope("a")(whoami).ServeHTTP(w, r)
	if w.Code != 401 {
		t.Errorf("middleware trusts a made-up context: %d", w.Code)
	}
}

func TestRequireNothingPanics(t *testing.T) {
	v := newVerifier(t, config(newHost(t, rsaKey())))
	for name, register := range map[string]func(){
		"no scope":           func() { v.RequireScope() },
		"empty scope":        func() { v.RequireScope("a", "") },
		"scope with a space": func() { v.RequireScope("a b") },
		"scope with a quote": func() { v.RequireScope(`a"`) },
		"scope with a break": func() { v.RequireScope("a\r\nX: y") },
		"no role":            func() { v.RequireRole() },
		"empty role":         func() { v.RequireRole("") },
		"no role of many":    func() { v.RequireAnyRole() },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("accepted")
				}
			}()
			register()
		})
	}
}

// The middleware fits gorilla/mux as it is.
func TestGorillaMux(t *testing.T) {
	server, h, _ := protectedServer(t, func(v *verify.Verifier) http.Handler {
		r := mux.NewRouter()
		r.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
		items := r.PathPrefix("/items").Subrouter()
		items.Use(v.Middleware)
		items.Handle("", v.RequireScope("items:read")(whoami)).Methods(http.MethodGet)
		items.Handle("", v.RequireScope("items:delete")(whoami)).Methods(http.MethodDelete)
		return r
	})
	got := map[string]int{}
	for _, call := range []struct{ method, path, token string }{
		{"GET", "/health", ""}, {"GET", "/items", ""}, {"GET", "/items", goodToken()}, {"DELETE", "/items", goodToken()},
	} {
		r, err := http.NewRequest(call.method, server.URL+call.path, bytes.NewReader(nil))
		if err != nil {
			t.Fatal(err)
		}
		if call.token != "" {
			r.Header.Set("Authorization", "Bearer "+call.token)
		}
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		got[fmt.Sprint(call.method, call.path, call.token != "")] = resp.StatusCode
	}
	want := map[string]int{"GET/healthfalse": 200, "GET/itemsfalse": 401, "GET/itemstrue": 200, "DELETE/itemstrue": 403}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := h.keyFetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// Many requests at once through one Verifier, with keys rotated under them: each
// gets the answer that its token deserves.
func TestConcurrentRequests(t *testing.T) {
	server, h, _ := protectedServer(t, func(v *verify.Verifier) http.Handler { return v.Middleware(whoami) })
	good, bad, next := goodToken(), impostorRSA().token(goodClaims().json()), otherRSA().token(goodClaims().json())
	if resp, _ := call(t, server, get("Bearer "+good)); resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	h.publish(rsaKey(), otherRSA())
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			token, want := good, 200
			switch i % 3 {
			case 1:
				token, want = bad, 401
			case 2:
				token = next
			}
			for range 4 {
				r, err := http.NewRequest(http.MethodGet, server.URL, nil)
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Authorization", "Bearer "+token)
				resp, err := server.Client().Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				if resp.StatusCode != want {
					t.Errorf("request %d: %d, want %d", i, resp.StatusCode, want)
				}
			}
		})
	}
	wg.Wait()
	if n := h.keyFetches.Load(); n != 2 {
		t.Errorf("%d fetches", n)
	}
}
