package protocoltest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// What becomes of the tokens of sessions whose client does not refresh, when rights
// are taken away.
var rightsCases = []testCase{
	{name: "R14 whatever takes rights away sets the status bits at once", run: testReducedWithoutRefresh},
	{name: "R14 a role taken and given back before the next refresh", run: testReducedAndGivenBack},
	{name: "R14 a role taken by the admin API", configure: mergedAdmin, run: testReducedByAPI},
	{name: "R14 rights taken away, each store call failing in turn", run: testReducedWithFaults},
	{name: "R14 a login under way while its user loses a role", run: testLoginWhileRoleTaken},
	{name: "R14 a refresh under way while its user loses a role", run: testRefreshWhileRoleTaken},
}

// reduction is one change that takes something away.
type reduction struct {
	name   string
	change func(s *Signet) error
	keeps  string // scope of the next refresh
}

func reductions() []reduction {
	ctx := context.Background()
	updateClient := func(s *Signet, c admin.ClientChange) error {
		return secondError(s.operator().Clients().Update(ctx, "two-apis", c))
	}
	return []reduction{
		{"a role of the user", func(s *Signet) error {
			return secondError(s.operator().Users().Update(ctx, s.Editor.ID, admin.UserChange{Roles: &[]string{"user"}}))
		}, "openid items:read offline_access"},
		{"a role without scopes", func(s *Signet) error {
			return secondError(s.operator().Users().Update(ctx, s.Editor.ID, admin.UserChange{Roles: &[]string{"editor"}}))
		}, "openid items:read items:write offline_access"},
		{"a scope of a role", func(s *Signet) error {
			_, err := s.operator().Roles().Create(ctx, "writer", admin.RoleChange{Scopes: &[]string{"items:write"}})
			if err != nil {
				return err
			}
			return secondError(s.operator().Roles().Update(ctx, "editor", admin.RoleChange{Scopes: &[]string{}}))
		}, "openid items:read offline_access"},
		{"a scope that a new role restricts", func(s *Signet) error {
			return secondError(s.operator().Roles().Create(ctx, "reader", admin.RoleChange{Scopes: &[]string{"items:read"}}))
		}, "openid items:write offline_access"},
		{"a scope that a known role restricts from now on", func(s *Signet) error {
			_, err := s.operator().Roles().Create(ctx, "reader", admin.RoleChange{})
			if err != nil {
				return err
			}
			return secondError(s.operator().Roles().Update(ctx, "reader", admin.RoleChange{Scopes: &[]string{"items:read"}}))
		}, "openid items:write offline_access"},
		{"a scope of the client", func(s *Signet) error {
			return updateClient(s, admin.ClientChange{Scopes: &[]string{"openid", "items:write"}})
		}, "openid items:write offline_access"},
		{"an audience of the client", func(s *Signet) error {
			return updateClient(s, admin.ClientChange{Audiences: &[]string{API}})
		}, "openid items:read items:write offline_access"},
	}
}

// twoAPIs creates a client whose tokens are for two APIs.
func twoAPIs(t *testing.T, s *Signet) Client {
	t.Helper()
	return s.AddClient(t, "two-apis", admin.ClientChange{
		Grants: &[]string{issuer.GrantPassword, issuer.GrantRefreshToken}, Scopes: &appScopes, Audiences: &[]string{API, OtherAPI},
	})
}

const allItems = "openid items:read items:write offline_access"

// testReducedWithoutRefresh: without a refresh, offline verifiers reject tokens with removed
// rights from their next status list on. Tokens whose rights are unchanged stay valid.
func testReducedWithoutRefresh(t *testing.T, s *Signet) {
	client, idle := twoAPIs(t, s), s.Login(t, s.Web, s.Alice, "openid")
	for n, r := range reductions() {
		s.setRoles(t, s.Editor, "user", "editor")
		if n > 0 {
			resetRights(t, s)
		}
		old := []Tokens{s.Login(t, client, s.Editor, allItems), s.Login(t, client, s.Editor, allItems)}
		s.expectStatusBits(t, nil, append(old, idle))
		must(t, r.change(s))
		s.expectStatusBits(t, old, []Tokens{idle})
		b := s.StartInstance(t)
		b.expectStatusBits(t, old, []Tokens{idle})

		var next []Tokens
		for _, tokens := range old {
			next = append(next, s.Refresh(t, client, tokens.Refresh))
		}
		if next[0].Scope != r.keeps {
			t.Errorf("%s: the next scope is %q", r.name, next[0].Scope)
		}
		s.expectStatusBits(t, old, append(next, idle))
		s.Advance(61 * time.Second) // the change is looked at once more
		s.expectStatusBits(t, old, append(next, idle))
		for _, tokens := range next {
			if again := s.Refresh(t, client, tokens.Refresh); statusIndexOf(t, again.Access) != statusIndexOf(t, tokens.Access) {
				t.Errorf("%s: a session takes another place without need", r.name)
			}
		}
		if left, err := s.Store.PendingRevocations(t.Context(), 10); err != nil || len(left) > 0 {
			t.Errorf("%s: left pending: %v, %v", r.name, left, err)
		}
	}
}

// resetRights brings back what a reduction has taken.
func resetRights(t *testing.T, s *Signet) {
	t.Helper()
	ctx := t.Context()
	_, err := s.operator().Roles().Update(ctx, "editor", admin.RoleChange{Scopes: &[]string{"items:write"}})
	must(t, err)
	for _, name := range []string{"writer", "reader"} {
		if _, err := s.operator().Roles().Show(ctx, name); err == nil {
			must(t, s.operator().Roles().Delete(ctx, name, true))
		}
	}
	_, err = s.operator().Clients().Update(ctx, "two-apis", admin.ClientChange{Scopes: &appScopes, Audiences: &[]string{API, OtherAPI}})
	must(t, err)
	s.Advance(61 * time.Second)
	s.RefreshStatus(t)
}

