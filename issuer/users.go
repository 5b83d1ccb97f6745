package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// Errors of the administrative methods: *FieldError for what was sent,
// *storage.DuplicateError for what is taken, storage.ErrNotFound,
// ErrBusyRecord, and *Error with Unavailable for *don't know*.

// CreateUser creates a user.
func (i *Issuer) CreateUser(ctx context.Context, n NewUser, src Source) (User, error) {
	u, err := i.newUser(ctx, n)
	if err != nil {
		return User{}, err
	}
	if err := i.namesFree(ctx, storage.User{}, u); err != nil {
		return User{}, err
	}
	if u.PasswordHash, err = i.firstHash(ctx, n, u, src); err != nil {
		return User{}, err
	}
	e := storage.AuditEvent{Type: EventUserCreated, Target: u.ID, Detail: userChanges(storage.User{}, u)}
	if err := i.createUser(ctx, u, src, e); err != nil {
		return User{}, err
	}
	u.Version = 1
	return userView(u), nil
}

func (i *Issuer) createUser(ctx context.Context, u storage.User, src Source, e storage.AuditEvent) error {
	return i.intend(src, e).make(ctx, func() error { return adminError(i.store.CreateUser(ctx, u)) })
}

// namesFree looks whether somebody else has a name that u is to have, so that an
// attempt that cannot succeed costs neither a hash nor an audit event. The store
// decides.
func (i *Issuer) namesFree(ctx context.Context, before, u storage.User) error {
	for _, n := range []struct{ field, old, name string }{{"username", before.Username, u.Username}, {"email", before.Email, u.Email}} {
		if n.name == "" || n.name == n.old {
			continue
		}
		switch other, err := i.store.UserByLogin(ctx, n.name); {
		case err == nil && other.ID == u.ID: // the user's own, in the other field
		case err == nil:
			return &storage.DuplicateError{Field: n.field}
		case !errors.Is(err, storage.ErrNotFound):
			return unknown(err)
		}
	}
	return nil
}

func (i *Issuer) newUser(ctx context.Context, n NewUser) (storage.User, error) {
	now := i.now()
	id, err := newID(now, i.cfg.Rand)
	if err != nil {
		return storage.User{}, unknown(err)
	}
	u := storage.User{ID: id, Disabled: n.Disabled, CreatedAt: now, UpdatedAt: now}
	if !n.CreatedAt.IsZero() {
		u.CreatedAt = storage.Time(n.CreatedAt)
	}
	roles := n.Roles
	if len(roles) == 0 {
		roles = []string{RoleUser}
	}
	return u, i.apply(ctx, &u, UserChange{Username: &n.Username, Email: &n.Email, FullName: &n.FullName, Phone: &n.Phone, Roles: &roles})
}

// apply checks a change and makes it on u. It names every field at fault.
func (i *Issuer) apply(ctx context.Context, u *storage.User, c UserChange) error {
	var f faults
	f.take(&u.Username, c.Username, username)
	f.take(&u.Email, c.Email, email)
	f.take(&u.FullName, c.FullName, func(s string) (string, error) { return text("full_name", s, maxFullName) })
	f.take(&u.Phone, c.Phone, func(s string) (string, error) { return text("phone", s, maxPhone) })
	if c.Roles != nil {
		roles, err := i.knownRoles(ctx, *c.Roles)
		f.note(err)
		u.Roles = roles
	}
	return f.err()
}

func username(s string) (string, error) {
	name, err := account.Username(s)
	if err != nil {
		return "", accountError("username", err)
	}
	return name, nil
}

// email allows none.
func email(s string) (string, error) {
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
		return field(name, reason.Error())
	}
	return field(name, "is not valid")
}

// firstHash is the password hash of a new user.
func (i *Issuer) firstHash(ctx context.Context, n NewUser, u storage.User, src Source) (string, error) {
	switch {
	case n.Password != "" && n.PasswordHash != "":
		return "", field("password", "comes with a hash: give one of the two")
	case n.PasswordHash != "":
		if err := password.Recognize(string(n.PasswordHash)); err != nil {
			return "", field("hashed_password", err.Error())
		}
		return string(n.PasswordHash), nil
	case n.Password != "":
		return i.hashNew(ctx, n.Password, u, src)
	}
	return "", nil
}

