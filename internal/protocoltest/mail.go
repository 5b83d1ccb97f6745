package protocoltest

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/accountmail"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/mailtoken"
	"example.org/signet/issuer/selfservice"
	"example.org/signet/storage"
)

// Pages of what people do by mail.
const (
	LoginForgot     = "/login/forgot"
	LoginForgotCode = "/login/forgot/code"
	PasswordNew     = "/password/new"
	EmailVerify     = "/email/verify"
)

// What people do about their accounts by mail, in a browser without script.
var mailCases = []testCase{
	{name: "a forgotten password, by the link", configure: withMail, run: testResetByLink},
	{name: "a forgotten password, by the code in the browser that asked", configure: withMail, run: testResetByCode},
	{name: "guesses at the code of a mail", configure: withMail, run: testMailCodeGuesses},
	{name: "U15 a forgotten password of nobody", configure: withMail, run: testResetOfNobody},
	{name: "one link in twenty parallel forms", configure: withMail, run: testResetRace},
	{name: "a link after its end, and after what ends it", configure: withMail, run: testLinkEnded},
	{name: "a second factor after a new password", configure: withMail, run: testResetKeepsFactor},
	{name: "U07 the store away while a link is used", configure: withMail, run: testResetUnknownOutcome},
	{name: "mails are limited by name, by network and in all", configure: withMailLimits, run: testMailLimits},
	{name: "an address is confirmed by its link", configure: withMail, run: testConfirmAddress},
	{name: "an invitation without mail", run: testInvitationLink},
	{name: "a new password that is refused", run: testRefusedPasswords},
	{name: "notices of changes, sent where the change was made", configure: withMail, run: testNotices},
	{name: "the account page says whether the address is confirmed", configure: withMail, run: testAccountConfirms},
	{name: "a registration asks for the address to be confirmed", configure: withMailAndRegistration, run: testRegistrationConfirms},
	{name: "notices of new devices", configure: withNewDevices, run: testNewDeviceNotice},
	{name: "notices of second factors", configure: withMail, run: testFactorNotices},
	{name: "links by the admin API", configure: withMailAndAdmin, run: testPasswordLinkAPI},
	{name: "L12 forms of other sites at the pages of mails", configure: withMail, run: testMailCrossSite},
	{name: "without mail nothing is offered", run: testWithoutMail},
}

// mailbox takes every mail.
type mailbox struct {
	mu  sync.Mutex
	all []mail.Message
}

func (b *mailbox) Send(_ context.Context, m mail.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, m)
	return nil
}

func withMail(o *Options) { o.Issuer.Messages.Mail, o.Issuer.Messages.NewDevices = &mailbox{}, false }

func withNewDevices(o *Options) {
	o.Issuer.Messages.Mail, o.Issuer.Messages.NewDevices = &mailbox{}, true
}

func withMailAndRegistration(o *Options) {
	withMail(o)
	o.SelfService.Registration = selfservice.RegistrationOpen
}

func withMailLimits(o *Options) {
	withMail(o)
	o.Issuer.Throttle = issuer.Throttle{MailsPerName: issuer.Limit{Attempts: 2, Window: time.Hour}, MailsPerNetwork: issuer.Limit{Attempts: 4, Window: time.Hour}}
}

var (
	linkInMail = regexp.MustCompile(`(?m)^(http\S+\?token=\S+)$`)
	codeInMail = regexp.MustCompile(`\b([A-Z1-9]{4}-[A-Z1-9]{4})\b`)
)

// mails delivers what is due, and returns the mails since the last call. What they hold is marked as
// secret.
func (s *Signet) mails(t testing.TB) []mail.Message {
	t.Helper()
	_, err := s.Service.Outbox().DeliverDue(context.Background())
	must(t, err)
	box := s.options.Issuer.Messages.Mail.(*mailbox)
	box.mu.Lock()
	defer box.mu.Unlock()
	got := box.all
	box.all = nil
	for _, m := range got {
		if link := linkInMail.FindString(m.Text); link != "" {
			s.Log.MarkSecret(link[strings.Index(link, "token=")+6:])
		}
		if code := codeInMail.FindString(m.Text); code != "" {
			s.Log.MarkSecret(code)
		}
	}
	return got
}

