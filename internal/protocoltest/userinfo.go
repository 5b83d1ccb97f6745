package protocoltest

import (
	"net/http"
	"strings"
	"testing"
)

var userInfoCases = []testCase{
	{name: "what the scopes allow", run: testUserInfoClaims},
	{name: "no token", run: testNoToken},
	{name: "one transport only", run: testTransports},
	{name: "the token in the form", run: testFormToken},
	{name: "insufficient scope", run: testInsufficient},
	{name: "J05 garbage in the header", run: testGarbageBearer},
}

func testUserInfoClaims(t *testing.T, s *Signet) {
	for scope, want := range map[string][]string{
		"openid": nil, "openid email": {"email", "email_verified"}, "openid phone": {"phone_number"}, "openid profile": {"name", "preferred_username", "updated_at", "roles"},
		"openid profile email phone": {"name", "preferred_username", "updated_at", "roles", "email", "email_verified", "phone_number"},
	} {
		tokens := s.Login(t, s.Web, s.Alice, scope)
		a := s.UserInfo(tokens.Access).ExpectStatus(t, http.StatusOK)
		a.expectNoStore(t)
		o := a.Object(t)
		if o["sub"] != s.Alice.ID || o["sub"] != claims(t, tokens.ID)["sub"] {
			t.Errorf("%s: sub %v", scope, o["sub"])
		}
		for _, name := range want {
			if o[name] == nil {
				t.Errorf("%s: %s is missing", scope, name)
			}
		}
		if len(o) != len(want)+1 {
			t.Errorf("%s: %v", scope, o)
		}
		if post := s.Send(http.MethodPost, UserInfo, "", Bearer(tokens.Access)); !post.Equal(a) {
			t.Errorf("POST: %d %s", post.Status, post.Body)
		}
		if head := s.Send(http.MethodHead, UserInfo, "", Bearer(tokens.Access)); head.Status != http.StatusOK || len(head.Body) != 0 {
			t.Errorf("HEAD: %d", head.Status)
		}
		if lower := s.Get(UserInfo, Header("Authorization", "bearer "+tokens.Access)); !lower.Equal(a) {
			t.Errorf("bearer in lower case: %d", lower.Status)
		}
	}
}

func testNoToken(t *testing.T, s *Signet) {
	for name, a := range map[string]Response{
		"nothing": s.Get(UserInfo), "POST": s.Send(http.MethodPost, UserInfo, ""), "another scheme": s.Get(UserInfo, Basic(s.Web)),
		"a form without one": s.Post(UserInfo, Form("x", "y")), "empty header": s.Get(UserInfo, Header("Authorization", "")),
	} {
		a.ExpectStatus(t, http.StatusUnauthorized)
		a.expectNoStore(t)
		if got := a.Header.Get("WWW-Authenticate"); got != `Bearer realm="signet"` || strings.Contains(string(a.Body), "error") { // RFC 6750 §3.1
			t.Errorf("%s: %q %s", name, got, a.Body)
		}
	}
}

func testTransports(t *testing.T, s *Signet) {
	token := s.Login(t, s.Web, s.Alice, "openid").Access
	twice := func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer " + token, "Bearer " + token} }
	for name, a := range map[string]Response{
		"query": s.Get(UserInfo + "?access_token=" + token), "query and header": s.Get(UserInfo+"?access_token="+token, Bearer(token)), "two headers": s.Get(UserInfo, twice),
		"form and header": s.Post(UserInfo, Form("access_token", token), Bearer(token)),
	} {
		a.ExpectError(t, http.StatusBadRequest, "invalid_request")
		if got := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer realm="signet", error="invalid_request"`) {
			t.Errorf("%s: %q", name, got)
		}
	}
	a := s.PostRaw(UserInfo, strings.Repeat("a=1&", 20000), Bearer(token))
	a.ExpectError(t, http.StatusRequestEntityTooLarge, "invalid_request")
}

// testFormToken: RFC 6750 §2.2 allows the token in a form, by POST.
func testFormToken(t *testing.T, s *Signet) {
	token := s.Login(t, s.Web, s.Alice, "openid email").Access
	want := s.UserInfo(token).ExpectStatus(t, http.StatusOK)
	for name, opts := range map[string][]RequestOption{
		"form alone":       nil,
		"charset":          {Header("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")},
		"an empty header":  {Header("Authorization", "")},
		"other parameters": {Header("Accept", "*/*")},
	} {
		if a := s.Post(UserInfo, Form("access_token", token, "x", "y"), opts...); !a.Equal(want) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	s.Post(UserInfo, Form("access_token", "garbage")).expectInvalidToken(t)
	s.PostRaw(UserInfo, "access_token=%ff").expectInvalidToken(t)
	s.PostRaw(UserInfo, "access_token="+token+"&access_token="+token).ExpectError(t, http.StatusBadRequest, "invalid_request")
	s.PostRaw(UserInfo, "access_token="+token, Header("Content-Type", "text/plain")).ExpectStatus(t, http.StatusUnauthorized)
	s.Send(http.MethodGet, UserInfo, "access_token="+token, Header("Content-Type", "application/x-www-form-urlencoded")).ExpectStatus(t, http.StatusUnauthorized)
	s.Post("/me", Form("access_token", token)).ExpectStatus(t, http.StatusMethodNotAllowed) // at userinfo only
}

func testInsufficient(t *testing.T, s *Signet) {
	for name, token := range map[string]string{"no openid": s.Login(t, s.Web, s.Alice, "items:read").Access, "no user": s.ClientToken(t, s.Machine).Access} {
		a := s.UserInfo(token).ExpectError(t, http.StatusForbidden, "insufficient_scope")
		got := a.Header.Get("WWW-Authenticate")
		if !strings.HasPrefix(got, `Bearer realm="signet", error="insufficient_scope"`) || !strings.HasSuffix(got, `, scope="openid"`) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func testGarbageBearer(t *testing.T, s *Signet) {
	token := s.Login(t, s.Web, s.Alice, "openid").Access
	for _, header := range []string{"Bearer", "Bearer ", "Bearer garbage", "Bearer " + token + " " + token, "Bearer " + token + ",", `Bearer "` + token + `"`, "Bearer =", "Bearer a=b"} {
		s.Get(UserInfo, Header("Authorization", header)).expectInvalidToken(t)
	}
	s.Get(UserInfo, Header("Authorization", "Bearer  "+token)).ExpectStatus(t, http.StatusOK)
}
