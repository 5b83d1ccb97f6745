package endpointstest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
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

var adminScenes = []scene{
	{name: "A01 the admin API is not on the public listener", play: playAdminElsewhere},
	{name: "the life of a user", adjust: merged, play: playAdminUsers},
	{name: "A04 lists, pages and searches", adjust: merged, play: playAdminLists},
	{name: "U03 one canonical name for administrators", adjust: merged, play: playAdminNames},
	{name: "the life of a role", adjust: merged, play: playAdminRoles},
	{name: "the life of a client", adjust: merged, play: playAdminClients},
	{name: "sessions of others", adjust: merged, play: playAdminSessions},
	{name: "keys", adjust: merged, play: playAdminKeys},
	{name: "the audit log", adjust: merged, play: playAdminAudit},
	{name: "A03 ids of another kind", adjust: merged, play: playOtherIDs},
	{name: "A08 secrets are shown once", adjust: merged, play: playSecretsOnce},
	{name: "roles are read afresh", adjust: merged, play: playFreshRoles},
	{name: "a change whose event cannot be written is not made", adjust: merged, play: playUnwritten},
	{name: "the store fails under the admin API", adjust: merged, play: playAdminFaults},
}

// merged serves the admin API beside the public endpoints.
func merged(o *Options) { o.Endpoints.AdminMerged = true }

// Staff are people who administer, each logged in.
type Staff struct {
	Portal      Client
	Admin, Root Person // hold admin, and super_admin
	admin, root With
}

// Staff makes an administrator and a super administrator.
func (s *Signet) Staff(t testing.TB) Staff {
	t.Helper()
	f := Staff{Portal: s.Portal(t), Admin: s.AddUser(t, "adam", "user", "admin"), Root: s.AddUser(t, "rita", "user", "super_admin")}
	f.admin = Bearer(s.Login(t, f.Portal, f.Admin, "openid").Access)
	f.root = Bearer(s.Login(t, f.Portal, f.Root, "openid").Access)
	return f
}

func playAdminElsewhere(t *testing.T, s *Signet) {
	f := s.Staff(t)
	for _, path := range []string{Users, Roles, Clients, Sessions, KeysPath, Audit, "//api/v1/users", "/%61pi/v1/users", "/api/v1;x/users", "/public/../api/v1/users", "/API/v1/users", "/api/v1/users/"} {
		for _, with := range []With{f.root, func(r *http.Request) { r.Host = "admin.example.com"; f.root(r) }, Header("X-Forwarded-Host", "127.0.0.1:8081")} {
			s.JSON("GET", path, nil, with).Refused(t, http.StatusNotFound, "not_found")
		}
	}
	// On its own listener it is there, and nothing else is.
	own := s.OwnDoor(t)
	for path, status := range map[string]int{Users: 200, Token: 404, Me: 404, JWKS: 404, "/livez": 404, "/api/v1/users/": 404, "/API/v1/users": 404, "/%61pi/v1/users": 404, "//api/v1/users": 404} {
		if a := own.JSON("GET", path, nil, f.root); a.Status != status {
			t.Errorf("%s on the admin listener: %d %s", path, a.Status, a.Body)
		}
	}
	for _, with := range []With{Header("Origin", Origin), Header("Origin", "null")} {
		a := own.JSON("GET", Users, nil, f.root, with)
		for name := range a.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("A07 %s", name)
			}
		}
	}
	own.preflight(Users, Origin, "GET").Problem(t, http.StatusMethodNotAllowed, "invalid_request")
}

func ids(a Answer, t testing.TB, name string) []string {
	t.Helper()
	var all []string
	for _, item := range a.Expect(t, http.StatusOK).Object(t)["items"].([]any) {
		all = append(all, item.(map[string]any)[name].(string))
	}
	return all
}

