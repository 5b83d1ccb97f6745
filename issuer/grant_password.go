package issuer

import (
	"context"
	"errors"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// passwordGrant logs a user in (RFC 6749 §4.3). Unknown, disabled, without a
// password and wrong password are one answer after one hash evaluation.
type passwordGrant struct{ *Issuer }

var _ grant = passwordGrant{}

var errWrongLogin = refuse(InvalidGrant, "the username or password is wrong")

func (g passwordGrant) authorize(ctx context.Context, x *exchange) (authorization, error) {
	if x.Username == "" || x.Password == "" {
		return authorization{}, refuse(InvalidRequest, "username and password are required")
	}
	if err := password.CheckInput(string(x.Password)); err != nil {
		return authorization{}, refuse(InvalidRequest, "the password is too long or has characters that no password may have")
	}
	user, err := g.login(ctx, x)
	if err != nil {
		return authorization{}, err
	}
	return g.open(ctx, x, user)
}

// login checks the password. The try is counted before the check, and the hash
// is evaluated exactly once on every way out that is not throttled.
func (g passwordGrant) login(ctx context.Context, x *exchange) (storage.User, error) {
	user, known, err := g.findLogin(ctx, x.Username)
	if err != nil {
		return storage.User{}, err
	}
	who := user.ID
	if !known {
		who = loginKey(x.Username)
	}
	t, err := g.throttle(ctx, try{kind: "login", account: who, target: user.ID, client: x.client.ID, source: x.Source})
	if err != nil {
		return storage.User{}, err
	}
	right, outdated, err := g.evaluate(ctx, x, user, known)
	if err != nil {
		return storage.User{}, unknown(err)
	}
	if !right {
		return storage.User{}, g.failed(ctx, x, user)
	}
	if err := t.succeeded(ctx); err != nil {
		return storage.User{}, err
	}
	if outdated {
		user, err = g.rehash(ctx, x, user)
	}
	return user, err
}

// findLogin looks the user up by username or e-mail. A name that cannot be one
// is a name that nobody has.
func (g passwordGrant) findLogin(ctx context.Context, typed string) (user storage.User, known bool, err error) {
	name, err := account.LoginName(typed)
	if err != nil {
		return storage.User{}, false, nil
	}
	user, err = g.store.UserByLogin(ctx, name)
	switch {
	case err == nil:
		return user, true, nil
	case errors.Is(err, storage.ErrNotFound):
		return storage.User{}, false, nil
	}
	return storage.User{}, false, unknown(err)
}

// loginKey is what tries at a name that nobody has are counted under.
func loginKey(typed string) string {
	if name, err := account.LoginName(typed); err == nil {
		return name
	}
	return typed
}

func (g passwordGrant) evaluate(ctx context.Context, x *exchange, user storage.User, known bool) (right, outdated bool, err error) {
	if !known || user.Disabled || user.PasswordHash == "" {
		return false, false, g.passwords.VerifyNone(ctx, x.Source.network(), string(x.Password))
	}
	res, err := g.passwords.Verify(ctx, x.Source.network(), user.PasswordHash, string(x.Password))
	return res.OK, res.Outdated, err
}

// rehash upgrades the stored hash now that the password is at hand. Losing the
// race against another login or a password change is fine: the session that
// follows carries the epoch that was read with the old hash. A full queue or a
// password that the configured scheme cannot keep leaves the old hash in place.
func (g passwordGrant) rehash(ctx context.Context, x *exchange, user storage.User) (storage.User, error) {
	hash, err := g.passwords.Hash(ctx, x.Source.network(), string(x.Password))
	if err != nil {
		return user, nil
	}
	err = g.store.ReplacePasswordHash(ctx, user.ID, user.PasswordHash, hash)
	if certain(err) {
		return user, nil
	}
	if err != nil {
		return storage.User{}, unknown(err)
	}
	return user, g.audit(ctx, x.Source, storage.AuditEvent{Type: EventPasswordRehashed, Actor: user.ID, Target: user.ID, ClientID: x.client.ID})
}

func (g passwordGrant) failed(ctx context.Context, x *exchange, user storage.User) error {
	e := storage.AuditEvent{Type: EventLoginFailed, Target: user.ID, ClientID: x.client.ID}
	if err := g.audit(ctx, x.Source, e); err != nil {
		return err
	}
	return errWrongLogin
}

// open starts the session: one insert.
func (g passwordGrant) open(ctx context.Context, x *exchange, user storage.User) (authorization, error) {
	roles, err := g.roles.view(ctx)
	if err != nil {
		return authorization{}, unknown(err)
	}
	h, err := g.refresh.draw()
	if err != nil {
		return authorization{}, unknown(err)
	}
	index, err := g.status.Next(ctx)
	if err != nil {
		return authorization{}, unknown(err)
	}
	epoch, err := g.store.Epoch(ctx)
	if err != nil {
		return authorization{}, unknown(err)
	}
	at := g.now()
	s := storage.Session{
		ID: h.sessionID(), UserID: user.ID, ClientID: x.client.ID,
		Scopes: roles.scopesFor(user, x.scope), Audience: x.audience,
		RotatedAt: at, CreatedAt: at, AuthTime: at, ExpiresAt: g.sessionEnds(x.client, at),
		UserEpoch: sessionEpoch(user, epoch), ClientEpoch: x.client.Epoch,
		Device: deviceOf(x.Source.UserAgent), Network: coarse(x.Source.Address),
		StatusIndex: index, Roles: user.Roles,
	}
	if err := failpoint.Hit(failpoint.LoginInserting); err != nil {
		return authorization{}, unknown(err)
	}
	if err := g.store.CreateSession(ctx, s); err != nil {
		return authorization{}, unknown(err)
	}
	if err := failpoint.Hit(failpoint.LoginInserted); err != nil {
		return authorization{}, unknown(err)
	}
	if err := g.boundSessions(ctx, s, x.Source); err != nil {
		return authorization{}, err
	}
	if err := g.audit(ctx, x.Source, storage.AuditEvent{Type: EventLoginSucceeded, Actor: user.ID, Target: s.ID, ClientID: x.client.ID}); err != nil {
		return authorization{}, err
	}
	x.at = at
	a := authorization{user: &user, session: &s, scope: s.Scopes, audience: s.Audience, idToken: contains(s.Scopes, ScopeOpenID)}
	if contains(x.client.Grants, GrantRefreshToken) {
		a.refresh = g.refresh.token(h, s.Generation)
	}
	return a, nil
}
