package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/mailtoken"
	"example.org/signet/issuer/outbox"
	"example.org/signet/storage"
)

// Paths of the pages that links lead to, below the issuer's URL.
const (
	PathPassword = "/password/new"
	PathVerify   = "/email/verify"
)

// Renderer puts a mail into words.
type Renderer interface {
	// RenderMail returns a mail in a language that it knows; another one gives English.
	RenderMail(template, language string, facts map[string]string) (subject, text, html string, err error)
}

// Users reads users, and what they have begun.
type Users interface {
	User(ctx context.Context, id string) (storage.User, error)
	UserByLogin(ctx context.Context, name string) (storage.User, error)
	BrowserSession(ctx context.Context, id string) (storage.BrowserSession, error)
}

// auditLog appends events.
type auditLog interface {
	Append(ctx context.Context, e storage.AuditEvent) (id string, err error)
}

// Deliverer delivers mails. Without a Sender it drops notices and refuses mails with a link.
type Deliverer struct {
	Issuer   string
	Sealer   *mailtoken.Sealer
	Users    Users
	Renderer Renderer
	Sender   Sender // nil where no mail is configured
	Log      auditLog
	Now      func() time.Time
	Language string // of mails that nobody has asked for in a browser
}

var _ outbox.Deliverer = (*Deliverer)(nil)

var (
	errStore    = errors.New("the store could not be read")
	errAudit    = errors.New("the audit log could not be written")
	errDamaged  = fmt.Errorf("the message is damaged: %w", outbox.ErrRejected)
	errNoMail   = fmt.Errorf("no mail server is configured: %w", outbox.ErrRejected)
	errNotFound = errors.New("not found")
)

// Deliver sends the mail, and audits that. Nothing is sent to who is gone, is shut out or has
// another address by now, nor where the change that the mail is about was not made.
func (d *Deliverer) Deliver(ctx context.Context, m storage.Message) error {
	r, ok := open(d.Sealer, m)
	if !ok {
		return errDamaged
	}
	u, err := d.user(ctx, r)
	switch {
	case errors.Is(err, errNotFound):
		return nil
	case err != nil:
		return err
	}
	to := r.recipient(u)
	if to == "" {
		return nil
	}
	if d.Sender == nil {
		if r.Template.Life() == NoticeTTL {
			return nil
		}
		return errNoMail
	}
	facts, err := d.facts(r, u, to, m)
	if err != nil {
		return err
	}
	message := Message{ID: m.ID, To: to, Date: d.Now()}
	if message.Subject, message.Text, message.HTML, err = d.Renderer.RenderMail(string(r.Template), cmp.Or(r.Language, d.Language), facts); err != nil {
		return fmt.Errorf("the mail could not be put into words: %w", outbox.ErrRejected)
	}
	if err := d.Sender.Send(ctx, message); err != nil {
		return err
	}
	e := storage.AuditEvent{Type: audit.EventMailSent, Target: u.ID, Detail: string(r.Template), Actor: r.Actor, Address: r.From, RequestID: r.RequestID}
	if _, err := d.Log.Append(ctx, e); err != nil {
		return errAudit // it is sent again: a mail is sent at least once
	}
	return nil
}

// user returns whom the request is about.
func (d *Deliverer) user(ctx context.Context, r Request) (u storage.User, err error) {
	if r.Login != "" {
		u, err = d.Users.UserByLogin(ctx, r.Login)
	} else {
		u, err = d.Users.User(ctx, r.UserID)
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return u, errNotFound
	case err != nil:
		return u, errStore
	case r.Session == "":
		return u, nil
	}
	switch _, err := d.Users.BrowserSession(ctx, r.Session); {
	case errors.Is(err, storage.ErrNotFound):
		return u, errNotFound
	case err != nil:
		return u, errStore
	}
	return u, nil
}

// recipient returns where the mail goes; "" for nowhere.
func (r Request) recipient(u storage.User) string {
	switch {
	case r.Template != EmailChanged && u.Disabled:
		return ""
	case r.Template == Verify && (u.Email != r.Address || u.EmailVerified):
		return ""
	case r.Template == EmailChanged && u.Email == r.Address:
		return "" // the change was not made
	case r.Template == Invite && u.PasswordHash != "":
		return ""
	case r.Before != nil && mailtoken.PasswordState(u) == *r.Before:
		return ""
	case r.Address != "":
		return r.Address
	}
	return u.Email
}

// facts returns what the text fills in. Links and codes are made here.
func (d *Deliverer) facts(r Request, u storage.User, to string, m storage.Message) (map[string]string, error) {
	facts := maps.Clone(r.Facts)
	if facts == nil {
		facts = map[string]string{}
	}
	facts["user"], facts["address"] = u.Username, to
	if r.Template == EmailChanged {
		facts["address"] = u.Email
	}
	var purpose mailtoken.Purpose
	path := PathPassword
	switch r.Template {
	case Reset:
		purpose = mailtoken.Reset
	case Invite:
		purpose = mailtoken.Invite
	case Verify:
		purpose, path = mailtoken.Verify, PathVerify
	default:
		return facts, nil
	}
	text, err := d.Sealer.SealToken(mailtoken.New(purpose, u, to, m.ExpiresAt).From(r.Nonce))
	if err != nil {
		return nil, errors.New("the link could not be made")
	}
	facts["link"] = Link(d.Issuer, path, text)
	if len(r.Nonce) > 0 {
		facts["code"] = d.Sealer.Code(r.Nonce, u)
	}
	return facts, nil
}

// Link returns the URL of a page with a token.
func Link(issuer, path, token string) string { return issuer + path + "?token=" + token }

// Undelivered is the event that a mail was given up.
func (d *Deliverer) Undelivered(m storage.Message) storage.AuditEvent {
	e := storage.AuditEvent{Type: audit.EventDeliveryFailed, Target: m.ID, Detail: "mail"}
	if r, ok := open(d.Sealer, m); ok {
		e.Detail = "mail " + string(r.Template)
		if r.UserID != "" {
			e.Target = r.UserID
		}
	}
	return e
}
