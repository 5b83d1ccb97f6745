package storagetest

import (
	"fmt"
	"slices"
	"testing"

	"example.org/signet/storage"
)

var pageContracts = []contract{
	{"Complete", pageComplete},
	{"Bounds", pageBounds},
	{"CursorOutlivesItsRecord", pageCursorOutlivesItsRecord},
	{"StableUnderInserts", pageStableUnderInserts},
	{"OrderIsThatOfBytes", pageOrderIsThatOfBytes},
	{"AnyCursor", pageAnyCursor},
}

// pages is a listing reduced to its ids and its cursor.
type pages func(p storage.Page) (ids []string, next string, err error)

func idsOf[T any](records []T, id func(T) string) []string {
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = id(r)
	}
	return ids
}

// walk reads a listing to its end and demands what holds of every listing: no
// page above its limit, none empty but the only one, strictly rising ids.
func walk(t *testing.T, limit int, list pages) []string {
	t.Helper()
	all := walkAny(t, limit, list)
	for i := 1; i < len(all); i++ {
		if all[i-1] >= all[i] {
			t.Fatalf("%q is listed before %q", all[i-1], all[i])
		}
	}
	return all
}

// walkDown is walk where the ids fall.
func walkDown(t *testing.T, limit int, list pages) []string {
	t.Helper()
	all := walkAny(t, limit, list)
	for i := 1; i < len(all); i++ {
		if all[i-1] <= all[i] {
			t.Fatalf("%q is listed after %q", all[i-1], all[i])
		}
	}
	return all
}

func walkAny(t *testing.T, limit int, list pages) (all []string) {
	t.Helper()
	p := storage.Page{Limit: limit}
	for {
		ids, next, err := list(p)
		ok(t, "reading a page", err)
		if len(ids) > limit || (len(ids) == 0 && p.After != "") {
			t.Fatalf("a page of limit %d after %q has %d records", limit, p.After, len(ids))
		}
		all = append(all, ids...)
		if next == "" {
			break
		}
		p.After = next
	}
	return all
}

// A listing is one of the four that come in pages, with a way to fill it.
type listing struct {
	name   string
	pages  func(t *testing.T, s storage.Store) pages
	insert func(s storage.Store, t *testing.T, id string) error
	remove func(s storage.Store, t *testing.T, id string) error // nil where nothing is ever removed
}

var listings = []listing{
	{
		name: "users",
		pages: func(t *testing.T, s storage.Store) pages {
			return userPages(t, s, storage.UserFilter{})
		},
		insert: func(s storage.Store, t *testing.T, id string) error {
			u := newUser(1)
			u.ID, u.Username, u.Email = id, "name of "+id, "mail of "+id
			return s.CreateUser(t.Context(), u)
		},
		remove: func(s storage.Store, t *testing.T, id string) error { return s.DeleteUser(t.Context(), id, 0) },
	},
	{
		name: "clients",
		pages: func(t *testing.T, s storage.Store) pages {
			return func(p storage.Page) ([]string, string, error) {
				page, err := s.ListClients(t.Context(), p)
				return idsOf(page.Clients, func(c storage.Client) string { return c.ID }), page.Next, err
			}
		},
		insert: func(s storage.Store, t *testing.T, id string) error {
			c := newClient(1)
			c.ID = id
			return s.CreateClient(t.Context(), c)
		},
		remove: func(s storage.Store, t *testing.T, id string) error { return s.DeleteClient(t.Context(), id) },
	},
	{
		name: "sessions",
		pages: func(t *testing.T, s storage.Store) pages {
			return sessionPages(t, s, storage.SessionFilter{})
		},
		insert: func(s storage.Store, t *testing.T, id string) error {
			session := newSession(1)
			session.ID = id
			return s.CreateSession(t.Context(), session)
		},
	},
	{
		name: "audit events",
		pages: func(t *testing.T, s storage.Store) pages {
			return auditPages(t, s, storage.AuditFilter{})
		},
		insert: func(s storage.Store, t *testing.T, id string) error {
			e := newEvent(1)
			e.ID = id
			return s.AppendAudit(t.Context(), e)
		},
	},
}

func pageComplete(t *testing.T, s storage.Store) {
	const records = 7
	for _, l := range listings {
		var want []string
		for n := range records {
			want = append(want, fmt.Sprintf("id-%02d", n))
			ok(t, "inserting into "+l.name, l.insert(s, t, fmt.Sprintf("id-%02d", (n*3)%records)))
		}
		for _, limit := range []int{1, 2, 3, records - 1, records, records + 1, storage.MaxPage} {
			if got := walk(t, limit, l.pages(t, s)); !slices.Equal(got, want) {
				t.Errorf("%s in pages of %d: got %q, want %q", l.name, limit, got, want)
			}
		}
		// A cursor is given exactly where something follows.
		_, next, err := l.pages(t, s)(storage.Page{Limit: records})
		ok(t, "reading "+l.name, err)
		same(t, "the cursor of a page that holds all "+l.name, next, "")
	}
}

