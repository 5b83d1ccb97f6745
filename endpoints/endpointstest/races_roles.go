package endpointstest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// playRoleRace takes a role away on one instance while two others refresh. Those
// refreshes may have begun before, so either's answer may still name the role; of
// those that begin after the change was answered none does, and once one has been
// made every token that names the role is in the lists. The session lives on.
func playRoleRace(t *testing.T, s *Signet) {
	instances := []*Signet{s, s.Sibling(t), s.Sibling(t)}
	for n := range rounds(10, 500) {
		s.tidy(t, n)
		s.setRoles(t, s.Editor, "user", "editor")
		first := s.Login(t, s.Web, s.Editor, "openid items:read items:write")
		answers := make([]Answer, 2)
		together(
			func() { s.setRoles(t, s.Editor, "user") },
			func() { answers[0] = instances[1].TryRefresh(s.Web, first.Refresh) },
			func() { answers[1] = instances[2].TryRefresh(s.Web, first.Refresh) },
		)
		after := answers[n%2].Tokens(t).Refresh
		late := []Tokens{instances[n%3].Refresh(t, s.Web, first.Refresh)} // asked again, then in turn
		for _, instance := range instances {
			tokens := instance.Refresh(t, s.Web, after)
			late, after = append(late, tokens), tokens.Refresh
		}
		s.wantRoleGone(t, append([]Tokens{first}, answers[0].Tokens(t), answers[1].Tokens(t)), late)
	}
}

// wantRoleGone demands that no late token has what the editor's role gave, and
// that each early one that has it counts nowhere any more.
func (s *Signet) wantRoleGone(t *testing.T, early, late []Tokens) {
	t.Helper()
	var old, living []Tokens
	for _, tokens := range early {
		if writes(t, tokens) {
			old = append(old, tokens)
		} else {
			living = append(living, tokens)
		}
	}
	for _, tokens := range late {
		if writes(t, tokens) {
			t.Error("a refresh that began after the change hands out the role that was taken away")
		}
	}
	living = append(living, late...)
	s.wantSet(t, old, living)
	for _, tokens := range old {
		if s.Active(t, s.Guard, tokens.Access) {
			t.Error("a token with the old rights is active")
		}
	}
	for _, tokens := range living {
		if a := s.Introspect(s.Guard, tokens.Access).Expect(t, http.StatusOK).Object(t); a["active"] != true {
			t.Error("a token with the new rights is not active: the session was to live on")
		}
	}
}

// writes tells whether a token has the rights of an editor; it has all or none.
func writes(t *testing.T, tokens Tokens) bool {
	t.Helper()
	c := claims(t, tokens.Access)
	scope, _ := c["scope"].(string)
	role, write := slices.Contains(list(c["roles"]), "editor"), slices.Contains(strings.Fields(scope), "items:write")
	if role != write || tokens.Scope != scope {
		t.Errorf("half of a role: roles %v, scope %q, answered %q", c["roles"], scope, tokens.Scope)
	}
	return role
}
