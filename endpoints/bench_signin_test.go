//go:build unix

package endpoints_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/protocoltest"
)

// BenchmarkLoginPage measures a GET of the login page, from the request to the last byte.
func BenchmarkLoginPage(b *testing.B) {
	s := start(b, "RS256")
	app := s.AddCodeSPA(b, "app")
	s.Store.StopRecording()
	get := newGet(s, protocoltest.Login+"?"+requestOf(s, app), "")
	measure(b, func() {
		if w := get(); w.status != http.StatusOK {
			b.Fatalf("%d %s", w.status, w.body)
		}
	})
}

// BenchmarkAuthorize measures an authorization request: of a browser without a session,
// which is sent to the login page, and of one with a session, which gets a code.
func BenchmarkAuthorize(b *testing.B) {
	b.Run("nobody", func(b *testing.B) {
		s := start(b, "RS256")
		app := s.AddCodeSPA(b, "app")
		s.Store.StopRecording()
		benchmarkRedirect(b, s, protocoltest.Authorize+"?"+requestOf(s, app), "", protocoltest.Login, 0)
	})
	b.Run("signed in", func(b *testing.B) {
		s := start(b, "RS256")
		app, browser := s.AddCodeSPA(b, "app"), s.NewBrowser()
		browser.GetCode(b, app, s.Alice)
		s.Store.StopRecording()
		cookie := "signet=" + browser.Cookies["signet"]
		benchmarkRedirect(b, s, protocoltest.Authorize+"?"+requestOf(s, app), cookie, protocoltest.Callback, 2600*time.Millisecond)
	})
}

// BenchmarkAuthorizeParallelBrowsers measures codes for browsers with sessions, whose inserts
// share their commits: divide by parallelClients.
func BenchmarkAuthorizeParallelBrowsers(b *testing.B) {
	s := start(b, "RS256")
	app := s.AddCodeSPA(b, "app")
	var ops []func()
	for n := range parallelClients {
		browser := s.NewBrowser()
		browser.GetCode(b, app, s.AddUser(b, fmt.Sprint("user", n), "user"))
		get := newGet(s, protocoltest.Authorize+"?"+requestOf(s, app), "signet="+browser.Cookies["signet"])
		ops = append(ops, func() {
			if w := get(); !strings.HasPrefix(w.header.Get("Location"), protocoltest.Callback+"?") {
				b.Errorf("%d to %s: %s", w.status, w.header.Get("Location"), w.body)
			}
		})
	}
	s.Store.StopRecording()
	all := runConcurrently(ops)
	measure(b, func() {
		s.Clock.Advance(2600 * time.Millisecond)
		all()
	})
}

// benchmarkRedirect measures requests that are redirected to where. The clock moves by pause
// between them, so that they are slower than the brake.
func benchmarkRedirect(b *testing.B, s *protocoltest.Signet, path, cookie, where string, pause time.Duration) {
	get := newGet(s, path, cookie)
	measure(b, func() {
		s.Clock.Advance(pause)
		if w := get(); w.status != http.StatusSeeOther || !strings.HasPrefix(w.header.Get("Location"), where+"?") {
			b.Fatalf("%d to %s: %s", w.status, w.header.Get("Location"), w.body)
		}
	})
}

func requestOf(s *protocoltest.Signet, app protocoltest.Client) string {
	q, _ := s.AuthRequest(app)
	return q.Encode()
}

// newGet returns a function that sends a GET again and again.
func newGet(s *protocoltest.Signet, path, cookie string) func() *responseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept", "text/html")
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	w := &responseRecorder{}
	return func() *responseRecorder {
		again := *r
		w.header, w.status = http.Header{}, http.StatusOK
		s.Handler.ServeHTTP(w, &again)
		return w
	}
}
