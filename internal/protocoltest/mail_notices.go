package protocoltest

import (
	"context"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/mail"
	"example.org/signet/storage"
)

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
