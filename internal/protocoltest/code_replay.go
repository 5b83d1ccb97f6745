package protocoltest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

var codeReplayCases = []testCase{
	{name: "C07 a second use is refused", configure: codeGrace, run: testCodeReuse},
	{name: "C08 a replay after the grace ends the session", configure: codeGrace, run: testCodeReplay},
	{name: "C09 a replay by who could not have redeemed ends nothing", configure: codeGrace, run: testCodeReplayByOthers},
	{name: "C10 a replay in the grace ends nothing with PKCE", configure: codeGrace, run: testCodeGrace},
	{name: "C10 a replay at once ends the session without PKCE", configure: codeGrace, run: testCodeReplayWithoutPKCE},
	{name: "C10 a replay at once ends the session with no grace", run: testCodeNoGrace},
	{name: "C11 50 parallel redemptions", configure: codeGrace, run: testCodeParallel},
	{name: "C11 parallel redemptions on three instances", configure: codeGrace, run: testCodeParallelInstances},
	{name: "C11 50 parallel redemptions, no grace", run: testCodeParallelStrict},
	{name: "a lost answer of the store", configure: codeGrace, run: testCodeLostAnswer},
	{name: "a redemption survives a fault of the store", configure: codeGrace, run: testCodeFaults},
}

func codeGrace(o *Options) { o.Issuer.CodeGrace = 2 * time.Second }

func pkceOptional(c *storage.Client) { c.PKCEOptional = true }

func testCodeReuse(t *testing.T, s *Signet) {
	for _, app := range []Client{s.AddCodeClient(t, "app"), s.AddCodeSPA(t, "browser-app")} {
		code := s.Code(t, app, s.Alice, openIDScopes)
		s.Redeem(t, app, code)
		for range 3 {
			s.TryRedeem(app, code).expectInvalidGrant(t)
		}
		s.Advance(time.Minute)
		s.TryRedeem(app, code).expectInvalidGrant(t)
	}
}

func testCodeReplay(t *testing.T, s *Signet) {
	for _, app := range []Client{s.AddCodeClient(t, "app"), s.AddCodeSPA(t, "browser-app")} {
		before := s.events(t, audit.EventCodeReplayed)
		code, bystander := s.Code(t, app, s.Alice, openIDScopes), s.Redeem(t, app, s.Code(t, app, s.Alice, openIDScopes))
		first := s.Redeem(t, app, code)
		second := s.Refresh(t, app, first.Refresh)
		s.Advance(2*time.Second + time.Millisecond)
		for range 3 {
			s.TryRedeem(app, code).expectInvalidGrant(t)
		}
		s.expectEnded(t, app, first, second)
		s.expectStatusBits(t, []Tokens{first, second}, []Tokens{bystander})
		s.expectActive(t, app, bystander)
		if n := s.events(t, audit.EventCodeReplayed) - before; n != 1 {
			t.Errorf("%d events, want 1", n)
		}
	}
}

func testCodeReplayByOthers(t *testing.T, s *Signet) {
	app, other := s.AddCodeClient(t, "app", pkceOptional), s.AddCodeClient(t, "second")
	pkce, plain := s.Code(t, app, s.Alice, openIDScopes), s.Code(t, app, s.Alice, openIDScopes, withoutPKCE)
	all := []Tokens{s.Redeem(t, app, pkce), s.Redeem(t, app, plain)}
	s.Advance(time.Minute)
	for range 6 {
		s.TryRedeem(Client{app.ID, "wrong"}, pkce).expectInvalidClient(t)
		s.TryRedeem(other, pkce).expectInvalidGrant(t)
		s.PostAs(app, Token, pkce.with("code_verifier", strings.Repeat("x", 43))).expectInvalidGrant(t)
		s.PostAs(app, Token, pkce.with("code_verifier", "")).expectInvalidGrant(t)
		s.PostAs(app, Token, plain.with("redirect_uri", "https://evil.example/")).expectInvalidGrant(t)
		s.PostAs(app, Token, plain.with("redirect_uri", "")).expectInvalidGrant(t)
		s.PostAs(app, Token, plain.with("code_verifier", strings.Repeat("x", 43))).expectInvalidGrant(t)
	}
	if n := s.events(t, audit.EventCodeReplayed) + s.events(t, audit.EventCodeForeign); n != 20 {
		t.Errorf("%d events, want 10 of each code", n)
	}
	s.expectStatusBits(t, nil, all)
	for _, tokens := range all {
		s.expectActive(t, app, tokens)
	}
}

