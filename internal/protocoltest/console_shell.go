package protocoltest

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/authorization"
)

// ConsolePath is the first page of the console.
const ConsolePath = "/console"

// The console, whoever uses it. Each part has its cases in a file of its own.
var consoleCases = []testCase{
	{name: "nobody is led to the sign-in, who is no administrator is told so", configure: mergedAdmin, run: testConsoleAccess},
	{name: "the session ends with what it depends on", configure: mergedAdmin, run: testConsoleEnds},
	{name: "who loses the role is let in no more", configure: mergedAdmin, run: testConsoleRoleLost},
	{name: "responses of other attempts lead nowhere", configure: mergedAdmin, run: testConsoleAttempts},
	{name: "the client of the console is nobody else's", configure: mergedAdmin, run: testConsoleClient},
	{name: "U22 the first administrator is made by the bootstrap secret", configure: withBootstrap, run: testConsoleSetup},
	{name: "a form of another site is refused", configure: mergedAdmin, run: testConsoleForgery},
}

// openConsole signs the user in at the console and opens a page of it.
func (s *Signet) openConsole(t testing.TB, u User, path string) (*Browser, Page) {
	t.Helper()
	b := s.NewBrowser()
	page := b.Open(ConsolePath + path)
	if page.is(Login) {
		page = b.SignIn(t, page, u)
	}
	return b, page
}

func testConsoleAccess(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	s.NewBrowser().Open(ConsolePath).expect(t, Login)
	b, page := s.openConsole(t, s.Alice, "")
	page.has(t, http.StatusForbidden, "You are no administrator", s.Alice.Username)
	if strings.Contains(string(page.Body), "/console/people") {
		t.Error("who is let in nowhere is shown the way")
	}
	b.Open(ConsolePath+"/people").has(t, http.StatusForbidden, "You are no administrator")
	for _, u := range []User{f.Admin, f.SuperAdmin} {
		_, page := s.openConsole(t, u, "/people?prefix=al")
		page.has(t, http.StatusOK, "alice")
		if page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("Cache-Control is %s", page.Header.Get("Cache-Control"))
		}
	}
}

func testConsoleForgery(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, _ := s.openConsole(t, f.SuperAdmin, "")
	for _, path := range []string{ConsolePath + "/people/new", ConsolePath + "/logout", ConsolePath + "/people/" + s.Alice.ID + "/disable"} {
		page := b.visit(http.MethodPost, path, "a=b", Header("Sec-Fetch-Site", "cross-site"), Header("Origin", "https://evil.example"), Header("Content-Type", "application/x-www-form-urlencoded"))
		page.has(t, http.StatusForbidden, "")
	}
	b.Open(ConsolePath).has(t, http.StatusOK, f.SuperAdmin.Username)
}

// Whatever ends the session of the console ends it at the next request.
func testConsoleEnds(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for name, end := range map[string]func(b *Browser){
		"sign out": func(b *Browser) {
			if page := b.own(ConsolePath+"/logout", ""); page.Header.Get("Location") != s.Issuer+Logout {
				t.Errorf("signing out leads to %s", page.Header.Get("Location"))
			}
			delete(b.Cookies, "signet") // of the browser session, which would sign in again
		},
		"all sessions ended": func(*Browser) {
			_, err := s.operator().Users().EndSessions(t.Context(), f.Admin.ID)
			must(t, err)
		},
		"disabled": func(*Browser) { s.disable(t, f.Admin) },
		"idle":     func(b *Browser) { delete(b.Cookies, "signet"); s.Advance(authorization.ConsoleIdle) },
		"too old": func(b *Browser) {
			delete(b.Cookies, "signet")
			for range 25 {
				s.Advance(authorization.ConsoleIdle - time.Minute)
				b.Open(ConsolePath)
			}
		},
	} {
		b, page := s.openConsole(t, f.Admin, "")
		page.has(t, http.StatusOK, f.Admin.Username)
		kept := b.Cookies["signet_console"]
		end(b)
		b.Cookies["signet_console"] = cmp.Or(b.Cookies["signet_console"], kept) // a copy of it
		if page := b.Open(ConsolePath + "/people"); !page.is(Login) {
			t.Errorf("%s: %d at %s", name, page.Status, page.Path)
		}
		_, err := s.operator().Users().Enable(t.Context(), f.Admin.ID)
		must(t, err)
	}
}

// Who loses the role is no administrator at the next request.
func testConsoleRoleLost(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, page := s.openConsole(t, f.Admin, "/people")
	page.has(t, http.StatusOK, "alice")
	roles := []string{"user"}
	_, err := s.operator().Users().Update(t.Context(), f.Admin.ID, admin.UserChange{Roles: &roles})
	must(t, err)
	b.Open(ConsolePath+"/people").has(t, http.StatusForbidden, "You are no administrator")
}