func playAdminUsers(t *testing.T, s *Signet) {
	f := s.Staff(t)
	body := s.newcomer("New").with("roles", []string{"user", "editor"})
	a := s.JSON("POST", Users, body, f.admin).Expect(t, http.StatusCreated)
	a.sealed(t)
	place := a.Header.Get("Location")
	id := a.Object(t)["id"].(string)
	if place != Users+"/"+id || a.Header.Get("ETag") == "" {
		t.Errorf("%v", a.Header)
	}
	s.JSON("POST", Users, body, f.admin).Problem(t, http.StatusConflict, "duplicate", "username")
	s.JSON("POST", Users, O{"username": "", "email": "x", "phone": "\u202e"}, f.admin).Problem(t, 422, "invalid_field", "username", "email", "phone")
	s.JSON("POST", Users, O{"username": "x", "roles": []string{"nobody"}}, f.admin).Problem(t, 422, "invalid_field", "roles")
	s.JSON("POST", Users, O{"username": "x", "password": "password"}, f.admin).Problem(t, 422, "invalid_field", "password")
	fresh := Person{ID: id, Username: "new", Password: body["password"].(string)}
	tokens := s.Login(t, s.Web, fresh, "openid")

	got := s.JSON("GET", place, nil, f.admin).Expect(t, http.StatusOK)
	if got.Header.Get("ETag") != a.Header.Get("ETag") || string(got.Body) != string(a.Body) {
		t.Errorf("%s, created as %s", got.Body, a.Body)
	}
	tag := got.Header.Get("ETag")
	next := s.JSON("PATCH", place, O{"full_name": "Changed", "roles": []string{"user"}}, f.admin, Header("If-Match", tag)).Expect(t, http.StatusOK)
	s.JSON("PATCH", place, O{"full_name": "Lost"}, f.admin, Header("If-Match", tag)).Problem(t, http.StatusPreconditionFailed, "lost_update")
	if o := next.Object(t); o["full_name"] != "Changed" || len(o["roles"].([]any)) != 1 {
		t.Errorf("%s", next.Body)
	}
	tokens = s.alive(t, s.Web, tokens)

	s.JSON("POST", place+"/disable", nil, f.admin).Expect(t, http.StatusOK)
	s.JSON("POST", place+"/disable", nil, f.admin).Expect(t, http.StatusOK)
	s.dead(t, s.Web, tokens)
	if o := s.JSON("POST", place+"/enable", nil, f.admin).Expect(t, http.StatusOK).Object(t); o["disabled"] != false {
		t.Errorf("%v", o)
	}
	tokens = s.Login(t, s.Web, fresh, "openid")
	password := s.Marker("a password that was set")
	s.JSON("POST", place+"/password", O{"password": password}, f.admin).Expect(t, http.StatusOK)
	s.JSON("POST", place+"/password", O{"password": "short"}, f.admin).Problem(t, 422, "invalid_field", "password")
	s.dead(t, s.Web, tokens)
	fresh.Password = password
	tokens = s.Login(t, s.Web, fresh, "openid")
	if n := len(ids(s.JSON("GET", place+"/sessions", nil, f.admin), t, "sid")); n != 3 {
		t.Errorf("%d sessions, want 3", n)
	}
	s.JSON("DELETE", place+"/sessions", nil, f.admin).Expect(t, http.StatusNoContent)
	s.dead(t, s.Web, tokens)
	s.JSON("DELETE", place, nil, f.admin).Expect(t, http.StatusNoContent)
	for _, ask := range []struct{ method, path string }{{"GET", ""}, {"DELETE", ""}, {"POST", "/disable"}, {"POST", "/enable"}, {"GET", "/sessions"}, {"DELETE", "/sessions"}} {
		s.JSON(ask.method, place+ask.path, nil, f.admin).Problem(t, http.StatusNotFound, "not_found")
	}
	for _, event := range []string{issuer.EventUserCreated, issuer.EventUserUpdated, issuer.EventUserDeleted} {
		if n := s.events(t, event); n == 0 {
			t.Errorf("no event %s", event)
		}
	}
}

