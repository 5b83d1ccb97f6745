package issuer

import (
	"context"
	"errors"
	"strings"

	"example.org/signet/issuer/account"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// passwordLogin checks a username and a password, for the password grant and for the login
// page. A name that is unknown, a user who is disabled or has no password, and a wrong
// password get the same answer, after one hash evaluation each.
type passwordLogin struct {
	users     loginUsers
	passwords *password.Pool
	throttler *Throttler
}

// loginUsers are the users as a login needs them.
type loginUsers interface {
	UserByLogin(ctx context.Context, name string) (storage.User, error)
}

func newPasswordLogin(i *Issuer) *passwordLogin {
	return &passwordLogin{users: i.store, passwords: i.passwords, throttler: i.throttler}
}

// credentials are what a person has typed, and where. The password has passed
// password.CheckInput.
type credentials struct {
	Username string
	Password Secret
	ClientID string // for the audit log; "" for none
	Info     RequestInfo
}

// verifiedLogin is a login whose password was right. Its attempt is not settled yet: it ends
// by record, or by Release of the attempt where the outcome is not known.
type verifiedLogin struct {
	user     storage.User
	attempt  *CountedAttempt
	outdated bool // the hash is to be replaced
}

// pendingLogin is a login whose password was right and of which nothing is written yet. What is
// decided after the password, a session or a refusal, is written with it.
type pendingLogin struct {
	login       *passwordLogin
	credentials credentials
	verified    verifiedLogin
}

func (l *pendingLogin) record(ctx context.Context, r storage.LoginRecord, events func(storage.LoginOutcome) []storage.AuditEvent) (storage.LoginOutcome, error) {
	return l.login.record(ctx, l.credentials, l.verified, r, events)
}

// release gives the places of the attempt back where nothing was recorded.
func (l *pendingLogin) release(ctx context.Context) {
	if l != nil {
		l.verified.attempt.Release(ctx)
	}
}

var errInvalidCredentials = newError(InvalidGrant, "the username or password is wrong")

// verify checks the password. The attempt is counted before the check, and the hash is
// evaluated exactly once on every way out that is not throttled. The error is
// errInvalidCredentials, or *Error with TooManyAttempts or Unavailable.
func (l *passwordLogin) verify(ctx context.Context, c credentials) (verifiedLogin, error) {
	name := strings.TrimSpace(c.Username) // no name begins or ends with white space
	user, found, err := l.findUser(ctx, name)
	if err != nil {
		return verifiedLogin{}, err
	}
	accountKey := user.ID
	if !found {
		accountKey = unknownLoginKey(name)
	}
	t, err := l.throttler.Count(ctx, Attempt{Kind: AttemptLogin, Account: accountKey, Target: user.ID, Client: c.ClientID, Info: c.Info})
	if err != nil {
		return verifiedLogin{}, err
	}
	right, outdated, err := l.verifyPassword(ctx, c, user, found)
	switch {
	case err != nil:
		t.Release(ctx)
		return verifiedLogin{}, unavailable(err)
	case !right:
		defer t.Release(ctx)
		return verifiedLogin{}, l.failed(ctx, c, t, user)
	}
	return verifiedLogin{user, t, outdated}, nil
}

// record settles the attempt, and upgrades the hash where it is outdated, by the same step that
// writes r and the events of the outcome. It is all that a login writes.
func (l *passwordLogin) record(ctx context.Context, c credentials, v verifiedLogin, r storage.LoginRecord, events func(storage.LoginOutcome) []storage.AuditEvent) (storage.LoginOutcome, error) {
	defer v.attempt.Release(ctx)
	if v.outdated {
		r.Password = l.rehash(ctx, c, v.user)
	}
	return v.attempt.Record(ctx, r, func(o storage.LoginOutcome) (all []storage.AuditEvent) {
		if o.PasswordReplaced {
			u := v.user.ID
			all = append(all, storage.AuditEvent{Type: audit.EventPasswordRehashed, Actor: u, Target: u, ClientID: c.ClientID})
		}
		if events != nil {
			all = append(all, events(o)...)
		}
		return all
	})
}

// findUser returns the user of that username or e-mail. It does not ask the store for
// a name that is not valid.
func (l *passwordLogin) findUser(ctx context.Context, login string) (user storage.User, found bool, err error) {
	name, err := account.LoginName(login)
	if err != nil {
		return storage.User{}, false, nil
	}
	user, err = l.users.UserByLogin(ctx, name)
	switch {
	case err == nil:
		return user, true, nil
	case errors.Is(err, storage.ErrNotFound):
		return storage.User{}, false, nil
	}
	return storage.User{}, false, unavailable(err)
}

// unknownLoginKey returns the key under which attempts at an unknown name are counted.
func unknownLoginKey(login string) string {
	if name, err := account.LoginName(login); err == nil {
		return name
	}
	return login
}

func (l *passwordLogin) verifyPassword(ctx context.Context, c credentials, user storage.User, found bool) (right, outdated bool, err error) {
	if !found || user.Disabled || user.PasswordHash == "" {
		return false, false, l.passwords.VerifyDummy(ctx, c.Info.Network(), string(c.Password))
	}
	res, err := l.passwords.Verify(ctx, c.Info.Network(), user.PasswordHash, string(c.Password))
	return res.OK, res.NeedsRehash, err
}

// rehash makes the new hash now that the password is at hand; nil where the queue is full or the
// configured scheme cannot keep the password, and the old hash stays. Losing the
// race against another login or a password change is fine: the session that
// follows carries the epoch that was read with the old hash.
func (l *passwordLogin) rehash(ctx context.Context, c credentials, user storage.User) *storage.PasswordReplacement {
	hash, err := l.passwords.Hash(ctx, c.Info.Network(), string(c.Password))
	if err != nil {
		return nil
	}
	return &storage.PasswordReplacement{UserID: user.ID, Old: user.PasswordHash, New: hash}
}

func (l *passwordLogin) failed(ctx context.Context, c credentials, t *CountedAttempt, user storage.User) error {
	if err := t.Failed(ctx, storage.AuditEvent{Type: audit.EventLoginFailed, Target: user.ID, ClientID: c.ClientID}); err != nil {
		return err
	}
	return errInvalidCredentials
}
