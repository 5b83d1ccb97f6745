package protocoltest

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
)

var introspectionCases = []testCase{
	{name: "R14 rights taken away, before any refresh", run: testIntrospectReducedRights},
	{name: "I02 methods and parameters", run: testIntrospectionForm},
	{name: "I03 whose token it is", run: testIntrospectionAudience},
	{name: "I04 every inactive answer is the same bytes", run: testInactive},
	{name: "I05 other media types asked for", run: testAccept},
	{name: "I06 what is said of an active token", run: testActive},
	{name: "a wrong hint", run: testHint},
	{name: "a token with bytes that no token has", run: testOddToken},
}

func testIntrospectionForm(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	s.Get(Introspect+"?token="+tokens.Access, Basic(s.ResourceServer)).ExpectError(t, http.StatusMethodNotAllowed, "invalid_request")
	s.Post(Introspect+"?token="+tokens.Access, Form("token", tokens.Access), Basic(s.ResourceServer)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	s.PostRaw(Introspect, "token="+tokens.Access+"&token="+tokens.Access, Basic(s.ResourceServer)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	s.Post(Introspect, Form("token_type_hint", "access_token"), Basic(s.ResourceServer)).ExpectError(t, http.StatusBadRequest, "invalid_request")
}

func testIntrospectionAudience(t *testing.T, s *Signet) {
	tokens, own := s.Login(t, s.Web, s.Alice, "openid"), s.ClientToken(t, s.Machine)
	for _, c := range []struct {
		name   string
		asking Client
		token  string
		told   bool
	}{
		{"the client itself", s.Web, tokens.Access, true}, {"its refresh token", s.Web, tokens.Refresh, true}, {"the resource server", s.ResourceServer, tokens.Access, true},
		{"the resource server, refresh token", s.ResourceServer, tokens.Refresh, false}, {"another resource server", s.OtherResourceServer, tokens.Access, false},
		{"another client", s.Other, tokens.Access, false}, {"another client, refresh token", s.Other, tokens.Refresh, false}, {"the machine itself", s.Machine, own.Access, true},
		{"the machine's resource server", s.ResourceServer, own.Access, true}, {"a client of the same audience", s.Web, own.Access, false}, {"an ID token", s.Web, tokens.ID, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.Active(t, c.asking, c.token); got != c.told {
				t.Errorf("active %t, want %t", got, c.told)
			}
		})
	}
}

func testInactive(t *testing.T, s *Signet) {
	expired := s.Login(t, s.Web, s.Alice, "openid")
	s.Advance(16 * time.Minute)
	revoked, disabled, gone := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.Web, s.Editor, "openid"), s.Login(t, s.Other, s.Alice, "openid")
	own := s.ClientToken(t, s.Machine)
	s.Revoke(t, s.Web, revoked.Refresh)
	s.Revoke(t, s.Machine, own.Access)
	s.disable(t, s.Editor)
	yes := true
	_, err := s.operator().Clients().Update(context.Background(), s.Other.ID, admin.ClientChange{Disabled: &yes})
	must(t, err)
	var first *Response
	for name, token := range map[string]string{
		"expired": expired.Access, "revoked": revoked.Access, "revoked refresh token": revoked.Refresh, "disabled user": disabled.Access,
		"disabled client": gone.Access, "revoked own": own.Access, "garbage": "garbage", "dots": "a.b.c", "of another issuer": jwt(`{"alg":"RS256"}`, `{"iss":"x"}`, noSignature),
		"unknown refresh token": "sgr_AAAA", "text": "{}", "long": string(make([]rune, 0)) + "x",
	} {
		a := s.Introspect(s.ResourceServer, token).ExpectStatus(t, http.StatusOK)
		if first == nil {
			first = &a
		}
		if string(a.Body) != inactive || !a.Equal(*first) {
			t.Errorf("%s: %s %v", name, a.Body, a.Header)
		}
	}
}

func testAccept(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	for _, accept := range []string{"application/jwt", "application/token-introspection+jwt", "text/html", "*/*;q=0"} {
		a := s.Post(Introspect, Form("token", "garbage"), Basic(s.ResourceServer), Header("Accept", accept)).ExpectStatus(t, http.StatusOK)
		if string(a.Body) != inactive || a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %s", accept, a.Body)
		}
		if a := s.Post(Introspect, Form("token", tokens.Access), Basic(s.ResourceServer), Header("Accept", accept)); a.Object(t)["active"] != true {
			t.Errorf("%s: %s", accept, a.Body)
		}
	}
}