func testReducedAndGivenBack(t *testing.T, s *Signet) {
	old := s.Login(t, s.Web, s.Editor, "openid items:write")
	s.setRoles(t, s.Editor, "user")
	s.setRoles(t, s.Editor, "user", "editor")
	s.expectStatusBits(t, []Tokens{old}, nil)
	next := s.Refresh(t, s.Web, old.Refresh)
	if !hasEditorScopes(t, next) {
		t.Error("the role is not given again")
	}
	s.expectStatusBits(t, []Tokens{old}, []Tokens{next})
	if s.Active(t, s.ResourceServer, old.Access) || !s.Active(t, s.ResourceServer, next.Access) {
		t.Error("introspection tells something else")
	}
}

func testReducedByAPI(t *testing.T, s *Signet) {
	f, old := s.AddAdmins(t), s.Login(t, s.Web, s.Editor, "openid items:write")
	s.JSON("PATCH", Users+"/"+s.Editor.ID, Object{"roles": []string{"user"}}, f.admin).ExpectStatus(t, http.StatusOK)
	s.expectStatusBits(t, []Tokens{old}, nil)
	o := s.Introspect(s.ResourceServer, old.Access).ExpectStatus(t, http.StatusOK).Object(t)
	if o["scope"] != "openid" || !slices.Equal(list(o["roles"]), []string{"user"}) {
		t.Errorf("introspection tells of %v, %v", o["scope"], o["roles"])
	}
}

// testReducedWithFaults: the change breaks off at each store call in turn. Where it
// was made, the bits are set a minute or so later by another instance.
func testReducedWithFaults(t *testing.T, s *Signet) {
	client, b := twoAPIs(t, s), s.StartInstance(t)
	for _, r := range reductions() {
		for _, fault := range []func(int){s.Store.FailAt, s.Store.LoseResponseAt} {
			for at, reached := 1, true; reached; at++ {
				s.setRoles(t, s.Editor, "user", "editor")
				resetRights(t, s)
				old := s.Login(t, client, s.Editor, "")
				before := s.Refresh(t, client, old.Refresh)
				fault(at)
				err := r.change(s)
				reached = len(s.Store.Calls()) >= at
				s.Store.Reset()
				s.Advance(issuer.DefaultStatusTTL)
				b.RefreshStatus(t)
				s.Advance(61 * time.Second)
				must(t, b.Keys.Refresh(t.Context()))
				next := s.Login(t, client, s.Editor, "")
				made := next.Scope != before.Scope || !sameRights(t, next, before)
				if err == nil && !made {
					t.Errorf("%s: no error at call %d, and nothing was changed", r.name, at)
				}
				if made {
					b.expectStatusBits(t, []Tokens{before}, []Tokens{next})
				} else {
					b.expectStatusBits(t, nil, []Tokens{before, next})
				}
			}
		}
	}
}

func sameRights(t *testing.T, a, b Tokens) bool {
	t.Helper()
	one, other := claims(t, a.Access), claims(t, b.Access)
	return slices.Equal(list(one["roles"]), list(other["roles"])) && len(list(one["aud"])) == len(list(other["aud"]))
}

// testLoginWhileRoleTaken: the login has read its user before the role was taken, and
// writes its session after all sessions were looked at.
func testLoginWhileRoleTaken(t *testing.T, s *Signet) {
	b := s.StartInstance(t) // the audit log of an instance waits for the write under way
	late := holdWhile(t, s, "RecordLogins", func() Response { return s.TryLogin(s.Web, s.Editor, "openid items:write") }, func() {
		b.setRoles(t, s.Editor, "user")
		b.RefreshStatus(t)
	}).Tokens(t)
	s.Advance(61 * time.Second)
	s.expectStatusBits(t, []Tokens{late}, nil)
	s.expectStatusBits(t, []Tokens{late}, []Tokens{s.Refresh(t, s.Web, late.Refresh)})
}

// testRefreshWhileRoleTaken: the refresh has read its user before the role was taken,
// and records what its token says after all sessions were looked at.
func testRefreshWhileRoleTaken(t *testing.T, s *Signet) {
	first := s.Login(t, s.Web, s.Editor, "openid items:write items:read")
	s.setScopes(t, s.Web, "openid", "items:write") // so that the refresh has something to record
	s.Refresh(t, s.Web, first.Refresh)
	s.setScopes(t, s.Web, appScopes...)
	late := holdWhile(t, s, "UpdateRights", func() Response { return s.TryRefresh(s.Web, first.Refresh) }, func() {
		b := s.StartInstance(t)
		b.setRoles(t, s.Editor, "user")
		b.RefreshStatus(t)
	}).Tokens(t)
	if hasEditorScopes(t, late) {
		t.Error("the refresh hands out the role, at a place that nobody sets")
	}
	s.expectStatusBits(t, []Tokens{first}, []Tokens{late})
}

// holdWhile holds the first store call of that method in one request while something
// else happens, and returns the request's answer.
func holdWhile(t *testing.T, s *Signet, method string, request func() Response, meanwhile func()) (late Response) {
	t.Helper()
	inside, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.Store.Before(func(_ context.Context, _ int, called string) error {
		if strings.EqualFold(called, method) {
			once.Do(func() { close(inside); <-release })
		}
		return nil
	})
	var held sync.WaitGroup
	held.Go(func() { late = request() })
	<-inside
	meanwhile()
	close(release)
	held.Wait()
	s.Store.Reset()
	return late
}
