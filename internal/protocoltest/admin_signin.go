package protocoltest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// Paths of the admin API about sign-in in a browser.
const (
	ScopesPath = "/api/v1/scopes"
	ClientLogo = "/client-logo/"
)

// adminSignInCases are what administrators decide about sign-in in a browser.
var adminSignInCases = []testCase{
	{name: "every setting of a client for sign-in in a browser", configure: mergedAdmin, run: testClientSignInSettings},
	{name: "Z08 settings of a client that are refused", configure: mergedAdmin, run: testClientSignInRefused},
	{name: "a client by which others administer is for super administrators to make", configure: mergedAdmin, run: testAdminClientsAbove},
	{name: "a client is bound to one authentication method", run: testBoundAuthMethod},
	{name: "L24 a client's logo is served by the issuer", configure: mergedAdmin, run: testClientLogo},
	{name: "L24 a logo that cannot be fetched or is no picture", configure: mergedAdmin, run: testClientLogoRefused},
	{name: "the store fails under a logo", run: testClientLogoFault},
	{name: "texts of scopes", configure: mergedAdmin, run: testScopeTexts},
	{name: "texts of a scope that is restricted above", configure: mergedAdmin, run: testScopeTextsAbove},
	{name: "M04 attributes: names that are paths, unknown names, values by type", configure: mergedAdmin, run: testAttributes},
	{name: "attributes whose scope is restricted above", configure: mergedAdmin, run: testAttributesAbove},
	{name: "attributes in an export and an import", configure: mergedAdmin, run: testAttributesMoved},
	{name: "attributes at /me", configure: mergedAdmin, run: testOwnAttributes},
	{name: "N08 consents of a user", configure: mergedAdmin, run: testUserConsents},
	{name: "S10 browser sessions of a user", configure: mergedAdmin, run: testBrowserSessions},
	{name: "L28 a user must change the password", configure: mergedAdmin, run: testMustChangePassword},
}

// signInSettings is every setting, as the API has it.
func signInSettings() Object {
	return Object{
		"grant_types":   []string{"authorization_code", "refresh_token"},
		"redirect_uris": []string{"com.example.app:/cb", "https://app.example.com/cb?x=1"}, "post_logout_redirect_uris": []string{"https://app.example.com/bye"},
		"backchannel_logout_uri": "https://app.example.com/bcl", "backchannel_logout_session_required": true, "initiate_login_uri": "https://app.example.com/login",
		"require_pkce": false, "consent": "once", "token_endpoint_auth_method": "client_secret_post", "default_max_age": 3600,
		"allow_localhost": true, "require_auth_time": true, "require_authentication": "mfa", "password_grant_without_mfa": true,
		"client_uri": "https://app.example.com/", "policy_uri": "https://app.example.com/privacy", "tos_uri": "https://app.example.com/terms",
		"contacts": []string{"help@example.com", "ops@example.com"},
	}
}

// expectMembers expects the values in the object, lists of strings included.
func expectMembers(t *testing.T, got map[string]any, want Object) {
	t.Helper()
	for name, value := range want {
		switch v := value.(type) {
		case []string:
			items := make([]any, len(v))
			for n, s := range v {
				items[n] = s
			}
			value = items
		case int:
			value = float64(v)
		}
		if !reflect.DeepEqual(got[name], value) {
			t.Errorf("%s: %v, want %v", name, got[name], value)
		}
	}
}

