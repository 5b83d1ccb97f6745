package issuer

import (
	"context"
	"errors"
	"slices"

	"example.org/signet/storage"
)

// ErrLastSuperAdmin refuses what would leave nobody who holds super_admin and
// can log in. Nothing was done.
var ErrLastSuperAdmin = errors.New("the last " + RoleSuperAdmin + " cannot be disabled, deleted or given other roles: make another one first")

// AllowNoSuperAdmin in a Source allows a step that ErrLastSuperAdmin would
// refuse.
const AllowNoSuperAdmin = "no super_admin"

// isSuper tells whether the user counts as a super_admin who is there.
func isSuper(u storage.User) bool { return !u.Disabled && contains(u.Roles, RoleSuperAdmin) }

// guardSuper is the guard whose members are super_admins that somebody relies
// on: each of them is one, at every moment. So a set that is not empty says
// that there is one, and whoever takes a super_admin away first makes the set
// name somebody else, in one compare-and-swap:
//
//	read the user at version v
//	take the user out of the guard; if nobody would be left, put in another
//	    super_admin, whose version is raised between reading and swapping the guard
//	change the user, if the version still is v
//
// Of two who take each other away, one swaps the guard first. The other finds
// itself relied on and looks for a third, or raises the version of the first,
// whose change then fails and is looked at anew. A stop at any point leaves the
// guard with fewer names than there are super_admins, which costs a search. The
// guard's version grows even where its members stay, so that nobody is put in
// by a look at the user from before.
const guardSuper = RoleSuperAdmin

// releaseSuper has the guard rely on others than the user, who is about to stop
// being a super_admin. ErrLastSuperAdmin where there is nobody else.
func (i *Issuer) releaseSuper(ctx context.Context, id string, src Source) error {
	alone := src.Allow == AllowNoSuperAdmin
	for range updateTries {
		g, err := i.store.Guard(ctx, guardSuper)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return adminError(err)
		}
		g.Name = guardSuper
		g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return m == id })
		if len(g.Members) == 0 && !alone {
			if g.Members, err = i.relyOnOther(ctx, id); err != nil {
				return err
			}
		}
		if len(g.Members) > 0 || alone {
			if _, err = i.store.SwapGuard(ctx, g); err == nil {
				return nil
			}
			if !errors.Is(err, storage.ErrConflict) {
				return adminError(err)
			}
		}
	}
	return ErrBusyRecord
}

// relyOnOther finds another super_admin and raises their version, which shows
// that they still are one; nobody where that changed meanwhile.
func (i *Issuer) relyOnOther(ctx context.Context, id string) ([]string, error) {
	other, err := i.otherSuper(ctx, id)
	if err != nil {
		return nil, err
	}
	_, err = i.store.UpdateUser(ctx, other)
	switch {
	case err == nil:
		return []string{other.ID}, nil
	case errors.Is(err, storage.ErrConflict), errors.Is(err, storage.ErrNotFound):
		return nil, nil
	}
	return nil, adminError(err)
}

func (i *Issuer) otherSuper(ctx context.Context, id string) (storage.User, error) {
	for p := (storage.Page{}); ; {
		page, err := i.store.ListUsers(ctx, storage.UserFilter{Role: RoleSuperAdmin}, p)
		if err != nil {
			return storage.User{}, adminError(err)
		}
		for _, u := range page.Users {
			if u.ID != id && isSuper(u) {
				return u, nil
			}
		}
		if page.Next == "" {
			return storage.User{}, ErrLastSuperAdmin
		}
		p.After = page.Next
	}
}
