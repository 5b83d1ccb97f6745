package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// Errors of the administrative methods: *FieldError for what was sent,
// *storage.DuplicateError for what is taken, storage.ErrNotFound,
// ErrConcurrentUpdate, and *Error with Unavailable where the outcome is unknown.

// CreateUser creates a user.
func (i *Issuer) CreateUser(ctx context.Context, n NewUser, info RequestInfo) (User, error) {
	u, err := i.newUser(ctx, n)
	if err != nil {
		return User{}, err
	}
	if err := i.checkNamesFree(ctx, storage.User{}, u); err != nil {
		return User{}, err
	}
	if u.PasswordHash, err = i.initialHash(ctx, n, u, info); err != nil {
		return User{}, err
	}
	e := storage.AuditEvent{Type: audit.EventUserCreated, Target: u.ID, Detail: userChanges(storage.User{}, u)}
	if err := i.createUser(ctx, u, info, e); err != nil {
		return User{}, err
	}
	u.Version = 1
	return toUser(u), nil
}

func (i *Issuer) createUser(ctx context.Context, u storage.User, info RequestInfo, e storage.AuditEvent) error {
	return i.runAudited(ctx, i.newAuditedChange(info, e), func() error { return storeError(i.store.CreateUser(ctx, u)) })
}

// checkNamesFree looks whether somebody else has a name that u is to have, so that an
// attempt that cannot succeed costs neither a hash nor an audit event. The store
// decides.
func (i *Issuer) checkNamesFree(ctx context.Context, before, u storage.User) error {
	for _, n := range []struct{ field, old, name string }{{"username", before.Username, u.Username}, {"email", before.Email, u.Email}} {
		if n.name == "" || n.name == n.old {
			continue
		}
		switch other, err := i.store.UserByLogin(ctx, n.name); {
		case err == nil && other.ID == u.ID: // the user's own, in the other field
		case err == nil:
			return &storage.DuplicateError{Field: n.field}
		case !errors.Is(err, storage.ErrNotFound):
			return unavailable(err)
		}
	}
	return nil
}

func (i *Issuer) newUser(ctx context.Context, n NewUser) (storage.User, error) {
	now := i.now()
	id, err := newID(now, i.cfg.Rand)
	if err != nil {
		return storage.User{}, unavailable(err)
	}
	u := storage.User{ID: id, Disabled: n.Disabled, CreatedAt: now, UpdatedAt: now}
	if !n.CreatedAt.IsZero() {
		u.CreatedAt = storage.Time(n.CreatedAt)
	}
	roles := n.Roles
	if len(roles) == 0 {
		roles = []string{RoleUser}
	}
	return u, i.applyUser(ctx, &u, UserChange{Username: &n.Username, Email: &n.Email, FullName: &n.FullName, Phone: &n.Phone, Roles: &roles})
}

// applyUser checks a change and makes it on u. It names every field at fault.
func (i *Issuer) applyUser(ctx context.Context, u *storage.User, c UserChange) error {
	var v validation
	v.set(&u.Username, c.Username, checkUsername)
	v.set(&u.Email, c.Email, checkEmail)
	v.set(&u.FullName, c.FullName, func(s string) (string, error) { return checkText("full_name", s, maxFullName) })
	v.set(&u.Phone, c.Phone, func(s string) (string, error) { return checkText("phone", s, maxPhone) })
	if c.Roles != nil {
		roles, err := i.checkRoles(ctx, *c.Roles)
		v.add(err)
		u.Roles = roles
	}
	return v.err()
}

func checkUsername(s string) (string, error) {
	name, err := account.Username(s)
	if err != nil {
		return "", accountError("username", err)
	}
	return name, nil
}

// checkEmail allows none.
func checkEmail(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	address, err := account.Email(s)
	if err != nil {
		return "", accountError("email", err)
	}
	return address, nil
}

func accountError(name string, err error) error {
	if reason := errors.Unwrap(err); reason != nil {
		return newFieldError(name, reason.Error())
	}
	return newFieldError(name, "is not valid")
}

// initialHash is the password hash of a new user.
func (i *Issuer) initialHash(ctx context.Context, n NewUser, u storage.User, info RequestInfo) (string, error) {
	switch {
	case n.Password != "" && n.PasswordHash != "":
		return "", newFieldError("password", "comes with a hash: give one of the two")
	case n.PasswordHash != "":
		if err := password.CheckHash(string(n.PasswordHash)); err != nil {
			return "", newFieldError("hashed_password", err.Error())
		}
		return string(n.PasswordHash), nil
	case n.Password != "":
		return i.hashNewPassword(ctx, n.Password, u, info)
	}
	return "", nil
}

// checkNewPassword judges the password that u is to have.
func (i *Issuer) checkNewPassword(pw Secret, u storage.User) error {
	inputs := password.UserInputs{Personal: []string{u.Username, u.Email, u.FullName, u.Phone}, Service: []string{i.cfg.Issuer}}
	if err := password.CheckNew(string(pw), inputs); err != nil {
		return newFieldError("password", err.Error())
	}
	return nil
}

