package protocoltest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

var authzCases = []testCase{
	{name: "A05 actor, target, action", configure: mergedAdmin, run: testAuthorizationMatrix},
	{name: "A05 a session of somebody above", configure: mergedAdmin, run: testEndSessionOfOthers},
	{name: "A05 roles that one may give", configure: mergedAdmin, run: testRoleAssignment},
	{name: "A05 roles that one may make", configure: mergedAdmin, run: testRoleCreation},
	{name: "A05 clients that one may make", configure: mergedAdmin, run: testClientCreation},
	{name: "A05 the last super_admin stays", configure: mergedAdmin, run: testLastSuperAdmin},
	{name: "A05 two super_admins remove each other", configure: mergedAdmin, run: testLastSuperAdminRace},
	{name: "A05 a stop in the middle of a removal", configure: mergedAdmin, run: testLastSuperAdminFaults},
}

// actorRole is one actor of the authorization matrix.
type actorRole struct {
	name        string
	roles       []string
	rank        int64
	adminAccess bool // may enter the admin API
	superAdmin  bool
}

// actorRoles has a custom role between the built-in ones, and one above admin
// that gives no access to the admin API.
var actorRoles = []actorRole{
	{name: "user", roles: []string{"user"}},
	{name: "editor", roles: []string{"user", "editor"}, rank: 10},
	{name: "admin", roles: []string{"user", "admin"}, rank: 100, adminAccess: true},
	{name: "head", roles: []string{"admin", "head"}, rank: 150, adminAccess: true},
	{name: "vip", roles: []string{"vip"}, rank: 900},
	{name: "super", roles: []string{"super_admin"}, rank: 1000, adminAccess: true, superAdmin: true},
}

func (r actorRole) outranks(rank int64) bool { return r.superAdmin || r.rank > rank }

// addActors creates the roles and logs one actor of each in.
func addActors(t *testing.T, s *Signet) map[string]RequestOption {
	t.Helper()
	s.portal = s.Portal(t)
	for name, rank := range map[string]int64{"head": 150, "vip": 900} {
		_, err := s.operator().Roles().Create(t.Context(), name, admin.RoleChange{Rank: &rank, Scopes: &[]string{name + ":do"}})
		must(t, err)
	}
	ten := int64(10)
	_, err := s.operator().Roles().Update(t.Context(), "editor", admin.RoleChange{Rank: &ten})
	must(t, err)
	_, err = s.operator().Roles().Update(t.Context(), "super_admin", admin.RoleChange{Scopes: &[]string{"keys:do"}})
	must(t, err)
	actors := map[string]RequestOption{}
	for _, r := range actorRoles {
		actors[r.name] = loginAtPortal(t, s, s.AddUser(t, "actor-"+r.name, r.roles...))
	}
	return actors
}

// expectAuthorization expects success or the right error for the actor.
func (a Response) expectAuthorization(t *testing.T, what string, actor actorRole, allowed bool) {
	t.Helper()
	switch {
	case !actor.adminAccess:
		if a.Status != http.StatusForbidden || a.Object(t)["code"] != "insufficient_scope" {
			t.Errorf("%s: %d %s, want no entrance", what, a.Status, a.Body)
		}
	case allowed && a.Status/100 != 2, !allowed && (a.Status != http.StatusForbidden || a.Object(t)["code"] != "access_denied"):
		t.Errorf("%s: %d %s, allowed %t", what, a.Status, a.Body, allowed)
	}
}

func testAuthorizationMatrix(t *testing.T, s *Signet) {
	actors := addActors(t, s)
	actions := []struct {
		name, method, path string
		body               Object
	}{
		{"name", "PATCH", "", Object{"full_name": "Changed"}}, {"email", "PATCH", "", Object{"email": ""}}, {"password", "POST", "/password", Object{"password": "a passphrase of theirs"}},
		{"end sessions", "DELETE", "/sessions", nil}, {"disable", "POST", "/disable", nil}, {"enable", "POST", "/enable", nil}, {"delete", "DELETE", "", nil},
	}
	for _, actor := range actorRoles {
		for _, target := range actorRoles {
			victim := s.AddUser(t, "target-"+actor.name+"-"+target.name, target.roles...)
			for _, action := range actions {
				what := fmt.Sprintf("%s: %s of %s", actor.name, action.name, target.name)
				s.JSON(action.method, Users+"/"+victim.ID+action.path, action.body, actors[actor.name]).expectAuthorization(t, what, actor, actor.outranks(target.rank))
			}
			_, err := s.backend.User(t.Context(), victim.ID)
			if gone := err != nil; gone != (actor.adminAccess && actor.outranks(target.rank)) {
				t.Errorf("%s, %s: gone %t", actor.name, target.name, gone)
			}
		}
	}
}

