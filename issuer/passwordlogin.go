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
	log       eventLog
}

// loginUsers are the users as a login needs them.
type loginUsers interface {
	UserByLogin(ctx context.Context, name string) (storage.User, error)
	ReplacePasswordHash(ctx context.Context, userID, oldHash, newHash string) error
}

func newPasswordLogin(i *Issuer) *passwordLogin {
	return &passwordLogin{users: i.store, passwords: i.passwords, throttler: i.throttler, log: eventLog{i.auditLog}}
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
// by succeeded, or by Release of the attempt where the outcome is not known.
type verifiedLogin struct {
	user     storage.User
	attempt  *CountedAttempt
	outdated bool // the hash is to be replaced
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

// succeeded settles the attempt and upgrades the hash where it is outdated.
func (l *passwordLogin) succeeded(ctx context.Context, c credentials, v verifiedLogin) error {
	defer v.attempt.Release(ctx)
	if err := v.attempt.Succeeded(ctx); err != nil || !v.outdated {
		return err
	}
	return l.rehash(ctx, c, v.user)
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

// rehash upgrades the stored hash now that the password is at hand. Losing the
// race against another login or a password change is fine: the session that
// follows carries the epoch that was read with the old hash. A full queue or a
// password that the configured scheme cannot keep leaves the old hash in place.
func (l *passwordLogin) rehash(ctx context.Context, c credentials, user storage.User) error {
	hash, err := l.passwords.Hash(ctx, c.Info.Network(), string(c.Password))
	if err != nil {
		return nil
	}
	err = l.users.ReplacePasswordHash(ctx, user.ID, user.PasswordHash, hash)
	if isDefinitive(err) {
		return nil
	}
	if err != nil {
		return unavailable(err)
	}
	return l.log.append(ctx, c.Info, storage.AuditEvent{Type: audit.EventPasswordRehashed, Actor: user.ID, Target: user.ID, ClientID: c.ClientID})
}

func (l *passwordLogin) failed(ctx context.Context, c credentials, t *CountedAttempt, user storage.User) error {
	if err := t.Failed(ctx, storage.AuditEvent{Type: audit.EventLoginFailed, Target: user.ID, ClientID: c.ClientID}); err != nil {
		return err
	}
	return errInvalidCredentials
}
