package mail_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/mailtoken"
	"example.org/signet/issuer/outbox"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

const aliceID = "01930000-0000-7000-8000-000000000001"

// world holds everything around a deliverer, in memory.
type world struct {
	now      time.Time
	user     storage.User
	storeErr error
	auditErr error
	sendErr  error

	queued []storage.Message
	sent   []mail.Message
	events []storage.AuditEvent
	facts  map[string]string
	lang   string

	mailer    *mail.Mailer
	deliverer *mail.Deliverer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 11, 30, 21, 0, 0, 0, time.UTC)}
	w.user = storage.User{ID: aliceID, Username: "alice", Email: "alice@example.com", PasswordHash: "old", CreatedAt: w.now.Add(-time.Hour)}
	master, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealer := mailtoken.NewSealer(rand.Reader, "https://id.example.com", master)
	clock := func() time.Time { return w.now }
	w.mailer = &mail.Mailer{Queue: w, Sealer: sealer, Rand: rand.Reader, Now: clock}
	w.deliverer = &mail.Deliverer{Issuer: "https://id.example.com", Sealer: sealer, Users: w, Renderer: w, Sender: w, Log: w, Now: clock, Language: "de"}
	return w
}

func (w *world) Enqueue(_ context.Context, m ...storage.Message) error {
	w.queued = append(w.queued, m...)
	return nil
}

func (w *world) User(_ context.Context, id string) (storage.User, error) {
	if w.storeErr != nil {
		return storage.User{}, w.storeErr
	}
	if id != w.user.ID {
		return storage.User{}, storage.ErrNotFound
	}
	return w.user, nil
}

func (w *world) UserByLogin(_ context.Context, name string) (storage.User, error) {
	if w.storeErr != nil {
		return storage.User{}, w.storeErr
	}
	if name != w.user.Username && name != w.user.Email {
		return storage.User{}, storage.ErrNotFound
	}
	return w.user, nil
}

func (w *world) BrowserSession(_ context.Context, id string) (storage.BrowserSession, error) {
	if id != "begun" {
		return storage.BrowserSession{}, storage.ErrNotFound
	}
	return storage.BrowserSession{ID: id}, nil
}

func (w *world) RenderMail(template, language string, facts map[string]string) (subject, text, html string, err error) {
	w.facts, w.lang = facts, language
	return template, fmt.Sprint(facts), "<p>", nil
}

func (w *world) Send(_ context.Context, m mail.Message) error {
	if w.sendErr == nil {
		w.sent = append(w.sent, m)
	}
	return w.sendErr
}

func (w *world) Append(_ context.Context, e storage.AuditEvent) (string, error) {
	if w.auditErr == nil {
		w.events = append(w.events, e)
	}
	return "", w.auditErr
}

