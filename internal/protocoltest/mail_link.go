package protocoltest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/accountmail"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/mailtoken"
	"example.org/signet/storage"
)

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