// hashNewPassword judges the password that u is to have, and hashes it.
func (i *Issuer) hashNewPassword(ctx context.Context, pw Secret, u storage.User, info RequestInfo) (string, error) {
	if err := i.checkNewPassword(pw, u); err != nil {
		return "", err
	}
	hash, err := i.passwords.Hash(ctx, info.network(), string(pw))
	switch {
	case errors.Is(err, password.ErrTooLongForBcrypt):
		return "", newFieldError("password", err.Error())
	case err != nil:
		return "", unavailable(err)
	}
	return hash, nil
}

// FindUser returns the user of that id, username or e-mail.
func (i *Issuer) FindUser(ctx context.Context, ref string) (User, error) {
	u, err := i.findUser(ctx, ref)
	return toUser(u), err
}

func (i *Issuer) findUser(ctx context.Context, ref string) (storage.User, error) {
	u, err := i.store.User(ctx, ref)
	if errors.Is(err, storage.ErrNotFound) {
		name, bad := account.LoginName(ref)
		if bad != nil {
			return storage.User{}, fmt.Errorf("user: %w", storage.ErrNotFound)
		}
		u, err = i.store.UserByLogin(ctx, name)
	}
	if err != nil {
		return storage.User{}, storeError(fmt.Errorf("user: %w", err))
	}
	return u, nil
}

// ListUsers returns one page of users. A prefix is brought into the one form
// that names are stored in.
func (i *Issuer) ListUsers(ctx context.Context, f storage.UserFilter, p storage.Page) (UserList, error) {
	if name, err := account.LoginName(f.Prefix); err == nil {
		f.Prefix = name
	}
	page, err := i.store.ListUsers(ctx, f, p)
	if err != nil {
		return UserList{}, storeError(err)
	}
	list := UserList{Items: make([]User, len(page.Users)), Next: page.Next}
	for n, u := range page.Users {
		list.Items[n] = toUser(u)
	}
	return list, nil
}

// UpdateUser changes a user. Roles that shrink reach the user's tokens at
// their next refresh.
func (i *Issuer) UpdateUser(ctx context.Context, ref string, c UserChange, info RequestInfo) (User, error) {
	u, _, err := i.changeUser(ctx, ref, info, audit.EventUserUpdated, func(u *storage.User) error { return i.applyUser(ctx, u, c) })
	return u, err
}

// SetPassword sets a new password and ends every session of the user.
func (i *Issuer) SetPassword(ctx context.Context, ref string, pw Secret, info RequestInfo) (User, error) {
	about, err := i.findUser(ctx, ref)
	if err != nil {
		return User{}, err
	}
	hash, err := i.hashNewPassword(ctx, pw, about, info)
	if err != nil {
		return User{}, err
	}
	u, _, err := i.changeUser(ctx, about.ID, info, audit.EventPasswordSet, setHash(hash))
	return u, err
}

func setHash(hash string) func(*storage.User) error {
	return func(u *storage.User) error {
		u.PasswordHash = hash
		epoch.EndSessions(u)
		return nil
	}
}

// DisableUser shuts a user out: their sessions end and stay ended.
func (i *Issuer) DisableUser(ctx context.Context, ref string, info RequestInfo) (User, error) {
	u, _, err := i.changeUser(ctx, ref, info, audit.EventUserDisabled, disable)
	return u, err
}

func disable(u *storage.User) error {
	if !u.Disabled {
		u.Disabled = true
		epoch.EndSessions(u)
	}
	return nil
}

// EnableUser lets a user in again; sessions ended by disabling stay ended.
func (i *Issuer) EnableUser(ctx context.Context, ref string, info RequestInfo) (User, error) {
	u, _, err := i.changeUser(ctx, ref, info, audit.EventUserEnabled, enable)
	return u, err
}

func enable(u *storage.User) error {
	u.Disabled = false
	return nil
}

// maxUpdateAttempts bounds how often a lost compare-and-swap is tried again.
const maxUpdateAttempts = 10

// changeUser makes one change by compare-and-swap, and returns how many
// sessions it marked as revoked. The epoch inside the record is what ends them;
// the marks only make it visible.
func (i *Issuer) changeUser(ctx context.Context, ref string, info RequestInfo, event string, change func(*storage.User) error) (User, int64, error) {
	audited := i.newAuditedChange(info, storage.AuditEvent{Type: event})
	u, ended, err := i.compareAndSwapUser(ctx, ref, info, audited, change)
	return u, ended, i.auditFailed(ctx, audited, err)
}