// judgeNew judges the password that u is to have.
func (i *Issuer) judgeNew(pw Secret, u storage.User) error {
	about := password.Context{Personal: []string{u.Username, u.Email, u.FullName, u.Phone}, Service: []string{i.cfg.Issuer}}
	if err := password.CheckNew(string(pw), about); err != nil {
		return field("password", err.Error())
	}
	return nil
}

// hashNew judges the password that u is to have, and hashes it.
func (i *Issuer) hashNew(ctx context.Context, pw Secret, u storage.User, src Source) (string, error) {
	if err := i.judgeNew(pw, u); err != nil {
		return "", err
	}
	hash, err := i.passwords.Hash(ctx, src.network(), string(pw))
	switch {
	case errors.Is(err, password.ErrTooLongForBcrypt):
		return "", field("password", err.Error())
	case err != nil:
		return "", unknown(err)
	}
	return hash, nil
}

// FindUser returns the user of that id, username or e-mail.
func (i *Issuer) FindUser(ctx context.Context, ref string) (User, error) {
	u, err := i.findUser(ctx, ref)
	return userView(u), err
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
		return storage.User{}, adminError(fmt.Errorf("user: %w", err))
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
		return UserList{}, adminError(err)
	}
	list := UserList{Items: make([]User, len(page.Users)), Next: page.Next}
	for n, u := range page.Users {
		list.Items[n] = userView(u)
	}
	return list, nil
}

// UpdateUser changes a user. Roles that shrink reach the user's tokens at
// their next refresh.
func (i *Issuer) UpdateUser(ctx context.Context, ref string, c UserChange, src Source) (User, error) {
	u, _, err := i.changeUser(ctx, ref, src, EventUserUpdated, func(u *storage.User) error { return i.apply(ctx, u, c) })
	return u, err
}

// SetPassword sets a new password and ends every session of the user.
func (i *Issuer) SetPassword(ctx context.Context, ref string, pw Secret, src Source) (User, error) {
	about, err := i.findUser(ctx, ref)
	if err != nil {
		return User{}, err
	}
	hash, err := i.hashNew(ctx, pw, about, src)
	if err != nil {
		return User{}, err
	}
	u, _, err := i.changeUser(ctx, about.ID, src, EventPasswordSet, setHash(hash))
	return u, err
}

func setHash(hash string) func(*storage.User) error {
	return func(u *storage.User) error {
		u.PasswordHash = hash
		endSessions(u)
		return nil
	}
}

// DisableUser shuts a user out: their sessions end and stay ended.
func (i *Issuer) DisableUser(ctx context.Context, ref string, src Source) (User, error) {
	u, _, err := i.changeUser(ctx, ref, src, EventUserDisabled, disable)
	return u, err
}

func disable(u *storage.User) error {
	if !u.Disabled {
		u.Disabled = true
		endSessions(u)
	}
	return nil
}

// EnableUser lets a user in again; sessions ended by disabling stay ended.
func (i *Issuer) EnableUser(ctx context.Context, ref string, src Source) (User, error) {
	u, _, err := i.changeUser(ctx, ref, src, EventUserEnabled, enable)
	return u, err
}

func enable(u *storage.User) error {
	u.Disabled = false
	return nil
}

// updateTries bounds how often a lost compare-and-swap is tried again.
const updateTries = 10

// changeUser makes one change by compare-and-swap, and returns how many
// sessions it marked as revoked. The epoch inside the record is what ends them;
// the marks only make it visible.
func (i *Issuer) changeUser(ctx context.Context, ref string, src Source, event string, change func(*storage.User) error) (User, int64, error) {
	n := i.intend(src, storage.AuditEvent{Type: event})
	u, ended, err := i.swapUser(ctx, ref, n, change)
	return u, ended, n.end(ctx, err)
}

