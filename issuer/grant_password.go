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

// passwordGrant logs a user in (RFC 6749 §4.3). A name that is
// unknown, a user who is disabled or has no password, and a wrong password get the same
// response, after one hash evaluation each.
type passwordGrant struct {
	users     loginUsers
	passwords *password.Pool
	throttler *Throttler
	sessions  *sessionStarter
	log       eventLog
}

// loginUsers are the users as a login needs them.
type loginUsers interface {
	UserByLogin(ctx context.Context, name string) (storage.User, error)
	ReplacePasswordHash(ctx context.Context, userID, oldHash, newHash string) error
}

var _ grant = passwordGrant{}

func newPasswordGrant(i *Issuer) grant {
	return passwordGrant{
		users: i.store, passwords: i.passwords, throttler: i.throttler, sessions: newSessionStarter(i), log: eventLog{i.auditLog},
	}
}

var errInvalidCredentials = newError(InvalidGrant, "the username or password is wrong")

func (passwordGrant) policy() scopePolicy { return scopePolicy{user: true} }

func (g passwordGrant) identify(ctx context.Context, req *grantRequest) (subject, error) {
	if req.Username == "" || req.Password == "" {
		return subject{}, newError(InvalidRequest, "username and password are required")
	}
	if err := password.CheckInput(string(req.Password)); err != nil {
		return subject{}, newError(InvalidRequest, "the password is too long or has characters that no password may have")
	}
	user, err := g.login(ctx, req)
	return subject{user: &user}, err
}

// complete starts a session with these rights.
func (g passwordGrant) complete(ctx context.Context, req *grantRequest, who subject, r rights) (grantResult, error) {
	return g.sessions.start(ctx, req, *who.user, r)
}

// login checks the password. The attempt is counted before the check, and the hash
// is evaluated exactly once on every way out that is not throttled.
func (g passwordGrant) login(ctx context.Context, req *grantRequest) (storage.User, error) {
	name := strings.TrimSpace(req.Username) // no name begins or ends with white space
	user, found, err := g.findUserByLogin(ctx, name)
	if err != nil {
		return storage.User{}, err
	}
	accountKey := user.ID
	if !found {
		accountKey = unknownLoginKey(name)
	}
	t, err := g.throttler.Count(ctx, Attempt{Kind: AttemptLogin, Account: accountKey, Target: user.ID, Client: req.client.ID, Info: req.Info})
	if err != nil {
		return storage.User{}, err
	}
	defer t.Release(ctx)
	right, outdated, err := g.verifyPassword(ctx, req, user, found)
	if err != nil {
		return storage.User{}, unavailable(err)
	}
	if !right {
		return storage.User{}, g.loginFailed(ctx, req, t, user)
	}
	if err := t.Succeeded(ctx); err != nil {
		return storage.User{}, err
	}
	if outdated {
		user, err = g.rehash(ctx, req, user)
	}
	return user, err
}

// findUserByLogin returns the user of that username or e-mail. It does not ask the store for
// a name that is not valid.
func (g passwordGrant) findUserByLogin(ctx context.Context, login string) (user storage.User, found bool, err error) {
	name, err := account.LoginName(login)
	if err != nil {
		return storage.User{}, false, nil
	}
	user, err = g.users.UserByLogin(ctx, name)
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

func (g passwordGrant) verifyPassword(ctx context.Context, req *grantRequest, user storage.User, found bool) (right, outdated bool, err error) {
	if !found || user.Disabled || user.PasswordHash == "" {
		return false, false, g.passwords.VerifyDummy(ctx, req.Info.Network(), string(req.Password))
	}
	res, err := g.passwords.Verify(ctx, req.Info.Network(), user.PasswordHash, string(req.Password))
	return res.OK, res.NeedsRehash, err
}

// rehash upgrades the stored hash now that the password is at hand. Losing the
// race against another login or a password change is fine: the session that
// follows carries the epoch that was read with the old hash. A full queue or a
// password that the configured scheme cannot keep leaves the old hash in place.
func (g passwordGrant) rehash(ctx context.Context, req *grantRequest, user storage.User) (storage.User, error) {
	hash, err := g.passwords.Hash(ctx, req.Info.Network(), string(req.Password))
	if err != nil {
		return user, nil
	}
	err = g.users.ReplacePasswordHash(ctx, user.ID, user.PasswordHash, hash)
	if isDefinitive(err) {
		return user, nil
	}
	if err != nil {
		return storage.User{}, unavailable(err)
	}
	return user, g.log.append(ctx, req.Info, storage.AuditEvent{Type: audit.EventPasswordRehashed, Actor: user.ID, Target: user.ID, ClientID: req.client.ID})
}

func (passwordGrant) loginFailed(ctx context.Context, req *grantRequest, t *CountedAttempt, user storage.User) error {
	if err := t.Failed(ctx, storage.AuditEvent{Type: audit.EventLoginFailed, Target: user.ID, ClientID: req.client.ID}); err != nil {
		return err
	}
	return errInvalidCredentials
}
