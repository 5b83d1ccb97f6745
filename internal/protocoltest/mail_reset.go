package protocoltest

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/mail"
	"example.org/signet/storage"
)

func testResetByLink(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	tokens := s.Login(t, s.Web, s.Alice, "openid items:read")
	signedIn := s.NewBrowser()
	signedIn.signInToAccount(t, s.Alice)
	b := s.NewBrowser()
	login := b.Document(t, b.Open(Login))
	if !login.Has("forgot") {
		t.Error("the login page does not offer it")
	}
	sent := b.forget(t, strings.ToUpper(address)) // any form of the name
	if sent.Status != http.StatusOK || !b.Document(t, sent).Has("use-code") {
		t.Fatalf("%d: %s", sent.Status, sent.Body)
	}
	link := s.link(t, s.mail(t, address))
	other := b.Clone() // another tab
	other.Cookies["signet"] = ""
	var p Page
	for range 3 { // programs that look for malware open links
		p = other.Open(link).expect(t, PasswordNew)
	}
	if p.Header.Get("Referrer-Policy") != "no-referrer" || p.Header.Get("Cache-Control") != "no-store" || strings.Contains(p.action(t), "token") {
		t.Errorf("the page has the headers %v, and its form goes to %s", p.Header, p.action(t))
	}
	tokens = s.expectActive(t, s.Web, tokens)
	other.setPassword(t, p, newPassword).expectDone(t, passwordIsSet)
	if other.Cookies["signet"] != "" {
		t.Error("a new password signs somebody in")
	}
	s.expectEnded(t, s.Web, tokens)
	signedIn.Open(Account).expect(t, Login)
	other.setPassword(t, p, "yet another password").expectDone(t, linkHasEnded)
	other.Open(link).expectDone(t, linkHasEnded)
	if s.TryLogin(s.Web, s.Alice, "openid").Status == http.StatusOK {
		t.Error("the old password is right")
	}
	s.Alice.Password = newPassword
	other.signInToAccount(t, s.Alice)
	if u, err := s.backend.User(context.Background(), s.Alice.ID); err != nil || !u.EmailVerified {
		t.Errorf("the address that the link came by is not verified: %v", err)
	}
	if s.events(t, audit.EventPasswordReset) != 1 || s.events(t, audit.EventMailSent) != 1 {
		t.Error("it is not audited")
	}
	s.Clock.Advance(16 * time.Second)
	if m := s.mail(t, address); m.Subject != "Your password was changed" || strings.Contains(m.Text, "token=") {
		t.Errorf("the notice is %+v", m)
	}
}

func testResetByCode(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	app := s.AddCodeClient(t, "desk")
	b := s.NewBrowser()
	q, _ := s.AuthRequest(app)
	login := b.Document(t, b.Open(Authorize+"?"+q.Encode()).expect(t, Login))
	forgot := b.Open(s.below(html.UnescapeString(nodeAttribute(login.element(t, "forgot"), "href"))))
	sent := b.Send(t, forgot, Form("username", s.Alice.Username))
	m := s.mail(t, address)
	code := codeInMail.FindString(m.Text)
	if !strings.Contains(m.HTML, code) || code == "" {
		t.Fatalf("the mail has no code:\n%s\n%s", m.Text, m.HTML)
	}
	// Whoever has asked in another browser cannot use it, nor whoever has got hold of the form.
	other := s.NewBrowser()
	taken := other.own(LoginForgotCode, Form("request", sent.hidden("request"), "code", code).Encode()).says(t, "Another browser has asked")
	if taken.Status != http.StatusForbidden {
		t.Errorf("the form in another browser: %d", taken.Status)
	}
	elsewhere := other.forget(t, s.Alice.Username)
	if p := other.SendForm(t, elsewhere, LoginForgotCode, "", "code", code); p.Status != http.StatusUnauthorized {
		t.Errorf("the code in another browser: %d", p.Status)
	}
	if p := b.Send(t, sent, Form("request", sent.hidden("request"), "code", "AAAA-AAAA")); p.Status != http.StatusUnauthorized {
		t.Errorf("a wrong code: %d", p.Status)
	}
	set := b.Send(t, sent, Form("request", sent.hidden("request"), "code", strings.ToLower(strings.ReplaceAll(code, "-", " "))))
	s.Log.MarkSecret(set.hidden("token"))
	s.Log.MarkSecret(newPassword)
	done := b.Send(t, set, Form("token", set.hidden("token"), "new_password", newPassword, "new_password_again", newPassword))
	done.expectDone(t, passwordIsSet)
	again := b.Send(t, sent, Form("request", sent.hidden("request"), "code", code))
	if again.Status != http.StatusUnauthorized {
		t.Errorf("the code after its use: %d", again.Status)
	}
	// The way on leads back to the application.
	s.Alice.Password = newPassword
	b.SignIn(t, b.Open(s.below(html.UnescapeString(nodeAttribute(b.Document(t, done).element(t, "go-on"), "href")))), s.Alice).Answer(t)
}