func pageBounds(t *testing.T, s storage.Store) {
	const records = storage.DefaultPage + 2
	for _, err := range race(8, func(i int) error {
		for n := i; n < records; n += 8 {
			if err := s.AppendAudit(t.Context(), newEvent(n)); err != nil {
				return err
			}
		}
		return nil
	}) {
		ok(t, "AppendAudit", err)
	}
	for limit, want := range map[int]int{
		0: storage.DefaultPage, -1: storage.DefaultPage, 1: 1, records: records, records + 1: records,
		storage.MaxPage: records, storage.MaxPage + 1: records, 1 << 40: records,
	} {
		page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{Limit: limit})
		ok(t, "ListAudit", err)
		same(t, fmt.Sprintf("events on a page of limit %d", limit), len(page.Events), want)
		same(t, "whether there is a cursor", page.Next != "", want < records)
	}
}

func pageCursorOutlivesItsRecord(t *testing.T, s storage.Store) {
	for _, l := range listings {
		if l.remove == nil {
			continue
		}
		for n := range 4 {
			ok(t, "inserting into "+l.name, l.insert(s, t, fmt.Sprintf("id-%d", n)))
		}
		ids, next, err := l.pages(t, s)(storage.Page{Limit: 2})
		ok(t, "reading "+l.name, err)
		for _, id := range ids {
			ok(t, "removing from "+l.name, l.remove(s, t, id))
		}
		rest, next, err := l.pages(t, s)(storage.Page{After: next, Limit: 2})
		ok(t, "reading on in "+l.name, err)
		same(t, "the rest of "+l.name, rest, []string{"id-2", "id-3"})
		same(t, "the last cursor of "+l.name, next, "")
	}
}

// pageStableUnderInserts reads while others insert before and after the cursor:
// what was there from the beginning is seen once, nothing is seen twice.
func pageStableUnderInserts(t *testing.T, s storage.Store) {
	const early = 12
	for _, l := range listings {
		var want []string
		for n := range early {
			want = append(want, fmt.Sprintf("id-%02d", n))
			ok(t, "inserting into "+l.name, l.insert(s, t, want[n]))
		}
		inserted := make(chan error, 1)
		go func() {
			for n := range early {
				if err := l.insert(s, t, fmt.Sprintf("id-%02d-late", (n*5)%early)); err != nil {
					inserted <- err
					return
				}
			}
			inserted <- nil
		}()
		got := walk(t, 2, l.pages(t, s))
		ok(t, "inserting meanwhile into "+l.name, <-inserted)
		got = slices.DeleteFunc(got, func(id string) bool { return len(id) > len("id-00") })
		if !slices.Equal(got, want) {
			t.Errorf("%s read during inserts: got %q, want %q", l.name, got, want)
		}
		same(t, "all "+l.name+" afterwards", len(walk(t, 5, l.pages(t, s))), 2*early)
	}
}

func pageOrderIsThatOfBytes(t *testing.T, s storage.Store) {
	ids := []string{"b", "B", "a", "10", "9", "a b", "a-b", "\u00e9", "e", "z", "\U0001f600", "\uffee", "~"}
	for _, l := range listings {
		for _, id := range ids {
			ok(t, "inserting into "+l.name, l.insert(s, t, id))
		}
		want := slices.Sorted(slices.Values(ids))
		if got := walk(t, 3, l.pages(t, s)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", l.name, got, want)
		}
	}
}

// pageAnyCursor: a cursor comes back from outside. Whatever it is, it stands for
// a place in the listing and for nothing else.
func pageAnyCursor(t *testing.T, s storage.Store) {
	for _, l := range listings {
		ok(t, "inserting into "+l.name, l.insert(s, t, "id-1"))
		for _, after := range append(slices.Clone(hostile), "id-0", "id-1", "id-2") {
			ids, next, err := l.pages(t, s)(storage.Page{After: after})
			ok(t, fmt.Sprintf("%s after %.40q", l.name, after), err)
			same(t, "the cursor of "+l.name, next, "")
			if len(ids) > 1 {
				t.Errorf("%s after %.40q: got %q", l.name, after, ids)
			}
		}
	}
}
