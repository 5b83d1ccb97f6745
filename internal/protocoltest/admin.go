package protocoltest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/audit"
)

// Paths of the admin API.
const (
	Users    = "/api/v1/users"
	Roles    = "/api/v1/roles"
	Clients  = "/api/v1/clients"
	Sessions = "/api/v1/sessions"
	KeysPath = "/api/v1/keys"
	Audit    = "/api/v1/audit"
)

var adminCases = []testCase{
	{name: "A01 the admin API is not on the public listener", run: testAdminNotOnPublicListener},
	{name: "the life of a user", configure: mergedAdmin, run: testAdminUsers},
	{name: "A04 lists, pages and searches", configure: mergedAdmin, run: testAdminLists},
	{name: "U03 one canonical name for administrators", configure: mergedAdmin, run: testAdminNames},
	{name: "the life of a role", configure: mergedAdmin, run: testAdminRoles},
	{name: "the life of a client", configure: mergedAdmin, run: testAdminClients},
	{name: "sessions of others", configure: mergedAdmin, run: testAdminSessions},
	{name: "keys", configure: mergedAdmin, run: testAdminKeys},
	{name: "the audit log", configure: mergedAdmin, run: testAdminAudit},
	{name: "A03 ids of another kind", configure: mergedAdmin, run: testOtherIDs},
	{name: "A08 secrets are shown once", configure: mergedAdmin, run: testSecretsShownOnce},
	{name: "roles are read afresh", configure: mergedAdmin, run: testFreshRoles},
	{name: "a change whose event cannot be written is not made", configure: mergedAdmin, run: testAuditFailureBlocksChange},
	{name: "the store fails under the admin API", configure: mergedAdmin, run: testAdminFaults},
}

// mergedAdmin serves the admin API beside the public endpoints.
func mergedAdmin(o *Options) { o.Endpoints.AdminMerged = true }

// Admins are administrators, each logged in.
type Admins struct {
	Portal            Client
	Admin, SuperAdmin User // hold admin, and super_admin
	admin, superAdmin RequestOption
}

// AddAdmins creates an administrator and a super administrator.
func (s *Signet) AddAdmins(t testing.TB) Admins {
	t.Helper()
	f := Admins{Portal: s.Portal(t), Admin: s.AddUser(t, "adam", "user", "admin"), SuperAdmin: s.AddUser(t, "rita", "user", "super_admin")}
	f.admin = Bearer(s.Login(t, f.Portal, f.Admin, portalScope).Access)
	f.superAdmin = Bearer(s.Login(t, f.Portal, f.SuperAdmin, portalScope).Access)
	return f
}

func testAdminNotOnPublicListener(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for _, path := range []string{Users, Roles, Clients, Sessions, KeysPath, Audit, "//api/v1/users", "/%61pi/v1/users", "/api/v1;x/users", "/public/../api/v1/users", "/API/v1/users", "/api/v1/users/"} {
		for _, opts := range []RequestOption{f.superAdmin, func(r *http.Request) { r.Host = "admin.example.com"; f.superAdmin(r) }, Header("X-Forwarded-Host", "127.0.0.1:8081")} {
			s.JSON("GET", path, nil, opts).ExpectError(t, http.StatusNotFound, "not_found")
		}
	}
	// On its own listener it is there, and nothing else is but what its /docs needs.
	own := s.AdminListener(t)
	for path, status := range map[string]int{Users: 200, Token: 405, Introspect: 404, Me: 404, JWKS: 404, "/livez": 404, "/api/v1/users/": 404, "/API/v1/users": 404, "/%61pi/v1/users": 404, "//api/v1/users": 404} {
		if a := own.JSON("GET", path, nil, f.superAdmin); a.Status != status {
			t.Errorf("%s on the admin listener: %d %s", path, a.Status, a.Body)
		}
	}
	for _, opts := range []RequestOption{Header("Origin", Origin), Header("Origin", "null")} {
		a := own.JSON("GET", Users, nil, f.superAdmin, opts)
		for name := range a.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("A07 %s", name)
			}
		}
	}
	own.preflight(Users, Origin, "GET").ExpectProblem(t, http.StatusMethodNotAllowed, "invalid_request")
}

func ids(a Response, t testing.TB, name string) []string {
	t.Helper()
	var all []string
	for _, item := range a.ExpectStatus(t, http.StatusOK).Object(t)["items"].([]any) {
		all = append(all, item.(map[string]any)[name].(string))
	}
	return all
}

