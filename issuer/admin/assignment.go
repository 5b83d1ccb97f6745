package admin

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// A role is deleted only while nobody holds it, and an assignment that is under way then fails:
// otherwise a later role of the same name would give its rights to that user. No step writes
// more than one record:
//
//	give a role:    read the user at version v
//	                add a pending assignment
//	                read the role: it is there, and not marked as being deleted
//	                change the user, if the version still is v; remove the pending assignment
//	delete a role:  mark it as being deleted
//	                raise the version of each user with a pending assignment of it
//	                look for holders; if there are any, take the mark back
//	                delete it, if nobody has changed it since it was marked
//
// A user who is changed after the holders were looked for was read before their version was
// raised, for their pending assignment was there before the mark. A new user has no version to
// raise: a role that one is about to be created with is not deleted. What a crash leaves, the
// status lists' refresh finishes (package status).

// creationTimeout bounds the time from the pending assignments of a new user to the user. It is
// well below the time after which somebody else removes those.
const creationTimeout = 30 * time.Second

var builtInRoles = []string{role.User, role.Admin, role.SuperAdmin}

// addPendingAssignments adds a pending assignment for each of the roles, and returns their ids. Those
// that are built in are never deleted.
func (s *Service) addPendingAssignments(ctx context.Context, userID string, names []string) (ids []string, err error) {
	for _, name := range names {
		if slices.Contains(builtInRoles, name) {
			continue
		}
		id, err := s.addPending(ctx, storage.PendingRevocation{Kind: storage.PendingAssignment, UserID: userID, Reason: name})
		if err != nil {
			return ids, err
		}
		ids = append(ids, id)
		switch r, err := s.store.Role(ctx, name); {
		case errors.Is(err, storage.ErrNotFound), err == nil && r.Deleting:
			s.removePendingAssignments(ctx, ids)
			return nil, ErrNoSuchRole
		case err != nil:
			return ids, issuer.StoreError(err)
		}
	}
	return ids, nil
}

// removePendingAssignments removes pending assignments that are settled. One that is left does
// no harm.
func (s *Service) removePendingAssignments(ctx context.Context, ids []string) {
	for _, id := range ids {
		_ = s.store.RemovePendingRevocation(ctx, id)
	}
}

// delete deletes a role that was read as before.
func (r Roles) delete(ctx context.Context, before storage.Role) error {
	s := r.admin.service
	marked := before
	marked.Deleting = true
	marked, err := s.store.UpdateRole(ctx, marked)
	if err != nil {
		return err
	}
	if err = s.stopAssignments(ctx, marked.Name); err == nil {
		err = s.checkRoleUnused(ctx, marked)
	}
	if err != nil {
		marked.Deleting = false
		_, _ = s.store.UpdateRole(ctx, marked) // else the next update or deletion goes on from it
		return err
	}
	return s.store.DeleteRole(ctx, marked.Name, marked.Version)
}

// maxPending is the number of pending records that are read at once.
const maxPending = 5000

// stopAssignments raises the version of each user who is about to get the role.
// ErrConcurrentUpdate where that is not possible.
func (s *Service) stopAssignments(ctx context.Context, name string) error {
	pending, err := s.store.PendingRevocations(ctx, maxPending)
	if err != nil {
		return err
	}
	if len(pending) == maxPending {
		return ErrConcurrentUpdate
	}
	for _, p := range pending {
		if p.Kind != storage.PendingAssignment || p.Reason != name {
			continue
		}
		u, err := s.store.User(ctx, p.UserID)
		if errors.Is(err, storage.ErrNotFound) {
			return ErrConcurrentUpdate // a new user
		}
		if err == nil {
			_, err = s.store.UpdateUser(ctx, u)
		}
		if err != nil && !errors.Is(err, storage.ErrNotFound) && !errors.Is(err, storage.ErrConflict) {
			return err
		}
	}
	return nil
}
