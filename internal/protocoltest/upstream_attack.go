package protocoltest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
)

// with returns the way back from a provider with a parameter that is another; "" removes it.
func with(t *testing.T, back, name, value string) string {
	t.Helper()
	u, err := url.Parse(back)
	must(t, err)
	q := u.Query()
	if q.Set(name, value); value == "" {
		q.Del(name)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func parameter(t *testing.T, back, name string) string {
	t.Helper()
	u, err := url.Parse(back)
	must(t, err)
	return u.Query().Get(name)
}

// testUpstreamInjection changes what a browser brings back: whatever it is, nobody is signed in, and a
// browser that began is not signed in as somebody else.
func testUpstreamInjection(t *testing.T, s *Signet) {
	const textRejected, textDenied = "could not be verified", "has not signed you in"
	create := true
	p := s.addProvider(t, admin.ConnectorChange{CreateUsers: &create})
	ann, eve := p.AddUser(t, "ann"), p.AddUser(t, "eve")
	foreign := s.NewBrowser()
	theirs := p.enter(t, p.leave(t, foreign, foreign.Open(Login)), eve)
	for name, c := range map[string]struct {
		parameter, value, text string
		status                 int
	}{
		"the code of somebody else's attempt":   {"code", parameter(t, theirs, "code"), textRejected, http.StatusForbidden},
		"the state of somebody else's attempt":  {"state", parameter(t, theirs, "state"), textExpired, http.StatusOK},
		"another issuer (mix-up)":               {"iss", "https://evil.example", textRejected, http.StatusForbidden},
		"no issuer, where the provider says it": {"iss", "", textRejected, http.StatusForbidden},
		"a code that is garbage":                {"code", "' OR 1=1", textRejected, http.StatusForbidden},
		"no code":                               {"code", "", textRejected, http.StatusForbidden},
		"a code, and an error beside it":        {"error", "access_denied", textDenied, http.StatusOK},
	} {
		b := s.NewBrowser()
		back := p.enter(t, p.leave(t, b, b.Open(Login)), ann)
		page := b.Open(with(t, back, c.parameter, c.value))
		page.tells(t, name, c.text, c.status)
		if to := page.Header.Get("Location"); to != "" {
			t.Errorf("%s: the browser is sent to %s", name, to)
		}
		b.Open(Account).expect(t, Login)
		if c.parameter == "state" { // which was not this browser's to use up
			b.Open(back).expect(t, Account)
			continue
		}
		b.Open(back).tells(t, name+", and then what is right", textExpired, http.StatusOK)
		b.Open(Account).expect(t, Login)
	}
	foreign.Open(theirs).expect(t, Account) // whose code it is loses nothing
	p.testClaims(t)
}

// testClaims puts accounts into the form of the login page that it does not hold. The password
// signs in all the same, and nothing is linked.
func (p *provider) testClaims(t *testing.T) {
	s, off := p.s, false
	_, err := s.operator().Connectors().Update(t.Context(), "company", admin.ConnectorChange{CreateUsers: &off})
	must(t, err)
	eve := p.AddUser(t, "eve-again")
	b := s.NewBrowser()
	page := p.signIn(t, b, b.Open(Login), eve)
	page.tells(t, "the first time", textLinkHere, http.StatusOK)
	claimed := hiddenOf(t, page, "claimed")
	c := s.AddCodeClient(t, "portal")
	for name, text := range map[string]string{"garbage": "garbage", "of another request": claimed} {
		other := s.NewBrowser()
		login := other.Open(s.authorizeURL(c)) // the account was claimed on the page without a request
		answer := other.Send(t, login, Form("username", s.Alice.Username, "password", s.Alice.Password, "claimed", text)).Answer(t)
		if answer.Get("code") == "" {
			t.Errorf("%s: %v", name, answer)
		}
	}
	links, err := s.operator().Users().Links(t.Context(), s.Alice.ID)
	if err != nil || len(links.Items) != 0 {
		t.Errorf("linked are %+v, %v", links.Items, err)
	}
}

// testUpstreamFaults: whichever call of the store fails when the browser comes back, before or after it
// took effect, the answer is that nobody knows, on a page that leads back to the login. The next sign-in
// gets in, as one user with one link, and nothing counts as a wrong try.
func testUpstreamFaults(t *testing.T, s *Signet) {
	create, domains := true, []string{"example.com"}
	p := s.addProvider(t, admin.ConnectorChange{CreateUsers: &create, AuthoritativeDomains: &domains})
	for name, fault := range map[string]func(int){"fails": s.Store.FailAt, "lost": s.Store.LoseResponseAt} {
		for n := 1; ; n++ {
			if n > maxCalls {
				t.Fatalf("a sign-in makes more than %d calls", maxCalls)
			}
			u := p.AddUser(t, fmt.Sprintf("%s-%d", name, n))
			p.verifyAddress(t, u)
			b := s.NewBrowser()
			back := p.enter(t, p.leave(t, b, b.Open(Login)), u)
			fault(n) // at once: the provider's code is good for a minute
			a := b.once(http.MethodGet, back, "", Header("Sec-Fetch-Site", "cross-site")).Response
			reached := len(s.Store.Calls()) >= n
			s.Store.Reset()
			if !reached {
				a.ExpectStatus(t, http.StatusSeeOther)
				break
			}
			if a.ExpectStatus(t, http.StatusServiceUnavailable).expectRetryAfter(t); len(b.Cookies["signet"]) > 0 || !strings.Contains(string(a.Body), Login) {
				t.Errorf("call %d %s: a cookie beside the failure, or no way on: %s", n, name, a.Body)
			}
			s.Advance(time.Second)
			again := s.NewBrowser()
			p.signIn(t, again, again.Open(Login), u).expect(t, Account)
			p.expectOne(t, u)
		}
	}
	if n := s.events(t, audit.EventLoginFailed); n != 0 {
		t.Errorf("%d tries count as wrong", n)
	}
}

// expectOne expects one user who has the account at the provider.
func (p *provider) expectOne(t *testing.T, u User) {
	t.Helper()
	made, err := p.s.operator().Users().Find(t.Context(), u.Username)
	must(t, err)
	links, err := p.s.operator().Users().Links(t.Context(), made.ID)
	if err != nil || len(links.Items) != 1 || links.Items[0].Subject != u.ID || !made.EmailVerified {
		t.Errorf("%s is %+v with %+v, %v", u.Username, made, links, err)
	}
}
