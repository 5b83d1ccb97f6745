package admin_test

import (
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// listNames reads a listing of users to its end in pages of two.
func (f *fixture) listNames(t *testing.T, q admin.UserQuery) (names []string) {
	t.Helper()
	for p := (storage.Page{Limit: 2}); ; {
		page, err := f.admin.Users().List(f.ctx, q, p)
		must(t, err)
		for _, u := range page.Items {
			names = append(names, u.Username)
		}
		if page.Next == "" {
			return names
		}
		p.After = page.Next
	}
}

func TestUserList_FiltersAndSorts(t *testing.T) {
	f := newFixture(t)
	for _, n := range []admin.NewUser{
		{Username: "cora", Email: "ann@example.org", Roles: []string{"admin"}},
		{Username: "anton", Disabled: true},
		{Username: "bert", MustChangePassword: true, Roles: []string{"admin", "user"}},
	} {
		_, err := f.admin.Users().Create(f.ctx, n)
		must(t, err)
		f.advance(1e9)
	}
	for want, q := range map[string]admin.UserQuery{
		"cora anton bert": {}, "bert anton cora": {Sort: "-created_at"}, "anton bert cora": {Sort: "username"}, "cora bert anton": {Sort: "-username"},
		"cora anton": {Prefix: "AN"}, "anton cora": {Prefix: "an", Sort: "-username"}, "cora bert": {Role: "admin"}, "anton": {Disabled: ptr(true)},
		"bert": {MustChangePassword: ptr(true), Role: "admin", Sort: "username"}, "cora": {Prefix: "a", Disabled: ptr(false)}, "": {Prefix: "bert", MustChangePassword: ptr(false)},
	} {
		if got := strings.Join(f.listNames(t, q), " "); got != want {
			t.Errorf("%+v lists %q, want %q", q, got, want)
		}
	}
	for _, q := range []admin.UserQuery{{Sort: "email"}, {Sort: "-"}, {Sort: "--username"}, {Sort: "created_at", Prefix: "a"}, {Sort: "-created_at", Prefix: "a"}, {Sort: "Username"}} {
		_, err := f.admin.Users().List(f.ctx, q, storage.Page{})
		wantField(t, "the order "+q.Sort, err, "sort")
	}
}

// A cursor goes on in its own listing alone.
func TestList_RefusesCursorsOfOthers(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"ann", "anton", "bert"} {
		_, err := f.admin.Users().Create(f.ctx, admin.NewUser{Username: name})
		must(t, err)
	}
	page, err := f.admin.Users().List(f.ctx, admin.UserQuery{}, storage.Page{Limit: 1})
	must(t, err)
	if page.Next == "" || strings.Contains(page.Next, page.Items[0].ID) {
		t.Errorf("the cursor of the first page is %q", page.Next)
	}
	_, err = f.admin.Users().List(f.ctx, admin.UserQuery{Sort: "created_at"}, storage.Page{After: page.Next})
	must(t, err) // what it is without saying so
	for _, q := range []admin.UserQuery{{Sort: "-created_at"}, {Sort: "username"}, {Prefix: "a"}, {Role: "user"}, {Disabled: ptr(false)}, {MustChangePassword: ptr(false)}} {
		_, err := f.admin.Users().List(f.ctx, q, storage.Page{After: page.Next})
		wantField(t, "the cursor of another order", err, "after")
	}
	for _, after := range []string{"x", "!", page.Next[:8], page.Next + "=", page.Items[0].ID} {
		_, err := f.admin.Users().List(f.ctx, admin.UserQuery{}, storage.Page{After: after})
		wantField(t, "a cursor that no page gave", err, "after")
	}
	for what, list := range map[string]func(storage.Page) error{
		"sessions": func(p storage.Page) error {
			_, err := f.admin.Sessions().List(f.ctx, admin.SessionQuery{}, p)
			return err
		},
		"clients": func(p storage.Page) error { _, err := f.admin.Clients().List(f.ctx, p); return err },
		"audit": func(p storage.Page) error {
			_, err := f.admin.Audit().List(f.ctx, storage.AuditFilter{}, p)
			return err
		},
	} {
		wantField(t, "a cursor of users for "+what, list(storage.Page{After: page.Next}), "after")
	}
	events, err := f.admin.Audit().List(f.ctx, storage.AuditFilter{Newest: true}, storage.Page{Limit: 1})
	must(t, err)
	_, err = f.admin.Audit().List(f.ctx, storage.AuditFilter{}, storage.Page{After: events.Next})
	wantField(t, "the cursor of the other direction", err, "after")
}

// The time of an event bounds which ids are looked at, and leaves none out.
func TestAuditList_ByTime(t *testing.T) {
	f := newFixture(t)
	at := map[string]time.Time{}
	for _, name := range []string{"ann", "bert", "cora", "dora"} {
		at[name] = f.now()
		_, err := f.admin.Users().Create(f.ctx, admin.NewUser{Username: name})
		must(t, err)
		f.advance(time.Hour)
	}
	f.advance(-3*time.Hour - 30*time.Minute) // a clock that was set back: the id goes on from before
	_, err := f.admin.Users().Create(f.ctx, admin.NewUser{Username: "late"})
	must(t, err)
	for _, c := range []struct {
		since, until string
		want         int
	}{{"", "", 5}, {"bert", "", 3}, {"bert", "cora", 1}, {"", "bert", 2}, {"ann", "bert", 2}, {"dora", "", 1}, {"", "ann", 0}, {"dora", "bert", 0}} {
		for _, newest := range []bool{false, true} {
			q := storage.AuditFilter{Type: "user.created", Since: at[c.since], Until: at[c.until], Newest: newest}
			page, err := f.admin.Audit().List(f.ctx, q, storage.Page{})
			must(t, err)
			exported := 0
			must(t, f.admin.Audit().Export(f.ctx, q, func(admin.AuditEvent) error { exported++; return nil }))
			if len(page.Items) != c.want || exported != c.want {
				t.Errorf("%+v, newest first %t: lists %d, exports %d", c, newest, len(page.Items), exported)
			}
		}
	}
}