func playAdminLists(t *testing.T, s *Signet) {
	f := s.Staff(t)
	var want []string
	for _, name := range []string{"zoe1", "zoe2", "zoe3", "zoe4", "zoe5"} {
		want = append(want, s.AddUser(t, name, "user").ID)
	}
	slices.Sort(want)
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
		"role=admin": 1, "role=nobody": 0, "role=editor&prefix=eri": 1, "role=editor&prefix=zoe": 0,
	} {
		if got := ids(s.JSON("GET", Users+"?"+query, nil, f.admin), t, "id"); len(got) != n {
			t.Errorf("%s lists %d, want %d", query, len(got), n)
		}
	}
	for _, query := range []string{"sort=email", "order=-1", "q=x", "fields=password_hash", "prefix[$ne]=x", "limit=2&limit=3", "prefix=%00"} {
		s.JSON("GET", Users+"?"+query, nil, f.admin).Problem(t, http.StatusBadRequest, "invalid_request")
	}
	if got := ids(s.JSON("GET", Clients+"?limit=1000", nil, f.admin), t, "client_id"); !slices.IsSorted(got) || !slices.Contains(got, "web") {
		t.Errorf("clients %v", got)
	}
	if got := ids(s.JSON("GET", Roles, nil, f.admin), t, "name"); !slices.Equal(got, []string{"admin", "editor", "super_admin", "user"}) {
		t.Errorf("roles %v", got)
	}
}

func playAdminNames(t *testing.T, s *Signet) {
	f := s.Staff(t)
	renee := s.AddUser(t, "ren\u00e9e", "user")
	for _, spelling := range []string{"rene%CC%81e", "REN%C3%89E", "%EF%BC%B2en%C3%A9e", "REN%C3%89E%40example.com"} {
		if got := ids(s.JSON("GET", Users+"?prefix="+spelling, nil, f.admin), t, "id"); !slices.Equal(got, []string{renee.ID}) {
			t.Errorf("search for %s finds %v", spelling, got)
		}
	}
	for _, spelling := range []string{"rene\u0301e", "REN\u00c9E", "\uff32en\u00e9e"} {
		s.JSON("POST", Users, O{"username": spelling}, f.admin).Problem(t, http.StatusConflict, "duplicate", "username")
		s.JSON("PATCH", Users+"/"+s.Alice.ID, O{"username": spelling}, f.admin).Problem(t, http.StatusConflict, "duplicate", "username")
		s.JSON("PATCH", Users+"/"+s.Alice.ID, O{"email": spelling + "@EXAMPLE.com"}, f.admin).Problem(t, http.StatusConflict, "duplicate", "email")
	}
}

func playAdminRoles(t *testing.T, s *Signet) {
	f := s.Staff(t)
	body := O{"name": "reviewer", "description": "reads all", "scopes": []string{"reviews:read"}, "rank": 20}
	a := s.JSON("POST", Roles, body, f.admin).Expect(t, http.StatusCreated)
	place := a.Header.Get("Location")
	s.JSON("POST", Roles, body, f.admin).Problem(t, http.StatusConflict, "duplicate", "name")
	s.JSON("POST", Roles, body.with("name", "No Name"), f.admin).Problem(t, 422, "invalid_field", "name")
	s.JSON("POST", Roles, body.with("name", "x", "rank", -1), f.admin).Problem(t, 422, "invalid_field", "rank")
	if got := s.JSON("GET", place, nil, f.admin).Expect(t, http.StatusOK); string(got.Body) != string(a.Body) || got.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("%s, created as %s", got.Body, a.Body)
	}
	tag := a.Header.Get("ETag")
	s.JSON("PATCH", place, O{"rank": 30}, f.admin, Header("If-Match", tag)).Expect(t, http.StatusOK)
	s.JSON("PATCH", place, O{"rank": 40}, f.admin, Header("If-Match", tag)).Problem(t, http.StatusPreconditionFailed, "lost_update")
	s.JSON("PATCH", place, O{"scopes": []string{}}, f.admin).Problem(t, 422, "invalid_field", "scopes")
	s.JSON("PATCH", place, O{"scopes": []string{}, "release_scopes": true}, f.admin).Expect(t, http.StatusOK)
	s.JSON("PATCH", Roles+"/admin", O{"rank": 5}, f.root).Problem(t, 422, "invalid_field", "rank")
	s.JSON("DELETE", Roles+"/user", nil, f.root).Problem(t, 422, "invalid_field", "name")
	s.JSON("DELETE", Roles+"/editor", nil, f.admin).Problem(t, 422, "invalid_field", "name") // erin holds it
	s.JSON("PATCH", Users+"/"+s.Editor.ID, O{"roles": []string{"user"}}, f.admin).Expect(t, http.StatusOK)
	s.JSON("DELETE", Roles+"/editor?release_scopes=maybe", nil, f.admin).Problem(t, 422, "invalid_field", "release_scopes")
	s.JSON("DELETE", Roles+"/editor", nil, f.admin).Problem(t, 422, "invalid_field", "scopes")
	s.JSON("DELETE", Roles+"/editor?release_scopes=true", nil, f.admin).Expect(t, http.StatusNoContent)
	s.JSON("GET", Roles+"/editor", nil, f.admin).Problem(t, http.StatusNotFound, "not_found")
}

