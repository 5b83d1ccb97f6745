package issuer

import (
	"cmp"
	"context"
	"time"

	"example.org/signet/issuer/mail"
	"example.org/signet/storage"
)

// noticeTime is how a mail says when something was.
const noticeTime = "2006-01-02 15:04 UTC"

// noticeDelay is how long a notice waits for the login that it is about: longer than any request
// takes.
const noticeDelay = 15 * time.Second

// youngAccount is how old an account is whose first sign-in surprises nobody.
const youngAccount = 24 * time.Hour

// loginNotices tell users by mail of what a sign-in has shown. A nil mailer tells nothing.
type loginNotices struct {
	mailer     *mail.Mailer
	sessions   browserSessionLister
	newDevices bool
	now        func() time.Time
}

type browserSessionLister interface {
	ListBrowserSessions(ctx context.Context, f storage.BrowserSessionFilter, p storage.Page) (storage.BrowserSessionPage, error)
}

func newLoginNotices(i *Issuer) loginNotices {
	if i.cfg.Messages.Mail == nil {
		return loginNotices{}
	}
	return loginNotices{i.Mailer(), i.store, i.cfg.Messages.NewDevices, i.now}
}

// newDevice stores a notice of a browser session that is about to begin, where none of the user's,
// ended ones that are not swept included, has been on its device in its network. It is sent where the
// session has begun. The read is bounded by one page.
func (n loginNotices) newDevice(ctx context.Context, u storage.User, s storage.BrowserSession, info RequestInfo) error {
	if n.mailer == nil || !n.newDevices || u.Email == "" {
		return nil
	}
	page, err := n.sessions.ListBrowserSessions(ctx, storage.BrowserSessionFilter{UserID: u.ID}, storage.Page{Limit: storage.MaxPage})
	if err != nil {
		return unavailable(err)
	}
	for _, other := range page.Sessions {
		if other.Device == s.Device && other.Network == s.Network {
			return nil
		}
	}
	if len(page.Sessions) == 0 && n.now().Sub(u.CreatedAt) < youngAccount {
		return nil
	}
	facts := map[string]string{"device": cmp.Or(s.Device, "–"), "network": cmp.Or(s.Network, "–"), "time": n.now().UTC().Format(noticeTime)}
	return n.send(ctx, mail.Request{Template: mail.NewDevice, UserID: u.ID, Session: s.ID, Facts: facts, Delay: noticeDelay}, info)
}

// recoveryUsed stores a notice that a recovery code was used.
func (n loginNotices) recoveryUsed(ctx context.Context, u storage.User, info RequestInfo) error {
	if n.mailer == nil || u.Email == "" {
		return nil
	}
	return n.send(ctx, mail.Request{Template: mail.RecoveryUsed, UserID: u.ID}, info)
}

// factorAdded stores a notice that a second factor was set up at a sign-in.
func (n loginNotices) factorAdded(ctx context.Context, u storage.User, info RequestInfo) error {
	if n.mailer == nil || u.Email == "" {
		return nil
	}
	facts := map[string]string{"time": n.now().UTC().Format(noticeTime)}
	return n.send(ctx, mail.Request{Template: mail.FactorAdded, UserID: u.ID, Facts: facts}, info)
}

func (n loginNotices) send(ctx context.Context, r mail.Request, info RequestInfo) error {
	r.Language, r.Actor, r.RequestID = info.Language, r.UserID, info.RequestID
	if info.Address.IsValid() {
		r.From = info.Address.String()
	}
	return unavailableOrNil(n.mailer.Send(ctx, r))
}