func testClientSignInSettings(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	a := s.JSON("POST", Clients, signInSettings().with("client_id", "app"), f.admin).ExpectStatus(t, http.StatusCreated)
	s.Log.MarkSecret(a.Object(t)["client_secret"].(string))
	expectMembers(t, a.Object(t), signInSettings())
	location := a.Header.Get("Location")
	expectMembers(t, s.JSON("GET", location, nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t), signInSettings())

	tag := s.JSON("PATCH", location, signInSettings(), f.admin).ExpectStatus(t, http.StatusOK).Header.Get("ETag")
	if tag != a.Header.Get("ETag") {
		t.Error("the same settings again are a change")
	}
	changed := Object{"redirect_uris": []string{"https://app.example.com/new"}, "require_pkce": true, "consent": "always", "default_max_age": 0}
	expectMembers(t, s.JSON("PATCH", location, changed, f.admin, Header("If-Match", tag)).ExpectStatus(t, http.StatusOK).Object(t), changed)
	s.JSON("PATCH", location, Object{"consent": "never"}, f.admin, Header("If-Match", tag)).ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
	none := Object{
		"grant_types": []string{}, "redirect_uris": []string{}, "post_logout_redirect_uris": []string{}, "contacts": []string{}, "backchannel_logout_uri": "",
		"initiate_login_uri": "", "token_endpoint_auth_method": "", "client_uri": "", "policy_uri": "", "tos_uri": "", "default_max_age": -1,
	}
	o := s.JSON("PATCH", location, none, f.admin).ExpectStatus(t, http.StatusOK).Object(t)
	for name := range none {
		if o[name] != nil && name != "grant_types" {
			t.Errorf("%s is left: %v", name, o[name])
		}
	}
	public := s.JSON("POST", Clients, Object{"client_id": "page", "public": true}, f.admin).ExpectStatus(t, http.StatusCreated).Object(t)
	expectMembers(t, public, Object{
		"token_endpoint_auth_method": "none", "require_pkce": true, "consent": "never", "allow_localhost": false, "require_auth_time": false, "require_authentication": "none", "password_grant_without_mfa": false, "backchannel_logout_session_required": false,
	})
	native := s.JSON("POST", Clients, Object{"client_id": "phone", "public": true, "redirect_uris": []string{"com.example.app:/cb"}}, f.admin).ExpectStatus(t, http.StatusCreated).Object(t)
	expectMembers(t, native, Object{"consent": "once"}) // N04
}

func testClientSignInRefused(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	body := Object{"client_id": "app", "public": true}
	for _, uri := range []string{"", "/cb", "http://app.example.com/cb", "http://127.0.0.2/cb", "https://app.example.com/cb#x", "https://*.example.com/cb", "javascript:alert(1)", "data:text/html,x", "myapp://cb", "https://u:hidden-value@a.example/cb"} {
		a := s.JSON("POST", Clients, body.with("redirect_uris", []string{"https://app.example.com/cb", uri}), f.admin).ExpectProblem(t, 422, "invalid_field", "redirect_uris")
		if uri != "" && len(uri) < 30 && !strings.Contains(string(a.Body), uri) {
			t.Errorf("the value at fault is not named: %s", a.Body)
		}
		if strings.Contains(string(a.Body), "hidden-value") {
			t.Errorf("a password is repeated: %s", a.Body)
		}
	}
	many := make([]string, 51)
	for n := range many {
		many[n] = "https://app.example.com/" + strings.Repeat("x", n)
	}
	for member, values := range map[string][]any{
		"redirect_uris": {many}, "post_logout_redirect_uris": {[]string{"http://app.example.com/"}, many}, "backchannel_logout_uri": {"http://app.example.com/", "x"},
		"initiate_login_uri": {"http://app.example.com/"}, "require_pkce": {false}, "consent": {"", "sometimes"}, "token_endpoint_auth_method": {"client_secret_basic", "private_key_jwt"},
		"default_max_age": {1 << 40}, "client_uri": {"javascript:alert(1)"}, "logo_uri": {"data:image/png;base64,x"}, "policy_uri": {"x"}, "tos_uri": {"x"},
		"contacts": {[]string{"a\nb"}, many},
	} {
		for _, value := range values {
			s.JSON("POST", Clients, body.with(member, value), f.admin).ExpectProblem(t, 422, "invalid_field", member)
		}
	}
	s.JSON("POST", Clients, body.with("grant_types", []string{"authorization_code"}), f.admin).ExpectProblem(t, 422, "invalid_field", "redirect_uris")
	s.JSON("POST", Clients, body.with("consent", "x", "logo_uri", "x", "redirect_uris", []string{"x"}), f.admin).ExpectProblem(t, 422, "invalid_field", "redirect_uris", "consent", "logo_uri")
	for member, value := range map[string]any{"redirect_uris": "https://app.example.com/cb", "require_pkce": "no", "default_max_age": "1", "contacts": []int{1}, "consent": nil} {
		s.JSON("POST", Clients, body.with(member, value), f.admin).ExpectProblem(t, 422, "invalid_field", member)
	}
}

