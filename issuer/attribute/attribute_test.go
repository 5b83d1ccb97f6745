package attribute_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/issuer/attribute"
	"example.org/signet/storage"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestDefine_SetsDefaults(t *testing.T) {
	got, faults := attribute.Define(storage.Attribute{Name: "costCenter", Type: attribute.TypeStrings})
	want := storage.Attribute{Name: "costCenter", Type: "strings", MaxLength: 256, MaxCount: 20, Readers: "admin", Writers: "admin"}
	if len(faults) > 0 || got != want {
		t.Errorf("got %+v, %v, want %+v", got, faults, want)
	}
}

// Names that would be paths in MongoDB or members of objects in JavaScript are refused, and
// claims that mean something already.
func TestDefine_Refuses(t *testing.T) {
	good := storage.Attribute{Name: "dept", Type: "string", MaxLength: 64, Readers: "user", Writers: "user", Claim: "department", Scope: "company"}
	if _, faults := attribute.Define(good); len(faults) > 0 {
		t.Fatalf("the good one has faults: %v", faults)
	}
	refuse := func(what, field string, change func(*storage.Attribute)) {
		a := good
		change(&a)
		_, faults := attribute.Define(a)
		for _, f := range faults {
			if f.Field == field {
				return
			}
		}
		t.Errorf("%s: faults %v, want one of %s", what, faults, field)
	}
	for _, name := range []string{"", "$set", "a.b", "a$b", "__proto__", "_id", "constructor", "Prototype", "a\x00b", "a b", "ä", "1a", "email", "Sub", "address", "cnf", "password", strings.Repeat("a", 65)} {
		refuse(fmt.Sprintf("name %q", name), "name", func(a *storage.Attribute) { a.Name = name })
		if name != "" {
			refuse(fmt.Sprintf("claim %q", name), "claim", func(a *storage.Attribute) { a.Claim = name })
		}
	}
	refuse("an unknown type", "type", func(a *storage.Attribute) { a.Type = "object" })
	refuse("a length without bound", "max_length", func(a *storage.Attribute) { a.MaxLength = 1 << 20 })
	refuse("a negative length", "max_length", func(a *storage.Attribute) { a.MaxLength = -1 })
	refuse("a length of a number", "max_length", func(a *storage.Attribute) { a.Type = "integer" })
	refuse("a count of a string", "max_count", func(a *storage.Attribute) { a.MaxCount = 3 })
	refuse("a reader that is nobody", "readers", func(a *storage.Attribute) { a.Readers = "everybody" })
	refuse("a writer who does not read", "readers", func(a *storage.Attribute) { a.Readers = "admin" })
	refuse("a claim that only administrators read", "claim", func(a *storage.Attribute) { a.Readers, a.Writers = "admin", "admin" })
	refuse("a claim without a scope", "scope", func(a *storage.Attribute) { a.Scope = "" })
	refuse("a scope without a claim", "scope", func(a *storage.Attribute) { a.Claim = "" })
	for _, scope := range []string{"two words", "signet:admin", "signet:account", "offline_access"} {
		refuse("scope "+scope, "scope", func(a *storage.Attribute) { a.Scope = scope })
	}
}

var definitions = []storage.Attribute{
	{Name: "badge", Type: "integer", Readers: "user", Writers: "admin", Claim: "badge", Scope: "company", CreatedAt: noon},
	{Name: "color", Type: "string", MaxLength: 8, Readers: "user", Writers: "user", Claim: "favourite", Scope: "profile", CreatedAt: noon},
	{Name: "remote", Type: "boolean", Readers: "user", Writers: "user", CreatedAt: noon},
	{Name: "secret", Type: "string", MaxLength: 8, Readers: "admin", Writers: "admin", CreatedAt: noon},
	{Name: "teams", Type: "strings", MaxLength: 8, MaxCount: 2, Readers: "user", Writers: "admin", Claim: "teams", Scope: "company", CreatedAt: noon},
}

func newSchema() *attribute.Schema {
	return attribute.NewSchema(storage.AttributeSchema{Attributes: definitions})
}

func merge(t *testing.T, stored string, c attribute.Change) string {
	t.Helper()
	got, err := newSchema().Merge(stored, c, attribute.Admin)
	if err != nil {
		t.Fatalf("Merge: %v", err)
	}
	return got
}

func everything(t *testing.T) string {
	t.Helper()
	return merge(t, "", attribute.Change{"badge": int64(7), "color": "red <&>", "remote": false, "secret": "x", "teams": []string{"a", "b"}})
}

func shown(values map[string]any) string { return fmt.Sprint(values) }