func (i *Issuer) compareAndSwapUser(ctx context.Context, ref string, info RequestInfo, audited *audit.Change, change func(*storage.User) error) (User, int64, error) {
	for range maxUpdateAttempts {
		u, err := i.findUser(ctx, ref)
		if err != nil {
			return User{}, 0, err
		}
		before := u
		if err := change(&u); err != nil {
			return User{}, 0, err
		}
		if err := i.recordPendingRevocation(ctx, storage.PendingRevocation{UserID: u.ID, Reason: audited.Event.Type}, u.Epoch != before.Epoch); err != nil {
			return User{}, 0, err
		}
		if err := i.checkNamesFree(ctx, before, u); err != nil {
			return User{}, 0, err
		}
		if isActiveSuperAdmin(before) && !isActiveSuperAdmin(u) {
			if err := i.ensureOtherSuperAdmin(ctx, u.ID, info); err != nil {
				return User{}, 0, err
			}
		}
		audited.Event.Target, audited.Event.Detail = u.ID, userChanges(before, u)
		if err := audited.Before(ctx); err != nil {
			return User{}, 0, unavailable(err)
		}
		if err := failpoint.Hit(failpoint.UserUpdating); err != nil {
			return User{}, 0, unavailable(err)
		}
		u.UpdatedAt = i.now()
		u, err = i.store.UpdateUser(ctx, u)
		if isVersionConflict(err) {
			continue
		}
		if err != nil {
			return User{}, 0, storeError(err)
		}
		ended, err := i.markSessionsRevoked(ctx, u, before.Epoch, audited.Event.Type)
		return toUser(u), ended, unavailableOrNil(err)
	}
	return User{}, 0, ErrConcurrentUpdate
}

// markSessionsRevoked marks the sessions that a new epoch of their user has ended.
func (i *Issuer) markSessionsRevoked(ctx context.Context, u storage.User, before int64, reason string) (ended int64, err error) {
	if err := failpoint.Hit(failpoint.UserUpdated); err != nil || u.Epoch == before {
		return 0, err
	}
	e, err := i.store.Epoch(ctx)
	if err != nil {
		return 0, err
	}
	ended, err = i.store.RevokeAll(ctx, epoch.EndedByUser(u, e), u.UpdatedAt, reason)
	if err != nil {
		return ended, err
	}
	return ended, failpoint.Hit(failpoint.UserRevokedAll)
}

// isVersionConflict tells a changed version from a duplicate name.
func isVersionConflict(err error) bool {
	var taken *storage.DuplicateError
	return errors.Is(err, storage.ErrConflict) && !errors.As(err, &taken)
}

// DeleteUser removes a user; their sessions end with them.
func (i *Issuer) DeleteUser(ctx context.Context, ref string, info RequestInfo) error {
	return i.deleteUser(ctx, ref, info, func(storage.User) error { return nil })
}

func (i *Issuer) deleteUser(ctx context.Context, ref string, info RequestInfo, may func(storage.User) error) error {
	audited := i.newAuditedChange(info, storage.AuditEvent{Type: audit.EventUserDeleted})
	id, err := i.compareAndDeleteUser(ctx, ref, info, audited, may)
	if err := i.auditFailed(ctx, audited, err); err != nil {
		return err
	}
	if err := failpoint.Hit(failpoint.UserDeleted); err != nil {
		return unavailable(err)
	}
	_, err = i.store.RevokeAll(ctx, storage.SessionFilter{UserID: id}, i.now(), audit.EventUserDeleted)
	return unavailableOrNil(err)
}

// compareAndDeleteUser deletes the record as it was judged, and returns the user's id.
func (i *Issuer) compareAndDeleteUser(ctx context.Context, ref string, info RequestInfo, audited *audit.Change, may func(storage.User) error) (string, error) {
	for range maxUpdateAttempts {
		u, err := i.findUser(ctx, ref)
		if err != nil {
			return "", err
		}
		if err := may(u); err != nil {
			return "", err
		}
		if isActiveSuperAdmin(u) {
			if err := i.ensureOtherSuperAdmin(ctx, u.ID, info); err != nil {
				return "", err
			}
		}
		if err := i.recordPendingRevocation(ctx, storage.PendingRevocation{UserID: u.ID, Reason: audit.EventUserDeleted}, true); err != nil {
			return "", err
		}
		audited.Event.Target = u.ID
		if err := audited.Before(ctx); err != nil {
			return "", unavailable(err)
		}
		err = i.store.DeleteUser(ctx, u.ID, u.Version)
		if !isVersionConflict(err) {
			return u.ID, storeError(err)
		}
	}
	return "", ErrConcurrentUpdate
}

// checkRoles sorts the names and refuses one that is no role.
func (i *Issuer) checkRoles(ctx context.Context, names []string) ([]string, error) {
	sorted := slices.Compact(slices.Sorted(slices.Values(names)))
	set, err := i.roles.Reload(ctx)
	if err != nil {
		return nil, storeError(err)
	}
	for _, name := range sorted {
		if !set.Has(name) {
			return nil, newFieldError("roles", "has a role that does not exist")
		}
	}
	return sorted, nil
}

// unavailableOrNil turns an error after a change was made into Unavailable: part of it is
// done. nil stays nil.
func unavailableOrNil(err error) error {
	if err == nil {
		return nil
	}
	return unavailable(err)
}

// storeError passes definitive errors on and turns the rest into Unavailable.
func storeError(err error) error {
	if err == nil || isDefinitive(err) {
		return err
	}
	return unavailable(err)
}