func playAdminClients(t *testing.T, s *Signet) {
	f := s.Staff(t)
	body := O{"client_id": "app", "client_name": "App", "grant_types": []string{"password", "refresh_token"}, "scope": "openid items:write", "audiences": []string{API}}
	a := s.JSON("POST", Clients, body, f.admin).Expect(t, http.StatusCreated)
	place := a.Header.Get("Location")
	app := Client{"app", a.Object(t)["client_secret"].(string)}
	s.Log.Secret(app.Secret)
	s.JSON("POST", Clients, body, f.admin).Problem(t, http.StatusConflict, "duplicate", "client_id")
	for member, value := range map[string]any{"client_id": "a b", "client_secret": "short", "grant_types": []string{"magic"}, "audiences": []string{"x"}, "resources": []string{"#"}, "origins": []string{"*"}} {
		s.JSON("POST", Clients, body.with("client_id", "other").with(member, value), f.admin).Problem(t, 422, "invalid_field", member)
	}
	s.JSON("POST", Clients, body.with("client_id", "open", "public", true), f.admin).Problem(t, 422, "invalid_field", "grant_types")
	s.JSON("POST", Clients, body.with("client_id", "open", "public", true, "insecure_public_password", true), f.admin).Expect(t, http.StatusCreated)
	tokens := s.Login(t, app, s.Editor, "openid")
	tag := s.JSON("GET", place, nil, f.admin).Expect(t, http.StatusOK).Header.Get("ETag")
	s.JSON("PATCH", place, O{"client_name": "Renamed", "id_token_on_refresh": true}, f.admin, Header("If-Match", tag)).Expect(t, http.StatusOK)
	s.JSON("PATCH", place, O{"client_name": "Lost"}, f.admin, Header("If-Match", tag)).Problem(t, http.StatusPreconditionFailed, "lost_update")
	if tokens = s.Refresh(t, app, tokens.Refresh); tokens.ID == "" {
		t.Error("no ID token at a refresh")
	}

	tag = s.JSON("GET", place, nil, f.admin).Header.Get("ETag")
	rotated := s.JSON("POST", place+"/secret", O{"overlap": 3600}, f.admin, Header("If-Match", tag)).Expect(t, http.StatusOK).Object(t)
	fresh := Client{"app", rotated["client_secret"].(string)}
	s.Log.Secret(fresh.Secret)
	// A retry whose first was carried out does not push the old secret out.
	s.JSON("POST", place+"/secret", O{"overlap": 3600}, f.admin, Header("If-Match", tag)).Problem(t, http.StatusPreconditionFailed, "lost_update")
	s.Login(t, app, s.Editor, "")
	s.Login(t, fresh, s.Editor, "")
	s.Advance(2 * time.Hour)
	s.TryLogin(app, s.Editor, "").unauthenticated(t)
	f.admin = Bearer(s.Login(t, f.Portal, f.Admin, "openid").Access)
	for _, overlap := range []int64{-1, 1 << 62, -1 << 62} {
		s.JSON("POST", place+"/secret", O{"overlap": overlap}, f.admin).Problem(t, 422, "invalid_field", "overlap")
	}
	s.JSON("POST", Clients+"/spa/secret", O{}, f.admin).Problem(t, 422, "invalid_field", "client_id")

	tokens = s.Login(t, fresh, s.Editor, "openid")
	s.JSON("POST", place+"/disable", nil, f.admin).Expect(t, http.StatusOK)
	s.TryRefresh(fresh, tokens.Refresh).unauthenticated(t)
	s.JSON("POST", place+"/enable", nil, f.admin).Expect(t, http.StatusOK)
	s.dead(t, fresh, tokens)
	s.JSON("DELETE", place, nil, f.admin).Expect(t, http.StatusNoContent)
	s.JSON("DELETE", place, nil, f.admin).Problem(t, http.StatusNotFound, "not_found")
	s.TryLogin(fresh, s.Editor, "").unauthenticated(t)
}

