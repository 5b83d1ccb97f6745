package protocoltest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

var codeCases = []testCase{
	{name: "C05 codes are long, short enough, and differ", run: testCodeForm},
	{name: "C06 a code dies after a minute", run: testCodeExpiry},
	{name: "C12 another client's code", run: testForeignCode},
	{name: "C13 a wrong client secret does not use the code up", run: testCodeWrongSecret},
	{name: "C14 redirect_uri at the token endpoint", run: testCodeRedirectURI},
	{name: "C15 code_verifier", run: testCodeVerifier},
	{name: "C15 a code survives three wrong verifiers", run: testCodeWrongVerifiers},
	{name: "C16 the methods of client authentication", run: testCodeClientAuth},
	{name: "C20 ended between login and redemption", run: testCodeEnded},
	{name: "C23 the answer and the refused forms", run: testCodeAnswer},
	{name: "C25 what a redemption costs", run: testCodeCost},
	{name: "E07 keys change between login and redemption", run: testCodeKeysChange},
	{name: "Z32 resource at the token endpoint", run: testCodeResource},
}

func testCodeForm(t *testing.T, s *Signet) {
	app, seen := s.AddCodeClient(t, "app"), map[string]bool{}
	for range 50 {
		code := s.Code(t, app, s.Alice, openIDScopes).Code
		if seen[code] || len(code) < 43 || len(code) > 128 || url.QueryEscape(code) != code {
			t.Fatalf("code %q, the %dth", code, len(seen)+1)
		}
		seen[code] = true
	}
}

func testCodeExpiry(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	early, late := s.Code(t, app, s.Alice, openIDScopes), s.Code(t, app, s.Alice, openIDScopes)
	s.Advance(time.Minute - time.Millisecond)
	s.Redeem(t, app, early)
	s.Advance(time.Millisecond)
	s.TryRedeem(app, late).expectInvalidGrant(t)
}

func testForeignCode(t *testing.T, s *Signet) {
	app, other := s.AddCodeClient(t, "app"), s.AddCodeClient(t, "second")
	code := s.Code(t, app, s.Alice, openIDScopes)
	for range 12 {
		s.TryRedeem(other, code).expectInvalidGrant(t)
	}
	if n := s.events(t, audit.EventCodeForeign); n != 10 {
		t.Errorf("%d events of a code presented 12 times by another client, want 10", n)
	}
	s.expectActive(t, app, s.Redeem(t, app, code))
}

func testCodeWrongSecret(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	code := s.Code(t, app, s.Alice, openIDScopes)
	for range 5 {
		s.TryRedeem(Client{app.ID, "wrong"}, code).expectInvalidClient(t)
		s.TryRedeem(Client{ID: app.ID}, code).expectInvalidClient(t)
		s.Post(Token, code.Form()).expectInvalidClient(t)
	}
	s.expectActive(t, app, s.Redeem(t, app, code))
}

func testCodeRedirectURI(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app", pkceOptional)
	for _, uri := range []string{Callback + "/", Callback + "?x=1", strings.ToUpper(Callback), "https://evil.example/", Callback + "%20", "x"} {
		for _, change := range []func(*issuer.CodeRequest){func(*issuer.CodeRequest) {}, withoutPKCE} {
			code := s.Code(t, app, s.Alice, openIDScopes, change)
			s.PostAs(app, Token, code.with("redirect_uri", uri)).expectInvalidGrant(t)
			s.Redeem(t, app, code) // it was not used up
		}
	}
	absent := s.Code(t, app, s.Alice, openIDScopes)
	s.PostAs(app, Token, absent.with("redirect_uri", "")).Tokens(t)
	absent = s.Code(t, app, s.Alice, openIDScopes, withoutPKCE)
	s.PostAs(app, Token, absent.with("redirect_uri", "")).expectInvalidGrant(t)
}

func testCodeVerifier(t *testing.T, s *Signet) {
	app, spa := s.AddCodeClient(t, "app", pkceOptional), s.AddCodeSPA(t, "browser-app")
	for _, c := range []Client{app, spa} {
		code := s.Code(t, c, s.Alice, openIDScopes)
		for name, verifier := range map[string]string{
			"missing": "", "wrong": strings.Repeat("x", 43), "too short": code.Verifier[:42], "too long": strings.Repeat("x", 129),
			"other characters": code.Verifier + "+", "in lower case": strings.ToLower(code.Verifier), "longer": code.Verifier + "A",
		} {
			if a := s.PostAs(c, Token, code.with("code_verifier", verifier)); a.Status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			} else {
				a.expectInvalidGrant(t)
			}
		}
		s.Redeem(t, c, code)
	}
	plain := s.Code(t, app, s.Alice, openIDScopes, withoutPKCE)
	s.PostAs(app, Token, plain.with("code_verifier", strings.Repeat("x", 43))).expectInvalidGrant(t)
	s.Redeem(t, app, plain)
}