func testCodeGrace(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	code := s.Code(t, app, s.Alice, openIDScopes)
	tokens := s.Redeem(t, app, code)
	s.TryRedeem(app, code).expectInvalidGrant(t)
	s.Advance(2 * time.Second)
	s.TryRedeem(app, code).expectInvalidGrant(t)
	if n := s.events(t, audit.EventCodeReplayed); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
	s.expectStatusBits(t, nil, []Tokens{tokens})
	s.expectActive(t, app, tokens)
}

func testCodeReplayWithoutPKCE(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app", pkceOptional)
	code := s.Code(t, app, s.Alice, openIDScopes, withoutPKCE)
	tokens := s.Redeem(t, app, code)
	s.TryRedeem(app, code).expectInvalidGrant(t)
	s.expectEnded(t, app, tokens)
	s.expectStatusBits(t, []Tokens{tokens}, nil)
}

func testCodeNoGrace(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	code := s.Code(t, app, s.Alice, openIDScopes)
	tokens := s.Redeem(t, app, code)
	s.TryRedeem(app, code).expectInvalidGrant(t)
	s.expectEnded(t, app, tokens)
	s.expectStatusBits(t, []Tokens{tokens}, nil)
}

// redeemConcurrently presents one code n times at once, round robin over the instances, and
// returns the tokens of the one that must have got some.
func redeemConcurrently(t *testing.T, n int, app Client, code Code, instances ...*Signet) Tokens {
	t.Helper()
	responses := make([]Response, n)
	all := make([]func(), n)
	for i := range all {
		s := instances[i%len(instances)]
		all[i] = func() { responses[i] = s.TryRedeem(app, code) }
	}
	runConcurrently(all...)
	var won []Tokens
	for _, a := range responses {
		if a.Status == http.StatusOK {
			won = append(won, a.Tokens(t))
			continue
		}
		a.expectInvalidGrant(t)
	}
	if len(won) != 1 {
		t.Fatalf("%d answers of 200, want 1", len(won))
	}
	return won[0]
}

func testCodeParallel(t *testing.T, s *Signet) {
	for n, app := range []Client{s.AddCodeClient(t, "app"), s.AddCodeSPA(t, "browser-app")} {
		for range rounds(10, 100) {
			sweepOldRounds(t, s, n)
			s.expectActive(t, app, redeemConcurrently(t, 50, app, s.Code(t, app, s.Alice, openIDScopes), s))
		}
	}
}

func testCodeParallelInstances(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	instances := []*Signet{s, s.StartInstance(t), s.StartInstance(t)}
	for n := range rounds(5, 100) {
		sweepOldRounds(t, s, n)
		next := redeemConcurrently(t, 51, app, s.Code(t, app, s.Alice, openIDScopes), instances...)
		for _, instance := range instances {
			next = instance.expectActive(t, app, next)
		}
	}
}

// testCodeParallelStrict: the losers of the race are replays, and end the session.
func testCodeParallelStrict(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	for n := range rounds(5, 100) {
		sweepOldRounds(t, s, n)
		tokens := redeemConcurrently(t, 50, app, s.Code(t, app, s.Alice, openIDScopes), s)
		s.expectEnded(t, app, tokens)
	}
}

// testCodeLostAnswer: the store has redeemed, and its answer is lost. The request that did it
// knows by reading the record.
func testCodeLostAnswer(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	code := s.Code(t, app, s.Alice, openIDScopes)
	s.Store.After(func(_ int, method string) error {
		if method == "RedeemSession" {
			return storage.Unavailable(method, errConnectionReset)
		}
		return nil
	})
	tokens := s.Redeem(t, app, code)
	s.Store.Reset()
	s.TryRedeem(app, code).expectInvalidGrant(t)
	s.expectActive(t, app, tokens)
}

// testCodeFaults: a fault at any call of a redemption gives 503 and leaves the code as it is,
// or does not matter.
func testCodeFaults(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	for n := 1; ; n++ {
		code := s.Code(t, app, s.Alice, openIDScopes)
		s.Advance(time.Minute / 2) // clients and roles are read anew
		s.Store.FailAt(n)
		a := s.TryRedeem(app, code)
		calls := len(s.Store.Calls())
		s.Store.Reset()
		if a.Status == http.StatusOK {
			s.expectActive(t, app, a.Tokens(t))
		} else {
			a.ExpectError(t, http.StatusServiceUnavailable, string(issuer.Unavailable))
			s.expectActive(t, app, s.Redeem(t, app, code))
		}
		if calls < n {
			return
		}
	}
}