func testRoleAssignment(t *testing.T, s *Signet) {
	actors := addActors(t, s)
	for _, actor := range actorRoles {
		for _, role := range actorRoles {
			given := role.roles[len(role.roles)-1]
			allowed := actor.outranks(role.rank)
			what := actor.name + " gives " + given
			a := s.JSON("POST", Users, Object{"username": "n-" + actor.name + "-" + given, "roles": []string{"user", given}}, actors[actor.name])
			a.expectAuthorization(t, what+" to a new user", actor, allowed)
			victim := s.AddUser(t, "v-"+actor.name+"-"+given, "user")
			location := Users + "/" + victim.ID
			s.JSON("PATCH", location, Object{"roles": []string{"user", given}}, actors[actor.name]).expectAuthorization(t, what, actor, allowed)
			holder := s.AddUser(t, "h-"+actor.name+"-"+given, "user", given)
			s.JSON("PATCH", Users+"/"+holder.ID, Object{"roles": []string{"user"}}, actors[actor.name]).expectAuthorization(t, actor.name+" takes "+given, actor, allowed)
		}
	}
	// Nobody lifts themselves.
	for _, name := range []string{"admin", "head"} {
		self := Users + "/" + s.JSON("GET", Me, nil, actors[name]).Object(t)["id"].(string)
		for _, body := range []Object{{"roles": []string{"super_admin"}}, {"roles": []string{"user"}}, {"full_name": "x"}} {
			s.JSON("PATCH", self, body, actors[name]).ExpectProblem(t, http.StatusForbidden, "access_denied")
		}
		for _, action := range []string{"/disable", "/enable"} {
			s.JSON("POST", self+action, nil, actors[name]).ExpectProblem(t, http.StatusForbidden, "access_denied")
		}
	}
}

func testRoleCreation(t *testing.T, s *Signet) {
	actors := addActors(t, s)
	for _, actor := range actorRoles {
		for _, rank := range []int64{0, 99, 100, 149, 150, 1000} {
			name := fmt.Sprintf("made-%s-%d", actor.name, rank)
			a := s.JSON("POST", Roles, Object{"name": name, "rank": rank}, actors[actor.name])
			a.expectAuthorization(t, actor.name+" makes "+name, actor, actor.outranks(rank))
			if a.Status == http.StatusCreated {
				continue
			}
			_, err := s.operator().Roles().Create(t.Context(), name, admin.RoleChange{Rank: &rank})
			must(t, err)
			s.JSON("PATCH", Roles+"/"+name, Object{"rank": 0}, actors[actor.name]).expectAuthorization(t, actor.name+" lowers "+name, actor, false)
			s.JSON("DELETE", Roles+"/"+name, nil, actors[actor.name]).expectAuthorization(t, actor.name+" deletes "+name, actor, false)
		}
		// A role below that gives what only a role above gives.
		for scope, rank := range map[string]int64{"items:write": 10, "head:do": 150, "vip:do": 900, "keys:do": 1000, "new:scope": -1} {
			name := "scoped-" + actor.name
			a := s.JSON("POST", Roles, Object{"name": name, "scopes": []string{scope}}, actors[actor.name])
			a.expectAuthorization(t, actor.name+" makes a role with "+scope, actor, actor.outranks(rank))
			if a.Status == http.StatusCreated {
				s.JSON("DELETE", Roles+"/"+name+"?release_scopes=true", nil, actors[actor.name]).ExpectStatus(t, http.StatusNoContent)
			}
		}
	}
	// Nobody lifts a role to their own height.
	s.JSON("PATCH", Roles+"/editor", Object{"rank": 100}, actors["admin"]).ExpectProblem(t, http.StatusForbidden, "access_denied")
	s.JSON("PATCH", Roles+"/editor", Object{"rank": 99}, actors["admin"]).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Roles+"/super_admin", Object{"scopes": []string{}, "release_scopes": true}, actors["head"]).ExpectProblem(t, http.StatusForbidden, "access_denied")
}

