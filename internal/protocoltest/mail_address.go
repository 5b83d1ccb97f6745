package protocoltest

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/mail"
)

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
