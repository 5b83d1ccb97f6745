package admin

import (
	"context"
	"errors"
	"fmt"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// Users are the operations on users, as far as the actor may. A user is named by id alone: a
// name in its place would make two addresses of one thing. [Users.Find] resolves names.
type Users struct{ admin *Admin }

// Show returns the user of that id, and whether attempts to log in as them are refused.
func (u Users) Show(ctx context.Context, id string) (User, error) {
	s := u.admin.service
	x, err := s.readUser(ctx, id)
	if err != nil {
		return User{}, err
	}
	shown, err := u.view(ctx, x)
	if err != nil {
		return User{}, err
	}
	shown.Throttled, err = s.throttler.Locks(ctx, x.ID)
	return shown, err
}

// Unlock lets attempts to log in as the user count from nothing again. It writes nothing
// where nothing is counted.
func (u Users) Unlock(ctx context.Context, id string) (User, error) {
	s := u.admin.service
	x, err := s.readUser(ctx, id)
	if err != nil {
		return User{}, err
	}
	if err := u.admin.actor.mayChangeUser(x, x); err != nil {
		return User{}, err
	}
	if err := u.admin.checkIfMatch(u.kind().revision(x)); err != nil {
		return User{}, err
	}
	counted, err := s.throttler.Counted(ctx, id)
	if err != nil {
		return User{}, err
	}
	if counted {
		e := storage.AuditEvent{Type: audit.EventUserUnlocked, Target: id}
		if err := u.admin.run(ctx, e, func() error { return s.throttler.Unlock(ctx, id) }); err != nil {
			return User{}, err
		}
	}
	return u.view(ctx, x)
}

// Find returns the user of that id, username or e-mail.
func (u Users) Find(ctx context.Context, ref string) (User, error) {
	if account.LooksLikeID(ref) {
		return u.Show(ctx, ref)
	}
	name, err := account.LoginName(ref)
	if err != nil {
		return User{}, errUserNotFound
	}
	x, err := u.admin.service.store.UserByLogin(ctx, name)
	if err != nil {
		return User{}, issuer.StoreError(fmt.Errorf("user: %w", err))
	}
	return u.view(ctx, x)
}

var errUserNotFound = fmt.Errorf("user: %w", storage.ErrNotFound)

// readUser returns the user of that id.
func (s *Service) readUser(ctx context.Context, id string) (storage.User, error) {
	if !account.LooksLikeID(id) {
		return storage.User{}, errUserNotFound
	}
	u, err := s.store.User(ctx, id)
	if err != nil {
		return storage.User{}, issuer.StoreError(fmt.Errorf("user: %w", err))
	}
	return u, nil
}

// Create creates a user. Only an operator may bring an id along.
func (u Users) Create(ctx context.Context, n NewUser) (User, error) {
	s := u.admin.service
	if _, isOperator := u.admin.actor.(operator); n.ID != "" && !isOperator {
		return User{}, newFieldError("id", "is for the command line to give")
	}
	x, err := s.accounts.new(ctx, n)
	if err != nil {
		return User{}, err
	}
	if err := u.admin.actor.mayChangeUser(storage.User{}, x); err != nil {
		return User{}, err
	}
	if err := s.accounts.checkNamesFree(ctx, storage.User{}, x); err != nil {
		return User{}, err
	}
	if n.ID != "" {
		if err := s.accounts.checkSubjectFree(ctx, x.ID); err != nil {
			return User{}, err
		}
	}
	if x.PasswordHash, err = s.accounts.initialHash(ctx, n, x, u.admin.info); err != nil {
		return User{}, err
	}
	if err := u.admin.checkAdmitted(ctx); err != nil {
		return User{}, err
	}
	if err := s.accounts.importSeed(ctx, n, x); err != nil {
		return User{}, err
	}
	e := storage.AuditEvent{Type: audit.EventUserCreated, Target: x.ID, Detail: userChanges(storage.User{}, x)}
	created, err := u.insert(ctx, x, e)
	if err != nil || n.ID == "" {
		return created, err
	}
	// A client of that id may have been created meanwhile: each looks again after its
	// own insert, so that at most one of them stays.
	return created, undoIfTaken(s.accounts.checkNoClient(ctx, x.ID), func() error { return u.Delete(ctx, x.ID) })
}

// undoIfTaken deletes a new user whose id a client has, and returns the error.
func undoIfTaken(taken error, undo func() error) error {
	var duplicate *storage.DuplicateError
	if errors.As(taken, &duplicate) {
		if err := undo(); err != nil {
			return err
		}
	}
	return taken
}

// AddPassword gives a user who has no password the one of n, and changes nothing else.
// It returns false where there is one already.
func (u Users) AddPassword(ctx context.Context, id string, n NewUser) (bool, error) {
	x, err := u.admin.service.readUser(ctx, id)
	if err != nil || x.PasswordHash != "" {
		return false, err
	}
	hash, err := u.admin.service.accounts.initialHash(ctx, n, x, u.admin.info)
	if err != nil || hash == "" {
		return false, err
	}
	_, err = u.change(ctx, id, audit.EventPasswordSet, func(x *storage.User) error {
		if x.PasswordHash != "" {
			return errHasPassword
		}
		x.PasswordHash = hash
		return nil
	})
	if errors.Is(err, errHasPassword) {
		return false, nil
	}
	return err == nil, err
}

var errHasPassword = errors.New("the user has a password")

// insert writes a new user and the event.
func (u Users) insert(ctx context.Context, x storage.User, e storage.AuditEvent) (User, error) {
	ctx, cancel := context.WithTimeout(ctx, creationTimeout)
	defer cancel()
	pending, err := u.admin.service.addPendingAssignments(ctx, x.ID, x.Roles)
	if err != nil {
		return User{}, err
	}
	err = u.admin.run(ctx, e, func() error { return issuer.StoreError(u.admin.service.store.CreateUser(ctx, x)) })
	if err == nil || !isUnknown(err) {
		u.admin.service.removePendingAssignments(ctx, pending)
	}
	if err != nil {
		return User{}, err
	}
	x.Version = 1
	return u.view(ctx, x)
}

// Update changes a user. The tokens that name a role taken away are marked at once.
func (u Users) Update(ctx context.Context, id string, c UserChange) (User, error) {
	return u.change(ctx, id, audit.EventUserUpdated, func(x *storage.User) error { return u.admin.service.accounts.apply(ctx, x, c) })
}

// Disable shuts a user out: their sessions end and stay ended.
func (u Users) Disable(ctx context.Context, id string) (User, error) {
	return u.change(ctx, id, audit.EventUserDisabled, func(x *storage.User) error {
		if !x.Disabled {
			x.Disabled = true
			epoch.EndSessions(x)
		}
		return nil
	})
}

// Enable lets a user in again; sessions ended by disabling stay ended.
func (u Users) Enable(ctx context.Context, id string) (User, error) {
	return u.change(ctx, id, audit.EventUserEnabled, func(x *storage.User) error {
		x.Disabled = false
		return nil
	})
}

// SetPassword sets a new password, ends every session of the user and unlocks them.
func (u Users) SetPassword(ctx context.Context, id string, n NewPassword) (User, error) {
	x, err := u.admin.service.readUser(ctx, id)
	if err != nil {
		return User{}, err
	}
	if err := u.admin.actor.mayChangeUser(x, x); err != nil { // before a hash is paid for
		return User{}, err
	}
	if err := u.admin.checkIfMatch(u.kind().revision(x)); err != nil {
		return User{}, err
	}
	hash, err := u.admin.service.accounts.hashNewPassword(ctx, n.Password, x, u.admin.info)
	if err == nil {
		err = u.admin.checkAdmitted(ctx)
	}
	if err != nil {
		return User{}, err
	}
	changed, err := u.change(ctx, id, audit.EventPasswordSet, func(x *storage.User) error {
		x.PasswordHash = hash
		setIfGiven(&x.MustChangePassword, n.MustChange)
		epoch.EndSessions(x)
		return nil
	})
	if err != nil {
		return User{}, err
	}
	return changed, u.admin.service.throttler.Unlock(ctx, id)
}

// Delete removes a user; their sessions end with them.
func (u Users) Delete(ctx context.Context, id string) error {
	_, _, err := apply(ctx, u.admin, u.kind(), step[storage.User]{
		id: id, event: audit.EventUserDeleted, change: remove[storage.User],
		write: func(ctx context.Context, before, after storage.User) (storage.User, error) {
			return after, u.admin.service.store.DeleteUser(ctx, before.ID, before.Version)
		},
	})
	return err
}

// Sessions returns one page of a user's sessions, ended or not.
func (u Users) Sessions(ctx context.Context, id string, p storage.Page) (SessionList, error) {
	if _, err := u.admin.service.readUser(ctx, id); err != nil {
		return SessionList{}, err
	}
	return u.admin.service.listSessions(ctx, SessionQuery{UserID: id}, p)
}

// EndSessions ends every session of a user, by one step on the user's record, and returns how
// many were marked.
func (u Users) EndSessions(ctx context.Context, id string) (int64, error) {
	_, ended, err := u.swap(ctx, id, audit.EventSessionRevoked, func(x *storage.User) error {
		epoch.EndSessions(x)
		return nil
	})
	return ended, err
}

func (u Users) change(ctx context.Context, id, event string, change func(*storage.User) error) (User, error) {
	x, _, err := u.swap(ctx, id, event, change)
	return x, err
}

// swap makes one change of a user, and returns how many sessions it marked as ended.
func (u Users) swap(ctx context.Context, id, event string, change func(*storage.User) error) (User, int64, error) {
	x, ended, err := u.swapRecord(ctx, id, event, change)
	if err != nil {
		return User{}, ended, err
	}
	shown, err := u.view(ctx, x)
	return shown, ended, err
}

func (u Users) swapRecord(ctx context.Context, id, event string, change func(*storage.User) error) (storage.User, int64, error) {
	return u.swapAs(ctx, u.kind(), id, event, change)
}

func (u Users) swapAs(ctx context.Context, k kind[storage.User], id, event string, change func(*storage.User) error) (storage.User, int64, error) {
	return apply(ctx, u.admin, k, step[storage.User]{
		id: id, event: event, change: change,
		write: func(ctx context.Context, _, after storage.User) (storage.User, error) {
			if err := failpoint.Hit(failpoint.UserUpdating); err != nil {
				return after, issuer.OutcomeUnknown(err)
			}
			after.UpdatedAt = u.admin.service.now()
			return u.admin.service.store.UpdateUser(ctx, after)
		},
	})
}

// kind is how users are changed.
func (u Users) kind() kind[storage.User] {
	s := u.admin.service
	var pending []string // of the attempt that is under way
	return kind[storage.User]{
		read: s.readUser, may: u.admin.actor.mayChangeUser, diff: userChanges,
		revision: func(x storage.User) string { return revision(x.CreatedAt, x.Version) },
		check: func(ctx context.Context, before, after storage.User) (err error) {
			if err := s.accounts.checkNamesFree(ctx, before, after); err != nil {
				return err
			}
			if isActiveSuperAdmin(before) && !isActiveSuperAdmin(after) {
				if err := (superAdmins{s.store}).ensureOther(ctx, before.ID, u.admin.actor.mayLeaveNoSuperAdmin()); err != nil {
					return err
				}
			}
			if pending, err = s.addPendingAssignments(ctx, after.ID, added(before.Roles, after.Roles)); err != nil || s.notifier == nil || after.ID == "" {
				return err
			}
			return issuer.StoreError(s.notifier.Changing(ctx, before, after, u.admin.info))
		},
		pending: func(before, after storage.User) []storage.PendingRevocation {
			switch {
			case after.ID == "", after.Epoch != before.Epoch:
				return []storage.PendingRevocation{{UserID: before.ID}}
			case lost(before.Roles, after.Roles):
				return []storage.PendingRevocation{{UserID: before.ID, Kind: storage.PendingRights}}
			}
			return nil
		},
		finish: func(ctx context.Context, before, after storage.User, reason string) (int64, error) {
			s.removePendingAssignments(ctx, pending)
			return s.markUserSessions(ctx, before, after, reason)
		},
	}
}

// markUserSessions marks the sessions that a change of their user has ended.
func (s *Service) markUserSessions(ctx context.Context, before, after storage.User, reason string) (ended int64, err error) {
	if after.ID == "" {
		if err := failpoint.Hit(failpoint.UserDeleted); err != nil {
			return 0, err
		}
		return s.store.RevokeAll(ctx, storage.SessionFilter{UserID: before.ID}, s.now(), reason)
	}
	if err := failpoint.Hit(failpoint.UserUpdated); err != nil || after.Epoch == before.Epoch {
		return 0, err
	}
	e, err := s.store.Epoch(ctx)
	if err != nil {
		return 0, err
	}
	if ended, err = s.store.RevokeAll(ctx, epoch.EndedByUser(after, e), after.UpdatedAt, reason); err != nil {
		return ended, err
	}
	return ended, failpoint.Hit(failpoint.UserRevokedAll)
}
