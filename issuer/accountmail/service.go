package accountmail

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/mailtoken"
	"example.org/signet/storage"
)

// Accounts changes accounts by links.
type Accounts interface {
	SetPasswordByLink(ctx context.Context, l admin.LinkUse, pw issuer.Secret, unlock bool) error
	VerifyAddressByLink(ctx context.Context, l admin.LinkUse) error
}

var _ Accounts = (*admin.Service)(nil)

// Users reads users.
type Users interface {
	User(ctx context.Context, id string) (storage.User, error)
	UserByLogin(ctx context.Context, name string) (storage.User, error)
}

// Factors tells what users have beside the password.
type Factors interface {
	Of(ctx context.Context, u storage.User) (storage.UserFactors, error)
}

// mailer puts mails into the outbox.
type mailer interface {
	Send(ctx context.Context, r mail.Request) error
}

var _ mailer = (*mail.Mailer)(nil)

// Parts are what the service works with. All must be set.
type Parts struct {
	Mailer    mailer
	Tokens    *mailtoken.Sealer
	Accounts  Accounts
	Users     Users
	Factors   Factors
	Throttler *issuer.Throttler
	Now       func() time.Time
}

// Service is safe for concurrent use.
type Service struct {
	parts  Parts
	issuer string
	sends  bool
}

// New returns the service of an issuer. sends tells whether mails are sent: without, links can be
// made and used all the same.
func New(issuerURL string, sends bool, p Parts) *Service { return &Service{p, issuerURL, sends} }

// Sends tells whether mails are sent.
func (s *Service) Sends() bool { return s.sends }

// ErrLink refuses a link or code that is none, has been used or has ended. All are the same.
var ErrLink = errors.New("the link or the code cannot be used any more")

// ErrCode refuses a code that is not the one of the request.
var ErrCode = errors.New("the code is wrong")

// ErrBrowser refuses a code in another browser than the one that has asked for it.
var ErrBrowser = errors.New("another browser has asked for the code")

// Asked is what the browser that has asked for a mail keeps.
type Asked struct {
	Request string // of the form that takes the code
	Mark    string // of a cookie
}

// Proof is what shows that whoever holds a link may use it: the mark of the request, which is in a
// cookie of the browser that has asked, or else the code that stands beside the link. A link that no
// browser has asked for needs neither.
type Proof struct {
	Marks []string
	Typed issuer.Secret // the code
}

// now is the one timestamp of a unit of work, as the store will keep it.
func (s *Service) now() time.Time { return storage.Time(s.parts.Now()) }

// AskReset asks for a mail by which the user of that name, an e-mail address too, chooses a new
// password. Nothing tells whether there is such a user. Errors are *issuer.Error with TooManyAttempts or Unavailable.
func (s *Service) AskReset(ctx context.Context, name, language string, info issuer.RequestInfo) (Asked, error) {
	login, err := account.LoginName(name)
	if err != nil {
		login = "" // nobody can have it
	}
	counted, err := s.parts.Throttler.Count(ctx, issuer.Attempt{Kind: issuer.AttemptMail, Account: login, Info: info})
	if err != nil {
		return Asked{}, err
	}
	r, err := s.parts.Tokens.NewRequest(login, s.now().Add(mail.ResetTTL))
	if err == nil && login != "" {
		err = s.parts.Mailer.Send(ctx, withInfo(mail.Request{Template: mail.Reset, Login: login, Language: language, Nonce: r.Nonce}, info))
	}
	if err != nil {
		err = issuer.OutcomeUnknown(err)
	}
	if err = counted.Settle(ctx, err); err != nil {
		return Asked{}, err
	}
	request, err := s.parts.Tokens.SealRequest(r)
	if err != nil {
		return Asked{}, issuer.OutcomeUnknown(err)
	}
	return Asked{request, s.parts.Tokens.Mark(r.Nonce)}, nil
}

// withInfo adds who has asked, for the audit log.
func withInfo(r mail.Request, info issuer.RequestInfo) mail.Request {
	r.Actor, r.RequestID = info.Actor, info.RequestID
	if info.Address.IsValid() {
		r.From = info.Address.String()
	}
	return r
}

