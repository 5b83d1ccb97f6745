package admin

import (
	"context"
	"errors"
	"fmt"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

var _ issuer.PasswordReplacer = (*Service)(nil)

// ReplacePassword sets the new password of a user who must change theirs, as u was when they
// logged in, and by the same step ends all their sessions. It returns the user afterwards.
// storage.ErrConflict where the sessions have ended since u was read, or the password need not
// be changed any more; storage.ErrNotFound for a user who is gone.
func (s *Service) ReplacePassword(ctx context.Context, u storage.User, pw issuer.Secret, info issuer.RequestInfo) (storage.User, error) {
	users := s.Owner(u, "", info).users
	hash, err := s.accounts.hashNewPassword(ctx, pw, u, users.admin.info)
	if err != nil {
		return storage.User{}, err
	}
	after, _, err := users.swapRecord(ctx, u.ID, audit.EventPasswordSet, func(x *storage.User) error {
		if !x.MustChangePassword {
			return errTokenEnded
		}
		x.PasswordHash, x.MustChangePassword = hash, false
		epoch.EndSessions(x)
		return nil
	})
	if errors.Is(err, errTokenEnded) {
		return storage.User{}, fmt.Errorf("replace password: %w", storage.ErrConflict)
	}
	return after, err
}
