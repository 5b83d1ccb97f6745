package protocoltest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/userfile"
)

// AttributesPath is the collection of attributes.
const AttributesPath = "/api/v1/attributes"

func (s *Signet) defineAttribute(t *testing.T, f Admins, o Object) {
	t.Helper()
	s.JSON("POST", AttributesPath, o, f.admin).ExpectStatus(t, http.StatusCreated)
}

func testAttributes(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for _, name := range []string{"", "$set", "a.b", "a$", "__proto__", "constructor", "a\x00b", "sub", "email", strings.Repeat("a", 65)} {
		s.JSON("POST", AttributesPath, Object{"name": name, "type": "string"}, f.admin).ExpectProblem(t, 422, "invalid_field", "name")
	}
	s.defineAttribute(t, f, Object{"name": "dept", "type": "string", "readers": "user", "claim": "department", "scope": "profile"})
	s.defineAttribute(t, f, Object{"name": "teams", "type": "strings", "max_count": 2})
	s.defineAttribute(t, f, Object{"name": "badge", "type": "integer"})
	s.JSON("POST", AttributesPath, Object{"name": "dept", "type": "string"}, f.admin).ExpectProblem(t, http.StatusConflict, "duplicate", "name")
	s.JSON("PATCH", AttributesPath+"/dept", Object{"max_length": 4000}, f.admin).ExpectProblem(t, 422, "invalid_field", "max_length")
	s.JSON("PATCH", AttributesPath+"/none", Object{"max_length": 4}, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	if got := ids(s.JSON("GET", AttributesPath, nil, f.admin), t, "name"); !slices.Equal(got, []string{"badge", "dept", "teams"}) {
		t.Errorf("listed %v", got)
	}

	if o := s.JSON("GET", AttributesPath+"/dept", nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t); o["claim"] != "department" {
		t.Errorf("shown as %v", o)
	}
	path := Users + "/" + s.Alice.ID
	for _, wrong := range []any{
		"x", nil, []string{"dept"}, Object{"dept": 1}, Object{"dept": Object{"$ne": 1}}, Object{"dept": []string{"a"}}, Object{"dept": 1.5}, Object{"teams": []any{1}},
		Object{"teams": []string{"a", "b", "c"}}, Object{"badge": "7"}, Object{"badge": 1 << 60}, Object{"shoe": "x"}, Object{"dept.$x": "1"}, Object{"__proto__": Object{}},
	} {
		if r := s.JSON("PATCH", path, Object{"attributes": wrong}, f.admin); r.Status != 422 {
			t.Errorf("%v: status %d, want 422", wrong, r.Status)
		}
	}
	r := s.JSON("PATCH", path, Object{"attributes": Object{"dept.$x": "1", "__proto__": "2"}}, f.admin)
	r.ExpectProblem(t, 422, "invalid_field", "attributes")
	if !strings.Contains(string(r.Body), `\"__proto__\", \"dept.$x\" are no attributes`) {
		t.Errorf("the unknown names are not named: %s", r.Body)
	}
	set := func(values Object, want string) {
		t.Helper()
		o := s.JSON("PATCH", path, Object{"attributes": values}, f.admin).ExpectStatus(t, http.StatusOK).Object(t)
		if got := fmt.Sprint(o["attributes"]); got != want {
			t.Errorf("the attributes are %s, want %s", got, want)
		}
	}
	set(Object{"dept": "<Sales> $set", "teams": []string{"a.b", "$c"}, "badge": 7}, "map[badge:7 dept:<Sales> $set teams:[a.b $c]]")
	set(Object{"badge": nil}, "map[dept:<Sales> $set teams:[a.b $c]]")
	s.JSON("DELETE", AttributesPath+"/teams", nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.JSON("DELETE", AttributesPath+"/teams", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.Clock.Advance(time.Millisecond)
	s.defineAttribute(t, f, Object{"name": "teams", "type": "strings"})
	if o := s.JSON("GET", path, nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t); fmt.Sprint(o["attributes"]) != "map[dept:<Sales> $set]" {
		t.Errorf("after the attribute was deleted and defined again: %v", o["attributes"])
	}
	if n := s.events(t, audit.EventAttributeCreated); n != 4 {
		t.Errorf("%d attributes are audited as created, want 4", n)
	}
}

func testAttributesAbove(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	high := int64(500)
	_, err := s.operator().Roles().Create(t.Context(), "treasurer", admin.RoleChange{Rank: &high, Scopes: &[]string{"money:move"}})
	must(t, err)
	clearance := Object{"name": "clearance", "type": "string", "readers": "user", "claim": "clearance", "scope": "money:move"}
	s.JSON("POST", AttributesPath, clearance, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	s.JSON("POST", AttributesPath, clearance, f.superAdmin).ExpectStatus(t, http.StatusCreated)
	s.JSON("PATCH", AttributesPath+"/clearance", Object{"writers": "user"}, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	s.JSON("PATCH", AttributesPath+"/clearance", Object{"claim": "", "scope": ""}, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	s.JSON("DELETE", AttributesPath+"/clearance", nil, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
}

func testOwnAttributes(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	s.defineAttribute(t, f, Object{"name": "badge", "type": "integer", "readers": "user"})
	s.defineAttribute(t, f, Object{"name": "color", "type": "string", "readers": "user", "writers": "user"})
	s.defineAttribute(t, f, Object{"name": "salary", "type": "integer"})
	s.JSON("PATCH", Users+"/"+s.Alice.ID, Object{"attributes": Object{"badge": 7, "salary": 9}}, f.admin).ExpectStatus(t, http.StatusOK)
	alice := Bearer(s.Login(t, f.Portal, s.Alice, portalScope).Access)
	for _, wrong := range []Object{{"badge": 8}, {"salary": 1}, {"salary": nil}, {"shoe": "x"}} {
		s.JSON("PATCH", Me, Object{"attributes": wrong}, alice).ExpectProblem(t, 422, "invalid_field", "attributes")
	}
	before := s.JSON("GET", Me, nil, alice).ExpectStatus(t, http.StatusOK).Header.Get("ETag")
	s.JSON("PATCH", Me, Object{"attributes": Object{"color": "red"}}, alice, Header("If-Match", before)).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Me, Object{"attributes": Object{"color": "blue"}}, alice, Header("If-Match", before)).ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
	if o := s.JSON("GET", Me, nil, alice).ExpectStatus(t, http.StatusOK).Object(t); fmt.Sprint(o["attributes"]) != "map[badge:7 color:red]" {
		t.Errorf("the user sees %v", o["attributes"])
	}
	if o := s.JSON("GET", Users+"/"+s.Alice.ID, nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t); fmt.Sprint(o["attributes"]) != "map[badge:7 color:red salary:9]" {
		t.Errorf("administrators see %v", o["attributes"])
	}
}

// testAttributesMoved exports users with their attributes and imports them again.
func testAttributesMoved(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for name, typ := range map[string]string{"badge": "integer", "dept": "string", "note": "string", "remote": "boolean", "teams": "strings"} {
		s.defineAttribute(t, f, Object{"name": name, "type": typ})
	}
	values := Object{"badge": -7, "dept": " $set <&> ä", "note": "", "remote": false, "teams": []string{"a, b", "c.d"}}
	s.JSON("PATCH", Users+"/"+s.Alice.ID, Object{"attributes": values}, f.admin).ExpectStatus(t, http.StatusOK)
	exported := s.exportedUser(t, s.Alice.ID)
	s.JSON("DELETE", Users+"/"+s.Alice.ID, nil, f.superAdmin).ExpectStatus(t, http.StatusNoContent)

	r, err := userfile.NewReader(strings.NewReader(exported), userfile.Options{})
	must(t, err)
	record, err := r.Next()
	must(t, err)
	_, err = s.operator().Users().Create(t.Context(), admin.NewUser{
		ID: record.ID, Username: record.Username, Email: record.Email, CreatedAt: record.CreatedAt, Attributes: record.Attributes,
		FullName: record.FullName, Phone: record.Phone, Roles: record.Roles, PasswordHash: issuer.Secret(record.PasswordHash.Reveal()), EmailVerified: record.EmailVerified,
	})
	must(t, err)
	if again := s.exportedUser(t, s.Alice.ID); again != exported {
		t.Errorf("exported again as %s, want %s", again, exported)
	}
}

// exportedUser returns the line of one user in an export.
func (s *Signet) exportedUser(t *testing.T, id string) string {
	t.Helper()
	var line []byte
	must(t, s.operator().Users().Export(t.Context(), true, func(u admin.ExportedUser) (err error) {
		if u.ID == id {
			line, err = json.Marshal(u)
		}
		return err
	}))
	return string(line)
}
