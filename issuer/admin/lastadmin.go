package admin

import (
	"context"
	"errors"
	"slices"

	"example.org/signet/issuer"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// ErrLastSuperAdmin means that after the change no super_admin could log in. Nothing was
// changed.
var ErrLastSuperAdmin = errors.New("the last " + role.SuperAdmin + " cannot be disabled, deleted or given other roles: make another one first")

// isActiveSuperAdmin tells whether the user is a super_admin who can log in.
func isActiveSuperAdmin(u storage.User) bool {
	return !u.Disabled && slices.Contains(u.Roles, role.SuperAdmin)
}

// sharedSetSuperAdmins is the shared set that names at least one super_admin: each
// member is one, at every moment. So a set that is not empty proves that there is
// one, and whoever removes a super_admin first makes the set name somebody else,
// in one compare-and-swap:
//
//	read the user at version v
//	take the user out of the set; if nobody would be left, put in another
//	    super_admin, whose version is raised between reading and swapping the set
//	change the user, if the version still is v
//
// Of two who take each other away, one swaps the set first. The other finds
// itself in the set and looks for a third, or raises the version of the first,
// whose change then fails and is looked at anew. A stop at any point leaves the
// set with fewer names than there are super_admins, which costs a search. The
// set's version grows even where its members stay, so that nobody is put in
// by a look at the user from before.
const sharedSetSuperAdmins = role.SuperAdmin

// superAdmins ensures that one super_admin remains.
type superAdmins struct{ store Store }

// ensureOther makes the shared set name others than the user, who is about to
// stop being a super_admin. ErrLastSuperAdmin where there is nobody else,
// unless alone allows that.
func (s superAdmins) ensureOther(ctx context.Context, id string, alone bool) error {
	for range maxUpdateAttempts {
		g, err := s.store.SharedSet(ctx, sharedSetSuperAdmins)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return issuer.StoreError(err)
		}
		g.Name = sharedSetSuperAdmins
		g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return m == id })
		if len(g.Members) == 0 && !alone {
			if g.Members, err = s.nameOther(ctx, id); err != nil {
				return err
			}
		}
		if len(g.Members) > 0 || alone {
			if _, err = s.store.SwapSharedSet(ctx, g); err == nil {
				return nil
			}
			if !errors.Is(err, storage.ErrConflict) {
				return issuer.StoreError(err)
			}
		}
	}
	return ErrConcurrentUpdate
}

// nameOther returns another super_admin, after raising their version, which fails if they
// have changed meanwhile; then it returns nobody.
func (s superAdmins) nameOther(ctx context.Context, id string) ([]string, error) {
	other, err := s.findOther(ctx, id)
	if err != nil {
		return nil, err
	}
	_, err = s.store.UpdateUser(ctx, other)
	switch {
	case err == nil:
		return []string{other.ID}, nil
	case errors.Is(err, storage.ErrConflict), errors.Is(err, storage.ErrNotFound):
		return nil, nil
	}
	return nil, issuer.StoreError(err)
}

func (s superAdmins) findOther(ctx context.Context, id string) (storage.User, error) {
	for p := (storage.Page{}); ; {
		page, err := s.store.ListUsers(ctx, storage.UserFilter{Role: role.SuperAdmin}, p)
		if err != nil {
			return storage.User{}, issuer.StoreError(err)
		}
		for _, u := range page.Users {
			if u.ID != id && isActiveSuperAdmin(u) {
				return u, nil
			}
		}
		if page.Next == "" {
			return storage.User{}, ErrLastSuperAdmin
		}
		p.After = page.Next
	}
}
