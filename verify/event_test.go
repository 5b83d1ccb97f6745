package verify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/signet/verify"
)

// eventRecorder collects what Config.Observe is told, as "kind outcome".
type eventRecorder struct {
	mu     sync.Mutex
	events []verify.Event
}

func (h *eventRecorder) record(e verify.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *eventRecorder) outcomesOf(kinds ...verify.EventKind) (outcomes []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if slices.Contains(kinds, e.Kind) {
			outcomes = append(outcomes, e.Outcome)
		}
	}
	return outcomes
}

func (h *eventRecorder) last(t *testing.T, kind verify.EventKind) verify.Event {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range slices.Backward(h.events) {
		if e.Kind == kind {
			return e
		}
	}
	t.Fatalf("no event of kind %s", kind)
	return verify.Event{}
}

func TestObserve_ReportsEachOutcome(t *testing.T) {
	h := newStatusHost(t)
	h.end(9)
	var got eventRecorder
	v := h.verifier(t, verify.StatusFailClosed, func(c *verify.Config) { c.Observe = got.record })
	good := func() claims { return goodClaims().with("iss", h.URL) }
	for token, want := range map[string]string{
		h.token(8): "accepted", h.token(9): "revoked", "x": "malformed", unknownRSA().token(good().json()): "unknown_key", impostorRSA().token(good().json()): "signature",
		rsaAsPS256().token(good().json()): "algorithm", rsaKey().raw(`{"alg":"RS256","kid":"rsa-1","typ":"JWT"}`, good().json()): "token_type",
		rsaKey().token(good().with("iss", "x").json()): "issuer", rsaKey().token(good().with("aud", "x").json()): "audience", rsaKey().token(good().without("exp").json()): "claim",
		rsaKey().token(good().with("exp", testTime.Add(-time.Hour).Unix()).json()): "expired", rsaKey().token(good().with("iat", testTime.Add(time.Hour).Unix()).json()): "not_yet_valid",
		rsaKey().token(good().with("status", map[string]any{"status_list": map[string]any{"idx": 1, "uri": "https://elsewhere.example.com"}}).json()): "status_unavailable",
	} {
		err := check(v, token)
		e := got.last(t, verify.EventToken)
		if e.Outcome != want || !errors.Is(err, e.Err) {
			t.Errorf("%s was reported as %s: %v", want, e.Outcome, e.Err)
		}
	}
	if n := len(got.outcomesOf(verify.EventToken)); n != 13 {
		t.Errorf("%d events of tokens", n)
	}
	if n := len(got.outcomesOf(verify.EventRequest)); n != 0 {
		t.Errorf("%d events of requests", n)
	}
}

// A request is reported once: by its token, or by what else is wrong with it.
func TestObserve_ReportsRefusedRequests(t *testing.T) {
	h := newHost(t, rsaKey())
	var got eventRecorder
	cfg := config(h)
	cfg.Observe = got.record
	handler := newVerifier(t, cfg).RequireRole("admin")(http.NotFoundHandler())
	for _, authorization := range []string{"", "Bearer x", "Bearer " + goodToken(), "Bearer a b"} {
		r := httptest.NewRequest("GET", "/", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	want := []string{"no_token", "malformed", "accepted", "insufficient_scope", "invalid_request"}
	if outcomes := got.outcomesOf(verify.EventToken, verify.EventRequest); !slices.Equal(outcomes, want) {
		t.Errorf("got %q, want %q", outcomes, want)
	}
}

// What was fetched, what still stood, what could not be had, and how long it took;
// the hook may use the Verifier itself, as no lock is held.
func TestObserve_ReportsFetches(t *testing.T) {
	h := newStatusHost(t)
	h.serve(func(w http.ResponseWriter, r *http.Request) {
		h.clock.Advance(time.Second)
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, h.list(nil))
	})
	var got eventRecorder
	var v *verify.Verifier
	v = h.verifier(t, verify.StatusFailClosed, func(c *verify.Config) {
		c.Observe = func(e verify.Event) {
			got.record(e)
			if e.Kind != verify.EventToken {
				check(v, rsaKey().token(goodClaims().json())) // of another issuer: no fetch of its own
			}
		}
	})
	fetched := func(kind verify.EventKind, want ...string) {
		t.Helper()
		waitUntil(t, fmt.Sprintf("%s: got %q, want %q", kind, got.outcomesOf(kind), want), func() bool { return slices.Equal(got.outcomesOf(kind), want) })
	}
	if err := check(v, h.token(1)); err != nil {
		t.Fatal(err)
	}
	fetched(verify.EventKeys, "fetched")
	fetched(verify.EventStatus, "fetched")
	if e := got.last(t, verify.EventStatus); e.Took != time.Second || e.Err != nil {
		t.Errorf("the list took %s: %v", e.Took, e.Err)
	}
	h.clock.Advance(40 * time.Second)
	check(v, h.token(1))
	fetched(verify.EventStatus, "fetched", "not_modified")
	h.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	h.clock.Advance(10 * time.Second)
	check(v, h.token(1))
	fetched(verify.EventStatus, "fetched", "not_modified", "failed")
	if e := got.last(t, verify.EventStatus); e.Err == nil {
		t.Error("a failure without an error")
	}
}

func TestObserve_ReportsFailedKeyFetch(t *testing.T) {
	h := newHost(t, rsaKey())
	h.Config.Handler = http.NotFoundHandler()
	var got eventRecorder
	cfg := config(h)
	cfg.Observe = got.record
	check(newVerifier(t, cfg), goodToken())
	waitUntil(t, "the fetch was not reported", func() bool { return slices.Equal(got.outcomesOf(verify.EventKeys), []string{"failed"}) })
	if e := got.last(t, verify.EventToken); e.Outcome != "keys_unavailable" {
		t.Errorf("the token was reported as %s", e.Outcome)
	}
}

// Observe allocates next to nothing: an event is passed by value.
func TestObserveAllocatesLittle(t *testing.T) {
	h := newHost(t, rsaKey())
	allocations := func(observe func(verify.Event)) float64 {
		cfg := config(h)
		cfg.Observe = observe
		v := newVerifier(t, cfg)
		token := goodToken()
		if err := check(v, token); err != nil {
			t.Fatal(err)
		}
		return testing.AllocsPerRun(100, func() { v.Verify(context.Background(), token) })
	}
	if with, without := allocations(func(verify.Event) {}), allocations(nil); with > without+2 {
		t.Errorf("%v allocations, %v without", with, without)
	}
}
