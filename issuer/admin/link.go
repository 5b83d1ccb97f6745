package admin

import (
	"context"
	"slices"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// A linkHolder holds a link that permits one change of one user. check refuses where the user is not
// in the state that the link was made for: it is asked with the record that is then replaced by
// compare-and-swap, so that of two uses at once one wins.
type linkHolder struct {
	check func(storage.User) error
}

func (h linkHolder) mayChangeUser(before, after storage.User) error {
	if err := h.check(before); err != nil {
		return err
	}
	if after.ID != before.ID || !slices.Equal(before.Roles, after.Roles) || before.Disabled != after.Disabled {
		return errNotOutranked
	}
	return nil
}

func (linkHolder) mayChangeRole(_, _ storage.Role) error     { return errAdminRequired }
func (linkHolder) mayChangeClient(_, _ storage.Client) error { return errAdminRequired }
func (linkHolder) mayDoEverything() error                    { return errSuperAdminRequired }
func (linkHolder) mayLeaveNoSuperAdmin() bool                { return false }

// LinkUse is what somebody does who holds a link.
type LinkUse struct {
	User  storage.User             // as read when the link was opened
	Check func(storage.User) error // an error of it is returned as it is

	// Verified says that the link has come by mail to the address that the user then has.
	Verified func(storage.User) bool

	Info issuer.RequestInfo
}

func (s *Service) byLink(l LinkUse) Users {
	l.Info.Actor, l.Info.IfMatch = l.User.ID, nil
	return (&Admin{service: s, actor: linkHolder{l.Check}, info: l.Info}).Users()
}

// SetPasswordByLink sets a new password, and by the same step ends all sessions of the user and
// every link to do so again. unlock lets attempts to log in count from nothing, too.
func (s *Service) SetPasswordByLink(ctx context.Context, l LinkUse, pw issuer.Secret, unlock bool) error {
	hash, err := s.accounts.hashNewPassword(ctx, pw, l.User, l.Info)
	if err != nil {
		return err
	}
	_, err = s.byLink(l).change(ctx, l.User.ID, audit.EventPasswordReset, func(u *storage.User) error {
		u.PasswordHash, u.MustChangePassword = hash, false
		u.EmailVerified = u.EmailVerified || l.Verified(*u)
		epoch.EndSessions(u)
		return nil
	})
	if err != nil || !unlock {
		return err
	}
	return s.throttler.Unlock(ctx, l.User.ID)
}

// VerifyAddressByLink marks the address of the user as theirs.
func (s *Service) VerifyAddressByLink(ctx context.Context, l LinkUse) error {
	_, err := s.byLink(l).change(ctx, l.User.ID, audit.EventEmailVerified, func(u *storage.User) error {
		u.EmailVerified = true
		return nil
	})
	return err
}

// PasswordLink audits that somebody makes a link by which the user chooses a password, if they may.
// It returns the user as they are. Nobody makes one for a user who is shut out.
func (u Users) PasswordLink(ctx context.Context, id string) (storage.User, error) {
	x, err := u.admin.service.readUser(ctx, id)
	if err != nil {
		return storage.User{}, err
	}
	if err := u.admin.actor.mayChangeUser(x, x); err != nil {
		return storage.User{}, err
	}
	if x.Disabled {
		return storage.User{}, ErrDisabled
	}
	return x, u.admin.record(ctx, storage.AuditEvent{Type: audit.EventPasswordLinkMade, Target: id})
}

// ErrDisabled refuses what a user who is shut out could not use.
var ErrDisabled error = newFieldError("disabled", "the user is disabled: enable them first")