func playAdminSessions(t *testing.T, s *Signet) {
	f := s.Staff(t)
	tokens, other := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.SPA, s.Alice, "openid")
	sid := claims(t, tokens.Access)["sid"].(string)
	for query, n := range map[string]int{"user_id=" + s.Alice.ID: 2, "client_id=web": 1, "user_id=" + s.Alice.ID + "&client_id=spa": 1, "user_id=" + s.Editor.ID: 0, "active=true": 4} {
		if got := ids(s.JSON("GET", Sessions+"?"+query, nil, f.admin), t, "sid"); len(got) != n {
			t.Errorf("%s lists %d, want %d", query, len(got), n)
		}
	}
	if o := s.JSON("GET", Sessions+"/"+sid, nil, f.admin).Expect(t, http.StatusOK).Object(t); o["user_id"] != s.Alice.ID || o["active"] != true {
		t.Errorf("%v", o)
	}
	s.JSON("DELETE", Sessions+"/"+sid, nil, f.admin).Expect(t, http.StatusNoContent)
	s.JSON("DELETE", Sessions+"/"+sid, nil, f.admin).Expect(t, http.StatusNoContent)
	s.dead(t, s.Web, tokens)
	s.JSON("DELETE", Sessions, nil, f.admin).Problem(t, http.StatusForbidden, "insufficient_scope")
	other = s.alive(t, s.SPA, other)
	s.JSON("DELETE", Sessions, nil, f.root).Expect(t, http.StatusNoContent)
	s.dead(t, s.SPA, other)
	s.JSON("GET", Sessions, nil, f.root).Problem(t, http.StatusUnauthorized, "invalid_token")
}

func playAdminKeys(t *testing.T, s *Signet) {
	f := s.Staff(t)
	before := ids(s.JSON("GET", KeysPath, nil, f.root), t, "kid")
	if len(before) != 2 {
		t.Fatalf("keys %v", before)
	}
	plan := s.JSON("GET", KeysPath+"/plan?rotate=true", nil, f.root).Expect(t, http.StatusOK).Object(t)
	if len(plan["changes"].([]any)) == 0 {
		t.Error("a plan without a change")
	}
	s.JSON("GET", KeysPath+"/plan?rotate=perhaps", nil, f.root).Problem(t, 422, "invalid_field", "rotate")
	s.JSON("GET", KeysPath+"/plan?revoke=nothing", nil, f.root).Problem(t, http.StatusNotFound, "not_found")
	if after := ids(s.JSON("GET", KeysPath, nil, f.root), t, "kid"); !slices.Equal(after, before) {
		t.Error("a plan changed the keys")
	}
	s.JSON("POST", KeysPath+"/rollback", nil, f.root).Problem(t, http.StatusConflict, "rollback_unavailable")
	s.JSON("POST", KeysPath+"/rotate", nil, f.root).Expect(t, http.StatusOK) // will happen when it has been published long enough
	s.JSON("POST", KeysPath+"/rotate", nil, f.root).Problem(t, http.StatusConflict, "already_rotated")
	s.JSON("GET", KeysPath+"/plan?rotate=true", nil, f.root).Problem(t, http.StatusConflict, "already_rotated")
	rotated := s.JSON("POST", KeysPath+"/rotate", O{"force": true}, f.root).Expect(t, http.StatusOK).Object(t)
	if rotated["activates"] != before[1] {
		t.Errorf("%v, had %v", rotated, before)
	}
	s.JSON("GET", KeysPath+"/plan?rollback=true", nil, f.root).Expect(t, http.StatusOK)
	back := s.JSON("POST", KeysPath+"/rollback", nil, f.root).Expect(t, http.StatusOK).Object(t)
	if back["activates"] != before[0] {
		t.Errorf("%v, had %v", back, before)
	}
	s.JSON("POST", KeysPath+"/rollback", nil, f.root).Problem(t, http.StatusConflict, "already_rotated")
	s.JSON("POST", KeysPath+"/nothing/revoke", nil, f.root).Problem(t, http.StatusNotFound, "not_found")
	s.JSON("POST", KeysPath+"/"+before[0]+"/revoke", nil, f.root).Expect(t, http.StatusOK)
	s.JSON("GET", KeysPath, nil, f.root).Problem(t, http.StatusUnauthorized, "invalid_token") // the key that signed the token is gone
}