func testActive(t *testing.T, s *Signet) {
	tokens, own := s.Login(t, s.Web, s.Editor, "openid items:write"), s.ClientToken(t, s.Machine)
	c, now := claims(t, tokens.Access), float64(s.Clock.Now().Unix())
	a := s.Introspect(s.ResourceServer, tokens.Access).Object(t)
	for name, want := range map[string]any{
		"active": true, "iss": s.Issuer, "sub": s.Editor.ID, "aud": API, "client_id": s.Web.ID, "iat": now, "exp": now + 900, "jti": c["jti"],
		"scope": "openid items:write", "token_type": "Bearer", "username": "erin", "sid": c["sid"], "auth_time": now,
	} {
		if a[name] != want {
			t.Errorf("%s: %v, want %v", name, a[name], want)
		}
	}
	if roles, ok := a["roles"].([]any); !ok || len(roles) != 2 {
		t.Errorf("roles: %v", a["roles"])
	}
	for _, personal := range []string{"email", "name", "phone_number"} {
		if a[personal] != nil {
			t.Errorf("%s is told", personal)
		}
	}
	if a = s.Introspect(s.Web, tokens.Refresh).Object(t); a["token_type"] != "refresh_token" || a["sub"] != s.Editor.ID || a["exp"] != now+24*3600 {
		t.Errorf("refresh token: %v", a)
	}
	if a = s.Introspect(s.ResourceServer, own.Access).Object(t); a["sub"] != s.Machine.ID || a["client_id"] != s.Machine.ID || a["username"] != nil || a["sid"] != nil {
		t.Errorf("client credentials: %v", a)
	}
}

func testHint(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	for _, hint := range []string{"access_token", "refresh_token", "id_token", "nonsense", ""} {
		for _, token := range []string{tokens.Access, tokens.Refresh} {
			f := Form("token", token, "token_type_hint", hint)
			if a := s.Post(Introspect, f, Basic(s.Web)).ExpectStatus(t, http.StatusOK); a.Object(t)["active"] != true {
				t.Errorf("hint %q: %s", hint, a.Body)
			}
		}
	}
	for _, hint := range []string{"access_token", "nonsense"} {
		tokens := s.Login(t, s.Web, s.Alice, "openid")
		s.Post(Revoke, Form("token", tokens.Refresh, "token_type_hint", hint), Basic(s.Web)).ExpectStatus(t, http.StatusOK)
		s.expectEnded(t, s.Web, tokens)
	}
}

// testOddToken: RFC 7662 §2.2 and RFC 7009 §2.2 define one response for every token that is
// not active, whatever the reason.
func testOddToken(t *testing.T, s *Signet) {
	for _, odd := range []string{"%ff", "a%c0%afb", "%00", "a%0d%0ab", "%1b", "%f0%9f%94%91", "+", "%ed%a0%80"} {
		a := s.PostRaw(Introspect, "token="+odd, Basic(s.ResourceServer)).ExpectStatus(t, http.StatusOK)
		if string(a.Body) != `{"active":false}` {
			t.Errorf("introspect %s: %s", odd, a.Body)
		}
		s.PostRaw(Revoke, "token="+odd, Basic(s.Web)).ExpectStatus(t, http.StatusOK)
	}
	s.PostRaw(Introspect, "token=%zz", Basic(s.ResourceServer)).ExpectError(t, http.StatusBadRequest, "invalid_request") // no form
}

// testIntrospectReducedRights: a role that was taken, and a scope that was
// restricted to a role, are gone from the answer at once, on every instance.
func testIntrospectReducedRights(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	tokens := a.Login(t, a.Web, a.Editor, "openid email items:read items:write")
	expect := func(what, scope string, roles ...string) {
		t.Helper()
		for _, instance := range []*Signet{a, b} {
			instance.Clock.Advance(instance.options.Issuer.CacheTTL) // roles are remembered for so long
			o := instance.Introspect(a.ResourceServer, tokens.Access).ExpectStatus(t, http.StatusOK).Object(t)
			if o["active"] != true || o["scope"] != scope || !slices.Equal(list(o["roles"]), roles) {
				t.Errorf("%s: active %v, scope %v, roles %v", what, o["active"], o["scope"], o["roles"])
			}
		}
	}
	expect("before", "openid email items:read items:write", "editor", "user")
	_, err := a.operator().Roles().Create(t.Context(), "reader", admin.RoleChange{Scopes: &[]string{"items:read"}})
	must(t, err)
	expect("a scope is restricted", "openid email items:write", "editor", "user")
	a.setRoles(t, a.Editor, "user")
	expect("a role is taken", "openid email", "user")
	a.setRoles(t, a.Editor)
	expect("every role is taken", "openid email")
}
