package issuer

import (
	"context"
	"errors"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// Me returns the user who asks.
func (i *Issuer) Me(p *Principal) User { return toUser(p.user) }

// UpdateMe changes what users may change of themselves: Roles must be nil.
func (i *Issuer) UpdateMe(ctx context.Context, p *Principal, c UserChange, when Precondition, info RequestInfo) (User, error) {
	if c.Roles != nil {
		return User{}, newFieldError("roles", "are for administrators to change")
	}
	info.Actor = p.user.ID
	u, _, err := i.changeUser(ctx, p.user.ID, info, audit.EventUserUpdated, func(u *storage.User) error {
		if err := p.checkCurrent(*u, when); err != nil {
			return err
		}
		return i.applyUser(ctx, u, c)
	})
	return u, p.mapNotFound(err)
}

// checkCurrent refuses a change on behalf of somebody whose sessions have ended since
// the request was let in, or of a record that is not as they saw it.
func (p *Principal) checkCurrent(u storage.User, when Precondition) error {
	if u.Disabled || u.Epoch != p.user.Epoch {
		return errInvalidToken
	}
	return when.check(revision(u.CreatedAt, u.Version))
}

// mapNotFound turns the certain "no such user" about oneself into the end of the token.
func (p *Principal) mapNotFound(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return errInvalidToken
	}
	return err
}

// detailPasswordChange tells a guess at one's own password from one at a login.
const detailPasswordChange = "password change"

// ChangePassword sets a new password for a user who knows the old one. Guesses
// at it count as guesses at a login. The user's other sessions end, by the same
// step that sets the password.
func (i *Issuer) ChangePassword(ctx context.Context, p *Principal, old, new Secret, info RequestInfo) (User, error) {
	info.Actor = p.user.ID
	var v validation
	if err := password.CheckInput(string(old)); err != nil {
		v.add(newFieldError("current_password", err.Error()))
	}
	v.add(renameField(i.checkNewPassword(new, p.user), "new_password"))
	if err := v.err(); err != nil {
		return User{}, err
	}
	if err := i.checkOwnPassword(ctx, p, old, info); err != nil {
		return User{}, err
	}
	hash, err := i.hashNewPassword(ctx, new, p.user, info)
	if err != nil {
		return User{}, renameField(err, "new_password")
	}
	u, _, err := i.changeUser(ctx, p.user.ID, info, audit.EventPasswordSet, func(u *storage.User) error {
		if err := p.checkCurrent(*u, nil); err != nil {
			return err
		}
		u.PasswordHash = hash
		return i.endOtherSessions(ctx, u, p.session)
	})
	return u, p.mapNotFound(err)
}

// checkOwnPassword checks the user's own password as a login does: counted before the
// check, one hash evaluation.
func (i *Issuer) checkOwnPassword(ctx context.Context, p *Principal, pw Secret, info RequestInfo) error {
	t, err := i.throttler.Count(ctx, Attempt{Kind: "login", Account: p.user.ID, Target: p.user.ID, Client: p.clientID, Info: info})
	if err != nil {
		return err
	}
	var right bool
	if p.user.PasswordHash == "" {
		err = i.passwords.VerifyDummy(ctx, info.network(), string(pw))
	} else {
		var res password.Result
		res, err = i.passwords.Verify(ctx, info.network(), p.user.PasswordHash, string(pw))
		right = res.OK
	}
	if err != nil {
		return unavailable(err)
	}
	if right {
		return t.Succeeded(ctx)
	}
	e := storage.AuditEvent{Type: audit.EventLoginFailed, Target: p.user.ID, ClientID: p.clientID, Detail: detailPasswordChange}
	if err := i.audit(ctx, info, e); err != nil {
		return err
	}
	return newFieldError("current_password", "is wrong")
}

// renameField gives the one field at fault the name that the caller knows it by.
func renameField(err error, name string) error {
	var f *FieldError
	if errors.As(err, &f) {
		return newFieldError(name, f.Reason)
	}
	return err
}

// MySessions returns one page of the user's living sessions.
func (i *Issuer) MySessions(ctx context.Context, p *Principal, page storage.Page) (SessionList, error) {
	return i.UserSessions(ctx, p.user.ID, p.session, page)
}

// EndMySession ends one session of the user's. Somebody else's does not exist.
func (i *Issuer) EndMySession(ctx context.Context, p *Principal, sid string, info RequestInfo) error {
	return i.EndOwnSession(ctx, p.user.ID, sid, info)
}

// EndMySessions ends all sessions of the user's, the one that asks included.
func (i *Issuer) EndMySessions(ctx context.Context, p *Principal, info RequestInfo) error {
	info.Actor = p.user.ID
	_, _, err := i.changeUser(ctx, p.user.ID, info, audit.EventSessionRevoked, func(u *storage.User) error {
		if err := p.checkCurrent(*u, nil); err != nil {
			return err
		}
		epoch.EndSessions(u)
		return nil
	})
	return p.mapNotFound(err)
}