// TryCode checks the code of a mail in the browser that has asked for it, and returns a token that
// sets the password there. ErrLink, ErrBrowser, ErrCode, or *issuer.Error with TooManyAttempts or
// Unavailable.
func (s *Service) TryCode(ctx context.Context, request string, p Proof, info issuer.RequestInfo) (token string, err error) {
	r := s.parts.Tokens.OpenRequest(request)
	switch {
	case !s.now().Before(r.Until):
		return "", ErrLink
	case !s.parts.Tokens.CheckMark(r.Nonce, p.Marks):
		return "", ErrBrowser
	}
	var u storage.User
	find := func() error {
		if r.Login == "" {
			return nil
		}
		found, err := s.parts.Users.UserByLogin(ctx, r.Login)
		if errors.Is(err, storage.ErrNotFound) {
			return nil // checking takes as long
		}
		u = found
		return err
	}
	if err := s.tryCode(ctx, r.Nonce, p.Typed, find, &u, info); err != nil {
		return "", err
	}
	token, err = s.parts.Tokens.SealToken(mailtoken.New(mailtoken.Reset, u, u.Email, r.Until).From(r.Nonce))
	if err != nil {
		return "", issuer.OutcomeUnknown(err)
	}
	return token, nil
}

// tryCode judges a code of the user whom find puts into u: counted before it is judged, and as one guess
// where it is wrong.
func (s *Service) tryCode(ctx context.Context, nonce []byte, typed issuer.Secret, find func() error, u *storage.User, info issuer.RequestInfo) error {
	counted, err := s.parts.Throttler.Count(ctx, issuer.Attempt{Kind: issuer.AttemptMailCode, Account: base64.RawURLEncoding.EncodeToString(nonce), Info: info})
	if err != nil {
		return err
	}
	defer counted.Release(ctx)
	if err := find(); err != nil {
		return issuer.OutcomeUnknown(err)
	}
	if right := s.parts.Tokens.CheckCode(nonce, *u, string(typed)); right && !u.Disabled {
		return counted.GiveBack(ctx) // refused where other instances have filled the counter since
	}
	e := storage.AuditEvent{Type: audit.EventLoginFailed, Target: u.ID, Detail: string(issuer.AttemptMailCode)}
	if err := counted.Failed(ctx, e); err != nil {
		return err
	}
	return ErrCode
}

// Link is what a link is for.
type Link struct {
	Invitation bool // it sets the first password
	NeedsCode  bool // another browser has asked for it
	User       storage.User
}

// Open returns what a link to choose a password is for. It changes nothing. ErrLink for one that
// cannot be used.
func (s *Service) Open(ctx context.Context, token string, marks []string) (Link, error) {
	t, u, err := s.open(ctx, token, mailtoken.Reset, mailtoken.Invite)
	return Link{t.Purpose == mailtoken.Invite, s.needsCode(t, marks), u}, err
}

// needsCode tells whether a browser has asked for the link, and it is not the one with the marks. The
// URL alone, from a log or a scanner of mails, then sets no password.
func (s *Service) needsCode(t mailtoken.Token, marks []string) bool {
	return t.Asked() && !s.parts.Tokens.CheckMark(t.Request[:], marks)
}

// OpenAddress returns the user whose address a link confirms. ErrLink for one that cannot be used.
func (s *Service) OpenAddress(ctx context.Context, token string) (storage.User, error) {
	_, u, err := s.open(ctx, token, mailtoken.Verify)
	return u, err
}

func (s *Service) open(ctx context.Context, token string, purposes ...mailtoken.Purpose) (mailtoken.Token, storage.User, error) {
	t := s.parts.Tokens.OpenToken(token)
	fits := false
	for _, p := range purposes {
		fits = fits || t.Purpose == p
	}
	if !fits || !s.now().Before(t.Until) {
		return t, storage.User{}, ErrLink
	}
	u, err := s.parts.Users.User(ctx, t.UserID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return t, u, ErrLink
	case err != nil:
		return t, u, issuer.OutcomeUnknown(err)
	case !t.Fits(u, s.now()):
		return t, u, ErrLink
	}
	return t, u, nil
}

