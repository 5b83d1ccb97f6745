package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// backend is an API behind a gateway: it knows nothing of tokens.
type backend struct {
	*httptest.Server
	last atomic.Pointer[http.Request]
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{}
	say := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			b.last.Store(r)
			w.WriteHeader(status)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /notsecret", say(http.StatusOK))
	mux.HandleFunc("GET /items", say(http.StatusOK))
	mux.HandleFunc("POST /items", say(http.StatusCreated))
	mux.HandleFunc("DELETE /items/{id}", say(http.StatusNoContent))
	mux.HandleFunc("GET /office", say(http.StatusOK))
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

// gateway is Apache's mod_oauth2 before the backend.
type gateway struct {
	*exampleRun
	behind *backend
}

// TestExampleApache plays the gateway's configuration. It answers some refusals
// otherwise than the APIs do: see its README.
func TestExampleApache(t *testing.T) {
	long(t)
	t.Parallel()
	e := examples[4]
	e.require(t)
	g := gateway{newExampleRun(t), newBackend(t)}
	g.program = startExample(t, g.server, e, g.resource, "BACKEND="+g.behind.URL)
	for _, step := range []struct {
		name string
		play func(*testing.T)
	}{
		{"public", g.public},
		{"no right", g.refusals},
		{"identity", g.identity},
		{"writing", g.writing},
		{"rotation", g.rotation},
		{"logout", func(t *testing.T) { g.logout(t, false) }},
		{"without the issuer", g.alone},
		{"started without the issuer", func(t *testing.T) {
			cold := startExample(t, g.server, e, g.resource, "BACKEND="+g.behind.URL)
			cold.want(t, http.StatusUnauthorized, "GET", "/items", g.user.AccessToken, "")
		}},
	} {
		if !t.Run(step.name, step.play) {
			t.FailNow()
		}
	}
}

func (g gateway) refusals(t *testing.T) {
	p := g.program
	eventually(t, "the gateway to see the token's end", func() bool {
		return p.status(t, "GET", "/items", g.expired) == http.StatusUnauthorized
	})
	g.behind.last.Store(nil)
	for _, route := range []struct{ method, path string }{{"GET", "/items"}, {"POST", "/items"}, {"DELETE", "/items/1"}, {"GET", "/office"}} {
		p.want(t, http.StatusUnauthorized, route.method, route.path, "", "")
		for _, token := range []string{"nonsense", g.admin.RefreshToken, forged(g.admin.AccessToken), unsigned(g.admin.AccessToken), g.expired} {
			p.want(t, http.StatusUnauthorized, route.method, route.path, token, "")
		}
		p.want(t, http.StatusForbidden, route.method, route.path, g.guest.AccessToken, "")
	}
	for _, token := range []string{g.admin.IDToken, g.stranger.AccessToken} {
		p.want(t, http.StatusForbidden, "GET", "/items", token, "")
		p.want(t, http.StatusUnauthorized, "POST", "/items", token, "") // introspection: not this API's business
	}
	for _, route := range []struct{ method, path string }{{"POST", "/items"}, {"DELETE", "/items/1"}, {"GET", "/office"}} {
		p.want(t, http.StatusForbidden, route.method, route.path, g.user.AccessToken, "")
	}
	if r := g.behind.last.Load(); r != nil {
		t.Errorf("%s %s reached the backend", r.Method, r.URL)
	}
}

// identity: what the backend reads comes from the token, never from the caller.
func (g gateway) identity(t *testing.T) {
	subject, _ := g.server.introspect(t, g.resource, g.user.AccessToken)["sub"].(string)
	for _, path := range []string{"/items", "/notsecret"} {
		req, err := http.NewRequest("GET", g.program.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := http.Header{}
		if path == "/items" {
			req.Header.Set("Authorization", "Bearer "+g.user.AccessToken)
			want = http.Header{"Token-Sub": {subject}, "Token-Roles": {`["user"]`}}
		}
		req.Header["Token-sub"], req.Header["Token-roles"] = []string{"root"}, []string{`["admin"]`}
		if a, err := exchange(g.program.http, req); err != nil || a.status != http.StatusOK {
			t.Fatalf("%s: %v %v", path, a, err)
		}
		for _, name := range []string{"Token-Sub", "Token-Roles"} {
			got := g.behind.last.Load().Header.Values(name)
			if len(got) != len(want[name]) || len(got) == 1 && got[0] != want[name][0] {
				t.Errorf("%s: the backend reads %s %q, want %q", path, name, got, want[name])
			}
		}
	}
}

func (g gateway) writing(t *testing.T) {
	g.program.want(t, http.StatusCreated, "POST", "/items", g.admin.AccessToken, `{"name":"chair"}`)
	g.program.want(t, http.StatusNoContent, "DELETE", "/items/1", g.admin.AccessToken, "")
	g.program.want(t, http.StatusOK, "GET", "/office", g.admin.AccessToken, "")
}

// alone: reading goes on; mod_oauth2 knows no 503.
func (g gateway) alone(t *testing.T) {
	g.server.stop(t)
	g.program.want(t, http.StatusOK, "GET", "/items", g.user.AccessToken, "")
	g.program.want(t, http.StatusUnauthorized, "DELETE", "/items/1", g.admin.AccessToken, "")
}
