package issuer

import (
	"context"
	"fmt"

	"example.org/signet/issuer/account"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// Users returns one page of users.
func (a *Administrator) Users(ctx context.Context, f storage.UserFilter, p storage.Page) (UserList, error) {
	return a.issuer.ListUsers(ctx, f, p)
}

// User returns the user of that id. Only ids count here: a name in their place
// would make two addresses of one thing.
func (a *Administrator) User(ctx context.Context, id string) (User, error) {
	u, err := a.findUser(ctx, id)
	return toUser(u), err
}

func (a *Administrator) findUser(ctx context.Context, id string) (storage.User, error) {
	if !account.LooksLikeID(id) {
		return storage.User{}, fmt.Errorf("user: %w", storage.ErrNotFound)
	}
	u, err := a.issuer.store.User(ctx, id)
	if err != nil {
		return storage.User{}, storeError(fmt.Errorf("user: %w", err))
	}
	return u, nil
}

// CreateUser creates a user with roles that are the administrator's to give.
func (a *Administrator) CreateUser(ctx context.Context, n NewUser) (User, error) {
	if err := a.mayChangeRoles(nil, n.Roles); err != nil {
		return User{}, err
	}
	return a.issuer.CreateUser(ctx, n, a.info)
}

// change makes one change of a user who is outranked before and after it.
func (a *Administrator) change(ctx context.Context, id, event string, when Precondition, do func(*storage.User) error) (User, error) {
	if _, err := a.findUser(ctx, id); err != nil {
		return User{}, err
	}
	u, _, err := a.issuer.changeUser(ctx, id, a.info, event, func(u *storage.User) error {
		if err := a.mayManageUser(*u); err != nil {
			return err
		}
		if err := when.check(revision(u.CreatedAt, u.Version)); err != nil {
			return err
		}
		before := u.Roles
		if err := do(u); err != nil {
			return err
		}
		return a.mayChangeRoles(before, u.Roles)
	})
	return u, err
}

// UpdateUser changes a user.
func (a *Administrator) UpdateUser(ctx context.Context, id string, c UserChange, when Precondition) (User, error) {
	return a.change(ctx, id, audit.EventUserUpdated, when, func(u *storage.User) error { return a.issuer.applyUser(ctx, u, c) })
}

// DisableUser shuts a user out.
func (a *Administrator) DisableUser(ctx context.Context, id string) (User, error) {
	return a.change(ctx, id, audit.EventUserDisabled, nil, disable)
}

// EnableUser lets a user in again.
func (a *Administrator) EnableUser(ctx context.Context, id string) (User, error) {
	return a.change(ctx, id, audit.EventUserEnabled, nil, enable)
}

// SetPassword sets a user's password and ends their sessions.
func (a *Administrator) SetPassword(ctx context.Context, id string, pw Secret) (User, error) {
	u, err := a.findUser(ctx, id)
	if err != nil {
		return User{}, err
	}
	if err := a.mayManageUser(u); err != nil {
		return User{}, err
	}
	hash, err := a.issuer.hashNewPassword(ctx, pw, u, a.info)
	if err != nil {
		return User{}, err
	}
	return a.change(ctx, id, audit.EventPasswordSet, nil, setHash(hash))
}

// DeleteUser removes a user.
func (a *Administrator) DeleteUser(ctx context.Context, id string) error {
	if _, err := a.findUser(ctx, id); err != nil {
		return err
	}
	return a.issuer.deleteUser(ctx, id, a.info, a.mayManageUser)
}

// UserSessions returns one page of a user's sessions, over or not.
func (a *Administrator) UserSessions(ctx context.Context, id string, p storage.Page) (SessionList, error) {
	if _, err := a.findUser(ctx, id); err != nil {
		return SessionList{}, err
	}
	return a.issuer.listSessions(ctx, storage.SessionFilter{UserID: id}, false, p)
}

// EndUserSessions ends all sessions of a user.
func (a *Administrator) EndUserSessions(ctx context.Context, id string) error {
	_, err := a.change(ctx, id, audit.EventSessionRevoked, nil, func(u *storage.User) error {
		epoch.EndSessions(u)
		return nil
	})
	return err
}