func testClientCreation(t *testing.T, s *Signet) {
	actors := addActors(t, s)
	for _, actor := range actorRoles {
		for scope, rank := range map[string]int64{"openid": -1, "items:write": 10, "head:do": 150, "vip:do": 900, "keys:do": 1000} {
			id := "c-" + actor.name + "-" + fmt.Sprint(rank+1)
			allowed := actor.outranks(rank)
			body := Object{"client_id": id, "grant_types": []string{"client_credentials"}, "scope": scope}
			a := s.JSON("POST", Clients, body, actors[actor.name])
			a.expectAuthorization(t, actor.name+" makes a client with "+scope, actor, allowed)
			if a.Status != http.StatusCreated {
				s.AddClient(t, id, admin.ClientChange{Scopes: &[]string{scope}})
			}
			location := Clients + "/" + id
			for _, ask := range []struct {
				method, path string
				body         Object
			}{{"PATCH", "", Object{"client_name": "x"}}, {"POST", "/secret", Object{}}, {"POST", "/disable", nil}, {"POST", "/enable", nil}, {"DELETE", "", nil}} {
				allowed := allowed || ask.path == "/disable" // shutting out is for everybody who administers
				s.JSON(ask.method, location+ask.path, ask.body, actors[actor.name]).expectAuthorization(t, actor.name+" "+ask.method+" "+ask.path+" with "+scope, actor, allowed)
			}
		}
	}
	s.JSON("PATCH", Clients+"/machine", Object{"scope": "keys:do"}, actors["head"]).ExpectProblem(t, http.StatusForbidden, "access_denied")
}

// countSuperAdmins counts who holds super_admin and is there.
func countSuperAdmins(t testing.TB, s *Signet) int {
	t.Helper()
	page, err := s.backend.ListUsers(t.Context(), storage.UserFilter{Role: "super_admin"}, storage.Page{Limit: storage.MaxPage})
	must(t, err)
	return len(slices.DeleteFunc(page.Users, func(u storage.User) bool { return u.Disabled }))
}

// removals are all ways to stop somebody being a super_admin.
var removals = []struct {
	method, path string
	body         Object
}{
	{"PATCH", "", Object{"roles": []string{"user"}}}, {"POST", "/disable", nil}, {"DELETE", "", nil},
}

func testLastSuperAdmin(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	refused := func() {
		t.Helper()
		for _, r := range removals {
			s.JSON(r.method, Users+"/"+f.SuperAdmin.ID+r.path, r.body, f.superAdmin).ExpectProblem(t, http.StatusConflict, "last_super_admin")
		}
	}
	refused()
	s.disable(t, s.AddUser(t, "asleep", "super_admin"))
	refused() // somebody who cannot log in is nobody
	for _, r := range removals {
		other := s.AddUser(t, fmt.Sprintf("other-%d-%d", len(r.body), len(r.path)), "super_admin")
		s.JSON("PATCH", Users+"/"+f.SuperAdmin.ID, Object{"full_name": "Still here", "roles": []string{"user", "super_admin"}}, f.superAdmin).ExpectStatus(t, http.StatusOK)
		if a := s.JSON(r.method, Users+"/"+other.ID+r.path, r.body, f.superAdmin); a.Status/100 != 2 {
			t.Errorf("%s %s of another: %d %s", r.method, r.path, a.Status, a.Body)
		}
		refused()
	}
	if _, err := s.operator().Users().Disable(t.Context(), f.SuperAdmin.ID); err != admin.ErrLastSuperAdmin {
		t.Errorf("at the command line: %v", err)
	}
	// One who steps down leaves the other.
	lastSuperAdmin := s.AddUser(t, "heir", "super_admin")
	s.JSON("PATCH", Users+"/"+f.SuperAdmin.ID, Object{"roles": []string{"user"}}, f.superAdmin).ExpectStatus(t, http.StatusOK)
	s.JSON("POST", Users+"/"+lastSuperAdmin.ID+"/disable", nil, replacementSuperAdmin(t, s, f, lastSuperAdmin)).ExpectProblem(t, http.StatusConflict, "last_super_admin")
	_, err := s.operator().AllowNoSuperAdmin().Users().Disable(t.Context(), lastSuperAdmin.ID)
	must(t, err)
	if n := countSuperAdmins(t, s); n != 0 {
		t.Errorf("forced: %d left", n)
	}
	again := s.AddUser(t, "again", "super_admin")
	s.JSON("DELETE", Users+"/"+again.ID, nil, replacementSuperAdmin(t, s, f, again)).ExpectProblem(t, http.StatusConflict, "last_super_admin")
}