func testBoundAuthMethod(t *testing.T, s *Signet) {
	method := "client_secret_basic"
	_, err := s.operator().Clients().Update(t.Context(), s.Web.ID, admin.ClientChange{ClientSignInChange: admin.ClientSignInChange{AuthMethod: &method}})
	must(t, err)
	s.Login(t, s.Web, s.Alice, "")
	form := s.Alice.LoginForm("")
	form.Set("client_id", s.Web.ID)
	form.Set("client_secret", s.Web.Secret)
	s.Post(Token, form).expectInvalidClient(t)
}

// pictureServer serves what a client says is its logo.
func pictureServer(t *testing.T, files map[string]string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect.png" {
			http.Redirect(w, r, "/logo.png", http.StatusFound)
			return
		}
		data, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html") // nobody believes it
		_, _ = w.Write([]byte(data))
	}))
	t.Cleanup(server.Close)
	return server
}

const pngFile = "\x89PNG\r\n\x1a\n and more"

func testClientLogo(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	from := pictureServer(t, map[string]string{"/logo.png": pngFile, "/logo.gif": "GIF89a and more"})
	s.JSON("POST", Clients, Object{"client_id": "app", "public": true, "logo_uri": from.URL + "/logo.png"}, f.admin).ExpectStatus(t, http.StatusCreated)
	a := s.Get(ClientLogo+"app").ExpectStatus(t, http.StatusOK)
	want := map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=300",
		"Content-Security-Policy": "default-src 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin",
	}
	for name, value := range want {
		if a.Header.Get(name) != value {
			t.Errorf("%s: %q, want %q", name, a.Header.Get(name), value)
		}
	}
	s.changeClient(t, Client{ID: "app"}, func(c *storage.Client) {
		c.Grants, c.RedirectURIs, c.Scopes = []string{"authorization_code"}, []string{Callback}, []string{"openid"}
	})
	if p := s.NewBrowser().Open(s.authorizeURL(Client{ID: "app"})).expect(t, Login); !strings.Contains(string(p.Body), `src="`+s.options.Path+ClientLogo+`app"`) {
		t.Errorf("the login page does not show the logo: %s", p.Body)
	}
	if string(a.Body) != pngFile {
		t.Errorf("the body is %q", a.Body)
	}
	if again := s.Get(ClientLogo+"app", Header("If-None-Match", a.Header.Get("ETag"))); again.Status != http.StatusNotModified {
		t.Errorf("%d when it is unchanged", again.Status)
	}
	if head := s.Send("HEAD", ClientLogo+"app", ""); head.Status != http.StatusOK || len(head.Body) > 0 {
		t.Errorf("HEAD: %d, %q", head.Status, head.Body)
	}
	if post := s.Send("POST", ClientLogo+"app", ""); post.Status != http.StatusMethodNotAllowed || post.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, %v", post.Status, post.Header)
	}
	for _, path := range []string{"web", "nobody", "", "app/", "%61pp/x"} {
		s.Get(ClientLogo+path).ExpectError(t, http.StatusNotFound, "not_found")
	}
	s.JSON("PATCH", Clients+"/app", Object{"logo_uri": from.URL + "/logo.gif"}, f.admin).ExpectStatus(t, http.StatusOK)
	if a := s.Get(ClientLogo+"app").ExpectStatus(t, http.StatusOK); a.Header.Get("Content-Type") != "image/gif" {
		t.Errorf("after a change: %v", a.Header)
	}
	s.JSON("POST", Clients+"/app/disable", nil, f.admin).ExpectStatus(t, http.StatusOK)
	s.Get(ClientLogo+"app").ExpectError(t, http.StatusNotFound, "not_found")
	s.JSON("POST", Clients+"/app/enable", nil, f.admin).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Clients+"/app", Object{"logo_uri": ""}, f.admin).ExpectStatus(t, http.StatusOK)
	s.Get(ClientLogo+"app").ExpectError(t, http.StatusNotFound, "not_found")

	// A logo without its client is shown to nobody, not of a later client of that id either.
	must(t, s.Store.PutClientLogo(t.Context(), storage.ClientLogo{ClientID: "app", Type: "image/png", Data: []byte(pngFile), SourceURI: "https://gone.example/", UpdatedAt: s.Clock.Now()}))
	s.Get(ClientLogo+"app").ExpectError(t, http.StatusNotFound, "not_found")
	s.JSON("DELETE", Clients+"/app", nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.Get(ClientLogo+"app").ExpectError(t, http.StatusNotFound, "not_found")
}

