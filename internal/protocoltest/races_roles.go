package protocoltest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// testRoleRace takes a role away on one instance while two others refresh. Those
// refreshes may have begun before, so either's answer may still name the role; of
// those that begin after the change was answered none does, and once one has been
// made every token that names the role is in the lists. The session lives on.
func testRoleRace(t *testing.T, s *Signet) {
	instances := []*Signet{s, s.StartInstance(t), s.StartInstance(t)}
	for n := range rounds(10, 500) {
		sweepOldRounds(t, s, n)
		s.setRoles(t, s.Editor, "user", "editor")
		first := s.Login(t, s.Web, s.Editor, "openid items:read items:write")
		responses := make([]Response, 2)
		runConcurrently(
			func() { s.setRoles(t, s.Editor, "user") },
			func() { responses[0] = instances[1].TryRefresh(s.Web, first.Refresh) },
			func() { responses[1] = instances[2].TryRefresh(s.Web, first.Refresh) },
		)
		after := responses[n%2].Tokens(t).Refresh
		late := []Tokens{instances[n%3].Refresh(t, s.Web, first.Refresh)} // asked again, then in turn
		for _, instance := range instances {
			tokens := instance.Refresh(t, s.Web, after)
			late, after = append(late, tokens), tokens.Refresh
		}
		expectRoleRemoved(t, s, append([]Tokens{first}, responses[0].Tokens(t), responses[1].Tokens(t)), late)
	}
}

// expectRoleRemoved demands that no late token has what the editor's role gave, and
// that each early one that has it counts nowhere any more.
func expectRoleRemoved(t *testing.T, s *Signet, early, late []Tokens) {
	t.Helper()
	var old, living []Tokens
	for _, tokens := range early {
		if hasEditorScopes(t, tokens) {
			old = append(old, tokens)
		} else {
			living = append(living, tokens)
		}
	}
	for _, tokens := range late {
		if hasEditorScopes(t, tokens) {
			t.Error("a refresh that began after the change hands out the role that was taken away")
		}
	}
	living = append(living, late...)
	s.expectStatusBits(t, old, living)
	for _, tokens := range old {
		if s.Active(t, s.ResourceServer, tokens.Access) {
			t.Error("a token with the old rights is active")
		}
	}
	for _, tokens := range living {
		if a := s.Introspect(s.ResourceServer, tokens.Access).ExpectStatus(t, http.StatusOK).Object(t); a["active"] != true {
			t.Error("a token with the new rights is not active: the session was to live on")
		}
	}
}

// hasEditorScopes tells whether a token has the rights of an editor; it has all or none.
func hasEditorScopes(t *testing.T, tokens Tokens) bool {
	t.Helper()
	c := claims(t, tokens.Access)
	scope, _ := c["scope"].(string)
	role, write := slices.Contains(list(c["roles"]), "editor"), slices.Contains(strings.Fields(scope), "items:write")
	if role != write || tokens.Scope != scope {
		t.Errorf("half of a role: roles %v, scope %q, answered %q", c["roles"], scope, tokens.Scope)
	}
	return role
}

// testReleaseRace drops a scope from the only two roles that name it, on two instances at
// once. Each relies on the other, so one is refused: the scope would go to every user.
func testReleaseRace(t *testing.T, s *Signet) {
	ctx, names := context.Background(), []string{"night", "day"}
	all, none := []string{"vault:open"}, []string{}
	instances := []*Signet{s, s.StartInstance(t)}
	for _, name := range names {
		must(t, errorOf(s.operator().Roles().Create(ctx, name, admin.RoleChange{Scopes: &all})))
	}
	for range rounds(20, 200) {
		errs := make([]error, 2)
		drop := func(n int) func() {
			return func() {
				_, errs[n] = instances[n].operator().Roles().Update(ctx, names[n], admin.RoleChange{Scopes: &none})
			}
		}
		runConcurrently(drop(0), drop(1))
		list, err := s.Store.ListRoles(ctx)
		must(t, err)
		if !slices.ContainsFunc(list, func(r storage.Role) bool { return slices.Contains(r.Scopes, all[0]) }) {
			t.Fatal("no role names the scope any more, and nobody has said that it may go to everybody")
		}
		for n, name := range names {
			var refused *issuer.FieldError
			if errs[n] != nil && !errors.As(errs[n], &refused) && !errors.Is(errs[n], admin.ErrConcurrentUpdate) {
				t.Errorf("%s: %v", name, errs[n])
			}
			must(t, errorOf(s.operator().Roles().Update(ctx, name, admin.RoleChange{Scopes: &all})))
		}
	}
}