// testResetElsewhere: in another browser than has asked, the link asks for the code beside it, so that
// the URL alone is of no use to whoever finds it in a log.
func testResetElsewhere(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	b := s.NewBrowser()
	b.forget(t, address)
	m := s.unmarkedMails(t)[0]
	link, code := s.link(t, m), codeInMail.FindString(m.Text)
	if mark := b.Cookies["signet-mail"]; mark == "" || strings.Contains(link, mark) {
		t.Errorf("the cookie is %q", mark)
	}
	other := s.NewBrowser()
	p := other.Open(link).expect(t, PasswordNew).says(t, "in another browser")
	set := func(b *Browser, code, pw string) Page {
		s.Log.MarkSecret(pw)
		return b.SendForm(t, p, PasswordNew, "", "code", code, "new_password", pw, "new_password_again", pw)
	}
	for _, wrong := range []string{"", "AAAA-AAAA"} {
		if got := set(other, wrong, newPassword).says(t, "not the code of the e-mail"); got.Status != http.StatusUnauthorized {
			t.Errorf("with the code %q: %d", wrong, got.Status)
		}
	}
	if got := set(other, code, "password").says(t, code); got.Status != http.StatusBadRequest {
		t.Errorf("the right code and a bad password: %d", got.Status)
	}
	forged := s.NewBrowser()
	forged.Cookies["signet-mail"] = strings.Repeat("A", 22)
	if got := set(forged, "", newPassword); got.Status != http.StatusUnauthorized {
		t.Errorf("a cookie that is made up: %d", got.Status)
	}
	for range 10 {
		set(other, "AAAA-AAAB", newPassword)
	}
	if got := set(other, code, newPassword); got.Status != http.StatusTooManyRequests {
		t.Errorf("the right code after many guesses: %d", got.Status)
	}
	b.setPassword(t, b.Open(link).expect(t, PasswordNew), newPassword).expectDone(t, passwordIsSet) // guesses lock out nobody who has asked
	s.Alice.Password = newPassword
	s.Clock.Advance(time.Minute)
	s.mails(t)

	for range 6 { // of many requests the browser keeps the newest
		b.forget(t, address)
		s.Clock.Advance(time.Minute)
	}
	all := s.mails(t)
	if len(all) != 6 {
		t.Fatalf("%d mails", len(all))
	}
	asking := 0
	for _, m := range all {
		if strings.Contains(string(b.Open(s.link(t, m)).Body), `name="code"`) {
			asking++
		}
	}
	if asking != 1 {
		t.Errorf("the links of %d of 6 mails ask for the code in the browser that has asked for them, want 1", asking)
	}
	next := s.NewBrowser()
	p = next.Open(s.link(t, all[4])).expect(t, PasswordNew)
	set(next, strings.ToLower(codeInMail.FindString(all[4].Text)), "another long password").expectDone(t, passwordIsSet)
}

