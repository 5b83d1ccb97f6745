package protocoltest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/endpoints"
	"example.org/signet/issuer/admin"
)

var accessCases = []testCase{
	{name: "A02 every route with every caller", configure: mergedAdmin, run: testEveryRoute},
	{name: "A07 requests from other sites", configure: openEndpoints, run: testCrossSiteRequests},
	{name: "A01 no such method, no such path", run: testAPIMethods},
}

// openRoutes lists the routes that need no authentication. Each is listed explicitly, so that
// a new route without a rule fails the test.
var openRoutes = []string{"POST /register", "POST /api/v1/bootstrap"}

// protocolRoutes have their standard's own rules, which the other cases test.
var protocolRoutes = []string{Token, DeviceAuthorization, Introspect, Revoke, UserInfo, "/livez", "/readyz"}

// readOnly are the store calls that authenticating a caller may make.
var readOnly = []string{"SessionInEpoch", "User", "UserInEpoch", "Epoch", "Client", "TokenRevoked", "ListRoles"}

func testEveryRoute(t *testing.T, s *Signet) {
	callers := invalidCallers(t, s)
	users := map[string]RequestOption{
		"a user": loginAtPortal(t, s, s.Alice), "a user with another role": loginAtPortal(t, s, s.Editor), "a role of a high rank": loginAtPortal(t, s, highRank(t, s)),
	}
	admins := map[string]RequestOption{"an admin": loginAtPortal(t, s, s.AddUser(t, "adam", "user", "admin"))}
	routes := s.Handler.Routes()
	if len(routes) < 40 {
		t.Fatalf("only %d routes: the table is broken", len(routes))
	}
	for _, route := range routes {
		name := route.Method + " " + route.Path
		switch route.Rule {
		case endpoints.RuleProtocol:
			if !slices.Contains(protocolRoutes, route.Path) {
				t.Errorf("%s has no rule", name)
			}
		case endpoints.RulePage:
			t.Run(name, func(t *testing.T) { expectNothingFromOtherSites(t, s, route, callers) })
		case endpoints.RuleOpen:
			if !slices.Contains(openRoutes, name) {
				t.Errorf("%s is open", name)
			}
		case endpoints.RuleSelf:
			t.Run(name, func(t *testing.T) { expectAllRejected(t, s, route, callers) })
		case endpoints.RuleAdmin:
			t.Run(name, func(t *testing.T) { expectAllRejected(t, s, route, callers); expectAllRejected(t, s, route, users) })
		case endpoints.RuleSuperAdmin:
			t.Run(name, func(t *testing.T) {
				expectAllRejected(t, s, route, callers)
				expectAllRejected(t, s, route, users)
				expectAllRejected(t, s, route, admins)
			})
		default:
			t.Errorf("%s has no rule", name)
		}
	}
}

// loginAtPortal logs a user in at the portal, which invalidCallers has created.
func loginAtPortal(t *testing.T, s *Signet, p User) RequestOption {
	t.Helper()
	return Bearer(s.Login(t, s.portal, p, portalScope).Access)
}

func highRank(t *testing.T, s *Signet) User {
	t.Helper()
	rank := int64(999)
	_, err := s.operator().Roles().Create(t.Context(), "vip", admin.RoleChange{Rank: &rank})
	must(t, err)
	return s.AddUser(t, "victoria", "user", "vip")
}

// expectAllRejected sends the route with every caller; all must be rejected.
func expectAllRejected(t *testing.T, s *Signet, route endpoints.Route, callers map[string]RequestOption) {
	path := strings.NewReplacer("{", "", "}", "").Replace(route.Path)
	for name, caller := range callers {
		s.Store.Reset()
		var a Response
		if route.Method == http.MethodGet || route.Method == http.MethodHead || route.Method == http.MethodDelete {
			a = s.JSON(route.Method, path, nil, caller)
		} else {
			a = s.JSON(route.Method, path, Object{}, caller)
		}
		if a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
		if a.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", name)
		}
		if !strings.Contains(string(a.Body), `"detail":"`) && route.Method != http.MethodHead {
			t.Errorf("%s: the problem has no detail: %s", name, a.Body)
		}
		expectReadOnlyCalls(t, s, name)
	}
}