func TestMerge_IsAMergePatch(t *testing.T) {
	stored := everything(t)
	stored = merge(t, stored, attribute.Change{"color": nil, "badge": int64(8)})
	if got, want := shown(newSchema().Shown(stored, attribute.Admin)), "map[badge:8 remote:false secret:x teams:[a b]]"; got != want {
		t.Errorf("shown to administrators: %s, want %s", got, want)
	}
	if got, want := shown(newSchema().Shown(stored, attribute.User)), "map[badge:8 remote:false teams:[a b]]"; got != want {
		t.Errorf("shown to the user: %s, want %s", got, want)
	}
	if again := merge(t, stored, attribute.Change{"badge": int64(8)}); again != stored {
		t.Errorf("the same again is %s, want %s", again, stored)
	}
	if none := merge(t, stored, attribute.Change{"badge": nil, "remote": nil, "secret": attribute.Text(""), "teams": nil}); none != "" {
		t.Errorf("without any value %q is stored", none)
	}
}

func TestMerge_ReadsTextsByType(t *testing.T) {
	stored := merge(t, "", attribute.Change{"badge": attribute.Text(" 12 "), "remote": attribute.Text("Yes"), "teams": attribute.Text("a, b,"), "color": attribute.Text("true")})
	if got, want := shown(newSchema().Shown(stored, attribute.Admin)), "map[badge:12 color:true remote:true teams:[a b]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A list of one text is also that text, as Keycloak keeps every attribute.
func TestMerge_ReadsListsOfAFileByType(t *testing.T) {
	stored := merge(t, "", attribute.Change{"badge": attribute.Texts{"12"}, "remote": attribute.Texts{"no"}, "teams": attribute.Texts{"a,b"}, "color": attribute.Texts{"red"}})
	if got, want := shown(newSchema().Shown(stored, attribute.Admin)), "map[badge:12 color:red remote:false teams:[a,b]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	_, err := newSchema().Merge("", attribute.Change{"color": attribute.Texts{"red", "blue"}}, attribute.Admin)
	var wrong *attribute.ValueError
	if !errors.As(err, &wrong) || *wrong != (attribute.ValueError{Name: "color", Reason: "must be a string"}) {
		t.Errorf("two texts for one: %v", err)
	}
}

func TestMerge_Refuses(t *testing.T) {
	stored := everything(t)
	for what, c := range map[string]struct {
		change attribute.Change
		writer string
		want   string
	}{
		"an unknown name":              {attribute.Change{"shoe": "1"}, attribute.Admin, `"shoe" is no attribute`},
		"a path":                       {attribute.Change{"color.$x": "1", "__proto__": nil}, attribute.Admin, `"__proto__", "color.$x" are no attributes`},
		"what the user may not know":   {attribute.Change{"secret": nil}, attribute.User, `"secret" is no attribute`},
		"what the user may not write":  {attribute.Change{"badge": nil}, attribute.User, "badge is for administrators to change"},
		"a long text":                  {attribute.Change{"color": "123456789"}, attribute.Admin, "color is longer than 8 bytes"},
		"control characters":           {attribute.Change{"color": "a\nb"}, attribute.Admin, "color has control characters"},
		"bytes that are no text":       {attribute.Change{"color": "\xff"}, attribute.Admin, "color is not valid UTF-8"},
		"a number as a text":           {attribute.Change{"color": int64(1)}, attribute.Admin, "color must be a string"},
		"a number that is none":        {attribute.Change{"badge": attribute.Text("1.5")}, attribute.Admin, "badge must be a whole number of at most 53 bits"},
		"a number that loses digits":   {attribute.Change{"badge": int64(1) << 53}, attribute.Admin, "badge must be a whole number of at most 53 bits"},
		"a flag that is none":          {attribute.Change{"remote": attribute.Text("maybe")}, attribute.Admin, "remote must be true or false"},
		"a list that is none":          {attribute.Change{"teams": "a"}, attribute.Admin, "teams must be a list of strings"},
		"a long list":                  {attribute.Change{"teams": []string{"a", "b", "c"}}, attribute.Admin, "teams has more than 2 entries"},
		"a list with a long entry":     {attribute.Change{"teams": []string{"123456789"}}, attribute.Admin, "teams has an entry that is longer than 8 bytes"},
		"an object that comes as text": {attribute.Change{"teams": map[string]any{"$ne": 1}}, attribute.Admin, "teams must be a list of strings"},
	} {
		got, err := newSchema().Merge(stored, c.change, c.writer)
		if err == nil || err.Error() != c.want || got != stored {
			t.Errorf("%s: %v, want %s", what, err, c.want)
		}
	}
}

func TestMerge_BoundsAUser(t *testing.T) {
	var s storage.AttributeSchema
	for n := range 5 {
		s.Attributes = append(s.Attributes, storage.Attribute{Name: fmt.Sprint("long", n), Type: "string", MaxLength: 2048, CreatedAt: noon})
	}
	schema, stored := attribute.NewSchema(s), ""
	for n := range 5 {
		next, err := schema.Merge(stored, attribute.Change{fmt.Sprint("long", n): strings.Repeat("x", 2000)}, attribute.Admin)
		if (err != nil) != (n == 4) {
			t.Fatalf("value %d: %v", n, err)
		}
		stored = next
	}
	if len(stored) > attribute.MaxBytes {
		t.Errorf("%d bytes are stored", len(stored))
	}
}

func TestClaims_NeedTheirScopeAndFit(t *testing.T) {
	stored := everything(t)
	of := func(stored string, list []storage.Attribute, scope string) string {
		s := attribute.NewSchema(storage.AttributeSchema{Attributes: list})
		return shown(s.Claims(stored, func(_, needed string) bool { return needed == scope }))
	}
	for scope, want := range map[string]string{"company": "map[badge:7 teams:[a b]]", "profile": "map[favourite:red <&>]", "openid": "map[]"} {
		if got := of(stored, definitions, scope); got != want {
			t.Errorf("with the scope %s: %s, want %s", scope, got, want)
		}
	}
	tightened := append([]storage.Attribute{}, definitions...)
	tightened[4].MaxCount, tightened[0].Type = 1, "boolean"
	if got := of(stored, tightened, "company"); got != "map[]" {
		t.Errorf("values that fit no more are given: %s", got)
	}
	if got := attribute.NewSchema(storage.AttributeSchema{Attributes: tightened}).Shown(stored, attribute.Admin)["teams"]; shown(map[string]any{"": got}) != "map[:[a b]]" {
		t.Errorf("administrators do not see it any more: %v", got)
	}
}

// A value of an attribute that was deleted is gone at once, and does not come back with another
// attribute of its name; the next change removes it.
func TestDeletedAttribute_HidesItsValues(t *testing.T) {
	stored := everything(t)
	again := append([]storage.Attribute{}, definitions...)
	again[0].CreatedAt = noon.Add(time.Minute)
	for what, list := range map[string][]storage.Attribute{"deleted": attribute.Remove(definitions, "badge"), "defined again": again} {
		s := attribute.NewSchema(storage.AttributeSchema{Attributes: list})
		if v, there := s.Shown(stored, attribute.Admin)["badge"]; there {
			t.Errorf("%s: %v is shown", what, v)
		}
		if v, there := s.Claims(stored, func(string, string) bool { return true })["badge"]; there {
			t.Errorf("%s: %v is given", what, v)
		}
		next, err := s.Merge(stored, attribute.Change{"remote": true}, attribute.User)
		if err != nil || strings.Contains(next, "badge") || !strings.Contains(next, "secret") {
			t.Errorf("%s: after a change %s, %v", what, next, err)
		}
	}
}

func TestNames_AreThoseThatDiffer(t *testing.T) {
	before := everything(t)
	after := merge(t, before, attribute.Change{"badge": int64(9), "remote": nil, "teams": []string{"a", "b"}})
	if diff := cmp.Diff([]string{"badge", "remote"}, attribute.Names(before, after)); diff != "" {
		t.Errorf("the names (-want +got):\n%s", diff)
	}
	if names := attribute.Names(before, before); names != nil {
		t.Errorf("without a difference: %v", names)
	}
}

func TestSchema_NamesClaimsAndScopes(t *testing.T) {
	claims, scopes := newSchema().ClaimNames()
	if got := fmt.Sprint(claims, scopes); got != "[badge favourite teams] [company profile]" {
		t.Errorf("got %s", got)
	}
	if got := newSchema().ScopeOf("favourite") + newSchema().ScopeOf("color"); got != "profile" {
		t.Errorf("the scopes are %s", got)
	}
	list := attribute.Put(definitions, storage.Attribute{Name: "apple"})
	if list[0].Name != "apple" || len(attribute.Put(list, storage.Attribute{Name: "apple", Type: "string"})) != len(list) {
		t.Errorf("Put made %v", list)
	}
}

type schemaStore struct {
	storage.AttributeSchemas
	reads int
	err   error
}

func (s *schemaStore) AttributeSchema(context.Context) (storage.AttributeSchema, error) {
	s.reads++
	return storage.AttributeSchema{Attributes: definitions}, s.err
}

func TestCache_ReadsOnceATTL(t *testing.T) {
	now, store := noon, &schemaStore{}
	c := attribute.NewCache(store, time.Second, func() time.Time { return now })
	get := func(want int) {
		t.Helper()
		if s, err := c.Get(t.Context()); err != nil || s.ScopeOf("badge") != "company" || store.reads != want {
			t.Errorf("%v after %d reads, want %d", err, store.reads, want)
		}
	}
	get(1)
	get(1)
	c.Invalidate()
	get(2)
	now = now.Add(time.Second)
	get(3)
	now, store.err = now.Add(time.Second), errors.New("down")
	if _, err := c.Get(t.Context()); !errors.Is(err, store.err) {
		t.Errorf("got %v, want the store's error", err)
	}
}
