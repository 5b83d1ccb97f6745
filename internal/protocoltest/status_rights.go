package protocoltest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// What becomes of the status lists where rights shrink, and where something
// fails in between.
var statusFaultCases = []testCase{
	{name: "rights that shrink", run: testReducedRights},
	{name: "rights that shrink twice", run: testReducedRightsTwice},
	{name: "rights that shrink while many refresh", run: testReducedRightsRace},
	{name: "rights that shrink, each store call failing in turn", run: testReducedRightsFaults},
	{name: "a session from before there were lists", run: testClientTokenWithoutStatus},
	{name: "an end, each store call failing in turn", run: testEndFaults},
	{name: "a refresh of the lists, each store call failing in turn", run: testStatusFaults},
	{name: "a login under way while its user is shut out", run: testLoginUnderWay},
	{name: "many ends at once", run: testManySessionsEnd},
	{name: "what the lists cost", run: testStatusCost},
}

func (r *records) setRoles(t testing.TB, p User, roles ...string) {
	t.Helper()
	_, err := r.operator().Users().Update(context.Background(), p.ID, admin.UserChange{Roles: &roles})
	must(t, err)
}

func (r *records) setScopes(t testing.TB, c Client, scopes ...string) {
	t.Helper()
	_, err := r.operator().Clients().Update(context.Background(), c.ID, admin.ClientChange{Scopes: &scopes})
	must(t, err)
}

func testReducedRights(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Editor, "openid items:read items:write")
	other := s.Login(t, s.Other, s.Alice, "openid")
	step := func(what string, moves bool, change func()) {
		t.Helper()
		change()
		next := s.Refresh(t, s.Web, tokens.Refresh)
		if moved := statusIndexOf(t, next.Access) != statusIndexOf(t, tokens.Access); moved != moves {
			t.Errorf("%s: moved %t", what, moved)
		}
		if s.Active(t, s.ResourceServer, tokens.Access) == moves || !s.Active(t, s.ResourceServer, next.Access) { // at once
			t.Errorf("%s: introspection tells something else", what)
		}
		again := s.Refresh(t, s.Web, tokens.Refresh) // asked again: the same
		if statusIndexOf(t, again.Access) != statusIndexOf(t, next.Access) {
			t.Errorf("%s: moved again", what)
		}
		ended, living := []Tokens{tokens}, []Tokens{next, other}
		if !moves {
			ended, living = nil, []Tokens{tokens, next, other}
		}
		s.expectStatusBits(t, ended, living)
		tokens = next
	}
	step("nothing", false, func() {})
	step("a role less", true, func() {
		s.setRoles(t, s.Editor, "user")
		o := s.Introspect(s.ResourceServer, tokens.Access).Object(t) // even before the refresh
		if roles := list(o["roles"]); o["scope"] != "openid items:read" || !slices.Equal(roles, []string{"user"}) {
			t.Errorf("introspection still tells of %v, %v", o["scope"], roles)
		}
	})
	step("nothing more", false, func() {})
	step("the role again", false, func() { s.setRoles(t, s.Editor, "user", "editor") })
	step("a role less again", true, func() { s.setRoles(t, s.Editor, "user") })
	step("the role again", false, func() { s.setRoles(t, s.Editor, "user", "editor") })
	step("a scope of the client less", true, func() { s.setScopes(t, s.Web, "openid", "items:write") })
	step("the scope again", false, func() { s.setScopes(t, s.Web, appScopes...) })
	step("another role", false, func() { s.setRoles(t, s.Editor, "user", "editor", "admin") })
	step("the role's scope less", true, func() {
		_, err := s.operator().Roles().Update(context.Background(), "editor", admin.RoleChange{Scopes: &[]string{}, ReleaseScopes: true})
		must(t, err)
		_, err = s.operator().Roles().Create(context.Background(), "writer", admin.RoleChange{Scopes: &[]string{"items:write"}})
		must(t, err)
	})
	s.Revoke(t, s.Web, tokens.Refresh)
	s.expectStatusBits(t, []Tokens{tokens}, []Tokens{})
}

// testReducedRightsTwice: the second time comes before the first is in the lists.
func testReducedRightsTwice(t *testing.T, s *Signet) {
	one := s.Login(t, s.Web, s.Editor, "openid items:read items:write")
	s.setRoles(t, s.Editor, "user")
	two := s.Refresh(t, s.Web, one.Refresh)
	s.setScopes(t, s.Web, "openid")
	three := s.Refresh(t, s.Web, two.Refresh)
	s.expectStatusBits(t, []Tokens{one, two}, []Tokens{three})
	s.setScopes(t, s.Web, "items:read")
	four := s.Refresh(t, s.Web, three.Refresh)
	s.Revoke(t, s.Web, four.Refresh) // ends while the bit of the previous index is still pending
	s.expectStatusBits(t, []Tokens{one, two, three, four}, nil)
}