func testMailCodeGuesses(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	b := s.NewBrowser()
	sent := b.forget(t, s.Alice.Username)
	code := codeInMail.FindString(s.mail(t, address).Text)
	for n := range 10 {
		if p := b.SendForm(t, sent, LoginForgotCode, "", "code", "WRNG-CDE"+string(rune('1'+n%9))); p.Status != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d", n+1, p.Status)
		}
	}
	if p := b.SendForm(t, sent, LoginForgotCode, "", "code", code); p.Status != http.StatusTooManyRequests {
		t.Errorf("the right code after ten wrong ones: %d", p.Status)
	}
	if s.events(t, audit.EventLoginFailed) != 10 || s.events(t, audit.EventLoginThrottled) != 1 {
		t.Error("guesses are not audited")
	}
	s.TryLogin(s.Web, s.Alice, "openid").ExpectStatus(t, http.StatusOK) // nobody locks the user out by that
}

// The answer, its length and what it costs are the same for somebody and for nobody.
func testResetOfNobody(t *testing.T, s *Signet) {
	s.addressed(t, s.Alice)
	s.addressed(t, s.Disabled)
	pages, calls := map[string]string{}, map[string]string{}
	for _, name := range []string{s.Alice.Username, "aliec", s.Disabled.Username, "nobody@example.com"} {
		b := s.NewBrowser()
		form := b.Open(LoginForgot)
		cost := s.cost(func() { pages[name] = string(b.SendForm(t, form, LoginForgot, "", "username", name).Body) })
		pages[name] = regexp.MustCompile(`name="request" value="[^"]*"`).ReplaceAllString(pages[name], "")
		calls[name] = strings.Join(cost.calls, " ")
		if cost.evaluations != 0 {
			t.Errorf("%d hashes", cost.evaluations)
		}
	}
	for name := range pages {
		if pages[name] != pages[s.Alice.Username] || calls[name] != calls[s.Alice.Username] {
			t.Errorf("%q differs: %s\n%s", name, calls[name], pages[name])
		}
	}
	if got := s.mails(t); len(got) != 1 || got[0].To != s.Alice.Username+"@example.com" {
		t.Errorf("sent %+v", got)
	}
}

func testResetRace(t *testing.T, s *Signet) {
	for range rounds(2, 20) {
		address := s.addressed(t, s.Alice)
		b := s.NewBrowser()
		b.forget(t, address)
		p := b.Open(s.link(t, s.mail(t, address)))
		got, passwords := make([]Page, 20), make([]string, 20)
		all := make([]func(), len(got))
		for n := range all {
			passwords[n] = "a long password " + string(rune('a'+n))
			tab := b.Clone()
			all[n] = func() { got[n] = tab.setPassword(t, p, passwords[n]) }
		}
		before := s.events(t, audit.EventPasswordReset)
		runConcurrently(all...)
		winner := -1
		for n, p := range got {
			switch {
			case p.done(passwordIsSet) && winner >= 0:
				t.Error("two uses of one link have won")
			case p.done(passwordIsSet):
				winner = n
			case !p.done(linkHasEnded):
				t.Errorf("a form that lost: %d %.300s", p.Status, p.Body)
			}
		}
		if winner < 0 {
			t.Fatal("no use of the link has won")
		}
		s.Alice.Password = passwords[winner]
		s.Login(t, s.Web, s.Alice, "openid")
		s.Clock.Advance(16 * time.Second)
		s.mail(t, address) // one notice of one change
		if written := s.events(t, audit.EventPasswordReset) - before; written < 1 {
			t.Errorf("%d events", written)
		}
	}
}

