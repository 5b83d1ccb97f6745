package admin_test

import (
	"errors"
	"testing"

	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

func TestRoles(t *testing.T) {
	f := newFixture(t).withAlice()
	must(t, f.service.EnsureRoles(f.ctx)) // again
	all, err := f.admin.Roles().List(f.ctx)
	must(t, err)
	if len(all.Items) != 3 {
		t.Fatalf("built-in roles: %+v", all.Items)
	}
	_, err = f.admin.Roles().Create(f.ctx, "editor", admin.RoleChange{Scopes: strs("items:write", "items:write"), Rank: ptr(int64(10))})
	must(t, err)
	if f.grants(t, "user", "items:write") {
		t.Error("a restricted scope goes to users without the role")
	}
	_, err = f.admin.Roles().Create(f.ctx, "editor", admin.RoleChange{})
	var taken *storage.DuplicateError
	if !errors.As(err, &taken) {
		t.Errorf("second editor: %v", err)
	}
	_, err = f.admin.Roles().Create(f.ctx, "Bad Name", admin.RoleChange{})
	wantField(t, "bad name", err, "name")
	_, err = f.admin.Roles().Create(f.ctx, "boss", admin.RoleChange{Rank: ptr(int64(5000))})
	wantField(t, "rank", err, "rank")
	wantField(t, "built-in", f.admin.Roles().Delete(f.ctx, "admin", false), "name")
}

// A change of roles that would open a restricted scope to everybody is refused
// unless it is said to be meant.
func TestReleaseScopes(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.admin.Roles().Create(f.ctx, "editor", admin.RoleChange{Scopes: strs("items:write")})
	must(t, err)
	_, err = f.admin.Roles().Update(f.ctx, "editor", admin.RoleChange{Scopes: strs()})
	wantField(t, "scope taken from its last role", err, "scopes")
	wantField(t, "last role deleted", f.admin.Roles().Delete(f.ctx, "editor", false), "scopes")
	_, err = f.admin.Roles().Create(f.ctx, "writer", admin.RoleChange{Scopes: strs("items:write")})
	must(t, err)
	_, err = f.admin.Roles().Update(f.ctx, "editor", admin.RoleChange{Scopes: strs()})
	must(t, err)
	_, err = f.admin.Users().Update(f.ctx, f.userID("alice"), admin.UserChange{Roles: strs("writer")})
	must(t, err)
	wantField(t, "held role", f.admin.Roles().Delete(f.ctx, "writer", true), "name")
	_, err = f.admin.Users().Update(f.ctx, f.userID("alice"), admin.UserChange{Roles: strs("user")})
	must(t, err)
	must(t, f.admin.Roles().Delete(f.ctx, "writer", true))
	if !f.grants(t, "user", "items:write") {
		t.Error("a scope that was released does not go to every user")
	}
}
