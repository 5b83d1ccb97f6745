package admin_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/attribute"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// attributeOf is a definition: name, type, and then fields with their values.
func attributeOf(typ string, fields ...string) admin.AttributeChange {
	c := admin.AttributeChange{Type: &typ}
	for n := 0; n < len(fields); n += 2 {
		value := fields[n+1]
		switch fields[n] {
		case "readers":
			c.Readers = &value
		case "writers":
			c.Writers = &value
		case "claim":
			c.Claim = &value
		case "scope":
			c.Scope = &value
		}
	}
	return c
}

func TestAttributes_AreDefinedChangedAndDeleted(t *testing.T) {
	f := newFixture(t)
	attributes := f.admin.Attributes()
	made, err := attributes.Create(f.ctx, "dept", attributeOf("string", "readers", "user", "claim", "department", "scope", "company"))
	must(t, err)
	if made.MaxLength != 256 || made.Writers != "admin" || !made.CreatedAt.Equal(f.now()) {
		t.Errorf("created %+v", made)
	}
	var duplicate *storage.DuplicateError
	if _, err := attributes.Create(f.ctx, "dept", attributeOf("string")); !errors.As(err, &duplicate) {
		t.Errorf("created again: %v", err)
	}
	_, err = attributes.Create(f.ctx, "other", attributeOf("string", "readers", "user", "claim", "department", "scope", "company"))
	wantField(t, "a claim of another attribute", err, "claim")
	_, err = attributes.Create(f.ctx, "a.b", attributeOf("string"))
	wantField(t, "a path as a name", err, "name")
	_, err = attributes.Update(f.ctx, "dept", attributeOf("integer"))
	wantField(t, "another type", err, "type")
	longer := int64(300)
	for range 2 { // the same again writes nothing
		got, err := attributes.Update(f.ctx, "dept", admin.AttributeChange{MaxLength: &longer})
		must(t, err)
		if got.MaxLength != 300 || got.Claim != "department" {
			t.Errorf("updated %+v", got)
		}
	}
	must(t, attributes.Delete(f.ctx, "dept"))
	for what, err := range map[string]error{
		"Delete": attributes.Delete(f.ctx, "dept"), "Update": second(attributes.Update(f.ctx, "dept", admin.AttributeChange{MaxLength: &longer})),
		"Show": second(attributes.Show(f.ctx, "dept")),
	} {
		if !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s of none: %v", what, err)
		}
	}
	for event, want := range map[string]string{
		audit.EventAttributeCreated: "type: none → string, max_length: none → 256, readers: none → user, writers: none → admin, claim: none → department, scope: none → company",
		audit.EventAttributeUpdated: "max_length: 256 → 300", audit.EventAttributeDeleted: "",
	} {
		if got := f.details(event); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: audited %q, want %q", event, got, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Of many who define at once, no attribute is lost, and the bound holds.
func TestAttributes_AreBoundedInARace(t *testing.T) {
	f := newFixture(t)
	for n := range attribute.MaxAttributes - 1 {
		must(t, second(f.admin.Attributes().Create(f.ctx, fmt.Sprint("a", n), attributeOf("boolean"))))
	}
	var made sync.Map
	var racers sync.WaitGroup
	for n := range 4 {
		racers.Go(func() {
			if _, err := f.admin.Attributes().Create(f.ctx, fmt.Sprint("b", n), attributeOf("boolean")); err == nil {
				made.Store(n, true)
			}
		})
	}
	racers.Wait()
	winners := 0
	made.Range(func(any, any) bool { winners++; return true })
	list, err := f.admin.Attributes().List(f.ctx)
	must(t, err)
	if winners != 1 || len(list.Items) != attribute.MaxAttributes {
		t.Errorf("%d were made, there are %d", winners, len(list.Items))
	}
}

func TestUserAttributes_ByAdministratorAndOwner(t *testing.T) {
	f := newFixture(t)
	for name, c := range map[string]admin.AttributeChange{
		"badge": attributeOf("integer", "readers", "user"), "color": attributeOf("string", "readers", "user", "writers", "user"), "salary": attributeOf("integer"),
	} {
		must(t, second(f.admin.Attributes().Create(f.ctx, name, c)))
	}
	alice, err := f.admin.Users().Create(f.ctx, admin.NewUser{Username: "alice", Attributes: attribute.Change{"badge": int64(7), "salary": int64(9)}})
	must(t, err)
	if got := fmt.Sprint(alice.Attributes); got != "map[badge:7 salary:9]" {
		t.Errorf("administrators see %s", got)
	}
	session := f.session("alice", "one")
	for what, c := range map[string]attribute.Change{"not the user's": {"badge": int64(8)}, "not to be known": {"salary": int64(1)}, "unknown": {"shoe": "x"}} {
		_, err := f.owner("alice", session).Update(f.ctx, admin.UserChange{Attributes: &c})
		wantField(t, what, err, "attributes")
	}
	seen, err := f.owner("alice", session).Update(f.ctx, admin.UserChange{Attributes: &attribute.Change{"color": "red"}})
	must(t, err)
	shown, err := f.owner("alice", session).Show(f.ctx)
	must(t, err)
	for _, got := range []admin.User{seen, shown} {
		if fmt.Sprint(got.Attributes) != "map[badge:7 color:red]" {
			t.Errorf("the user sees %v", got.Attributes)
		}
	}
	list, err := f.admin.Users().List(f.ctx, admin.UserQuery{}, storage.Page{})
	must(t, err)
	if got := fmt.Sprint(list.Items[0].Attributes); got != "map[badge:7 color:red salary:9]" {
		t.Errorf("administrators see %s in a list", got)
	}
	if got := f.details(audit.EventUserUpdated); !slices.Equal(got, []string{"attributes: color"}) {
		t.Errorf("audited %q", got)
	}
}
