package admin

import (
	"context"
	"slices"

	"example.org/signet/issuer"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// RoleEffect is what a change of a role would do to whom.
type RoleEffect struct {
	Gained     []string // scopes that its holders get
	Lost       []string // scopes that it gives no more, and another role does
	Restricted []string // scopes that everybody loses who holds no role with them: no role names them yet
	Released   []string // scopes that go to every user: no other role names them
	Holders    int      // up to MaxCountedHolders
	MoreHold   bool     // more than that
}

// MaxCountedHolders is up to how many holders of a role are counted.
const MaxCountedHolders = 100

// Effect tells what the change would do, and changes nothing. A role that does not exist is one
// without scopes. *issuer.FieldError where the change is not possible.
func (r Roles) Effect(ctx context.Context, name string, c RoleChange) (RoleEffect, error) {
	all, err := r.admin.service.store.ListRoles(ctx)
	if err != nil {
		return RoleEffect{}, issuer.StoreError(err)
	}
	before := storage.Role{Name: name}
	if n := slices.IndexFunc(all, func(x storage.Role) bool { return x.Name == name }); n >= 0 {
		before = all[n]
	}
	after := before
	if err := applyRole(&after, c); err != nil {
		return RoleEffect{}, err
	}
	others := role.NewSet(slices.DeleteFunc(slices.Clone(all), func(x storage.Role) bool { return x.Name == name || x.Deleting }))
	e := RoleEffect{}
	for _, scope := range added(before.Scopes, after.Scopes) {
		if others.Restricted(scope) {
			e.Gained = append(e.Gained, scope)
		} else {
			e.Restricted = append(e.Restricted, scope)
		}
	}
	for _, scope := range added(after.Scopes, before.Scopes) {
		if others.Restricted(scope) {
			e.Lost = append(e.Lost, scope)
		} else {
			e.Released = append(e.Released, scope)
		}
	}
	holders, err := r.admin.service.store.ListUsers(ctx, storage.UserFilter{Role: name}, storage.Page{Limit: MaxCountedHolders})
	if err != nil {
		return RoleEffect{}, issuer.StoreError(err)
	}
	e.Holders, e.MoreHold = len(holders.Users), holders.Next != ""
	return e, nil
}