func testCodeWrongVerifiers(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	wrong := strings.Repeat("x", 43)
	for tries, dies := range map[int]bool{3: false, 4: true} {
		code := s.Code(t, app, s.Alice, openIDScopes)
		for range tries {
			s.PostAs(app, Token, code.with("code_verifier", wrong)).expectInvalidGrant(t)
		}
		a := s.TryRedeem(app, code)
		if got := a.Status != http.StatusOK; got != dies {
			t.Errorf("after %d wrong verifiers: %d %s", tries, a.Status, a.Body)
		}
	}
	if n := s.events(t, audit.EventCodeRefused); n != 7 {
		t.Errorf("%d events of 7 wrong verifiers", n)
	}
}

func testCodeClientAuth(t *testing.T, s *Signet) {
	method := func(m string) func(*storage.Client) { return func(c *storage.Client) { c.AuthMethod = m } }
	post := func(c Client, code Code) Response {
		f := code.with("client_id", c.ID)
		f.Set("client_secret", c.Secret)
		return s.Post(Token, f)
	}
	either := s.AddCodeClient(t, "either")
	s.Redeem(t, either, s.Code(t, either, s.Alice, openIDScopes))
	post(either, s.Code(t, either, s.Alice, openIDScopes)).Tokens(t)

	basic, form := s.AddCodeClient(t, "basic", method("client_secret_basic")), s.AddCodeClient(t, "form", method("client_secret_post"))
	code := s.Code(t, basic, s.Alice, openIDScopes)
	post(basic, code).ExpectError(t, http.StatusUnauthorized, "invalid_client")
	s.Redeem(t, basic, code)
	code = s.Code(t, form, s.Alice, openIDScopes)
	s.TryRedeem(form, code).ExpectError(t, http.StatusUnauthorized, "invalid_client")
	post(form, code).Tokens(t)

	spa := s.AddCodeSPA(t, "browser-app")
	code = s.Code(t, spa, s.Alice, openIDScopes)
	post(Client{spa.ID, "a secret that a public client does not have"}, code).expectInvalidClient(t)
	s.TryRedeem(Client{spa.ID, "another"}, code).expectInvalidClient(t)
	s.Redeem(t, spa, code)
}

func testCodeEnded(t *testing.T, s *Signet) {
	ctx := context.Background()
	app := s.AddCodeClient(t, "app")
	enable := func(t *testing.T) {
		_, err := s.operator().Users().Enable(ctx, s.Alice.ID)
		must(t, err)
	}
	for name, end := range map[string]func(t *testing.T){
		"the user is disabled":              func(t *testing.T) { s.disable(t, s.Alice) },
		"the user is disabled, and enabled": func(t *testing.T) { s.disable(t, s.Alice); enable(t) },
		"the password is changed":           func(t *testing.T) { s.setPassword(t, s.Alice, s.Alice.Password) },
		"signed out everywhere": func(t *testing.T) {
			_, err := s.operator().Users().EndSessions(ctx, s.Alice.ID)
			must(t, err)
		},
		"everybody is signed out": func(t *testing.T) {
			_, err := s.operator().Sessions().EndAll(ctx)
			must(t, err)
		},
		"the secret of the client is revoked": func(t *testing.T) {
			_, err := s.operator().Clients().RotateSecret(ctx, app.ID, admin.SecretRotation{Secret: issuer.Secret(app.Secret), Revoke: true})
			must(t, err)
		},
		"the browser session ends": func(t *testing.T) {
			_, err := s.backend.RevokeAll(ctx, storage.SessionFilter{BrowserID: "browser of alice"}, s.Clock.Now(), "test")
			must(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			code := s.Code(t, app, s.Alice, openIDScopes)
			end(t)
			s.TryRedeem(app, code).expectInvalidGrant(t)
			s.RefreshStatus(t)
			enable(t)
			s.TryRedeem(app, code).expectInvalidGrant(t)
		})
	}
	code := s.Code(t, app, s.Alice, openIDScopes)
	disabled := true
	_, err := s.operator().Clients().Update(ctx, app.ID, admin.ClientChange{Disabled: &disabled})
	must(t, err)
	s.TryRedeem(app, code).expectInvalidClient(t)
	disabled = false
	_, err = s.operator().Clients().Update(ctx, app.ID, admin.ClientChange{Disabled: &disabled})
	must(t, err)
	s.TryRedeem(app, code).expectInvalidGrant(t)
}