func playAdminAudit(t *testing.T, s *Signet) {
	f := s.Staff(t)
	s.JSON("POST", Users+"/"+s.Alice.ID+"/disable", nil, f.admin).Expect(t, http.StatusOK)
	a := s.JSON("GET", Audit+"?type=user.disabled&target="+s.Alice.ID, nil, f.admin).Expect(t, http.StatusOK)
	items := a.Object(t)["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("%s", a.Body)
	}
	if e := items[0].(map[string]any); e["actor"] != f.Admin.ID || e["address"] == "" || len(e["request_id"].(string)) != 32 {
		t.Errorf("%v", e)
	}
	for query, n := range map[string]int{"since=2030-01-01T00:00:00Z": 0, "until=2020-01-01T00:00:00Z": 0, "type=%24ne": 0, "type=user.disabled&limit=1": 1} {
		if got := ids(s.JSON("GET", Audit+"?"+query, nil, f.admin), t, "id"); len(got) != n {
			t.Errorf("%s lists %d, want %d", query, len(got), n)
		}
	}
	s.JSON("GET", Audit+"?since=yesterday", nil, f.admin).Problem(t, 422, "invalid_field", "since")
}

// playOtherIDs puts the names of one kind of thing where another belongs.
func playOtherIDs(t *testing.T, s *Signet) {
	f := s.Staff(t)
	sid := claims(t, s.Login(t, s.Web, s.Alice, "openid").Access)["sid"].(string)
	for path, names := range map[string][]string{
		Users: {"alice", "alice@example.com", "web", sid, "editor", "00000000-0000-7000-8000-000000000000", "%00", "%24ne", "..", "%2e%2e"},
		Roles: {s.Alice.ID, "web", sid, "EDITOR", "%65ditor"}, Clients: {s.Alice.ID, "editor", sid, "WEB", "%77eb"}, Sessions: {s.Alice.ID, "web", "editor"},
	} {
		for _, name := range names {
			for _, method := range []string{"GET", "DELETE"} {
				if a := s.JSON(method, path+"/"+name, nil, f.root); a.Status != http.StatusNotFound {
					t.Errorf("%s %s/%s: %d %s", method, path, name, a.Status, a.Body)
				}
			}
		}
	}
}

func playSecretsOnce(t *testing.T, s *Signet) {
	f := s.Staff(t)
	a := s.JSON("POST", Clients, O{"client_id": "app", "scope": "openid"}, f.admin).Expect(t, http.StatusCreated)
	secret := a.Object(t)["client_secret"].(string)
	s.Log.Secret(secret)
	for _, path := range []string{Clients, Clients + "/app", Audit, Users, Sessions, KeysPath, Users + "/" + s.Alice.ID} {
		body := string(s.JSON("GET", path, nil, f.root).Expect(t, http.StatusOK).Body)
		for _, word := range []string{secret, "secret\"", "hash", "argon2", "sealed", "\"d\":", "private"} {
			if strings.Contains(body, word) {
				t.Errorf("%s holds %s", path, word)
			}
		}
	}
}