// ask puts a request into the outbox and returns its message.
func (w *world) ask(t *testing.T, r mail.Request) storage.Message {
	t.Helper()
	if err := w.mailer.Send(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return w.queued[len(w.queued)-1]
}

func TestDeliver_Reset_MakesLinkAndCodeAtDelivery(t *testing.T) {
	w := newWorld(t)
	nonce := make([]byte, 16)
	m := w.ask(t, mail.Request{Template: mail.Reset, Login: "alice@example.com", Language: "en", Nonce: nonce, From: "192.0.2.1", RequestID: "r1"})
	if !m.ExpiresAt.Equal(w.now.Add(mail.ResetTTL)) {
		t.Errorf("the message expires at %s", m.ExpiresAt)
	}
	if err := w.deliverer.Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	link, code := w.facts["link"], w.facts["code"]
	text, found := strings.CutPrefix(link, "https://id.example.com/password/new?token=")
	token := w.deliverer.Sealer.OpenToken(text)
	if !found || !token.Fits(w.user, w.now) || !token.MailedTo("alice@example.com") || !token.Until.Equal(m.ExpiresAt) {
		t.Errorf("the link is %q, of %+v", link, token)
	}
	if !w.deliverer.Sealer.CheckCode(nonce, w.user, code) {
		t.Errorf("the code is %q", code)
	}
	for _, secret := range []string{"alice", text, code} {
		if strings.Contains(string(m.Body)+m.ID+m.Target, secret) {
			t.Errorf("the store has %q", secret)
		}
	}
	if len(w.sent) != 1 || w.sent[0].To != "alice@example.com" || w.lang != "en" {
		t.Errorf("sent %+v in %q", w.sent, w.lang)
	}
	if len(w.events) != 1 || w.events[0].Target != aliceID || w.events[0].Detail != "reset" || w.events[0].Address != "192.0.2.1" || w.events[0].RequestID != "r1" {
		t.Errorf("audited %+v", w.events)
	}
}

// Who gets nothing, and that this is no error: nothing is left to try.
func TestDeliver_NothingToSend(t *testing.T) {
	before := mailtoken.PasswordState(newWorld(t).user)
	for name, c := range map[string]struct {
		request mail.Request
		change  func(*world)
	}{
		"nobody of that name":     {mail.Request{Template: mail.Reset, Login: "bob"}, func(*world) {}},
		"no address":              {mail.Request{Template: mail.Reset, Login: "alice"}, func(w *world) { w.user.Email = "" }},
		"disabled":                {mail.Request{Template: mail.Reset, Login: "alice"}, func(w *world) { w.user.Disabled = true }},
		"deleted":                 {mail.Request{Template: mail.Invite, UserID: aliceID}, func(w *world) { w.user.ID = "gone" }},
		"invited, has a password": {mail.Request{Template: mail.Invite, UserID: aliceID}, func(*world) {}},
		"verified":                {mail.Request{Template: mail.Verify, UserID: aliceID, Address: "alice@example.com"}, func(w *world) { w.user.EmailVerified = true }},
		"another address":         {mail.Request{Template: mail.Verify, UserID: aliceID, Address: "eve@example.com"}, func(*world) {}},
		"password not changed":    {mail.Request{Template: mail.PasswordChanged, UserID: aliceID, Before: &before}, func(*world) {}},
		"address not changed":     {mail.Request{Template: mail.EmailChanged, UserID: aliceID, Address: "alice@example.com"}, func(*world) {}},
		"no such sign-in":         {mail.Request{Template: mail.NewDevice, UserID: aliceID, Session: "not begun"}, func(*world) {}},
		"a notice without mail":   {mail.Request{Template: mail.NewDevice, UserID: aliceID}, func(w *world) { w.deliverer.Sender = nil }},
	} {
		w := newWorld(t)
		c.change(w)
		if err := w.deliverer.Deliver(t.Context(), w.ask(t, c.request)); err != nil || len(w.sent) > 0 || len(w.events) > 0 {
			t.Errorf("%s: %v, sent %d", name, err, len(w.sent))
		}
	}
}

func TestDeliver_Notices_AfterTheChange(t *testing.T) {
	w := newWorld(t)
	before := mailtoken.PasswordState(w.user)
	password := w.ask(t, mail.Request{Template: mail.PasswordChanged, UserID: aliceID, Before: &before})
	address := w.ask(t, mail.Request{Template: mail.EmailChanged, UserID: aliceID, Address: "alice@example.com"})
	w.user.PasswordHash, w.user.Email, w.user.EmailVerified = "new", "new@example.com", false
	for _, m := range []storage.Message{password, address} {
		if err := w.deliverer.Deliver(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.sent) != 2 || w.sent[0].To != "new@example.com" || w.sent[1].To != "alice@example.com" || w.facts["address"] != "new@example.com" {
		t.Errorf("sent %+v, %v", w.sent, w.facts)
	}
	if w.lang != "de" || w.facts["link"] != "" || w.facts["code"] != "" {
		t.Errorf("a notice in %q has %v", w.lang, w.facts)
	}
}

func TestDeliver_Errors(t *testing.T) {
	failed := errors.New("the mail server could not be reached")
	for name, c := range map[string]struct {
		change   func(*world, *storage.Message)
		rejected bool
	}{
		"store down":      {func(w *world, _ *storage.Message) { w.storeErr = errors.New("secret of the driver") }, false},
		"server down":     {func(w *world, _ *storage.Message) { w.sendErr = failed }, false},
		"not audited":     {func(w *world, _ *storage.Message) { w.auditErr = errors.New("secret of the driver") }, false},
		"altered":         {func(_ *world, m *storage.Message) { m.Body[len(m.Body)-1] ^= 1 }, true},
		"another message": {func(_ *world, m *storage.Message) { m.ID += "x" }, true},
		"no mail":         {func(w *world, _ *storage.Message) { w.deliverer.Sender = nil }, true},
	} {
		w := newWorld(t)
		m := w.ask(t, mail.Request{Template: mail.Reset, Login: "alice"})
		c.change(w, &m)
		err := w.deliverer.Deliver(t.Context(), m)
		if err == nil || errors.Is(err, outbox.ErrRejected) != c.rejected || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "alice") {
			t.Errorf("%s: %v", name, err)
		}
		if e := w.deliverer.Undelivered(m); e.Type != "message.undelivered" || !strings.HasPrefix(e.Detail, "mail") || strings.Contains(e.Detail+e.Target, "alice") {
			t.Errorf("%s: the event is %+v", name, e)
		}
	}
}