func testCodeAnswer(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	code := s.Code(t, app, s.Alice, openIDScopes)
	for _, f := range []url.Values{code.with("code", ""), code.with("grant_type", "")} {
		s.PostAs(app, Token, f).ExpectError(t, http.StatusBadRequest, "invalid_request")
	}
	twice := code.Form()
	twice.Add("code", code.Code)
	s.PostAs(app, Token, twice).ExpectError(t, http.StatusBadRequest, "invalid_request")
	for _, wrong := range []string{"sgc_", "x", code.Code + "A", code.Code[:len(code.Code)-1], strings.Repeat("x", 5000), "sgr_" + code.Code[4:]} {
		s.PostAs(app, Token, code.with("code", wrong)).expectInvalidGrant(t)
	}
	s.PostAs(s.Web, Token, code.Form()).ExpectError(t, http.StatusBadRequest, "unauthorized_client")
	f := code.Form()
	f.Set("scope", "openid email items:write") // RFC 6749 §4.1.3 has none: it is ignored
	a := s.PostAs(app, Token, f)
	tokens := a.Tokens(t)
	if tokens.ExpiresIn != 15*60 || tokens.Scope != "openid profile items:read" || tokens.Refresh == "" || tokens.ID == "" {
		t.Errorf("expires in %d s, scope %q, refresh token %t, ID token %t", tokens.ExpiresIn, tokens.Scope, tokens.Refresh != "", tokens.ID != "")
	}
	if len(a.Object(t)) != 6 {
		t.Errorf("members %v", a.Object(t))
	}
	s.expectActive(t, app, tokens)
}

func testCodeCost(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	var code Code
	issue := func(scopes ...string) { code = s.Code(t, app, s.Alice, scopes) }
	redeem := func() { s.Redeem(t, app, code) }
	issue("openid")
	redeem()
	wrong := strings.Repeat("x", 43)
	for _, c := range []struct {
		name       string
		scopes     []string
		request    func()
		calls      []string
		signatures uint64
	}{
		{"redemption with ID token", []string{"openid"}, redeem, []string{"SessionInEpoch", "RedeemSession", "ExcessSessions"}, 2},
		{"redemption of an access token alone", []string{"items:read"}, redeem, []string{"SessionInEpoch", "RedeemSession", "ExcessSessions"}, 1},
		{"a forged code", []string{"openid"}, func() { s.PostAs(app, Token, code.with("code", "sgc_forged")) }, nil, 0},
		{"a wrong client secret", []string{"openid"}, func() { s.TryRedeem(Client{app.ID, "wrong"}, code) }, []string{"Client"}, 0},
		{"a wrong verifier", []string{"openid"}, func() { s.PostAs(app, Token, code.with("code_verifier", wrong)) },
			[]string{"SessionInEpoch", "CountCodeFailure", "ReserveCounters", "AppendAudit"}, 0},
	} {
		issue(c.scopes...)
		got := s.cost(c.request)
		if !slices.Equal(got.calls, c.calls) || got.signatures != c.signatures || got.evaluations != 0 {
			t.Errorf("%s: %+v, want calls %v, %d signatures", c.name, got, c.calls, c.signatures)
		}
	}
	var request issuer.CodeRequest
	s.Code(t, app, s.Alice, openIDScopes, func(r *issuer.CodeRequest) { request = *r })
	got := s.cost(func() {
		_, err := s.Service.IssueCode(context.Background(), request)
		must(t, err)
	})
	if !slices.Equal(got.calls, []string{"CreateSession"}) {
		t.Errorf("issuing a code: calls %v, want one insert", got.calls)
	}
}

func testCodeKeysChange(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	code := s.Code(t, app, s.Alice, openIDScopes)
	_, err := s.Keys.Rotate(context.Background(), keys.Change{Force: true})
	must(t, err)
	other := s.StartInstance(t)
	s.expectActive(t, app, other.Redeem(t, app, code))
}

func testCodeResource(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	both := func(r *issuer.CodeRequest) { r.Audience = []string{API, OtherAPI} }
	code := s.Code(t, app, s.Alice, openIDScopes)
	for _, resource := range []string{OtherAPI, "https://unknown.example.com", "relative", API + "#x"} {
		s.PostAs(app, Token, code.with("resource", resource)).ExpectError(t, http.StatusBadRequest, "invalid_target")
	}
	for _, c := range []struct {
		code Code
		form url.Values
		want any
	}{
		{code, code.with("resource", API), API},
		{Code{}, nil, API},
	} {
		if c.form == nil {
			wide := s.Code(t, app, s.Alice, openIDScopes, both)
			c.form = wide.with("resource", API)
		}
		if aud := claims(t, s.PostAs(app, Token, c.form).Tokens(t).Access)["aud"]; aud != c.want {
			t.Errorf("aud %v, want %v", aud, c.want)
		}
	}
}