// expectNothingFromOtherSites sends the route of a page with every caller, from another site:
// whatever it answers, nothing is written, and a form of a page is refused. The authorization
// endpoint and the logout endpoint take forms of other sites (OpenID Connect Core §3.1.2.1,
// RP-Initiated Logout §2).
func expectNothingFromOtherSites(t *testing.T, s *Signet, route endpoints.Route, callers map[string]RequestOption) {
	for name, caller := range callers {
		s.Store.Reset()
		a := s.Send(route.Method, route.Path, "", caller, Header("Sec-Fetch-Site", "cross-site"), Header("Content-Type", "application/x-www-form-urlencoded"))
		if route.Method == http.MethodPost && route.Path != Authorize && route.Path != Logout {
			a.ExpectStatus(t, http.StatusForbidden)
		}
		if route.Path == Authorize && a.Status != http.StatusBadRequest || a.Status >= http.StatusInternalServerError {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
		for _, method := range s.Store.Calls() {
			if !slices.Contains(append(readOnly, "ReserveCounters", "AppendAudit"), method) { // a refused request is audited
				t.Errorf("%s: %s was called", name, method)
			}
		}
	}
}

// expectReadOnlyCalls fails the test if a rejected request did more than read.
func expectReadOnlyCalls(t *testing.T, s *Signet, what string) {
	t.Helper()
	for _, method := range s.Store.Calls() {
		if !slices.Contains(readOnly, method) {
			t.Errorf("%s: %s was called", what, method)
		}
	}
}

// invalidCallers are callers without a usable token for Signet's own API.
func invalidCallers(t *testing.T, s *Signet) map[string]RequestOption {
	portal := s.Portal(t)
	s.portal = portal
	expired := s.Login(t, portal, s.Alice, portalScope)
	s.Advance(16 * time.Minute)
	victim := s.AddUser(t, "victim", "user")
	gone := s.AddUser(t, "gone", "user")
	live, revoked := s.Login(t, portal, s.Alice, portalScope), s.Login(t, portal, s.Alice, portalScope)
	disabled, deleted := s.Login(t, portal, victim, portalScope), s.Login(t, portal, gone, portalScope)
	s.Revoke(t, portal, revoked.Refresh)
	s.disable(t, victim)
	must(t, s.operator().Users().Delete(t.Context(), gone.ID))
	cut := strings.LastIndexByte(live.Access, '.')
	return map[string]RequestOption{
		"nothing":                       func(*http.Request) {},
		"garbage":                       Bearer("garbage"),
		"an empty token":                Header("Authorization", "Bearer "),
		"an expired token":              Bearer(expired.Access),
		"an ID token":                   Bearer(live.ID),
		"a refresh token":               Bearer(live.Refresh),
		"a client's token":              Bearer(s.ClientToken(t, s.Machine).Access),
		"a token for an API":            Bearer(s.Login(t, s.Web, s.Alice, "openid").Access),
		"a disabled user":               Bearer(disabled.Access),
		"a deleted user":                Bearer(deleted.Access),
		"a revoked session":             Bearer(revoked.Access),
		"a token without its signature": Bearer(live.Access[:cut+1]),
		"another scheme":                Basic(portal),
		"a health check":                Header("User-Agent", "kube-probe/1.30"),
		"a cookie":                      Header("Cookie", "access_token="+live.Access),
		"a header of a proxy":           Header("X-Forwarded-User", s.Alice.ID),
	}
}

// testCrossSiteRequests: what a page of another site can make a browser send has no
// token, or is no JSON.
func testCrossSiteRequests(t *testing.T, s *Signet) {
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", "application/json; charset=utf-16", "application/json; x=y", "text/plain; application/json"} {
		for _, ask := range []struct{ method, path string }{{"POST", Register}, {"PATCH", Me}, {"POST", MePassword}, {"POST", Bootstrap}} {
			a := s.Send(ask.method, ask.path, "{}", Header("Content-Type", kind), token)
			if ask.path == Register || ask.path == Bootstrap {
				a = s.Send(ask.method, ask.path, "{}", Header("Content-Type", kind))
			}
			a.ExpectProblem(t, http.StatusUnsupportedMediaType, "invalid_request")
		}
	}
	two := func(r *http.Request) { r.Header["Content-Type"] = []string{"application/json", "text/plain"} }
	s.Send("PATCH", Me, "{}", two, token).ExpectProblem(t, http.StatusUnsupportedMediaType, "invalid_request")
	for _, origin := range []string{"", "null", "https://evil.example.com", "https://sub.app.example.com", Origin} {
		a := s.JSON("GET", Me, nil, token, Header("Origin", origin))
		want := ""
		if origin == Origin {
			want = Origin
		}
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != want || a.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("from %q: allowed for %q", origin, got)
		}
		for _, path := range []string{Me, Register, MePassword, MeSessions} {
			if got := s.preflight(path, origin, "PATCH").ExpectStatus(t, http.StatusNoContent).Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("preflight of %s from %q: %q", path, origin, got)
			}
		}
	}
}

func testAPIMethods(t *testing.T, s *Signet) {
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	for path, allow := range map[string]string{Register: "POST", Me: "GET, HEAD, PATCH", MePassword: "POST", MeSessions: "GET, HEAD, DELETE", MeSessions + "/x": "DELETE",
		MeBrowserSessions: "GET, HEAD, DELETE", MeBrowserSessions + "/x": "DELETE", MeConsents: "GET, HEAD", MeConsents + "/x": "DELETE",
		MeLinks: "GET, HEAD", MeLinks + "/x": "DELETE"} {
		for _, method := range []string{"PUT", "TRACE", "OPTIONS", "POST", "DELETE", "GET", "BREW"} {
			if strings.Contains(allow, method) {
				continue
			}
			a := s.Send(method, path, "", token).ExpectProblem(t, http.StatusMethodNotAllowed, "invalid_request")
			if a.Header.Get("Allow") != allow {
				t.Errorf("%s %s: Allow %q", method, path, a.Header.Get("Allow"))
			}
		}
	}
	for _, path := range []string{"/ME", "/me/", "//me", "/%6de", "/me;x=1", "/me/..", "/x/../me", "/me/password/", "/me/sessions/", "/me/sessions/a/b", "/registers", "/Register"} {
		s.Send("GET", path, "", token).ExpectError(t, http.StatusNotFound, "not_found")
	}
}