// A response of another attempt, of another browser, or a second time leads to no session.
func testConsoleAttempts(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	begin := func() (b *Browser, back string) {
		b = s.NewBrowser()
		b.StopsAt = s.options.Path + ConsolePath + "/callback"
		page := b.Open(ConsolePath).expect(t, Login)
		page = b.own(s.below(page.action(t)), Form("username", f.Admin.Username, "password", f.Admin.Password).Encode())
		if back = page.Header.Get("Location"); !strings.HasPrefix(back, s.Issuer+ConsolePath+"/callback?") {
			t.Fatalf("the sign-in leads to %s", back)
		}
		b.StopsAt = ""
		return b, s.below(strings.TrimPrefix(back, s.URL[:len(s.URL)-len(s.options.Path)]))
	}
	_, back := begin()
	s.NewBrowser().Open(back).has(t, http.StatusBadRequest, "led nowhere")
	b, other := begin()
	b.Open(back).has(t, http.StatusBadRequest, "led nowhere")
	b.Open(strings.Replace(other, "iss=", "iss=x", 1)).has(t, http.StatusBadRequest, "led nowhere")
	b.Open(strings.Replace(other, "state=", "state=x", 1)).has(t, http.StatusBadRequest, "led nowhere")
	b.Open(other).has(t, http.StatusOK, f.Admin.Username)
	b.Open(other).has(t, http.StatusBadRequest, "led nowhere")
	b.Open(ConsolePath).has(t, http.StatusOK, f.Admin.Username)
	b.Open(ConsolePath+"/callback?error=access_denied").has(t, http.StatusBadRequest, "cancelled")
	b, late := begin()
	s.Advance(authorization.ConsoleAttemptTTL)
	b.Open(late).has(t, http.StatusBadRequest, "led nowhere")
	for _, to := range []string{"//evil.example", "https://evil.example", "/account", "/\\evil.example", "/console/../account"} {
		b := s.NewBrowser()
		page := b.Open(ConsolePath+"/login?to="+url.QueryEscape(to)).expect(t, Login)
		if page = b.SignIn(t, page, f.Admin); !strings.HasPrefix(page.Path, ConsolePath) {
			t.Errorf("%s leads to %s", to, page.Path)
		}
	}
}

// The client of the console is nobody else's: its id cannot be taken, and its secret is known to
// nobody.
func testConsoleClient(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for _, id := range []string{issuer.ConsoleClient, "Signet-Console"} {
		s.JSON("POST", Clients, Object{"client_id": id, "grant_types": []string{"client_credentials"}}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "client_id")
	}
	for _, secret := range []string{"", "signet-console", "x"} {
		c := Client{}
		c.ID, c.Secret = issuer.ConsoleClient, secret
		s.Post(Token, Form("grant_type", "client_credentials"), Basic(c)).ExpectError(t, http.StatusUnauthorized, "invalid_client")
	}
	b, _ := s.openConsole(t, f.Admin, "")
	if value := b.Cookies["signet_console"]; value == "" || strings.Contains(value, ".") {
		t.Errorf("the cookie %q looks like a token", value)
	}
	b.Cookies["signet_console"] = b.Cookies["signet"]
	delete(b.Cookies, "signet")
	b.Open(ConsolePath).expect(t, Login)
}

func testConsoleSetup(t *testing.T, s *Signet) {
	s.Log.MarkSecret(bootstrapSecret)
	const setup = ConsolePath + "/setup"
	b := s.NewBrowser()
	b.Open(ConsolePath+"/people").has(t, http.StatusOK, "Make the first administrator")
	form := Form("secret", "wrong", "username", "first", "password", "wholly different words")
	b.follow(t, setup, form).has(t, http.StatusForbidden, "secret is wrong", `value="first"`)
	form.Set("secret", bootstrapSecret)
	form.Set("password", "x")
	b.follow(t, setup, form).has(t, http.StatusBadRequest, "Nothing was saved")
	form.Set("password", "wholly different words")
	page := b.visit(http.MethodPost, setup, form.Encode(), Header("Sec-Fetch-Site", "cross-site"), Header("Origin", "https://evil.example"), Header("Content-Type", "application/x-www-form-urlencoded"))
	page.has(t, http.StatusForbidden, "")
	page = b.own(setup, form.Encode()).expect(t, Login)
	b.SignIn(t, page, User{Username: "first", Password: "wholly different words"}).has(t, http.StatusOK, "first")
	if n := countSuperAdmins(t, s); n != 1 {
		t.Errorf("%d super_admins", n)
	}
	form.Set("username", "second")
	s.NewBrowser().own(setup, form.Encode()).expect(t, Login)
	if n := countSuperAdmins(t, s); n != 1 {
		t.Errorf("%d super_admins after another try", n)
	}
}