func testLinkEnded(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	ctx := context.Background()
	for name, end := range map[string]func(){
		"time":                func() { s.Advance(mail.ResetTTL) },
		"all sessions ended":  func() { _, err := s.operator().Users().EndSessions(ctx, s.Alice.ID); must(t, err) },
		"password changed":    func() { s.setPasswordOf(t, &s.Alice, "yet another password") },
		"user disabled":       func() { _, err := s.operator().Users().Disable(ctx, s.Alice.ID); must(t, err) },
		"another link's use":  nil,
		"a token of a person": nil,
	} {
		_, err := s.operator().Users().Enable(ctx, s.Alice.ID)
		must(t, err)
		s.Advance(time.Minute)
		s.mails(t)
		b := s.NewBrowser()
		b.forget(t, address)
		link := s.link(t, s.mail(t, address))
		p := b.Open(link).expect(t, PasswordNew)
		switch name {
		case "another link's use":
			b.forget(t, address)
			second := b.Open(s.link(t, s.mail(t, address)))
			b.setPassword(t, second, newPassword).expectDone(t, passwordIsSet)
			s.Alice.Password = newPassword
		case "a token of a person":
			p.Body = []byte(strings.ReplaceAll(string(p.Body), p.hidden("token"), url.QueryEscape(s.Login(t, s.Web, s.Alice, "openid").Access)))
		default:
			end()
		}
		if name != "a token of a person" {
			b.Open(link).expectDone(t, linkHasEnded)
		}
		b.setPassword(t, p, "never this password").expectDone(t, linkHasEnded)
	}
}

// setPasswordOf changes a password as an operator does.
func (s *Signet) setPasswordOf(t testing.TB, u *User, pw string) {
	t.Helper()
	s.Log.MarkSecret(pw)
	_, err := s.operator().Users().SetPassword(context.Background(), u.ID, admin.NewPassword{Password: issuer.Secret(pw)})
	must(t, err)
	u.Password = pw
}

func testResetKeepsFactor(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	_, a := s.enrolled(t, s.Alice)
	s.mails(t)
	b := s.NewBrowser()
	b.forget(t, address)
	b.setPassword(t, b.Open(s.link(t, s.mail(t, address))), newPassword).expectDone(t, passwordIsSet)
	s.Alice.Password = newPassword
	b.sendCode(t, b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t), a.next()).expect(t, Account)
}

// A failure of the store is a 503, never a link that has ended; the link works afterwards, unless it
// was used up.
func testResetUnknownOutcome(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	b := s.NewBrowser()
	b.forget(t, address)
	link := s.link(t, s.mail(t, address))
	p := b.Open(link)
	for _, call := range []string{"User", "UserFactors", "Enqueue", "AppendAudit", "UpdateUser"} {
		s.Store.Before(func(_ context.Context, _ int, method string) error {
			if method == call {
				return storage.Unavailable(method, errConnectionReset)
			}
			return nil
		})
		got := b.setPassword(t, p, newPassword)
		s.Store.Reset()
		if got.Status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", call, got.Status)
		}
	}
	s.Store.Before(func(_ context.Context, _ int, method string) error {
		if method == "ReserveCounters" || method == "Enqueue" {
			return storage.Unavailable(method, errConnectionReset)
		}
		return nil
	})
	asked := b.own(LoginForgot, Form("username", address).Encode())
	s.Store.Reset()
	if asked.Status != http.StatusServiceUnavailable {
		t.Errorf("asking: %d", asked.Status)
	}
	b.setPassword(t, b.Open(link).expect(t, PasswordNew), newPassword).expectDone(t, passwordIsSet)
	s.Clock.Advance(16 * time.Second)
	s.mail(t, address) // the changes that failed are not told
}

func testMailLimits(t *testing.T, s *Signet) {
	s.addressed(t, s.Alice)
	b := s.NewBrowser()
	for n, c := range []struct {
		name string
		want int
	}{{"alice", 200}, {"ALICE", 200}, {"alice", 429}, {"nobody", 200}, {"nobody", 200}, {"nobody", 429}, {"somebody", 429}} {
		p := b.forget(t, c.name)
		if p.Status != c.want || c.want == 429 && p.Header.Get("Retry-After") == "" {
			t.Errorf("%d, %s: %d", n, c.name, p.Status)
		}
	}
	if got := s.mails(t); len(got) != 2 {
		t.Errorf("%d mails", len(got))
	}
	s.Advance(time.Hour)
	if p := b.forget(t, "alice"); p.Status != http.StatusOK {
		t.Errorf("an hour later: %d", p.Status)
	}
}