func playFreshRoles(t *testing.T, s *Signet) {
	f := s.Staff(t)
	s.JSON("GET", Users, nil, f.admin).Expect(t, http.StatusOK)
	s.JSON("PATCH", Users+"/"+f.Admin.ID, O{"roles": []string{"user"}}, f.root).Expect(t, http.StatusOK)
	s.JSON("GET", Users, nil, f.admin).Problem(t, http.StatusForbidden, "insufficient_scope") // the token still says admin
	s.JSON("PATCH", Users+"/"+s.Alice.ID, O{"roles": []string{"admin"}}, f.root).Expect(t, http.StatusOK)
	alice := Bearer(s.Login(t, f.Portal, s.Alice, "openid").Access)
	s.JSON("GET", Users, nil, alice).Expect(t, http.StatusOK)
	// A role of a high rank opens no door.
	s.JSON("POST", Roles, O{"name": "vip", "rank": 900}, f.root).Expect(t, http.StatusCreated)
	s.JSON("PATCH", Users+"/"+s.Editor.ID, O{"roles": []string{"vip"}}, f.root).Expect(t, http.StatusOK)
	vip := Bearer(s.Login(t, f.Portal, s.Editor, "openid").Access)
	s.JSON("GET", Users, nil, vip).Problem(t, http.StatusForbidden, "insufficient_scope")
	s.JSON("PATCH", Users+"/"+s.Editor.ID, O{"full_name": "x"}, alice).Problem(t, http.StatusForbidden, "access_denied")
}

// playUnwritten lets every write of the audit log fail: nothing may have changed.
func playUnwritten(t *testing.T, s *Signet) {
	f := s.Staff(t)
	s.Store.Before(failing("AppendAudit"))
	for _, ask := range []struct {
		method, path string
		body         O
	}{
		{"POST", Users, s.newcomer("made")}, {"PATCH", Users + "/" + s.Alice.ID, O{"full_name": "Changed"}}, {"POST", Users + "/" + s.Alice.ID + "/disable", nil},
		{"POST", Users + "/" + s.Alice.ID + "/password", O{"password": s.Marker("a new passphrase")}}, {"DELETE", Users + "/" + s.Alice.ID, nil},
		{"POST", Roles, O{"name": "made"}}, {"PATCH", Roles + "/editor", O{"description": "Changed"}},
		{"POST", Clients, O{"client_id": "made"}}, {"PATCH", Clients + "/web", O{"client_name": "Changed"}}, {"POST", Clients + "/web/secret", O{}}, {"DELETE", Clients + "/web", nil},
	} {
		s.JSON(ask.method, ask.path, ask.body, f.root).Problem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	}
	s.Store.Forget()
	for _, path := range []string{Users + "?prefix=made", Roles, Clients, Users + "/" + s.Alice.ID, Clients + "/web"} {
		if a := s.JSON("GET", path, nil, f.root).Expect(t, http.StatusOK); strings.Contains(string(a.Body), "made") || strings.Contains(string(a.Body), "Changed") {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
	s.Login(t, s.Web, s.Alice, "openid")
}

func playAdminFaults(t *testing.T, s *Signet) {
	f := s.Staff(t)
	for name, ask := range map[string]func() Answer{
		"list":    func() Answer { return s.JSON("GET", Users, nil, f.root) },
		"change":  func() Answer { return s.JSON("PATCH", Users+"/"+s.Alice.ID, O{"roles": []string{"user"}}, f.root) },
		"disable": func() Answer { return s.JSON("POST", Users+"/"+s.Alice.ID+"/disable", nil, f.root) },
		"delete":  func() Answer { return s.JSON("DELETE", Sessions+"/"+"nothing", nil, f.root) },
		"role":    func() Answer { return s.JSON("PATCH", Roles+"/editor", O{"description": "x"}, f.root) },
		"client":  func() Answer { return s.JSON("PATCH", Clients+"/web", O{"client_name": "x"}, f.root) },
		"rotate":  func() Answer { return s.JSON("POST", KeysPath+"/rotate", O{"force": true}, f.root) },
	} {
		for n := 1; ; n++ {
			s.Store.FailAt(n)
			a := ask()
			reached := len(s.Store.Calls()) >= n
			s.Store.Forget()
			if !reached || name == "rotate" && a.Status == http.StatusOK {
				break
			}
			if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
				t.Errorf("%s, call %d fails: %d %s", name, n, a.Status, a.Body)
			}
		}
	}
}
