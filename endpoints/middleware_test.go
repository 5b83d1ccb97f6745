package endpoints_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.org/signet/endpoints"
	"example.org/signet/internal/protocoltest"
	"example.org/signet/issuer"
)

// stubIssuer returns what the test says.
type stubIssuer struct {
	endpoints.Issuer
	token func(ctx context.Context) error
}

func (o stubIssuer) Token(ctx context.Context, _ issuer.TokenRequest) (issuer.TokenResponse, error) {
	return issuer.TokenResponse{}, o.token(ctx)
}

func (o stubIssuer) ClientOrigins(context.Context) ([]string, error) { return nil, nil }

func (o stubIssuer) ClientChanges() uint64 { return 0 }

func (o stubIssuer) PasswordGrantInUse(context.Context) (bool, error) { return false, nil }

func (o stubIssuer) AttributeClaims(context.Context) (claims, scopes []string, err error) {
	return nil, nil, nil
}

func startStub(t *testing.T, token func(context.Context) error) *protocoltest.Signet {
	return protocoltest.Start(t, openSQLite, func(o *protocoltest.Options) {
		o.Empty, o.Endpoints.Service = true, stubIssuer{token: token}
		o.Endpoints.StoreTimeout, o.Endpoints.LoginTimeout = 0, 0 // the defaults
	})
}

var anyForm = protocoltest.Form("grant_type", "client_credentials", "client_id", "x")

func TestInternalErrors_AreNotSentToClients(t *testing.T) {
	secret := errors.New("pq: connection to /var/run/db failed")
	for name, err := range map[string]error{
		"foreign": secret, "wrapped": fmt.Errorf("token: %w", secret), "unknown code": &issuer.Error{Code: "made_up", Description: "pq:", Cause: secret},
	} {
		s := startStub(t, func(context.Context) error { return err })
		a := s.Post(protocoltest.Token, anyForm).ExpectError(t, http.StatusInternalServerError, "server_error")
		if strings.Contains(string(a.Body), "pq:") || strings.Contains(string(a.Body), "made_up") {
			t.Errorf("%s: %s", name, a.Body)
		}
		if e := s.Log.Events(t)[0]; e["level"] != "error" || !strings.Contains(e["cause"].(string), "pq:") {
			t.Errorf("%s: logged %v", name, e)
		}
	}
}

// The table of RFC 6749 §5.2 and what is beside it.
func TestErrorCodes_MapToStatus(t *testing.T) {
	var next error
	s := startStub(t, func(context.Context) error { return next })
	for code, want := range map[issuer.Code]struct {
		status int
		code   string
	}{
		issuer.InvalidRequest: {400, "invalid_request"}, issuer.InvalidClient: {401, "invalid_client"}, issuer.InvalidGrant: {400, "invalid_grant"},
		issuer.UnauthorizedClient: {400, "unauthorized_client"}, issuer.UnsupportedGrantType: {400, "unsupported_grant_type"}, issuer.InvalidScope: {400, "invalid_scope"},
		issuer.InvalidTarget: {400, "invalid_target"}, issuer.TooManyAttempts: {429, "temporarily_unavailable"}, issuer.Unavailable: {503, "temporarily_unavailable"},
		issuer.InvalidToken: {401, "invalid_token"}, issuer.InsufficientScope: {403, "insufficient_scope"},
	} {
		next = fmt.Errorf("wrapped: %w", &issuer.Error{Code: code, Description: "said \"so\" \\ by\u00e9\nus"})
		a := s.Post(protocoltest.Token, anyForm).ExpectError(t, want.status, want.code)
		if got := a.Object(t)["error_description"]; got != "said 'so' ' by''us" {
			t.Errorf("%s: description %q", code, got)
		}
		challenge := a.Header.Get("WWW-Authenticate")
		if (challenge != "") != (code == issuer.InvalidClient) {
			t.Errorf("%s: WWW-Authenticate %q", code, challenge)
		}
		if retry := a.Header.Get("Retry-After"); (retry != "") != (want.status == 429 || want.status == 503) {
			t.Errorf("%s: Retry-After %q", code, retry)
		}
	}
}

