package protocoltest

import (
	"context"
	"html"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/selfservice"
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
	{name: "a forgotten password, by the link in another browser than has asked", configure: withMail, run: testResetElsewhere},
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
	got := s.unmarkedMails(t)
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

// unmarkedMails delivers what is due, where what the mails hold will be on a page beside an error: that is
// in a form which is sent again.
func (s *Signet) unmarkedMails(t testing.TB) []mail.Message {
	t.Helper()
	_, err := s.Service.Outbox().DeliverDue(context.Background())
	must(t, err)
	box := s.options.Issuer.Messages.Mail.(*mailbox)
	box.mu.Lock()
	defer box.mu.Unlock()
	got := box.all
	box.all = nil
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
	passwordIsSet   = "Your password was changed"
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