func (i *Issuer) swapUser(ctx context.Context, ref string, n *intent, change func(*storage.User) error) (User, int64, error) {
	for range updateTries {
		u, err := i.findUser(ctx, ref)
		if err != nil {
			return User{}, 0, err
		}
		before := u
		if err := change(&u); err != nil {
			return User{}, 0, err
		}
		if err := i.announce(ctx, storage.Ending{UserID: u.ID, Reason: n.event.Type}, u.Epoch != before.Epoch); err != nil {
			return User{}, 0, err
		}
		if err := i.namesFree(ctx, before, u); err != nil {
			return User{}, 0, err
		}
		if isSuper(before) && !isSuper(u) {
			if err := i.releaseSuper(ctx, u.ID, n.source); err != nil {
				return User{}, 0, err
			}
		}
		n.event.Target, n.event.Detail = u.ID, userChanges(before, u)
		if err := n.declare(ctx); err != nil {
			return User{}, 0, err
		}
		if err := failpoint.Hit(failpoint.UserUpdating); err != nil {
			return User{}, 0, unknown(err)
		}
		u.UpdatedAt = i.now()
		u, err = i.store.UpdateUser(ctx, u)
		if lostSwap(err) {
			continue
		}
		if err != nil {
			return User{}, 0, adminError(err)
		}
		ended, err := i.markEnded(ctx, u, before.Epoch, n.event.Type)
		return userView(u), ended, unsure(err)
	}
	return User{}, 0, ErrBusyRecord
}

// markEnded marks the sessions that a new epoch of their user has ended.
func (i *Issuer) markEnded(ctx context.Context, u storage.User, before int64, reason string) (ended int64, err error) {
	if err := failpoint.Hit(failpoint.UserUpdated); err != nil || u.Epoch == before {
		return 0, err
	}
	e, err := i.store.Epoch(ctx)
	if err != nil {
		return 0, err
	}
	old := storage.SessionFilter{UserID: u.ID, Except: u.KeptSession, UserEpochBelow: sessionEpoch(u, e)}
	ended, err = i.store.RevokeAll(ctx, old, u.UpdatedAt, reason)
	if err != nil {
		return ended, err
	}
	return ended, failpoint.Hit(failpoint.UserRevokedAll)
}

// lostSwap tells a moved version from a name that is taken.
func lostSwap(err error) bool {
	var taken *storage.DuplicateError
	return errors.Is(err, storage.ErrConflict) && !errors.As(err, &taken)
}

// DeleteUser removes a user; their sessions end with them.
func (i *Issuer) DeleteUser(ctx context.Context, ref string, src Source) error {
	return i.deleteUser(ctx, ref, src, func(storage.User) error { return nil })
}

func (i *Issuer) deleteUser(ctx context.Context, ref string, src Source, may func(storage.User) error) error {
	n := i.intend(src, storage.AuditEvent{Type: EventUserDeleted})
	id, err := i.dropUser(ctx, ref, n, may)
	if err := n.end(ctx, err); err != nil {
		return err
	}
	if err := failpoint.Hit(failpoint.UserDeleted); err != nil {
		return unknown(err)
	}
	_, err = i.store.RevokeAll(ctx, storage.SessionFilter{UserID: id}, i.now(), EventUserDeleted)
	return unsure(err)
}

// dropUser deletes the record as it was judged, and returns the user's id.
func (i *Issuer) dropUser(ctx context.Context, ref string, n *intent, may func(storage.User) error) (string, error) {
	for range updateTries {
		u, err := i.findUser(ctx, ref)
		if err != nil {
			return "", err
		}
		if err := may(u); err != nil {
			return "", err
		}
		if isSuper(u) {
			if err := i.releaseSuper(ctx, u.ID, n.source); err != nil {
				return "", err
			}
		}
		if err := i.announce(ctx, storage.Ending{UserID: u.ID, Reason: EventUserDeleted}, true); err != nil {
			return "", err
		}
		n.event.Target = u.ID
		if err := n.declare(ctx); err != nil {
			return "", err
		}
		err = i.store.DeleteUser(ctx, u.ID, u.Version)
		if !lostSwap(err) {
			return u.ID, adminError(err)
		}
	}
	return "", ErrBusyRecord
}

// knownRoles sorts the names and refuses one that is no role.
func (i *Issuer) knownRoles(ctx context.Context, names []string) ([]string, error) {
	sorted := slices.Compact(slices.Sorted(slices.Values(names)))
	v, err := i.roles.reload(ctx, i.now())
	if err != nil {
		return nil, adminError(err)
	}
	for _, name := range sorted {
		if _, ok := v.roles[name]; !ok {
			return nil, field("roles", "has a role that does not exist")
		}
	}
	return sorted, nil
}

// unsure makes a *don't know* of whatever fails after a change was made: part of
// it is done.
func unsure(err error) error {
	if err == nil {
		return nil
	}
	return unknown(err)
}

// adminError lets certain answers through and turns the rest into *don't know*.
func adminError(err error) error {
	if err == nil || certain(err) {
		return err
	}
	return unknown(err)
}
