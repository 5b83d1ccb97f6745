package protocoltest

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

var codeBrowserCases = []testCase{
	{name: "C17 C18 C19 tokens of a sign-in by the pages", run: testPagesTokens},
	{name: "C08 S12 a code replayed ends what the browser got, and nothing else", configure: codeGrace, run: testPagesReplay},
	{name: "C22 offline_access outlives the browser session", run: testPagesOffline},
	{name: "Z20 Z19 scopes in any order, and unknown ones", run: testPagesScopes},
	{name: "Z30 claims asked for by name, by the pages", run: testPagesClaims},
	{name: "Z32 the resource of the authorization request", run: testPagesResource},
	{name: "C24 a code is in no event", run: testPagesSecret},
}

func testPagesTokens(t *testing.T, s *Signet) {
	app, other, b := s.AddCodeClient(t, "app"), s.AddCodeSPA(t, "browser-app"), s.NewBrowser()
	login := s.Clock.Now().Unix()
	first := s.Redeem(t, app, b.GetCode(t, app, s.Alice, "nonce", "n-first", "max_age", "10000"))
	s.Advance(2 * time.Minute)
	second := s.Redeem(t, app, b.GetCode(t, app, s.Alice, "nonce", "n-second", "max_age", "10000"))
	third := s.Redeem(t, other, b.GetCode(t, other, s.Alice, "prompt", "none"))
	sids := map[any]bool{}
	for nonce, tokens := range map[string]Tokens{"n-first": first, "n-second": second, "": third} {
		c := claims(t, tokens.ID)
		if c["auth_time"] != float64(login) || c["sub"] != s.Alice.ID || c["acr"] != "urn:signet:1fa" || c["sid"] != sessionOf(t, tokens) {
			t.Errorf("ID token %v, want the login at %d", c, login)
		}
		if got, there := c["nonce"]; there != (nonce != "") || there && got != nonce {
			t.Errorf("nonce %v, want %q", got, nonce)
		}
		sids[c["sid"]] = true
	}
	if len(sids) != 3 {
		t.Errorf("%d sids of three sessions", len(sids))
	}
	s.expectActive(t, app, first)
	s.expectActive(t, other, third)
}

func testPagesReplay(t *testing.T, s *Signet) {
	app, b := s.AddCodeClient(t, "app"), s.NewBrowser()
	code := b.GetCode(t, app, s.Alice)
	replayed, kept := s.Redeem(t, app, code), s.Redeem(t, app, b.GetCode(t, app, s.Alice))
	s.Advance(30 * time.Second)
	s.TryRedeem(app, code).expectInvalidGrant(t)
	s.expectEnded(t, app, replayed)
	s.expectStatusBits(t, []Tokens{replayed}, []Tokens{kept})
	s.expectActive(t, app, kept)
	s.Redeem(t, app, b.GetCode(t, app, s.Alice, "prompt", "none")) // the browser is still signed in
}

func testPagesOffline(t *testing.T, s *Signet) {
	ctx := context.Background()
	app, b := s.AddCodeClient(t, "app"), s.NewBrowser()
	bound := s.Redeem(t, app, b.GetCode(t, app, s.Alice))
	offline := s.Redeem(t, app, b.GetCode(t, app, s.Alice, "scope", "openid offline_access"))
	pending := b.GetCode(t, app, s.Alice)
	if !strings.Contains(offline.Scope, "offline_access") {
		t.Fatalf("scope %q", offline.Scope)
	}
	record, err := s.backend.Session(ctx, sessionOf(t, bound))
	must(t, err)
	_, err = s.backend.RevokeAll(ctx, storage.SessionFilter{BrowserID: record.BrowserID, LoginBound: true}, s.Clock.Now(), "test")
	must(t, err)
	s.expectEnded(t, app, bound)
	s.TryRedeem(app, pending).expectInvalidGrant(t)
	s.expectStatusBits(t, []Tokens{bound}, []Tokens{offline})
	s.expectActive(t, app, offline)
	// N07: a client that may not refresh is not told that it may.
	plain := s.AddCodeClient(t, "plain", func(c *storage.Client) { c.Grants = []string{"authorization_code"} })
	if got := s.Redeem(t, plain, b.GetCode(t, plain, s.Alice, "scope", "openid offline_access")); got.Scope != "openid" || got.Refresh != "" {
		t.Errorf("N07 scope %q, a refresh token: %t", got.Scope, got.Refresh != "")
	}
}

func testPagesScopes(t *testing.T, s *Signet) {
	app, b := s.AddCodeClient(t, "app"), s.NewBrowser()
	for asked, granted := range map[string]string{
		"openid profile email": "openid profile email", "email openid": "email openid", "items:read unknown openid": "items:read openid",
		"items:write openid": "openid", "openid signet:admin": "openid",
	} {
		if got := s.Redeem(t, app, b.GetCode(t, app, s.Alice, "scope", asked)).Scope; got != granted {
			t.Errorf("scope %q asked: %q granted, want %q", asked, got, granted)
		}
	}
}

func testPagesClaims(t *testing.T, s *Signet) {
	app, b := s.AddCodeClient(t, "app"), s.NewBrowser()
	tokens := s.Redeem(t, app, b.GetCode(t, app, s.Alice, "scope", "openid",
		"claims", `{"userinfo":{"name":{"essential":true},"address":null,"roles":null},"id_token":{"auth_time":{"essential":true}}}`))
	o := s.UserInfo(tokens.Access).ExpectStatus(t, http.StatusOK).Object(t)
	if o["name"] != "Full alice" || o["roles"] == nil || len(o) != 3 {
		t.Errorf("userinfo %v, want sub, name and roles", o)
	}
	if c := claims(t, tokens.ID); c["name"] != nil || c["auth_time"] == nil || tokens.Scope != "openid" {
		t.Errorf("ID token %v, scope %q", c, tokens.Scope)
	}
}

func testPagesResource(t *testing.T, s *Signet) {
	app, b := s.AddCodeClient(t, "app"), s.NewBrowser()
	code := b.GetCode(t, app, s.Alice, "resource", OtherAPI)
	s.PostAs(app, Token, code.with("resource", API)).ExpectError(t, http.StatusBadRequest, "invalid_target")
	if aud := claims(t, s.Redeem(t, app, code).Access)["aud"]; aud != OtherAPI {
		t.Errorf("aud %v, want %s", aud, OtherAPI)
	}
}

// testPagesSecret: GetCode has told the search for leaks of the code; the events of a replay and
// of a refusal are there to be searched.
func testPagesSecret(t *testing.T, s *Signet) {
	app, other, b := s.AddCodeClient(t, "app"), s.AddCodeClient(t, "second"), s.NewBrowser()
	code := b.GetCode(t, app, s.Alice)
	s.TryRedeem(other, code).expectInvalidGrant(t)
	s.PostAs(app, Token, code.with("redirect_uri", "https://evil.example/")).expectInvalidGrant(t)
	s.Redeem(t, app, code)
	s.TryRedeem(app, code).expectInvalidGrant(t)
	for _, kind := range []string{audit.EventCodeForeign, audit.EventCodeRefused, audit.EventCodeReplayed} {
		if n := s.events(t, kind); n != 1 {
			t.Errorf("%d events %s, want 1", n, kind)
		}
	}
}
