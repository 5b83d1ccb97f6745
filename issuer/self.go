package issuer

import (
	"context"
	"errors"

	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// Me returns the user who asks.
func (i *Issuer) Me(p *Principal) User { return userView(p.user) }

// UpdateMe changes what users may change of themselves: Roles must be nil.
func (i *Issuer) UpdateMe(ctx context.Context, p *Principal, c UserChange, when Precondition, src Source) (User, error) {
	if c.Roles != nil {
		return User{}, field("roles", "are for administrators to change")
	}
	src.Actor = p.user.ID
	u, _, err := i.changeUser(ctx, p.user.ID, src, EventUserUpdated, func(u *storage.User) error {
		if err := p.still(*u, when); err != nil {
			return err
		}
		return i.apply(ctx, u, c)
	})
	return u, p.gone(err)
}

// still refuses a change on behalf of somebody whose sessions have ended since
// the request was let in, or of a record that is not as they saw it.
func (p *Principal) still(u storage.User, when Precondition) error {
	if u.Disabled || u.Epoch != p.user.Epoch {
		return errNotLive
	}
	return when.check(revision(u.CreatedAt, u.Version))
}

// gone turns the certain "no such user" about oneself into the end of the token.
func (p *Principal) gone(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return errNotLive
	}
	return err
}

// detailPasswordChange tells a guess at one's own password from one at a login.
const detailPasswordChange = "password change"

// ChangePassword sets a new password for a user who knows the old one. Guesses
// at it count as guesses at a login. The user's other sessions end, by the same
// step that sets the password.
func (i *Issuer) ChangePassword(ctx context.Context, p *Principal, old, new Secret, src Source) (User, error) {
	src.Actor = p.user.ID
	var f faults
	if err := password.CheckInput(string(old)); err != nil {
		f.note(field("current_password", err.Error()))
	}
	f.note(renamed(i.judgeNew(new, p.user), "new_password"))
	if err := f.err(); err != nil {
		return User{}, err
	}
	if err := i.knows(ctx, p, old, src); err != nil {
		return User{}, err
	}
	hash, err := i.hashNew(ctx, new, p.user, src)
	if err != nil {
		return User{}, renamed(err, "new_password")
	}
	u, _, err := i.changeUser(ctx, p.user.ID, src, EventPasswordSet, func(u *storage.User) error {
		if err := p.still(*u, nil); err != nil {
			return err
		}
		u.PasswordHash = hash
		return i.endOtherSessions(ctx, u, p.session)
	})
	return u, p.gone(err)
}

// knows checks the user's own password as a login does: counted before the
// check, one hash evaluation.
func (i *Issuer) knows(ctx context.Context, p *Principal, pw Secret, src Source) error {
	t, err := i.throttle(ctx, try{kind: "login", account: p.user.ID, target: p.user.ID, client: p.clientID, source: src})
	if err != nil {
		return err
	}
	var right bool
	if p.user.PasswordHash == "" {
		err = i.passwords.VerifyNone(ctx, src.network(), string(pw))
	} else {
		var res password.Result
		res, err = i.passwords.Verify(ctx, src.network(), p.user.PasswordHash, string(pw))
		right = res.OK
	}
	if err != nil {
		return unknown(err)
	}
	if right {
		return t.succeeded(ctx)
	}
	e := storage.AuditEvent{Type: EventLoginFailed, Target: p.user.ID, ClientID: p.clientID, Detail: detailPasswordChange}
	if err := i.audit(ctx, src, e); err != nil {
		return err
	}
	return field("current_password", "is wrong")
}

// renamed gives the one field at fault the name that the caller knows it by.
func renamed(err error, name string) error {
	var f *FieldError
	if errors.As(err, &f) {
		return field(name, f.Reason)
	}
	return err
}

// MySessions returns one page of the user's living sessions.
func (i *Issuer) MySessions(ctx context.Context, p *Principal, page storage.Page) (SessionList, error) {
	return i.UserSessions(ctx, p.user.ID, p.session, page)
}

// EndMySession ends one session of the user's. Somebody else's does not exist.
func (i *Issuer) EndMySession(ctx context.Context, p *Principal, sid string, src Source) error {
	return i.EndOwnSession(ctx, p.user.ID, sid, src)
}

// EndMySessions ends all sessions of the user's, the one that asks included.
func (i *Issuer) EndMySessions(ctx context.Context, p *Principal, src Source) error {
	src.Actor = p.user.ID
	_, _, err := i.changeUser(ctx, p.user.ID, src, EventSessionRevoked, func(u *storage.User) error {
		if err := p.still(*u, nil); err != nil {
			return err
		}
		endSessions(u)
		return nil
	})
	return p.gone(err)
}
