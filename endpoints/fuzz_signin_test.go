package endpoints_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"example.org/signet/internal/protocoltest"
)

// FuzzSignIn sends raw requests at the authorization endpoint and the pages, forms included:
// no panic, no 5xx, no redirect but to a page or a registered URI, no session without the
// password, and nothing of the request unescaped.
func FuzzSignIn(f *testing.F) {
	s := protocoltest.Start(f, openSQLite)
	app := s.AddCodeSPA(f, "app")
	request, _ := s.AuthRequest(app)
	const form = "application/x-www-form-urlencoded"
	right := url.Values{"username": {s.Alice.Username}, "password": {s.Alice.Password}}.Encode()
	paths := []string{protocoltest.Authorize, protocoltest.Login, "/login/password", "/login/continue", protocoltest.Consent}
	for n := range paths {
		for _, seed := range [][4]string{
			{"GET", request.Encode(), "", ""}, {"POST", request.Encode(), form, right}, {"POST", "", form, request.Encode()}, {"POST", request.Encode(), form, "username=alice&password=wrong"},
			{"POST", request.Encode(), form, "username=%ff&password=%00"}, {"GET", "client_id=<script>alert(1)</script>&redirect_uri=https://evil.example", "", ""},
			{"POST", "t=x", "application/json", "{}"}, {"GET", "%zz", "", ""}, {"PUT", "", "", ""}, {"POST", request.Encode() + "&prompt=consent", form, "decision=allow"},
			{"GET", request.Encode() + "&login_hint=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&ui_locales=de", "", ""}, {"POST", request.Encode(), form, "new_password=a&new_password_again=a"},
		} {
			f.Add(uint8(n), seed[0], seed[1], seed[2], seed[3])
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, method, query, contentType, body string) {
		r, err := http.NewRequest(method, "http://localhost"+paths[int(which)%len(paths)], strings.NewReader(body))
		if err != nil {
			t.Skip("net/http would not let such a method in")
		}
		r.RemoteAddr, r.URL.RawQuery = "192.0.2.1:1234", query
		r.Header = http.Header{"Content-Type": {contentType}}
		w := httptest.NewRecorder()
		s.Handler.ServeHTTP(w, r)
		checkPage(t, w)
		if len(w.Header().Values("Set-Cookie")) > 0 && !strings.Contains(body, url.QueryEscape(s.Alice.Password)) && !strings.Contains(body, s.Alice.Password) {
			t.Fatalf("a cookie without the password: %v", w.Header())
		}
	})
}

func checkPage(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	location := w.Header().Get("Location")
	if w.Code >= 500 || w.Header().Get("Cache-Control") != "no-store" || strings.Contains(w.Body.String(), "<script>alert") {
		t.Fatalf("status %d, headers %v: %s", w.Code, w.Header(), w.Body)
	}
	if location == "" {
		return
	}
	if !strings.HasPrefix(location, "/") && !strings.HasPrefix(location, protocoltest.Callback+"?") && !strings.HasPrefix(location, protocoltest.Callback+"#") || strings.HasPrefix(location, "//") {
		t.Fatalf("a redirect to %s", location)
	}
}
