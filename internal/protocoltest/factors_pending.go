package protocoltest

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

func testCodesThrottled(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	limit := int(s.options.Issuer.Throttle.PerAccountNetwork.Attempts)
	b := s.NewBrowser()
	wrong := User{Username: s.Alice.Username, Password: "wrong password"}
	b.SignIn(t, b.Open(Login), wrong)
	p := b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	for range limit - 1 {
		p = b.sendCode(t, p, a.wrong()).asksForCode(t)
		if p.Status != http.StatusUnauthorized {
			t.Errorf("a wrong code: %d", p.Status)
		}
	}
	p = b.sendCode(t, p, a.next())
	if p.Status != http.StatusTooManyRequests || p.Header.Get("Retry-After") == "" {
		t.Errorf("the right code past the limit: %d", p.Status)
	}
	if p := b.SignIn(t, b.Open(Login), s.Alice); p.Status != http.StatusTooManyRequests {
		t.Errorf("the right password past the limit: %d", p.Status)
	}
	if s.events(t, audit.EventLoginThrottled) == 0 {
		t.Error("nothing is audited")
	}
	s.Advance(s.options.Issuer.Throttle.PerAccountNetwork.Window + time.Second)
	p = b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	b.sendCode(t, p, a.code()).expect(t, Account)
}

func testPasswordBeforeCode(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	limit := int(s.options.Issuer.Throttle.PerAccountNetwork.Attempts)
	b := s.NewBrowser()
	wrong := User{Username: s.Alice.Username, Password: "wrong password"}
	for range limit - 1 {
		b.SignIn(t, b.Open(Login), wrong)
	}
	var p Page
	for range limit + 1 { // does not count
		p = b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	}
	b.sendCode(t, p, a.wrong())
	if p := b.SignIn(t, b.Open(Login), s.Alice); p.Status != http.StatusTooManyRequests { // did not forgive
		t.Errorf("past the limit: %d", p.Status)
	}
	s.Advance(s.options.Issuer.Throttle.PerAccountNetwork.Window + time.Second)
	for range limit - 1 {
		b.SignIn(t, b.Open(Login), wrong)
	}
	p = b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	b.sendCode(t, p, a.code()).expect(t, Account) // forgives
	for range limit - 1 {
		if p := s.NewBrowser().SignIn(t, s.NewBrowser().Open(Login), wrong); p.Status != http.StatusUnauthorized {
			t.Errorf("a wrong password after the login: %d", p.Status)
		}
	}
}

func testPendingLogin(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	_, bobs := s.enrolled(t, s.Editor)
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	pending := b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice).asksForCode(t)
	post := func(query, sealed, code string) Page {
		return b.own(LoginFactor+query, Form("pending", sealed, "code", code).Encode())
	}
	_, query, _ := strings.Cut(pending.action(t), "?")
	sealed := pending.hidden("pending")
	for name, p := range map[string]Page{
		"nothing":         post("?"+query, "", a.next()),
		"cut":             post("?"+query, sealed[:len(sealed)-1], a.code()),
		"a stamp":         post("?"+query, "AgAA", a.code()),
		"another request": post(strings.TrimPrefix(s.authorizeURL(app), Authorize), sealed, a.code()),
		"no request":      post("", sealed, a.code()),
	} {
		if p.asksForPassword(t); len(b.Cookies) != 0 {
			t.Errorf("%s: cookies %v", name, b.Cookies)
		}
	}
	if p := post("?"+query, sealed, bobs.code()); p.Status != http.StatusUnauthorized {
		t.Errorf("the code of another user: %d", p.Status)
	}
	if p := post("?"+query, sealed, ""); p.Status != http.StatusBadRequest {
		t.Errorf("no code: %d", p.Status)
	}
	s.Advance(authorization.PendingTTL)
	post("?"+query, sealed, a.code()).asksForPassword(t)
}

func testPendingLoginEnded(t *testing.T, s *Signet) {
	for name, end := range map[string]func(id string) error{
		"disabled":              func(id string) error { return secondError(s.operator().Users().Disable(t.Context(), id)) },
		"signed out everywhere": func(id string) error { return secondError(s.operator().Users().EndSessions(t.Context(), id)) },
		"deleted":               func(id string) error { return s.operator().Users().Delete(t.Context(), id) },
	} {
		user := s.AddUser(t, strings.ReplaceAll(name, " ", "-"))
		_, a := s.enrolled(t, user)
		b := s.NewBrowser()
		p := b.SignIn(t, b.Open(Login), user).asksForCode(t)
		must(t, end(user.ID))
		b.sendCode(t, p, a.next()).asksForPassword(t)
		if len(b.Cookies) != 0 {
			t.Errorf("%s: signed in", name)
		}
	}
}

// An outcome that is not known is no wrong code, and counts on no counter.
func testCodeUnknownOutcome(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	b := s.NewBrowser()
	var p Page
	for _, call := range []string{"UserInEpoch", "UserFactors", "PutUserFactors", "RecordLogins"} {
		p = b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
		for range 4 { // more than the limit of wrong codes
			s.Store.Before(failing(call))
			got := b.sendCode(t, p, a.next())
			s.Store.Reset()
			if got.Status != http.StatusServiceUnavailable || len(b.Cookies) != 0 {
				t.Errorf("%s: %d, cookies %v", call, got.Status, b.Cookies)
			}
		}
	}
	p = b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	b.sendCode(t, p, a.next()).expect(t, Account)
}

// Whatever call of the store fails, or is made and its answer lost, as by a stop in between: nobody
// is signed in, nothing counts, and the next code works.
func testCodeStopsAnywhere(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	for name, fail := range map[string]func(int){"fails": s.Store.FailAt, "loses its answer": s.Store.LoseResponseAt} {
		stops := 0
		for n := 1; n < 40; n++ {
			b := s.NewBrowser()
			p := b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
			code := a.next()
			fail(n)
			got := b.sendCode(t, p, code)
			s.Store.Reset()
			if got.Path == Account { // the sign-in is done: the call is one of the page that it leads to
				break
			}
			if stops++; got.Status != http.StatusServiceUnavailable || len(b.Cookies) != 0 {
				t.Errorf("call %d %s: %d at %s, cookies %v", n, name, got.Status, got.Path, b.Cookies)
			}
		}
		if stops < 3 {
			t.Errorf("%d stops where a call %s", stops, name)
		}
	}
	b := s.NewBrowser()
	b.sendCode(t, b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t), a.next()).expect(t, Account)
}

// failing makes every call of one method fail.
func failing(call string) func(context.Context, int, string) error {
	return func(_ context.Context, _ int, method string) error {
		if method == call {
			return storage.Unavailable(method, errConnectionReset)
		}
		return nil
	}
}

// Steps that were used stay used, whatever the clock says; a recovery code is the way in.
func testCodeClockSetBack(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	b.sendCode(t, p, a.next()).expect(t, Account)
	s.Clock.Advance(-5 * time.Minute)
	c := s.NewBrowser()
	p = c.SignIn(t, c.Open(Login), s.Alice).asksForCode(t)
	c.sendCode(t, p, a.code()).says(t, "has been used")
	c.Send(t, p, Form("pending", p.hidden("pending"), "recovery_code", a.codes[0])).expect(t, Account)
}
