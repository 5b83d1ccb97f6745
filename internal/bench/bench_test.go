package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/internal/bench"
)

// fakeIssuer answers a discovery document, changed by the pairs of name and value, and leaves
// the rest to the handler.
func fakeIssuer(t *testing.T, h http.HandlerFunc, changes ...string) string {
	t.Helper()
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	document := map[string]string{
		"issuer": s.URL, "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token", "jwks_uri": s.URL + "/jwks",
		"introspection_endpoint": s.URL + "/introspect", "revocation_endpoint": s.URL + "/revoke", "end_session_endpoint": s.URL + "/logout",
	}
	for n := 0; n+1 < len(changes); n += 2 {
		document[changes[n]] = changes[n+1]
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(document) })
	mux.HandleFunc("/", h)
	return s.URL
}

// config measures few requests of the workloads.
func config(issuer string, workloads ...string) bench.Config {
	return bench.Config{
		Issuer: issuer, Workloads: workloads, Connections: 2, Requests: 50, Duration: time.Minute,
		Account: bench.Account{ClientID: "client", ClientSecret: "the-secret", Users: []bench.User{{Name: "alice", Password: "the-password"}}, RedirectURI: "http://127.0.0.1/back"},
	}
}

func answerJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func TestRun_StopsWhenIssuerIsBusy(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		var asked atomic.Int64
		issuer := fakeIssuer(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/jwks" && asked.Add(1) > 10 {
				answerJSON(w, status, `{"error":"temporarily_unavailable"}`)
			}
		})
		cfg := config(issuer, "jwks", "discovery")
		cfg.Requests = 10_000
		report, err := bench.Run(t.Context(), cfg)
		var answer *bench.StatusError
		if !errors.As(err, &answer) || answer.Status != status || answer.Code != "temporarily_unavailable" {
			t.Errorf("%d: got %v", status, err)
		}
		if len(report.Results) != 1 || report.Results[0].Requests != 10 || report.BusyStatus != status || report.BusyPart != "jwks" {
			t.Errorf("%d: got %+v", status, report)
		}
		if n := asked.Load(); n < 30 || n > 1000 { // a success that is counted late begins the row anew
			t.Errorf("%d: %d requests were sent of 10000, want about 30", status, n)
		}
		if got := report.Results[0].Errors[fmt.Sprint(status)]; got < 20 {
			t.Errorf("%d: %d errors counted", status, got)
		}
	}
}

func TestRun_CountsErrorsAndGoesOn(t *testing.T) {
	var asked atomic.Int64
	issuer := fakeIssuer(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1)%5 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	report, err := bench.Run(t.Context(), config(issuer, "jwks"))
	if r := report.Results[0]; err != nil || r.Requests != 40 || r.Errors["500"] != 10 {
		t.Errorf("got %+v, %v, want 40 requests and 10 errors", r, err)
	}
}

func TestRun_RefusesAddressesElsewhere(t *testing.T) {
	var asked atomic.Int64
	elsewhere := fakeIssuer(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	for _, name := range []string{"issuer", "token_endpoint", "introspection_endpoint", "revocation_endpoint", "jwks_uri", "authorization_endpoint", "end_session_endpoint"} {
		issuer := fakeIssuer(t, func(http.ResponseWriter, *http.Request) {}, name, elsewhere+"/x")
		if _, err := bench.Run(t.Context(), config(issuer)); err == nil || asked.Load() > 0 {
			t.Errorf("%s: got %v after %d requests elsewhere", name, err, asked.Load())
		}
	}
}

func TestRun_RevokesSessionsAndShowsNoSecret(t *testing.T) {
	var begun, revoked atomic.Int64
	issuer := fakeIssuer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/token":
			answerJSON(w, http.StatusOK, fmt.Sprintf(`{"access_token":"secret-access-%d","refresh_token":"secret-refresh"}`, begun.Add(1)))
		case "/revoke":
			revoked.Add(1)
		default:
			answerJSON(w, http.StatusBadRequest, `{"error":"The-Password of secret"}`)
		}
	})
	report, err := bench.Run(t.Context(), config(issuer, "login", "introspection"))
	if err == nil || begun.Load() != revoked.Load()+2 || report.LeftOver != 0 { // two refreshes begin nothing
		t.Errorf("%v: %d token answers, %d revoked, %d left", err, begun.Load(), revoked.Load(), report.LeftOver)
	}
	text, jsonErr := json.Marshal(report)
	all := fmt.Sprintf("%+v %s %v", report, text, err)
	if jsonErr != nil || strings.Contains(all, "secret") || strings.Contains(strings.ToLower(all), "the-password") {
		t.Errorf("a secret is shown: %s, %v", all, jsonErr)
	}
}

func TestRun_SkipsWhatTheAccountMayNotDo(t *testing.T) {
	issuer := fakeIssuer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/jwks" {
			answerJSON(w, http.StatusBadRequest, `{"error":"unauthorized_client"}`)
		}
	})
	cfg := config(issuer, "client_credentials", "login", "authorize", "user-search", "jwks")
	cfg.Account.RedirectURI = ""
	report, err := bench.Run(t.Context(), cfg)
	if err != nil || len(report.Results) != 5 {
		t.Fatalf("got %+v, %v", report, err)
	}
	for _, r := range report.Results {
		if skipped := r.Skipped != ""; skipped != (r.Name != "jwks") {
			t.Errorf("%s: skipped %q", r.Name, r.Skipped)
		}
	}
}

func TestRun_EndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	issuer := fakeIssuer(t, func(http.ResponseWriter, *http.Request) { cancel(interrupted) })
	report, err := bench.Run(ctx, config(issuer, "jwks", "discovery"))
	if !errors.Is(err, interrupted) || len(report.Results) != 1 {
		t.Errorf("got %v with %d results", err, len(report.Results))
	}
}

func TestConfig_Bounds(t *testing.T) {
	for name, change := range map[string]func(*bench.Config){
		"no connection":    func(c *bench.Config) { c.Connections = 0 },
		"many connections": func(c *bench.Config) { c.Connections = bench.MaxConnections + 1 },
		"no request":       func(c *bench.Config) { c.Requests = 0 },
		"many requests":    func(c *bench.Config) { c.Requests = bench.MaxRequests + 1 },
		"no time":          func(c *bench.Config) { c.Duration = 0 },
		"much time":        func(c *bench.Config) { c.Duration = bench.MaxDuration + 1 },
		"unknown workload": func(c *bench.Config) { c.Workloads = []string{"logins"} },
	} {
		c := config("http://127.0.0.1:1")
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		if change(&c); c.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"http://localhost:8080": true, "http://127.0.0.1": true, "http://[::1]:1": true, "http://127.9.9.9:1": true,
		"https://id.example.com": false, "http://localhost.example.com": false, "http://192.0.2.1": false, "": false, "http://[::": false,
	} {
		if got := bench.IsLoopback(address); got != want {
			t.Errorf("%q: got %t", address, got)
		}
	}
}