func testAdminUsers(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	body := s.registration("New").with("roles", []string{"user", "editor"})
	a := s.JSON("POST", Users, body, f.admin).ExpectStatus(t, http.StatusCreated)
	a.expectNoStore(t)
	location := a.Header.Get("Location")
	id := a.Object(t)["id"].(string)
	if location != Users+"/"+id || a.Header.Get("ETag") == "" {
		t.Errorf("%v", a.Header)
	}
	s.JSON("POST", Users, body, f.admin).ExpectProblem(t, http.StatusConflict, "duplicate", "username")
	s.JSON("POST", Users, Object{"username": "", "email": "x", "phone": "\u202e"}, f.admin).ExpectProblem(t, 422, "invalid_field", "username", "email", "phone")
	s.JSON("POST", Users, Object{"username": "x", "roles": []string{"nobody"}}, f.admin).ExpectProblem(t, 422, "invalid_field", "roles")
	s.JSON("POST", Users, Object{"username": "x", "password": "password"}, f.admin).ExpectProblem(t, 422, "invalid_field", "password")
	fresh := User{ID: id, Username: "new", Password: body["password"].(string)}
	tokens := s.Login(t, s.Web, fresh, "openid")

	got := s.JSON("GET", location, nil, f.admin).ExpectStatus(t, http.StatusOK)
	if got.Header.Get("ETag") != a.Header.Get("ETag") || string(got.Body) != string(a.Body) {
		t.Errorf("%s, created as %s", got.Body, a.Body)
	}
	tag := got.Header.Get("ETag")
	next := s.JSON("PATCH", location, Object{"full_name": "Changed", "roles": []string{"user"}}, f.admin, Header("If-Match", tag)).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", location, Object{"full_name": "Lost"}, f.admin, Header("If-Match", tag)).ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
	if o := next.Object(t); o["full_name"] != "Changed" || len(o["roles"].([]any)) != 1 {
		t.Errorf("%s", next.Body)
	}
	tokens = s.expectActive(t, s.Web, tokens)

	s.JSON("POST", location+"/disable", nil, f.admin).ExpectStatus(t, http.StatusOK)
	s.JSON("POST", location+"/disable", nil, f.admin).ExpectStatus(t, http.StatusOK)
	s.expectEnded(t, s.Web, tokens)
	if o := s.JSON("POST", location+"/enable", nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t); o["disabled"] != false {
		t.Errorf("%v", o)
	}
	tokens = s.Login(t, s.Web, fresh, "openid")
	password := s.NewSecret("a password that was set")
	s.JSON("POST", location+"/password", Object{"password": password}, f.admin).ExpectStatus(t, http.StatusOK)
	s.JSON("POST", location+"/password", Object{"password": "short"}, f.admin).ExpectProblem(t, 422, "invalid_field", "password")
	s.expectEnded(t, s.Web, tokens)
	fresh.Password = password
	tokens = s.Login(t, s.Web, fresh, "openid")
	if n := len(ids(s.JSON("GET", location+"/sessions", nil, f.admin), t, "sid")); n != 3 {
		t.Errorf("%d sessions, want 3", n)
	}
	s.JSON("DELETE", location+"/sessions", nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.expectEnded(t, s.Web, tokens)
	s.JSON("DELETE", location, nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	for _, ask := range []struct{ method, path string }{{"GET", ""}, {"DELETE", ""}, {"POST", "/disable"}, {"POST", "/enable"}, {"GET", "/sessions"}, {"DELETE", "/sessions"}} {
		s.JSON(ask.method, location+ask.path, nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	}
	for _, event := range []string{audit.EventUserCreated, audit.EventUserUpdated, audit.EventUserDeleted} {
		if n := s.events(t, event); n == 0 {
			t.Errorf("no event %s", event)
		}
	}
}

func testAdminLists(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	var want []string
	for _, name := range []string{"zoe1", "zoe2", "zoe3", "zoe4", "zoe5"} {
		want = append(want, s.AddUser(t, name, "user").ID)
	}
	var got []string
	for after := ""; ; {
		a := s.JSON("GET", Users+"?prefix=zoe&limit=2"+after, nil, f.admin)
		got = append(got, ids(a, t, "id")...)
		next, more := a.Object(t)["next"].(string)
		if !more {
			break
		}
		after = "&after=" + next
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages gave %v, want %v", got, want)
	}
	for query, n := range map[string]int{
		"prefix=zoe1": 1, "prefix=zoe1%40example.com": 1, "prefix=.*": 0, "prefix=z%25": 0, "prefix=%24": 0, "prefix=%27%20OR%201%3D1--": 0, "prefix=(a%2B)%2B%24": 0,
		"role=admin": 1, "role=editor&prefix=eri": 1, "role=editor&prefix=zoe": 0,
		"prefix=zoe&disabled=false&must_change_password=false&sort=-username": 5, "prefix=zoe&disabled=true": 0, "must_change_password=true": 0,
	} {
		if got := ids(s.JSON("GET", Users+"?"+query, nil, f.admin), t, "id"); len(got) != n {
			t.Errorf("%s lists %d, want %d", query, len(got), n)
		}
	}
	for query, field := range map[string]string{"role=nobody": "role", "sort=email": "sort", "sort=created_at&prefix=zoe": "sort", "disabled=yes": "disabled", "must_change_password=": "must_change_password", "after=x": "after", "limit=0": "limit"} {
		s.JSON("GET", Users+"?"+query, nil, f.admin).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", field)
	}
	for _, query := range []string{"order=-1", "q=x", "fields=password_hash", "prefix[$ne]=x", "limit=2&limit=3", "prefix=%00"} {
		s.JSON("GET", Users+"?"+query, nil, f.admin).ExpectProblem(t, http.StatusBadRequest, "invalid_request")
	}
	if got := ids(s.JSON("GET", Clients+"?limit=1000", nil, f.admin), t, "client_id"); !slices.IsSorted(got) || !slices.Contains(got, "web") {
		t.Errorf("clients %v", got)
	}
	if got := ids(s.JSON("GET", Roles, nil, f.admin), t, "name"); !slices.Equal(got, []string{"admin", "editor", "super_admin", "user"}) {
		t.Errorf("roles %v", got)
	}
}

func testAdminNames(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	renee := s.AddUser(t, "ren\u00e9e", "user")
	for _, spelling := range []string{"rene%CC%81e", "REN%C3%89E", "%EF%BC%B2en%C3%A9e", "REN%C3%89E%40example.com"} {
		if got := ids(s.JSON("GET", Users+"?prefix="+spelling, nil, f.admin), t, "id"); !slices.Equal(got, []string{renee.ID}) {
			t.Errorf("search for %s finds %v", spelling, got)
		}
	}
	for _, spelling := range []string{"rene\u0301e", "REN\u00c9E", "\uff32en\u00e9e"} {
		s.JSON("POST", Users, Object{"username": spelling}, f.admin).ExpectProblem(t, http.StatusConflict, "duplicate", "username")
		s.JSON("PATCH", Users+"/"+s.Alice.ID, Object{"username": spelling}, f.admin).ExpectProblem(t, http.StatusConflict, "duplicate", "username")
		s.JSON("PATCH", Users+"/"+s.Alice.ID, Object{"email": spelling + "@EXAMPLE.com"}, f.admin).ExpectProblem(t, http.StatusConflict, "duplicate", "email")
	}
}

func testAdminRoles(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	body := Object{"name": "reviewer", "description": "reads all", "scopes": []string{"reviews:read"}, "rank": 20}
	a := s.JSON("POST", Roles, body, f.admin).ExpectStatus(t, http.StatusCreated)
	location := a.Header.Get("Location")
	s.JSON("POST", Roles, body, f.admin).ExpectProblem(t, http.StatusConflict, "duplicate", "name")
	s.JSON("POST", Roles, body.with("name", "No Name"), f.admin).ExpectProblem(t, 422, "invalid_field", "name")
	s.JSON("POST", Roles, body.with("name", "x", "rank", -1), f.admin).ExpectProblem(t, 422, "invalid_field", "rank")
	if got := s.JSON("GET", location, nil, f.admin).ExpectStatus(t, http.StatusOK); string(got.Body) != string(a.Body) || got.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("%s, created as %s", got.Body, a.Body)
	}
	tag := a.Header.Get("ETag")
	s.JSON("PATCH", location, Object{"rank": 30}, f.admin, Header("If-Match", tag)).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", location, Object{"rank": 40}, f.admin, Header("If-Match", tag)).ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
	s.JSON("PATCH", location, Object{"scopes": []string{}}, f.admin).ExpectProblem(t, 422, "invalid_field", "scopes")
	s.JSON("PATCH", location, Object{"scopes": []string{}, "release_scopes": true}, f.admin).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Roles+"/admin", Object{"rank": 5}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "rank")
	s.JSON("DELETE", Roles+"/user", nil, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "name")
	s.JSON("DELETE", Roles+"/editor", nil, f.admin).ExpectProblem(t, 422, "invalid_field", "name") // erin holds it
	s.JSON("PATCH", Users+"/"+s.Editor.ID, Object{"roles": []string{"user"}}, f.admin).ExpectStatus(t, http.StatusOK)
	s.JSON("DELETE", Roles+"/editor?release_scopes=maybe", nil, f.admin).ExpectProblem(t, 422, "invalid_field", "release_scopes")
	s.JSON("DELETE", Roles+"/editor", nil, f.admin).ExpectProblem(t, 422, "invalid_field", "scopes")
	s.JSON("DELETE", Roles+"/editor?release_scopes=true", nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.JSON("GET", Roles+"/editor", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
}

func testAdminClients(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	body := Object{"client_id": "app", "client_name": "App", "grant_types": []string{"password", "refresh_token"}, "scope": "openid items:write", "audiences": []string{API}}
	a := s.JSON("POST", Clients, body, f.admin).ExpectStatus(t, http.StatusCreated)
	location := a.Header.Get("Location")
	app := Client{"app", a.Object(t)["client_secret"].(string)}
	s.Log.MarkSecret(app.Secret)
	s.JSON("POST", Clients, body, f.admin).ExpectProblem(t, http.StatusConflict, "duplicate", "client_id")
	for member, value := range map[string]any{"client_id": "a b", "client_secret": "short", "grant_types": []string{"magic"}, "audiences": []string{"x y"}, "resources": []string{"#"}, "origins": []string{"*"}} {
		s.JSON("POST", Clients, body.with("client_id", "other").with(member, value), f.admin).ExpectProblem(t, 422, "invalid_field", member)
	}
	s.JSON("POST", Clients, body.with("client_id", "open", "public", true), f.admin).ExpectProblem(t, 422, "invalid_field", "grant_types")
	s.JSON("POST", Clients, body.with("client_id", "open", "public", true, "insecure_public_password", true), f.admin).ExpectStatus(t, http.StatusCreated)
	tokens := s.Login(t, app, s.Editor, "openid")
	tag := s.JSON("GET", location, nil, f.admin).ExpectStatus(t, http.StatusOK).Header.Get("ETag")
	s.JSON("PATCH", location, Object{"client_name": "Renamed", "id_token_on_refresh": true}, f.admin, Header("If-Match", tag)).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", location, Object{"client_name": "Lost"}, f.admin, Header("If-Match", tag)).ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
	if tokens = s.Refresh(t, app, tokens.Refresh); tokens.ID == "" {
		t.Error("no ID token at a refresh")
	}

	tag = s.JSON("GET", location, nil, f.admin).Header.Get("ETag")
	rotated := s.JSON("POST", location+"/secret", Object{"overlap": 3600}, f.admin, Header("If-Match", tag)).ExpectStatus(t, http.StatusOK).Object(t)
	fresh := Client{"app", rotated["client_secret"].(string)}
	s.Log.MarkSecret(fresh.Secret)
	// A retry whose first was carried out does not push the old secret out.
	s.JSON("POST", location+"/secret", Object{"overlap": 3600}, f.admin, Header("If-Match", tag)).ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
	s.Login(t, app, s.Editor, "")
	s.Login(t, fresh, s.Editor, "")
	s.Advance(2 * time.Hour)
	s.TryLogin(app, s.Editor, "").expectInvalidClient(t)
	f.admin = Bearer(s.Login(t, f.Portal, f.Admin, portalScope).Access)
	for _, overlap := range []int64{-1, 1 << 62, -1 << 62} {
		s.JSON("POST", location+"/secret", Object{"overlap": overlap}, f.admin).ExpectProblem(t, 422, "invalid_field", "overlap")
	}
	s.JSON("POST", Clients+"/spa/secret", Object{}, f.admin).ExpectProblem(t, 422, "invalid_field", "client_id")

	tokens = s.Login(t, fresh, s.Editor, "openid")
	s.JSON("POST", location+"/disable", nil, f.admin).ExpectStatus(t, http.StatusOK)
	s.TryRefresh(fresh, tokens.Refresh).expectInvalidClient(t)
	s.JSON("POST", location+"/enable", nil, f.admin).ExpectStatus(t, http.StatusOK)
	s.expectEnded(t, fresh, tokens)
	s.JSON("DELETE", location, nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.JSON("DELETE", location, nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.TryLogin(fresh, s.Editor, "").expectInvalidClient(t)
}

// testOtherIDs sends ids of one kind of record where those of another are expected.
func testOtherIDs(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	sid := claims(t, s.Login(t, s.Web, s.Alice, "openid").Access)["sid"].(string)
	for path, names := range map[string][]string{
		Users: {"alice", "alice@example.com", "web", sid, "editor", "00000000-0000-7000-8000-000000000000", "%00", "%24ne", "..", "%2e%2e"},
		Roles: {s.Alice.ID, "web", sid, "EDITOR", "%65ditor"}, Clients: {s.Alice.ID, "editor", sid, "WEB", "%77eb"}, Sessions: {s.Alice.ID, "web", "editor"},
	} {
		for _, name := range names {
			for _, method := range []string{"GET", "DELETE"} {
				if a := s.JSON(method, path+"/"+name, nil, f.superAdmin); a.Status != http.StatusNotFound {
					t.Errorf("%s %s/%s: %d %s", method, path, name, a.Status, a.Body)
				}
			}
		}
	}
}

func testSecretsShownOnce(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	a := s.JSON("POST", Clients, Object{"client_id": "app", "scope": "openid"}, f.admin).ExpectStatus(t, http.StatusCreated)
	secret := a.Object(t)["client_secret"].(string)
	s.Log.MarkSecret(secret)
	for _, path := range []string{Clients, Clients + "/app", Audit, Users, Sessions, KeysPath, Users + "/" + s.Alice.ID} {
		body := string(s.JSON("GET", path, nil, f.superAdmin).ExpectStatus(t, http.StatusOK).Body)
		for _, word := range []string{secret, "secret\"", "hash", "argon2", "sealed", "\"d\":", "private"} {
			if strings.Contains(body, word) {
				t.Errorf("%s holds %s", path, word)
			}
		}
	}
}

func testFreshRoles(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	s.JSON("GET", Users, nil, f.admin).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Users+"/"+f.Admin.ID, Object{"roles": []string{"user"}}, f.superAdmin).ExpectStatus(t, http.StatusOK)
	s.JSON("GET", Users, nil, f.admin).ExpectProblem(t, http.StatusForbidden, "insufficient_scope") // the token still says admin
	s.JSON("PATCH", Users+"/"+s.Alice.ID, Object{"roles": []string{"admin"}}, f.superAdmin).ExpectStatus(t, http.StatusOK)
	alice := Bearer(s.Login(t, f.Portal, s.Alice, portalScope).Access)
	s.JSON("GET", Users, nil, alice).ExpectStatus(t, http.StatusOK)
	// A high rank alone gives no access.
	s.JSON("POST", Roles, Object{"name": "vip", "rank": 900}, f.superAdmin).ExpectStatus(t, http.StatusCreated)
	s.JSON("PATCH", Users+"/"+s.Editor.ID, Object{"roles": []string{"vip"}}, f.superAdmin).ExpectStatus(t, http.StatusOK)
	vip := Bearer(s.Login(t, f.Portal, s.Editor, portalScope).Access)
	s.JSON("GET", Users, nil, vip).ExpectProblem(t, http.StatusForbidden, "insufficient_scope")
	s.JSON("PATCH", Users+"/"+s.Editor.ID, Object{"full_name": "x"}, alice).ExpectProblem(t, http.StatusForbidden, "access_denied")
}

func testAdminFaults(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for name, ask := range map[string]func() Response{
		"list": func() Response { return s.JSON("GET", Users, nil, f.superAdmin) },
		"change": func() Response {
			return s.JSON("PATCH", Users+"/"+s.Alice.ID, Object{"roles": []string{"user"}}, f.superAdmin)
		},
		"disable": func() Response { return s.JSON("POST", Users+"/"+s.Alice.ID+"/disable", nil, f.superAdmin) },
		"delete":  func() Response { return s.JSON("DELETE", Sessions+"/"+"nothing", nil, f.superAdmin) },
		"role":    func() Response { return s.JSON("PATCH", Roles+"/editor", Object{"description": "x"}, f.superAdmin) },
		"client":  func() Response { return s.JSON("PATCH", Clients+"/web", Object{"client_name": "x"}, f.superAdmin) },
		"rotate":  func() Response { return s.JSON("POST", KeysPath+"/rotate", Object{"force": true}, f.superAdmin) },
	} {
		for n := 1; ; n++ {
			s.Store.FailAt(n)
			a := ask()
			reached := len(s.Store.Calls()) >= n
			s.Store.Reset()
			if !reached || name == "rotate" && a.Status == http.StatusOK {
				break
			}
			if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
				t.Errorf("%s, call %d fails: %d %s", name, n, a.Status, a.Body)
			}
		}
	}
}