// use returns what the holder of a token may do to the user as read.
func (s *Service) use(t mailtoken.Token, u storage.User, info issuer.RequestInfo) admin.LinkUse {
	return admin.LinkUse{
		User: u, Info: info, Verified: func(u storage.User) bool { return t.MailedTo(u.Email) },
		Check: func(now storage.User) error {
			if !t.Fits(now, s.now()) {
				return ErrLink
			}
			return nil
		},
	}
}

// SetPassword uses a link up: it sets the password and ends all sessions of the user. Nobody is
// signed in by that, so that a second factor is asked for as ever. ErrLink, ErrCode, *issuer.FieldError
// for a password that must not be, or *issuer.Error with TooManyAttempts or Unavailable.
func (s *Service) SetPassword(ctx context.Context, token string, p Proof, pw issuer.Secret, info issuer.RequestInfo) error {
	t, u, err := s.open(ctx, token, mailtoken.Reset, mailtoken.Invite)
	if err == nil && s.needsCode(t, p.Marks) {
		err = s.tryCode(ctx, t.Request[:], p.Typed, func() error { return nil }, &u, info)
	}
	if err != nil {
		return err
	}
	factors, err := s.parts.Factors.Of(ctx, u)
	if err != nil {
		return issuer.OutcomeUnknown(err)
	}
	// Guesses at a second factor are counted where those at the password are: a new password must
	// not give more of them.
	return orErrLink(s.parts.Accounts.SetPasswordByLink(ctx, s.use(t, u, info), pw, !factor.Any(factors)))
}

// ConfirmAddress uses a link up: the address is the user's. ErrLink, or *issuer.Error with
// Unavailable.
func (s *Service) ConfirmAddress(ctx context.Context, token string, info issuer.RequestInfo) error {
	t, u, err := s.open(ctx, token, mailtoken.Verify)
	if err != nil {
		return err
	}
	return orErrLink(s.parts.Accounts.VerifyAddressByLink(ctx, s.use(t, u, info)))
}

// orErrLink returns ErrLink for a user who is gone meanwhile.
func orErrLink(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return ErrLink
	}
	return err
}

// PasswordLink makes a link for the user of that id, or mails it; see [Inviter.PasswordLink].
func (s *Service) PasswordLink(ctx context.Context, users admin.Users, id string, send bool, language string, info issuer.RequestInfo) (PasswordLink, error) {
	i := &Inviter{Issuer: s.issuer, Mailer: s.parts.Mailer, Tokens: s.parts.Tokens, Now: s.parts.Now, Sends: s.sends}
	return i.PasswordLink(ctx, users, id, send, language, info)
}

// FactorAdded tells the user of a second factor that was set up, where mails are sent.
func (s *Service) FactorAdded(ctx context.Context, u storage.User, info issuer.RequestInfo) error {
	if !s.sends {
		return nil
	}
	return Notices{s.parts.Mailer, s.parts.Now}.FactorAdded(ctx, u, info)
}

// FactorRemoved tells the user of a second factor that was removed, where mails are sent.
func (s *Service) FactorRemoved(ctx context.Context, u storage.User, info issuer.RequestInfo) error {
	if !s.sends {
		return nil
	}
	return Notices{s.parts.Mailer, s.parts.Now}.FactorRemoved(ctx, u, info)
}

// AskConfirmation asks for a mail by which the user confirms their address. It does nothing for
// one that is confirmed, and where no mail is sent.
func (s *Service) AskConfirmation(ctx context.Context, u storage.User, language string, info issuer.RequestInfo) error {
	if !s.sends || u.Email == "" || u.EmailVerified {
		return nil
	}
	counted, err := s.parts.Throttler.Count(ctx, issuer.Attempt{Kind: issuer.AttemptMail, Account: u.Email, Target: u.ID, Info: info})
	if err != nil {
		return err
	}
	err = s.parts.Mailer.Send(ctx, withInfo(mail.Request{Template: mail.Verify, UserID: u.ID, Address: u.Email, Language: language}, info))
	if err != nil {
		err = issuer.OutcomeUnknown(err)
	}
	return counted.Settle(ctx, err)
}