// testReducedRightsRace: of parallel refreshes each gets the one new status index.
func testReducedRightsRace(t *testing.T, s *Signet) {
	instances := []*Signet{s, s.StartInstance(t), s.StartInstance(t)}
	for range rounds(5, 50) {
		s.setRoles(t, s.Editor, "user", "editor")
		first := s.Login(t, s.Web, s.Editor, "openid items:write")
		s.setRoles(t, s.Editor, "user")
		responses := refreshConcurrently(12, first.Refresh, instances...)
		next := expectSameSuccessor(t, responses)
		var all []Tokens
		for _, a := range responses {
			all = append(all, a.Tokens(t))
		}
		s.expectStatusBits(t, []Tokens{first}, append(all, next))
	}
}

// testReducedRightsFaults: whatever fails, the client asks again, and at the end the
// old token's bit is set and the new one's is not.
func testReducedRightsFaults(t *testing.T, s *Signet) {
	for _, fault := range []func(int){s.Store.FailAt, s.Store.LoseResponseAt} {
		for n := 1; ; n++ {
			s.setRoles(t, s.Editor, "user", "editor")
			old := s.Login(t, s.Web, s.Editor, "openid items:write")
			s.setRoles(t, s.Editor, "user")
			fault(n)
			s.TryRefresh(s.Web, old.Refresh)
			reached := len(s.Store.Calls()) >= n
			s.Store.Reset()
			next := s.Refresh(t, s.Web, old.Refresh)
			s.expectStatusBits(t, []Tokens{old}, []Tokens{next})
			if !reached {
				break
			}
		}
	}
}

func testClientTokenWithoutStatus(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	old, err := s.Store.Session(context.Background(), claims(t, tokens.Access)["sid"].(string))
	must(t, err)
	must(t, s.Store.RevokeSession(context.Background(), old.ID, s.Clock.Now(), "test"))
	_, err = s.Store.SweepSessions(context.Background(), old.ExpiresAt.Add(time.Hour), 10)
	must(t, err)
	old.StatusIndex, old.Roles, old.RightsVersion = 0, nil, 0
	must(t, s.Store.CreateSession(context.Background(), old))
	if !s.Active(t, s.ResourceServer, s.sign(t, "at+jwt", claimsPayload(t, s, tokens).set(t, "status", ""))) {
		t.Error("a token from before there were lists does not count")
	}
	next := s.Refresh(t, s.Web, tokens.Refresh)
	s.expectStatusBits(t, nil, []Tokens{next})
	s.Revoke(t, s.Web, next.Refresh)
	s.expectStatusBits(t, []Tokens{next}, nil)
}

// testEndFaults: an administrator's command breaks off at each step in turn.
// Where the session has ended, its bit is set within a minute or so, and where
// it has not, it is not.
func testEndFaults(t *testing.T, s *Signet) {
	var n int
	ctx, yes := context.Background(), true
	for name, end := range map[string]func(user, client string) error{
		"user disabled":  func(user, _ string) error { return secondError(s.operator().Users().Disable(ctx, user)) },
		"user deleted":   func(user, _ string) error { return s.operator().Users().Delete(ctx, user) },
		"sessions ended": func(user, _ string) error { return secondError(s.operator().Users().EndSessions(ctx, user)) },
		"client disabled": func(_, client string) error {
			return secondError(s.operator().Clients().Update(ctx, client, admin.ClientChange{Disabled: &yes}))
		},
		"client deleted": func(_, client string) error { return s.operator().Clients().Delete(ctx, client) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, fault := range []func(int){s.Store.FailAt, s.Store.LoseResponseAt} {
				for at, reached := 1, true; reached; at++ {
					n++
					user := s.AddUser(t, "victim"+string(rune('a'+n/26))+string(rune('a'+n%26)), "user")
					apps := []string{issuer.GrantPassword, issuer.GrantRefreshToken}
					client := s.AddClient(t, user.Username, admin.ClientChange{Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}})
					tokens := s.Login(t, client, user, "openid")
					fault(at)
					err := end(user.ID, client.ID)
					reached = len(s.Store.Calls()) >= at
					s.Store.Reset()
					if (err != nil) != reached {
						t.Errorf("call %d failed %t: %v", at, reached, err)
					}
					s.RefreshStatus(t)
					s.Clock.Advance(61 * time.Second)
					must(t, s.Keys.Refresh(ctx))
					if s.Active(t, s.ResourceServer, tokens.Access) {
						s.expectStatusBits(t, nil, []Tokens{tokens})
					} else {
						s.expectStatusBits(t, []Tokens{tokens}, nil)
					}
				}
			}
		})
	}
	if left, err := s.Store.PendingRevocations(ctx, 100); err != nil || len(left) > 0 {
		t.Errorf("endings left: %v, %v", left, err)
	}
}