func TestRetryAfter_IsWholeSeconds(t *testing.T) {
	var next error
	s := startStub(t, func(context.Context) error { return next })
	for d, want := range map[time.Duration]string{
		-time.Hour: "1", 0: "1", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", 90 * time.Second: "90", 15 * time.Minute: "900",
	} {
		for _, code := range []issuer.Code{issuer.TooManyAttempts, issuer.Unavailable} {
			next = &issuer.Error{Code: code, RetryAfter: d}
			if got := s.Post(protocoltest.Token, anyForm).Header.Get("Retry-After"); got != want {
				t.Errorf("%s, %s: %q, want %q", code, d, got, want)
			}
		}
	}
}

// P02: a disconnect cancels the request, and is no 5xx.
func TestClientDisconnect_CancelsRequest(t *testing.T) {
	inside, ended := make(chan struct{}), make(chan struct{})
	s := startStub(t, func(ctx context.Context) error {
		close(inside)
		<-ctx.Done()
		defer close(ended)
		return &issuer.Error{Code: issuer.Unavailable, Cause: ctx.Err()}
	})
	ctx, hangUp := context.WithCancel(context.Background())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, protocoltest.Token, strings.NewReader(anyForm.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Handler.ServeHTTP(httptest.NewRecorder(), r)
	}()
	<-inside
	hangUp()
	<-ended
	<-done
	if e := s.Log.Events(t)[0]; e["status"] != 499.0 || e["level"] != "info" {
		t.Errorf("logged %v", e)
	}
}

// Every request has its deadline, the login a longer one.
func TestRequestDeadlines(t *testing.T) {
	var deadline, asked time.Time
	s := startStub(t, func(ctx context.Context) error {
		deadline, _ = ctx.Deadline()
		asked = time.Now()
		return &issuer.Error{Code: issuer.InvalidGrant}
	})
	for grant, timeout := range map[string]time.Duration{
		"refresh_token": endpoints.DefaultStoreTimeout, "client_credentials": endpoints.DefaultStoreTimeout, "other": endpoints.DefaultStoreTimeout, "password": endpoints.DefaultLoginTimeout,
	} {
		sent := time.Now()
		s.Post(protocoltest.Token, protocoltest.Form("grant_type", grant, "client_id", "x"))
		if deadline.Before(sent.Add(timeout)) || deadline.After(asked.Add(timeout)) { // however slow the machine is
			t.Errorf("%s: the deadline is %s after the request was sent, want %s", grant, deadline.Sub(sent), timeout)
		}
	}
	if endpoints.DefaultStoreTimeout >= 2*time.Second {
		t.Error("X10 a hanging store is to be reported within 2 s")
	}
}

type failingRandom struct{}

func (failingRandom) Read([]byte) (int, error) { return 0, errors.New("no randomness") }

func TestRandomFailure_OmitsRequestID(t *testing.T) {
	s := protocoltest.Start(t, openSQLite, func(o *protocoltest.Options) { o.Endpoints.Rand = failingRandom{} })
	a := s.Get("/livez").ExpectStatus(t, http.StatusOK)
	if _, there := a.Header["X-Request-Id"]; there {
		t.Error("a request id without randomness")
	}
}

func TestMetricsHandler(t *testing.T) {
	m := endpoints.NewMetrics()
	m.Count("signet_test_total", "A counter.", func() uint64 { return 42 })
	m.Gauge("signet_test_level", "A gauge.", func() float64 { return 1.5 })
	m.Info("signet_test_info", "A fact.", map[string]string{"version": "v1"})
	profiles := true
	get := func(method, path string) (int, string) {
		w := httptest.NewRecorder()
		m.Handler(profiles).ServeHTTP(w, httptest.NewRequest(method, path, nil))
		return w.Code, w.Body.String()
	}
	_, text := get("GET", "/metrics")
	for _, want := range []string{"signet_test_total 42", "signet_test_level 1.5", `signet_test_info{version="v1"} 1`, "go_goroutines", "process_open_fds"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for path, status := range map[string]int{"/debug/pprof/": 200, "/debug/pprof/heap": 200, "/debug/pprof/cmdline": 404, "/": 404, "/oauth2/token": 404} {
		if got, _ := get("GET", path); got != status {
			t.Errorf("%s: %d, want %d", path, got, status)
		}
	}
	profiles = false
	for path, status := range map[string]int{"/metrics": 200, "/debug/pprof/": 404, "/debug/pprof/heap": 404, "/debug/pprof/profile": 404} {
		if got, _ := get("GET", path); got != status {
			t.Errorf("without profiles, %s: %d, want %d", path, got, status)
		}
	}
	if status, _ := get("POST", "/metrics"); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", status)
	}
}
