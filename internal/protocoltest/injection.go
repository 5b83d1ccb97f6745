package protocoltest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

var injectionCases = []testCase{
	{name: "A10 malformed JSON", configure: openEndpoints, run: testMalformedJSON},
	{name: "M01 operators in JSON bodies", configure: openEndpoints, run: testJSONOperators},
	{name: "M06 parameters that are not known", run: testParameters},
	{name: "T29 nothing of a body is echoed", configure: openEndpoints, run: testNoEcho},
}

// openEndpoints enables every endpoint that takes a body.
func openEndpoints(o *Options) {
	openRegistration(o)
	withBootstrap(o)
}

// jsonEndpoints are the endpoints that take a body, each with a valid one.
func jsonEndpoints(t *testing.T, s *Signet) []jsonEndpoint {
	portal := s.Portal(t)
	token := Bearer(s.Login(t, portal, s.Alice, portalScope).Access)
	admin := s.AddUser(t, "adam", "user", "admin")
	adminToken := Bearer(s.Login(t, portal, admin, portalScope).Access)
	open := func(*http.Request) {}
	user, client := Object{"username": "erin", "email": "erin@example.com", "full_name": "E", "phone": "1", "roles": []string{"user"}}, Object{
		"client_name": "C", "grant_types": []string{"password"}, "scope": "openid", "audiences": []string{API}, "resources": []string{API},
		"origins": []string{Origin}, "id_token_on_refresh": true, "insecure_public_password": false,
	}
	role := Object{"description": "D", "scopes": []string{"items:write"}, "rank": 5}
	return []jsonEndpoint{
		{"POST", Register, s.registration("new"), open},
		{"PATCH", Me, Object{"username": "alice", "email": "alice@example.com", "full_name": "A", "phone": "1"}, token},
		{"POST", MePassword, Object{"current_password": s.Alice.Password, "new_password": s.NewSecret("new password")}, token},
		{"POST", Bootstrap, bootstrapBody(s, "first", bootstrapSecret), open},
		{"POST", Users, s.registration("made").with("roles", []string{"user"}, "disabled", false), adminToken},
		{"PATCH", Users + "/" + s.Editor.ID, user, adminToken},
		{"POST", Users + "/" + s.Editor.ID + "/password", Object{"password": s.NewSecret("new password")}, adminToken},
		{"POST", Roles, role.with("name", "made"), adminToken},
		{"PATCH", Roles + "/editor", role.with("release_scopes", false), adminToken},
		{"POST", Clients, client.with("client_id", "made", "client_secret", s.NewSecret("client-secret"), "public", false), adminToken},
		{"PATCH", Clients + "/web", client, adminToken},
		{"POST", Clients + "/web/secret", Object{"client_secret": s.NewSecret("client-secret"), "overlap": 1, "revoke": false}, adminToken},
	}
}

// stringMember is the name of a member that is a string.
func (d jsonEndpoint) stringMember() string {
	for _, name := range slices.Sorted(maps.Keys(d.body)) {
		if _, ok := d.body[name].(string); ok {
			return name
		}
	}
	panic("no member of " + d.path + " is a string")
}

// accepts tells whether a member of the body may have a value like that.
func (d jsonEndpoint) accepts(name, value string) bool {
	switch d.body[name].(type) {
	case []string:
		return value == `["a"]` || value == `[]`
	case bool:
		return value == `true`
	case int:
		return value == `1`
	}
	return false
}

type jsonEndpoint struct {
	method, path string
	body         Object
	with         RequestOption
}

