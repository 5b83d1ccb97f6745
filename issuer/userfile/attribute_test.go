package userfile_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/issuer/attribute"
	"example.org/signet/issuer/userfile"
)

// mapping takes the column Abteilung for the attribute department.
var mapping = userfile.Options{Map: map[string]string{"Abteilung": "attribute:department"}}

func TestAttributes(t *testing.T) {
	for file, want := range map[string]attribute.Change{
		"username,Abteilung\na,Sales\n":                                    {"department": attribute.Text("Sales")},
		"username,abteilung\na,\n":                                         nil,
		`{"username":"a","abteilung":7}`:                                   {"department": attribute.Text("7")},
		`{"username":"a","abteilung":["x, y","z"]}`:                        {"department": attribute.Texts{"x, y", "z"}},
		`{"username":"a","abteilung":""}`:                                  nil,
		`{"username":"a","attributes":{"B":true,"c":"","d":null}}`:         {"B": true, "c": ""},
		`{"username":"a","abteilung":"x","attributes":{"department":"y"}}`: {"department": attribute.Text("x")},
		"username,attributes.badge\na,7\n":                                 {"badge": attribute.Text("7")},
		`{"username":"a","attributes":"text"}`:                             nil,
		`{"username":"a","attributes":{"a.b":1,"__proto__":2,"sub":"x"}}`:  nil,
	} {
		r, err := userfile.NewReader(strings.NewReader(file), mapping)
		if err != nil {
			t.Fatal(err)
		}
		users, bad := drain(t, r)
		if len(bad) > 0 || len(users) != 1 {
			t.Fatalf("%s: refused %v", file, bad)
		}
		if diff := cmp.Diff(want, users[0].Attributes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
		if got := slices.Sorted(maps.Keys(users[0].Columns)); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
			t.Errorf("%s: columns of %v", file, got)
		}
	}
}

func TestAttributes_AreRefused(t *testing.T) {
	for file, want := range map[string]string{
		`{"username":"a","abteilung":{"$ne":1}}`:                "line 1: abteilung is neither text, a number, true or false, nor a list of texts",
		`{"username":"a","attributes":{"x":[1]}}`:               "line 1: attributes.x is neither text, a number, true or false, nor a list of texts",
		`{"username":"a","attributes":{"x":"\ud800"}}`:          "line 1: attributes.x holds a character that was lost in conversion",
		`{"username":"a","Abteilung":"x","ABTEILUNG":"y"}`:      "line 1: attribute:department is given twice",
		`{"username":"a","attributes":{"x":["\ud800","safe"]}}`: "line 1: attributes.x holds a character that was lost in conversion",
	} {
		r, err := userfile.NewReader(strings.NewReader(file), mapping)
		if err != nil {
			t.Fatal(err)
		}
		if users, bad := drain(t, r); len(users) != 0 || len(bad) != 1 || bad[0] != want {
			t.Errorf("%s: %d users, refused %q, want %q", file, len(users), bad, want)
		}
	}
	for _, name := range []string{"attribute:", "attribute:a.b", "attribute:__proto__", "attribute:sub", "attributes.x"} {
		_, err := userfile.NewReader(strings.NewReader("username\na\n"), userfile.Options{Map: map[string]string{"x": name}})
		if !errors.Is(err, userfile.ErrUnknownField) {
			t.Errorf("mapped to %s: %v", name, err)
		}
	}
}

// What the operator leaves out is left out, be it the object or one attribute in it.
func TestAttributes_AreLeftOut(t *testing.T) {
	const file = `{"username":"a","attributes":{"x":"1","y":"2"}}`
	for name, want := range map[string]attribute.Change{"attributes": nil, "attributes.x": {"y": attribute.Text("2")}} {
		r, err := userfile.NewReader(strings.NewReader(file), userfile.Options{Ignore: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		users, _ := drain(t, r)
		if len(users) != 1 || !cmp.Equal(users[0].Attributes, want) || !slices.Equal(r.Ignored(), []string{name}) {
			t.Errorf("without %s: %v, ignored %v", name, users, r.Ignored())
		}
	}
}
