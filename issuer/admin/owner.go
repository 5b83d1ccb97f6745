package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// owner is a user who changes their own account.
type owner struct {
	user    storage.User
	session string // the one that asks
}

// errTokenEnded means that the session has ended since the request was authorized.
var errTokenEnded = refusal(issuer.InvalidToken, "the access token is invalid, expired or revoked")

// mayChangeUser refuses other users, changes of one's own roles, and enabling oneself.
func (o owner) mayChangeUser(before, after storage.User) error {
	switch {
	case before.ID != o.user.ID || after.ID != before.ID:
		return errNotOutranked
	}
	if err := checkSession(o.user, before, o.session); err != nil {
		return err
	}
	switch {
	case after.EmailVerified && (!before.EmailVerified || before.Email != after.Email):
		return newFieldError("email_verified", "is for administrators to change")
	case after.MustChangePassword && !before.MustChangePassword:
		return newFieldError("must_change_password", "is for administrators to change")
	case !slices.Equal(before.Roles, after.Roles):
		return newFieldError("roles", "are for administrators to change")
	}
	return nil
}

func (owner) mayChangeRole(_, _ storage.Role) error     { return errAdminRequired }
func (owner) mayChangeClient(_, _ storage.Client) error { return errAdminRequired }
func (owner) mayDoEverything() error                    { return errSuperAdminRequired }
func (owner) mayLeaveNoSuperAdmin() bool                { return false }

// Owner changes the account of the user who asks.
type Owner struct {
	service *Service
	user    storage.User
	session string // the one that asks
	users   Users
}

// Owner returns the operations of a user, as they were when the request was let in, on their
// own account. The session is the one that asks.
func (s *Service) Owner(u storage.User, session string, info issuer.RequestInfo) *Owner {
	info.Actor = u.ID
	a := &Admin{service: s, actor: owner{u, session}, info: info}
	return &Owner{service: s, user: u, session: session, users: a.Users()}
}

// Show returns the user as they were when the request was let in.
func (o *Owner) Show(ctx context.Context) (User, error) { return o.users.view(ctx, o.user) }

// Revision names the state of the user when the request was let in.
func (o *Owner) Revision() string { return toUser(o.user).Revision }

// Update changes what users may change of themselves: Roles and EmailVerified must be nil.
func (o *Owner) Update(ctx context.Context, c UserChange) (User, error) {
	if c.Roles != nil {
		return User{}, newFieldError("roles", "are for administrators to change")
	}
	if c.EmailVerified != nil {
		return User{}, newFieldError("email_verified", "is for administrators to change")
	}
	if c.MustChangePassword != nil {
		return User{}, newFieldError("must_change_password", "is for administrators to change")
	}
	c.own = true
	u, err := o.users.Update(ctx, o.user.ID, c)
	return u, orTokenEnded(err)
}

// CheckPassword judges a password that the user would like to have.
func (o *Owner) CheckPassword(pw issuer.Secret) error {
	return o.service.accounts.checkNewPassword(pw, o.user)
}

// SetPassword sets a new password, and by the same step ends the user's other sessions. The
// caller has checked the old one.
func (o *Owner) SetPassword(ctx context.Context, pw issuer.Secret) (User, error) {
	hash, err := o.service.accounts.hashNewPassword(ctx, pw, o.user, o.users.admin.info)
	if err != nil {
		return User{}, err
	}
	u, err := o.users.change(ctx, o.user.ID, audit.EventPasswordSet, func(u *storage.User) error {
		u.PasswordHash, u.MustChangePassword = hash, false
		return o.keepOwnSession(ctx, u)
	})
	return u, orTokenEnded(err)
}

// Sessions returns one page of the user's active sessions. The one that asks is marked.
func (o *Owner) Sessions(ctx context.Context, p storage.Page) (SessionList, error) {
	list, err := o.service.listSessions(ctx, SessionQuery{UserID: o.user.ID, Active: true}, p)
	for n := range list.Items {
		list.Items[n].Current = list.Items[n].ID == o.session
	}
	return list, err
}

// EndSession ends one session of the user's. For another user's session it returns storage.ErrNotFound.
func (o *Owner) EndSession(ctx context.Context, sid string) error {
	x, err := o.service.readSession(ctx, sid)
	if err == nil && x.UserID != o.user.ID {
		err = fmt.Errorf("session: %w", storage.ErrNotFound)
	}
	if err != nil {
		return err
	}
	return o.users.admin.Sessions().end(ctx, x, reasonLogout)
}

// EndSessions ends all sessions of the user, the one that asks included.
func (o *Owner) EndSessions(ctx context.Context) error {
	_, err := o.users.EndSessions(ctx, o.user.ID)
	return orTokenEnded(err)
}

// EndOtherSessions ends every session of the user but the one that asks, which goes on
// throughout, and returns how many were marked.
func (o *Owner) EndOtherSessions(ctx context.Context) (int64, error) {
	_, ended, err := o.users.swap(ctx, o.user.ID, audit.EventSessionRevoked, func(u *storage.User) error {
		return o.keepOwnSession(ctx, u)
	})
	return ended, orTokenEnded(err)
}

// keepOwnSession ends every session of the user but the one that asks, which must be active by
// what u says now: u's compare-and-swap then makes sure that it was when the others ended.
func (o *Owner) keepOwnSession(ctx context.Context, u *storage.User) error {
	e, err := o.service.store.Epoch(ctx)
	if err != nil {
		return issuer.StoreError(err)
	}
	s, err := o.service.store.Session(ctx, o.session)
	if err == nil && (!s.RevokedAt.IsZero() || s.UserID != u.ID || !epoch.ValidForUser(*u, e, s)) {
		err = storage.ErrNotFound
	}
	if err != nil {
		return issuer.StoreError(fmt.Errorf("session: %w", err))
	}
	epoch.EndOtherSessions(u, o.session, e)
	return nil
}

// orTokenEnded returns errTokenEnded for storage.ErrNotFound: the account was deleted.
func orTokenEnded(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return errTokenEnded
	}
	return err
}

// Register creates an account for whoever asks by way of the client, "" for none. It names
// every field at fault.
func (s *Service) Register(ctx context.Context, n NewUser, clientID string, info issuer.RequestInfo) (storage.User, error) {
	n = NewUser{Username: n.Username, Email: n.Email, FullName: n.FullName, Phone: n.Phone, Password: n.Password}
	u, err := s.accounts.newWithPassword(ctx, n, info)
	if err != nil {
		return storage.User{}, err
	}
	e := storage.AuditEvent{Type: audit.EventUserRegistered, Actor: u.ID, Target: u.ID, ClientID: clientID}
	_, err = s.Operator(info).Users().insert(ctx, u, e)
	u.Version = 1
	return u, err
}

// View returns a new user as users see themselves: without any secret, and without attributes.
func View(u storage.User) User { return toUser(u) }