// mail delivers what is due: one mail, to that address.
func (s *Signet) mail(t testing.TB, to string) mail.Message {
	t.Helper()
	got := s.mails(t)
	if len(got) != 1 || got[0].To != to {
		t.Fatalf("%d mails: %+v, want one to %s", len(got), got, to)
	}
	return got[0]
}

// link returns the path of the link in a mail.
func (s *Signet) link(t testing.TB, m mail.Message) string {
	t.Helper()
	found := linkInMail.FindString(m.Text)
	path, below := strings.CutPrefix(found, s.Issuer)
	if !below || !strings.Contains(m.HTML, html.EscapeString(found)) {
		t.Fatalf("the link %q is not the issuer's, or not in both parts:\n%s\n%s", found, m.Text, m.HTML)
	}
	return path
}

// addressed gives a user an address.
func (s *Signet) addressed(t testing.TB, u User) (address string) {
	t.Helper()
	address = u.Username + "@example.com"
	_, err := s.operator().Users().Update(context.Background(), u.ID, admin.UserChange{Email: &address})
	must(t, err)
	return address
}

// forget asks for the mail, as a person does who comes from the login page.
func (b *Browser) forget(t testing.TB, name string) Page {
	t.Helper()
	return b.SendForm(t, b.Open(LoginForgot).expect(t, LoginForgot), LoginForgot, "", "username", name)
}

// setPassword sends the form of a new password.
func (b *Browser) setPassword(t testing.TB, p Page, pw string) Page {
	t.Helper()
	b.s.Log.MarkSecret(pw)
	return b.SendForm(t, p, PasswordNew, "", "new_password", pw, "new_password_again", pw)
}

// done tells whether it is the page of what a link has led to.
func (p Page) done(title string) bool {
	return strings.Contains(string(p.Body), `id="mail-done"`) && strings.Contains(string(p.Body), title)
}

const (
	passwordIsSet   = "Your new password counts"
	linkHasEnded    = "This link cannot be used any more"
	addressIsProven = "Your e-mail address is confirmed"
	newPassword     = "a new and long password"
)