func testMalformedJSON(t *testing.T, s *Signet) {
	for _, d := range jsonEndpoints(t, s) {
		raw, _ := json.Marshal(d.body)
		name := d.stringMember()
		member := `"` + name + `":`
		for what, c := range map[string]struct {
			body   string
			status int
			code   string
		}{
			"nothing": {"", 400, "invalid_request"}, "null": {"null", 400, "invalid_request"}, "a list": {"[]", 400, "invalid_request"}, "a string": {`"x"`, 400, "invalid_request"},
			"cut off": {string(raw[:len(raw)-1]), 400, "invalid_request"}, "trailing data": {string(raw) + "{}", 400, "invalid_request"}, "trailing garbage": {string(raw) + "x", 400, "invalid_request"},
			"a member twice": {"{" + member + `"a",` + member + `"b"}`, 400, "invalid_request"}, "the same by an escape": {"{" + member + `"a","\u00` + hexOf(name[0]) + name[1:] + `":"b"}`, 400, "invalid_request"},
			"other letters": {`{"` + strings.ToUpper(name) + `":"a"}`, 422, "invalid_field"}, "a comment": {"{/**/}", 400, "invalid_request"}, "a byte order mark": {"\ufeff" + string(raw), 400, "invalid_request"},
			"depth": {"{" + member + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", 400, "invalid_request"}, "depth of objects": {strings.Repeat(`{"a":`, 10000), 400, "invalid_request"},
			"many members": {"{" + strings.Repeat(`"a":1,`, 10000) + `"b":1}`, 400, "invalid_request"}, "not UTF-8": {"{" + member + "\"a\xff\"}", 400, "invalid_request"},
			"half a character": {"{" + member + `"a\ud800b"}`, 400, "invalid_request"}, "the other half": {"{" + member + `"\udc00"}`, 400, "invalid_request"}, "10 MiB": {strings.Repeat(" ", 10<<20) + "{}", 413, "invalid_request"},
			"a comma too many": {"{" + member + `"a",}`, 400, "invalid_request"}, "single quotes": {"{'a':'b'}", 400, "invalid_request"}, "a prototype": {`{"__proto__":{"x":1}}`, 422, "invalid_field"},
		} {
			a := s.JSONRaw(d.method, d.path, c.body, d.with)
			if a.Status != c.status || a.Object(t)["code"] != c.code {
				t.Errorf("%s %s, %s: %d %.200s", d.method, d.path, what, a.Status, a.Body)
			}
		}
	}
	s.Login(t, s.Web, s.Alice, "") // and nothing has changed
}

func hexOf(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

func testJSONOperators(t *testing.T, s *Signet) {
	for _, d := range jsonEndpoints(t, s) {
		for name := range d.body {
			for _, value := range []string{
				`{"$ne":null}`, `{"$gt":""}`, `{"$regex":".*"}`, `{"$where":"sleep(5000)"}`, `["a"]`, `[]`, `{}`, `1`, `1.5`, `1e400`, `true`, `null`, `[{"$ne":1}]`,
			} {
				if d.accepts(name, value) {
					continue
				}
				body := d.body.with(name, json.RawMessage(value))
				s.JSON(d.method, d.path, body, d.with).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", name)
			}
		}
		for _, name := range []string{"$where", "username.$ne", "username[$ne]", "$set", "a.b", ""} {
			s.JSON(d.method, d.path, d.body.with(name, "1"), d.with).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field")
		}
	}
	s.Login(t, s.Web, s.Alice, "")
}

func testParameters(t *testing.T, s *Signet) {
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	for _, query := range []string{
		"sort=username", "order=desc", "fields=password_hash", "limit=1&limit=2", "$where=1", "limit[$gt]=1", "user_id=x", "access_token=x", "after=%00", "after=%ff", "after=%zz",
		"after=" + strings.Repeat("x", 2000), "limit=1;after=x",
	} {
		s.JSON("GET", MeSessions+"?"+query, nil, token).ExpectProblem(t, http.StatusBadRequest, "invalid_request")
	}
	for _, limit := range []string{"0", "-1", "1001", "x", "", "1.5", "99999999999999999999"} {
		s.JSON("GET", MeSessions+"?limit="+limit, nil, token).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "limit")
	}
	for _, after := range []string{"%24ne", "'%20OR%201=1--", "zzzz", "."} {
		s.JSON("GET", MeSessions+"?after="+after, nil, token).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "after")
	}
	s.JSON("GET", Me+"?x=1", nil, token).ExpectProblem(t, http.StatusBadRequest, "invalid_request")
}

// testNoEcho puts secrets where they do not belong. The search at the end of
// the case finds any that comes back.
func testNoEcho(t *testing.T, s *Signet) {
	for _, d := range jsonEndpoints(t, s) {
		secret := s.NewSecret("secret in the wrong place")
		for name := range d.body {
			s.JSON(d.method, d.path, d.body.with(name, secret+"\u0000\u202e \u0430a"), d.with)
			s.JSON(d.method, d.path, d.body.with(name, []string{secret}), d.with)
		}
		s.JSON(d.method, d.path, d.body.with(secret, "x"), d.with).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field")
		s.Send(d.method, d.path+"?"+secret+"=1", "{}", Header("Content-Type", secret), d.with)
		s.JSON(d.method, d.path, d.body, Bearer(secret))
	}
}
