package protocoltest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.org/signet/issuer/audit"
)

func testAccountAttributes(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for name, o := range map[string]Object{
		"badge": {"type": "integer", "writers": "user"}, "color": {"type": "string", "writers": "user", "description": "Favourite <b>colour"},
		"dept": {"type": "string"}, "remote": {"type": "boolean", "writers": "user"}, "teams": {"type": "strings", "writers": "user", "max_count": 2},
	} {
		o["name"], o["readers"] = name, "user"
		s.defineAttribute(t, f, o)
	}
	s.defineAttribute(t, f, Object{"name": "salary", "type": "integer"})
	s.JSON("PATCH", Users+"/"+s.Alice.ID, Object{"attributes": Object{"dept": "Sales", "salary": 9, "teams": []string{"a, b"}}}, f.admin).ExpectStatus(t, http.StatusOK)
	b := s.NewBrowser()
	p := b.signInToAccount(t, s.Alice).says(t, "Favourite <b>colour", `value="Sales"`, "a, b</textarea>", "One on each line.")
	if strings.Contains(string(p.Body), "salary") || strings.Contains(string(p.Body), "<b>colour") {
		t.Errorf("the page shows too much: %s", p.Body)
	}
	send := func(p Page, fields ...string) Page {
		t.Helper()
		return b.SendForm(t, p, Account+"/profile", "", append([]string{"attribute.teams", "a, b"}, fields...)...)
	}
	p = send(p, "attribute.color", "red", "attribute.badge", "7", "attribute.remote", "true", "attribute.dept", "Board", "attribute.salary", "1").expect(t, Account)
	p.says(t, `value="red"`, `value="7"`, `<option value="true" selected>`, `value="Sales"`)
	s.expectAttributes(t, "badge:7 color:red dept:Sales remote:true salary:9 teams:[a, b]")
	for what, fields := range map[string][]string{
		"a number that is none": {"attribute.badge", "seven", "attribute.color", "kept as typed"}, "too many": {"attribute.teams", "a\r\nb\r\nc", "attribute.color", "kept as typed"},
	} {
		r := b.SendForm(t, p, Account+"/profile", "", fields...).says(t, "Correct the field that is marked.", "kept as typed")
		if r.Status != http.StatusBadRequest || strings.Count(string(r.Body), `aria-invalid="true"`) != 1 {
			t.Errorf("%s: %d %s", what, r.Status, r.Body)
		}
	}
	s.expectAttributes(t, "badge:7 color:red dept:Sales remote:true salary:9 teams:[a, b]")

	// A form without a change writes nothing, and one that is older than another change neither.
	before := s.events(t, audit.EventUserUpdated)
	send(p, "attribute.badge", "7", "attribute.color", "red", "attribute.remote", "true").expect(t, Account)
	if n := s.events(t, audit.EventUserUpdated); n != before {
		t.Errorf("%d events, want %d", n, before)
	}
	s.JSON("PATCH", Users+"/"+s.Alice.ID, Object{"attributes": Object{"badge": 8}}, f.admin).ExpectStatus(t, http.StatusOK)
	if r := send(p, "attribute.color", "blue"); r.Status != http.StatusConflict {
		t.Errorf("a form from before: %d", r.Status)
	}
	b.SendForm(t, b.Open(Account), Account+"/profile", "", "attribute.color", "", "attribute.remote", "", "attribute.teams", "a, b\r\n\r\n c ").expect(t, Account)
	s.expectAttributes(t, "badge:8 dept:Sales salary:9 teams:[a, b c]")
	b.Open(Account, Header("Accept-Language", "de")).says(t, "Eine Angabe je Zeile.", "Das kann nur die Verwaltung ändern.")
}

// expectAttributes expects the values that Alice has, as an administrator sees them.
func (s *Signet) expectAttributes(t *testing.T, want string) {
	t.Helper()
	u, err := s.operator().Users().Show(t.Context(), s.Alice.ID)
	must(t, err)
	if got := fmt.Sprint(u.Attributes); got != "map["+want+"]" {
		t.Errorf("the attributes are %s, want %s", got, want)
	}
}