func replacementSuperAdmin(t *testing.T, s *Signet, f Admins, p User) RequestOption {
	return Bearer(s.Login(t, f.Portal, p, portalScope).Access)
}

// testLastSuperAdminRace: two super admins remove each other at once, by every kind of
// removal, on three instances, repeatedly. Exactly one remains each time.
func testLastSuperAdminRace(t *testing.T, s *Signet) {
	s.portal = s.Portal(t)
	instances := []*Signet{s, s.StartInstance(t), s.StartInstance(t)}
	for round := range rounds(6, 100) {
		people := []User{s.AddUser(t, fmt.Sprintf("one%d", round), "super_admin"), s.AddUser(t, fmt.Sprintf("two%d", round), "super_admin")}
		tokens := []RequestOption{loginAtPortal(t, s, people[0]), loginAtPortal(t, s, people[1])}
		var all sync.WaitGroup
		for n, person := range people {
			r, at := removals[(round+n)%len(removals)], instances[(round+n)%len(instances)]
			all.Go(func() {
				a := at.JSON(r.method, Users+"/"+person.ID+r.path, r.body, tokens[1-n])
				if !slices.Contains([]int{200, 204, 401, 403, 409, 503}, a.Status) {
					t.Errorf("%s %s: %d %s", r.method, r.path, a.Status, a.Body)
				}
			})
		}
		all.Wait()
		if n := countSuperAdmins(t, s); n < 1 {
			t.Fatalf("round %d: nobody is left", round)
		}
		for _, p := range people { // the next round begins with nobody
			_ = s.operator().AllowNoSuperAdmin().Users().Delete(t.Context(), p.ID)
		}
		if n := countSuperAdmins(t, s); n != 0 {
			t.Fatalf("round %d: %d are left for the next", round, n)
		}
	}
}

// testLastSuperAdminFaults stops a removal at every call to the store, before and after
// it was carried out: a super admin always remains, and a retry succeeds.
func testLastSuperAdminFaults(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for name, fault := range map[string]func(int){"fails": s.Store.FailAt, "is lost": s.Store.LoseResponseAt} {
		for way, r := range removals {
			for n := 1; ; n++ {
				other := s.AddUser(t, fmt.Sprintf("o-%d-%d-%d", len(name), way, n), "super_admin")
				ask := func() Response { return s.JSON(r.method, Users+"/"+other.ID+r.path, r.body, f.superAdmin) }
				fault(n)
				a := ask()
				reached := len(s.Store.Calls()) >= n
				s.Store.Reset()
				if !reached {
					break
				}
				if a.Status != http.StatusServiceUnavailable {
					t.Errorf("%s %s, call %d %s: %d %s", r.method, r.path, n, name, a.Status, a.Body)
				}
				if again := ask(); again.Status/100 != 2 && again.Status != http.StatusNotFound {
					t.Errorf("%s %s after call %d %s: %d %s", r.method, r.path, n, name, again.Status, again.Body)
				}
				if n := countSuperAdmins(t, s); n != 1 {
					t.Fatalf("%d super_admins, want the one who asks", n)
				}
				s.JSON("DELETE", Users+"/"+f.SuperAdmin.ID, nil, f.superAdmin).ExpectProblem(t, http.StatusConflict, "last_super_admin")
			}
		}
	}
}

// testEndSessionOfOthers: who may not end a user's sessions may not end one of
// them by its id either, and it goes on.
func testEndSessionOfOthers(t *testing.T, s *Signet) {
	actors := addActors(t, s)
	for _, actor := range actorRoles {
		for _, target := range actorRoles {
			what := fmt.Sprintf("%s ends a session of %s", actor.name, target.name)
			tokens := s.Login(t, s.Web, s.AddUser(t, "one-"+actor.name+"-"+target.name, target.roles...), "openid")
			a := s.JSON("DELETE", Sessions+"/"+sessionOf(t, tokens), nil, actors[actor.name])
			a.expectAuthorization(t, what, actor, actor.outranks(target.rank))
			if s.Active(t, s.ResourceServer, tokens.Access) != (a.Status != http.StatusNoContent) {
				t.Errorf("%s: answered %d, and the session says otherwise", what, a.Status)
			}
		}
	}
}