func testClientLogoRefused(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	from := pictureServer(t, map[string]string{
		"/logo.png": pngFile, "/logo.svg": `<svg xmlns="http://www.w3.org/2000/svg"/>`, "/page": "<!doctype html>",
		"/large.png": pngFile + strings.Repeat("x", storage.MaxLogo), "/most.png": pngFile + strings.Repeat("x", storage.MaxLogo-len(pngFile)),
	})
	for _, uri := range []string{from.URL + "/logo.svg", from.URL + "/page", from.URL + "/large.png", from.URL + "/missing", from.URL + "/redirect.png", "https://10.0.0.1/logo.png", "https://169.254.169.254/latest/meta-data"} {
		s.JSON("POST", Clients, Object{"client_id": "app", "public": true, "logo_uri": uri}, f.admin).ExpectProblem(t, 422, "invalid_field", "logo_uri")
	}
	s.JSON("GET", Clients+"/app", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.JSON("POST", Clients, Object{"client_id": "app", "public": true, "logo_uri": from.URL + "/most.png"}, f.admin).ExpectStatus(t, http.StatusCreated)
	s.JSON("PATCH", Clients+"/app", Object{"logo_uri": from.URL + "/page"}, f.admin).ExpectProblem(t, 422, "invalid_field", "logo_uri")
	if a := s.Get(ClientLogo+"app").ExpectStatus(t, http.StatusOK); len(a.Body) != storage.MaxLogo {
		t.Errorf("a refused change took the logo away: %d bytes", len(a.Body))
	}
}

func testClientLogoFault(t *testing.T, s *Signet) {
	from := pictureServer(t, map[string]string{"/logo.png": pngFile})
	uri := from.URL + "/logo.png"
	s.AddPublicClient(t, "app", admin.ClientChange{ClientDisplayChange: admin.ClientDisplayChange{LogoURI: &uri}})
	s.Advance(time.Minute) // nobody remembers the client
	s.Store.Before(func(context.Context, int, string) error { return storage.ErrUnavailable })
	s.Get(ClientLogo + "app").expectUnavailable(t)
	s.Store.Reset()
	s.Get(ClientLogo+"app").ExpectStatus(t, http.StatusOK)
}

// testAdminClientsAbove: whoever controls a client with signet:admin gets the power of every
// administrator whose browser follows a link to it while signed in.
func testAdminClientsAbove(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	settings := Object{
		"scope": "openid signet:admin", "grant_types": []string{"authorization_code", "refresh_token"},
		"redirect_uris": []string{"https://app.example.com/cb"}, "require_pkce": false,
	}
	s.JSON("POST", Clients, settings.with("client_id", "mine"), f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	s.JSON("POST", Clients, Object{"client_id": "mine"}, f.admin).ExpectStatus(t, http.StatusCreated)
	s.JSON("PATCH", Clients+"/mine", settings, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")

	s.JSON("POST", Clients, settings.with("client_id", "console"), f.superAdmin).ExpectStatus(t, http.StatusCreated)
	for _, change := range []Object{{"redirect_uris": []string{"https://evil.example.net/cb"}}, {"scope": "openid"}, {"consent": "never"}} {
		s.JSON("PATCH", Clients+"/console", change, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	}
	s.JSON("POST", Clients+"/console/secret", Object{}, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	s.JSON("DELETE", Clients+"/console", nil, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	s.JSON("PATCH", Clients+"/console", Object{"client_name": "Console"}, f.superAdmin).ExpectStatus(t, http.StatusOK)
	s.JSON("POST", Clients+"/console/disable", nil, f.admin).ExpectStatus(t, http.StatusOK)
}
