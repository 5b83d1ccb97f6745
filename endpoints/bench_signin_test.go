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
// which is sent to the login page, and of browsers with a session, which get codes one after
// the other.
func BenchmarkAuthorize(b *testing.B) {
	b.Run("nobody", func(b *testing.B) {
		s := start(b, "RS256")
		app := s.AddCodeSPA(b, "app")
		s.Store.StopRecording()
		get := newGet(s, protocoltest.Authorize+"?"+requestOf(s, app), "")
		measure(b, func() { wantRedirect(b, get(), protocoltest.Login) })
	})
	b.Run("signed in", func(b *testing.B) {
		s := start(b, "RS256")
		ops := newBrowsers(b, s)
		next := 0
		measure(b, func() {
			s.Clock.Advance(slowerThanLoop / benchBrowsers)
			ops[next%benchBrowsers]()
			next++
		})
	})
}

// BenchmarkAuthorizeParallelBrowsers measures codes for browsers with sessions, whose inserts
// share their commits: divide by parallelClients.
func BenchmarkAuthorizeParallelBrowsers(b *testing.B) {
	const groups = benchBrowsers / parallelClients
	s := start(b, "RS256")
	ops := newBrowsers(b, s)
	next := 0
	measure(b, func() {
		s.Clock.Advance(slowerThanLoop / groups)
		from := next % groups * parallelClients
		runConcurrently(ops[from : from+parallelClients])()
		next++
	})
}

const (
	benchBrowsers  = 128
	slowerThanLoop = 11 * time.Second // between two codes of a browser
)

// newBrowsers returns, for each of benchBrowsers browsers with a session of its own user, a
// function that gets a code for one and the same client.
func newBrowsers(b *testing.B, s *protocoltest.Signet) []func() {
	app := s.AddCodeSPA(b, "app")
	var ops []func()
	for n := range benchBrowsers {
		s.Clock.Advance(time.Minute) // the counts of logins are by the time
		browser := s.NewBrowser()
		browser.GetCode(b, app, s.AddUser(b, fmt.Sprint("user", n), "user"))
		get := newGet(s, protocoltest.Authorize+"?"+requestOf(s, app), "signet="+browser.Cookies["signet"])
		ops = append(ops, func() { wantRedirect(b, get(), protocoltest.Callback) })
	}
	s.Store.StopRecording()
	return ops
}

// wantRedirect fails unless the answer redirects to where.
func wantRedirect(b *testing.B, w *responseRecorder, where string) {
	if w.status != http.StatusSeeOther || !strings.HasPrefix(w.header.Get("Location"), where+"?") {
		b.Errorf("%d to %s: %s", w.status, w.header.Get("Location"), w.body)
	}
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