func secondError[T any](_ T, err error) error { return err }

func testStatusFaults(t *testing.T, s *Signet) {
	b := s.StartInstance(t)
	for _, fault := range []func(int){s.Store.FailAt, s.Store.LoseResponseAt} {
		for n := 1; ; n++ {
			s.setRoles(t, s.Editor, "user", "editor")
			tokens, living := s.Login(t, s.Web, s.Editor, "openid items:write"), s.Login(t, s.Other, s.Alice, "openid")
			s.setRoles(t, s.Editor, "user")
			next := s.Refresh(t, s.Web, tokens.Refresh)
			s.Revoke(t, s.Web, next.Refresh)
			fault(n)
			err := s.Service.RefreshStatus(context.Background())
			reached := len(s.Store.Calls()) >= n
			s.Store.Reset()
			if reached && !errors.As(err, new(*issuer.Error)) {
				t.Errorf("call %d: %v", n, err)
			}
			b.expectStatusBits(t, []Tokens{tokens, next}, []Tokens{living})
			s.expectStatusBits(t, []Tokens{tokens, next}, []Tokens{living})
			if !reached {
				break
			}
		}
	}
}

// testLoginUnderWay: the login has read the user before, and writes its session
// after, all sessions were marked.
func testLoginUnderWay(t *testing.T, s *Signet) {
	inside, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.Store.Before(func(_ context.Context, _ int, method string) error {
		if method == "RecordLogins" {
			once.Do(func() { close(inside); <-release })
		}
		return nil
	})
	var late Response
	var login sync.WaitGroup
	login.Go(func() { late = s.TryLogin(s.Web, s.Alice, "openid") })
	<-inside
	b := s.StartInstance(t) // the audit log of an instance waits for the write under way
	b.disable(t, s.Alice)
	b.RefreshStatus(t)
	close(release)
	login.Wait()
	s.Store.Reset()
	tokens := late.Tokens(t)
	if s.Active(t, s.ResourceServer, tokens.Access) {
		t.Error("the session is alive")
	}
	s.Clock.Advance(61 * time.Second)
	must(t, b.Keys.Refresh(context.Background()))
	b.expectStatusBits(t, []Tokens{tokens}, nil)
}

func testManySessionsEnd(t *testing.T, s *Signet) {
	b := s.StartInstance(t)
	var all []Tokens
	for range rounds(20, 300) {
		all = append(all, s.Login(t, s.Web, s.Alice, "openid"))
	}
	_, err := s.operator().Sessions().EndAll(context.Background())
	must(t, err)
	runConcurrently(func() { s.RefreshStatus(t) }, func() { b.RefreshStatus(t) }, func() { s.RefreshStatus(t) })
	s.expectStatusBits(t, all, nil)
	b.expectStatusBits(t, all, nil)
}

func testStatusCost(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Editor, "openid items:write")
	s.RefreshStatus(t)
	quiet := []string{"PendingRevocations", "PendingStatus", "StatusLists"}
	for _, c := range []struct {
		name    string
		request func()
		calls   []string
	}{
		{"a refresh of the lists", func() { s.RefreshStatus(t) }, quiet},
		{"a list", func() { s.Get(Status+"/1").ExpectStatus(t, 200) }, nil},
		{"the list of lists", func() { s.Get(Status).ExpectStatus(t, 200) }, nil},
		{"a login", func() { s.Login(t, s.Web, s.Alice, "openid") }, []string{"UserByLogin", "UserFactors", "Epoch", "RecordLogins"}},
		{"a refresh", func() { tokens = s.Refresh(t, s.Web, tokens.Refresh) }, []string{"RotateSession"}},
		{"fewer rights", func() {
			s.setRoles(t, s.Editor, "user")
			s.Store.Reset()
			tokens = s.Refresh(t, s.Web, tokens.Refresh)
		}, []string{"RotateSession", "UpdateRights"}},
		{"the refresh after it", func() { tokens = s.Refresh(t, s.Web, tokens.Refresh) }, []string{"RotateSession"}},
		{"a refresh of the lists with news", func() { s.RefreshStatus(t) },
			[]string{
				"PendingRevocations", "ListRoles", "User", "ListSessions", // the change that took rights, seen for the first time
				"PendingStatus", "StatusList", "SetStatus", "ClearPendingStatus", "StatusLists", "StatusList",
			}},
		{"and then", func() { s.RefreshStatus(t) }, quiet},
	} {
		if got := s.cost(c.request); !slices.Equal(got.calls, c.calls) {
			t.Errorf("%s: %v, want %v", c.name, got.calls, c.calls)
		}
	}
}
