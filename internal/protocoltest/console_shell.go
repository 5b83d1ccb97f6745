package protocoltest

import (
	"net/http"
	"strings"
	"testing"
)

// ConsolePath is the first page of the console.
const ConsolePath = "/console"

// The console, whoever uses it. Each part has its cases in a file of its own.
var consoleCases = []testCase{
	{name: "nobody is led to the sign-in, who is no administrator is told so", configure: mergedAdmin, run: testConsoleAccess},
	{name: "a form of another site is refused", configure: mergedAdmin, run: testConsoleForgery},
}

// openConsole signs the user in and opens a page of the console.
func (s *Signet) openConsole(t testing.TB, u User, path string) (*Browser, Page) {
	t.Helper()
	b := s.NewBrowser()
	page := b.Open(ConsolePath)
	if page.is(Login) {
		page = b.SignIn(t, page, u)
	}
	return b, b.Open(ConsolePath + path)
}

func testConsoleAccess(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	s.NewBrowser().Open(ConsolePath).expect(t, Login)
	if _, page := s.openConsole(t, s.Alice, ""); page.Status != http.StatusForbidden || !strings.Contains(string(page.Body), "You are no administrator") || strings.Contains(string(page.Body), "/console/people") {
		t.Errorf("a user: %d %.3000s", page.Status, page.Body)
	}
	for _, u := range []User{f.Admin, f.SuperAdmin} {
		_, page := s.openConsole(t, u, "")
		page.expect(t, ConsolePath)
		if page.Status != http.StatusOK || !strings.Contains(string(page.Body), u.Username) || page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %.3000s", u.Username, page.Status, page.Body)
		}
	}
}

func testConsoleForgery(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, _ := s.openConsole(t, f.SuperAdmin, "")
	for _, path := range []string{ConsolePath} {
		page := b.visit(http.MethodPost, path, "a=b", Header("Sec-Fetch-Site", "cross-site"), Header("Origin", "https://evil.example"), Header("Content-Type", "application/x-www-form-urlencoded"))
		if page.Status != http.StatusForbidden && page.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", path, page.Status)
		}
	}
}
