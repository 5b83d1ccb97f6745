package admin

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// StillAlive refuses where the browser session that asks has been ended meanwhile.
type StillAlive func(context.Context) error

// SetPasswordEndingAll sets a new password, and by the same step ends all sessions of the user,
// of browsers too. It returns the record as written: the browser that asks gets a new session
// by it. The caller has checked the old password.
func (o *Owner) SetPasswordEndingAll(ctx context.Context, pw issuer.Secret, alive StillAlive) (storage.User, error) {
	hash, err := o.service.accounts.hashNewPassword(ctx, pw, o.user, o.users.admin.info)
	if err != nil {
		return storage.User{}, err
	}
	return o.endAll(ctx, audit.EventPasswordSet, alive, func(u *storage.User) { u.PasswordHash, u.MustChangePassword = hash, false })
}

// EndAll ends all sessions of the user, of browsers too, and returns the record as written.
func (o *Owner) EndAll(ctx context.Context, alive StillAlive) (storage.User, error) {
	return o.endAll(ctx, audit.EventSessionRevoked, alive, func(*storage.User) {})
}

func (o *Owner) endAll(ctx context.Context, event string, alive StillAlive, change func(*storage.User)) (storage.User, error) {
	after, _, err := o.users.swapRecord(ctx, o.user.ID, event, func(u *storage.User) error {
		if err := alive(ctx); err != nil {
			return err
		}
		change(u)
		epoch.EndSessions(u)
		return nil
	})
	return after, orTokenEnded(err)
}
