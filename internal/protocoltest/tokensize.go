package protocoltest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

var tokenSizeCases = []testCase{
	{name: "what is issued is recognised", run: testLongestTokens},
	{name: "a token that would be too long is refused", run: testTooLongTokens},
}

// addRoles adds n roles with names of 38 characters.
func (s *Signet) addRoles(t *testing.T, n int) (names []string) {
	t.Helper()
	for i := range n {
		name := fmt.Sprintf("role-%033d", i)
		_, err := s.operator().Roles().Create(context.Background(), name, admin.RoleChange{})
		must(t, err)
		names = append(names, name)
	}
	return names
}

// testLongestTokens: as many roles as a user may have make tokens that introspection and
// revocation know.
func testLongestTokens(t *testing.T, s *Signet) {
	ctx, roles := context.Background(), s.addRoles(t, 126)
	_, err := s.operator().Users().Update(ctx, s.Alice.ID, admin.UserChange{Roles: &roles})
	var fault *issuer.FieldError
	if !errors.As(err, &fault) || fault.Field != "roles" || !strings.Contains(fault.Reason, "too long") {
		t.Errorf("126 roles: %v", err)
	}
	_, err = s.operator().Users().Create(ctx, admin.NewUser{Username: "many", Roles: roles})
	if !errors.As(err, &fault) || fault.Field != "roles" {
		t.Errorf("a new user with 126 roles: %v", err)
	}
	roles = roles[:70]
	_, err = s.operator().Users().Update(ctx, s.Alice.ID, admin.UserChange{Roles: &roles})
	must(t, err)
	tokens := s.Login(t, s.Web, s.Alice, "")
	if n := len(tokens.Access); n < 4<<10 || n > keys.MaxToken {
		t.Errorf("%d bytes", n)
	}
	s.expectActive(t, s.Web, tokens)
	s.Revoke(t, s.Web, tokens.Access)
	if s.Active(t, s.ResourceServer, tokens.Access) {
		t.Error("active after its revocation")
	}
	s.expectRefreshRejected(t, s.Web, tokens.Refresh)
}

// testTooLongTokens: audiences, scopes and roles from before the bounds can add up to a
// token that nobody reads. None is issued, no session begins, and the log says why.
func testTooLongTokens(t *testing.T, s *Signet) {
	ctx := context.Background()
	scopes := make([]string, 60)
	for n := range scopes {
		scopes[n] = fmt.Sprintf("scope-%052d", n)
	}
	_, err := s.operator().Clients().Update(ctx, s.Web.ID, admin.ClientChange{Scopes: &scopes})
	var fault *issuer.FieldError
	if !errors.As(err, &fault) || fault.Field != "scope" {
		t.Errorf("60 scopes: %v", err)
	}
	u, err := s.backend.User(ctx, s.Alice.ID)
	must(t, err)
	u.Roles = s.addRoles(t, 150)
	_, err = s.backend.UpdateUser(ctx, u) // as an older version would have
	must(t, err)
	before := s.sessions(t, s.Alice.ID)
	a := s.TryLogin(s.Web, s.Alice, "").ExpectError(t, http.StatusBadRequest, "invalid_scope")
	if !strings.Contains(string(a.Body), "too long") {
		t.Errorf("%s", a.Body)
	}
	if n := s.sessions(t, s.Alice.ID); n != before {
		t.Errorf("%d sessions, %d before", n, before)
	}
	if log := strings.Join(s.Log.Lines(), "\n"); !strings.Contains(log, "the bound is 8192") {
		t.Errorf("the log does not say why:\n%s", log)
	}
	fewer := u.Roles[:140] // less than before is never refused
	_, err = s.operator().Users().Update(ctx, s.Alice.ID, admin.UserChange{Roles: &fewer})
	must(t, err)
}

func (s *Signet) sessions(t *testing.T, user string) int {
	t.Helper()
	page, err := s.operator().Users().Sessions(context.Background(), user, storage.Page{})
	must(t, err)
	return len(page.Items)
}