func (p Page) expectDone(t testing.TB, title string) {
	t.Helper()
	want := http.StatusOK
	if title == linkHasEnded {
		want = http.StatusBadRequest
	}
	if p.Status != want || !p.done(title) {
		t.Errorf("%d at %.40s, want %q: %.600s", p.Status, p.Path, title, p.Body)
	}
}

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
	other := s.NewBrowser() // the mail is read elsewhere
	var p Page
	for range 3 { // programs that look for malware open links
		p = other.Open(link).expect(t, PasswordNew)
	}
	if p.Header.Get("Referrer-Policy") != "no-referrer" || p.Header.Get("Cache-Control") != "no-store" || strings.Contains(p.action(t), "token") {
		t.Errorf("the page has the headers %v, and its form goes to %s", p.Header, p.action(t))
	}
	tokens = s.expectActive(t, s.Web, tokens)
	other.setPassword(t, p, newPassword).expectDone(t, passwordIsSet)
	if len(other.Cookies) > 0 {
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
	// Whoever has asked in another browser cannot use it.
	other := s.NewBrowser()
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
			all[n] = func() { got[n] = s.NewBrowser().setPassword(t, p, passwords[n]) }
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

func testConfirmAddress(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	verified := func() bool {
		u, err := s.backend.User(context.Background(), s.Alice.ID)
		must(t, err)
		return u.EmailVerified
	}
	ask := func() string {
		u, err := s.backend.User(context.Background(), s.Alice.ID)
		must(t, err)
		must(t, s.Mail.AskConfirmation(context.Background(), u, "de", issuer.RequestInfo{}))
		m := s.mail(t, u.Email)
		if !strings.Contains(m.Subject, "Bestätigen") {
			t.Errorf("the subject is %q", m.Subject)
		}
		return s.link(t, m)
	}
	link := ask()
	b := s.NewBrowser()
	p := b.Open(link).expect(t, EmailVerify)
	if verified() {
		t.Error("opening the link has confirmed the address")
	}
	if s.Log.MarkSecret(p.hidden("token")); !strings.Contains(string(p.Body), address) {
		t.Error("the page does not show the address")
	}
	b.SendForm(t, p, EmailVerify, "").expectDone(t, addressIsProven)
	if !verified() || s.events(t, audit.EventEmailVerified) != 1 {
		t.Error("the address is not confirmed")
	}
	b.SendForm(t, p, EmailVerify, "").expectDone(t, linkHasEnded)
	// A link for one address does not confirm another, and one for a password none.
	other := "other@example.com"
	_, err := s.operator().Users().Update(context.Background(), s.Alice.ID, admin.UserChange{Email: &other})
	must(t, err)
	s.Clock.Advance(16 * time.Second)
	if m := s.mail(t, address); !strings.Contains(m.Text, other) || m.Subject != "Your e-mail address was changed" {
		t.Errorf("the address before is told %+v", m)
	}
	b.Open(link).expectDone(t, linkHasEnded)
	b.forget(t, other)
	foreign := s.link(t, s.mail(t, other))
	b.Open(EmailVerify+foreign[strings.Index(foreign, "?"):]).expectDone(t, linkHasEnded)
	if verified() {
		t.Error("another address is confirmed")
	}
	s.Advance(time.Hour)
	last := ask()
	s.Advance(mail.VerifyTTL)
	b.Open(last).expectDone(t, linkHasEnded)
}

// passwordLink makes a link as a command does, without mail.
func (s *Signet) passwordLink(t testing.TB, u User) (accountmail.PasswordLink, string) {
	t.Helper()
	i := accountmail.Inviter{Issuer: s.Issuer, Mailer: s.Service.Mailer(), Tokens: s.Service.MailTokens(), Now: s.Clock.Now}
	l, err := i.PasswordLink(context.Background(), s.operator().Users(), u.ID, false, "", issuer.RequestInfo{})
	must(t, err)
	s.Log.MarkSecret(l.Link[strings.Index(l.Link, "token=")+6:])
	return l, strings.TrimPrefix(l.Link, s.Issuer)
}

func testInvitationLink(t *testing.T, s *Signet) {
	u, err := s.operator().Users().Create(context.Background(), admin.NewUser{Username: "guest", Email: "guest@example.com"})
	must(t, err)
	guest := User{ID: u.ID, Username: u.Username}
	l, path := s.passwordLink(t, guest)
	if l.Sent || !l.ExpiresAt.Equal(storage.Time(s.Clock.Now()).Add(7*24*time.Hour)) {
		t.Errorf("the link is %+v", l)
	}
	s.Advance(6 * 24 * time.Hour)
	b := s.NewBrowser()
	p := b.Open(path).expect(t, PasswordNew)
	if !strings.Contains(string(p.Body), "Choose a password") {
		t.Errorf("the page is %s", p.Body)
	}
	b.setPassword(t, p, newPassword).expectDone(t, passwordIsSet)
	b.Open(path).expectDone(t, linkHasEnded)
	guest.Password = newPassword
	b.signInToAccount(t, guest)
	if got, err := s.backend.User(context.Background(), guest.ID); err != nil || got.EmailVerified {
		t.Errorf("a link that was handed over verifies the address: %v", err)
	}
	l, path = s.passwordLink(t, guest)
	if !l.ExpiresAt.Equal(storage.Time(s.Clock.Now()).Add(time.Hour)) {
		t.Errorf("the link of a user with a password is %+v", l)
	}
	b.setPassword(t, b.Open(path), "yet another password").expectDone(t, passwordIsSet)
	if s.events(t, audit.EventPasswordLinkMade) != 2 {
		t.Error("links are not audited")
	}
}

// A password that is refused does not use the link up: the page is shown again, with the link in its
// form.
func testRefusedPasswords(t *testing.T, s *Signet) {
	b := s.NewBrowser()
	i := accountmail.Inviter{Issuer: s.Issuer, Mailer: s.Service.Mailer(), Tokens: s.Service.MailTokens(), Now: s.Clock.Now}
	l, err := i.PasswordLink(context.Background(), s.operator().Users(), s.Alice.ID, false, "", issuer.RequestInfo{})
	must(t, err)
	p := b.Open(strings.TrimPrefix(l.Link, s.Issuer))
	for name, c := range map[string][2]string{"two passwords": {newPassword, "another"}, "short": {"short", "short"}, "the username": {"alice-alice", "alice-alice"}, "none": {"", ""}} {
		p = b.SendForm(t, p, PasswordNew, "", "new_password", c[0], "new_password_again", c[1])
		if p.Status != http.StatusBadRequest || p.done(linkHasEnded) {
			t.Errorf("%s: %d", name, p.Status)
		}
	}
	b.setPassword(t, p, newPassword).expectDone(t, passwordIsSet)
}

// A notice is stored before the change, and says nothing of one that failed.
func testNotices(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	s.Store.Before(func(_ context.Context, _ int, method string) error {
		if method == "UpdateUser" {
			return storage.Unavailable(method, errConnectionReset)
		}
		return nil
	})
	_, err := s.operator().Users().SetPassword(context.Background(), s.Alice.ID, admin.NewPassword{Password: newPassword})
	s.Store.Reset()
	if err == nil {
		t.Fatal("the change was made")
	}
	s.Clock.Advance(16 * time.Second)
	if got := s.mails(t); len(got) != 0 {
		t.Errorf("told of what was not done: %+v", got)
	}
	s.setPasswordOf(t, &s.Alice, newPassword)
	if got := s.mails(t); len(got) != 0 {
		t.Errorf("told before it is sure: %+v", got)
	}
	s.Clock.Advance(16 * time.Second)
	if m := s.mail(t, address); m.Subject != "Your password was changed" {
		t.Errorf("the notice is %+v", m)
	}
	// The stored message has neither the address nor a name.
	s.setPasswordOf(t, &s.Alice, "yet another password")
	page, err := s.backend.ListMessages(context.Background(), storage.Page{})
	must(t, err)
	if len(page.Messages) != 1 || strings.Contains(string(page.Messages[0].Body)+page.Messages[0].ID, "alice") {
		t.Errorf("the store has %+v", page.Messages)
	}
}

func testAccountConfirms(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	b := s.NewBrowser()
	p := b.signInToAccount(t, s.Alice)
	sent := b.SendForm(t, p, Account+"/email/confirm", "")
	if !b.Document(t, sent).Has("notice") {
		t.Errorf("the page does not say that a mail was sent: %d", sent.Status)
	}
	confirm := b.Open(s.link(t, s.mail(t, address)))
	s.Log.MarkSecret(confirm.hidden("token"))
	b.SendForm(t, confirm, EmailVerify, "").expectDone(t, addressIsProven)
	if d := b.Document(t, b.Open(Account)); d.Has("confirm-address") || !strings.Contains(d.Text(t, "address-state"), "is confirmed") {
		t.Error("the page offers a mail for an address that is confirmed")
	}
	// Another address is not confirmed, gets a mail by itself, and the one before is told.
	b.SendForm(t, b.Open(Account), Account+"/profile", "", "full_name", "Alice", "email", "new@example.com", "phone", "")
	if m := s.mail(t, "new@example.com"); !strings.Contains(m.Subject, "Confirm") {
		t.Errorf("the new address gets %+v", m)
	}
	s.Clock.Advance(16 * time.Second)
	s.mail(t, address)
	if d := b.Document(t, b.Open(Account)); !d.Has("confirm-address") {
		t.Error("the page offers no mail for the new address")
	}
}

func testRegistrationConfirms(t *testing.T, s *Signet) {
	s.JSON("POST", Register, Object{"username": "newcomer", "email": "newcomer@example.com", "password": newPassword}).ExpectStatus(t, http.StatusCreated)
	m := s.mail(t, "newcomer@example.com")
	if b := s.NewBrowser(); !strings.Contains(string(b.Open(s.link(t, m)).expect(t, EmailVerify).Body), "newcomer") {
		t.Errorf("the mail is %+v", m)
	}
}

func testNewDeviceNotice(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	desk := s.NewBrowser()
	desk.UserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	told := func() []mail.Message {
		s.Clock.Advance(16 * time.Second)
		return s.mails(t)
	}
	desk.signInToAccount(t, s.Alice)
	if got := told(); len(got) != 0 {
		t.Errorf("the first sign-in of a new account is told: %+v", got)
	}
	again := s.NewBrowser()
	again.UserAgent = desk.UserAgent
	again.signInToAccount(t, s.Alice)
	if got := told(); len(got) != 0 {
		t.Errorf("a device that is known is told: %+v", got)
	}
	phone := s.NewBrowser()
	phone.UserAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
	wrong := s.Alice
	wrong.Password = "wrong password"
	phone.SignIn(t, phone.Open(Login), wrong)
	if got := told(); len(got) != 0 {
		t.Errorf("a wrong password is told: %+v", got)
	}
	phone.signInToAccount(t, s.Alice)
	got := told()
	if len(got) != 1 || got[0].To != address || got[0].Subject != "Sign-in from a new device" || !strings.Contains(got[0].Text, "Safari") {
		t.Errorf("a new device is told as %+v", got)
	}
}

func testFactorNotices(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	_, a := s.enrolled(t, s.Alice)
	if m := s.mail(t, address); m.Subject != "A second factor was set up" {
		t.Errorf("setting it up is told as %+v", m)
	}
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	b.SendForm(t, p, LoginFactor, "", "recovery_code", a.codes[0])
	if m := s.mail(t, address); m.Subject != "A recovery code was used" {
		t.Errorf("a recovery code is told as %+v", m)
	}
	b.SendForm(t, b.Open(AccountFactors), AccountFactors+"/remove", "")
	if m := s.mail(t, address); m.Subject != "A second factor was removed" {
		t.Errorf("the removal is told as %+v", m)
	}
	s.giveApp(t, s.Alice)
	must(t, s.operator().Factors().Reset(context.Background(), s.Alice.ID))
	if m := s.mail(t, address); m.Subject != "A second factor was removed" {
		t.Errorf("the removal by an administrator is told as %+v", m)
	}
}

func withMailAndAdmin(o *Options) {
	withMail(o)
	mergedAdmin(o)
}

func testPasswordLinkAPI(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	u, err := s.operator().Users().Create(context.Background(), admin.NewUser{Username: "guest"})
	must(t, err)
	admins := s.AddAdmins(t)
	path := func(id string) string { return "/api/v1/users/" + id + "/password-link" }
	sent := s.JSON("POST", path(s.Alice.ID), Object{"send": true, "language": "de"}, admins.admin).ExpectStatus(t, http.StatusOK).Object(t)
	if sent["sent"] != true || sent["link"] != nil {
		t.Errorf("mailed: %v", sent)
	}
	if m := s.mail(t, address); !strings.Contains(m.Subject, "Passwort") {
		t.Errorf("the mail is %+v", m)
	}
	made := s.JSON("POST", path(u.ID), Object{}, admins.admin).ExpectStatus(t, http.StatusOK).Object(t)
	link, _ := made["link"].(string)
	s.Log.MarkSecret(link[strings.Index(link, "token=")+6:])
	b := s.NewBrowser()
	b.setPassword(t, b.Open(strings.TrimPrefix(link, s.Issuer)), newPassword).expectDone(t, passwordIsSet)
	s.JSON("POST", path(u.ID), Object{"send": true}, admins.admin).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "send")
	s.JSON("POST", path(admins.SuperAdmin.ID), Object{}, admins.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	s.JSON("POST", path(s.Disabled.ID), Object{}, admins.admin).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "disabled")
}

func testMailCrossSite(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	b := s.NewBrowser()
	token := mailtoken.New(mailtoken.Reset, storage.User{ID: s.Alice.ID}, "", s.Clock.Now())
	text, err := s.Service.MailTokens().SealToken(token)
	must(t, err)
	for path, form := range map[string]url.Values{
		LoginForgot: Form("username", address), LoginForgotCode: Form("request", "x", "code", "y"),
		PasswordNew: Form("token", text, "new_password", newPassword), EmailVerify: Form("token", text),
	} {
		b.Post(path, form).ExpectErrorPage(t, http.StatusForbidden, "cross_site")
	}
	if got := s.mails(t); len(got) != 0 {
		t.Errorf("sent %+v", got)
	}
}

func testWithoutMail(t *testing.T, s *Signet) {
	b := s.NewBrowser()
	if b.Document(t, b.Open(Login)).Has("forgot") {
		t.Error("the login page offers a mail")
	}
	if p := b.Open(LoginForgot); p.Status != http.StatusNotFound {
		t.Errorf("%s: %d", LoginForgot, p.Status)
	}
	b.Open(PasswordNew).expectDone(t, linkHasEnded)
}
