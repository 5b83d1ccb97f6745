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

// listFunc is a listing reduced to its ids and its cursor.
type listFunc func(p storage.Page) (ids []string, next string, err error)

func idsOf[T any](records []T, id func(T) string) []string {
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = id(r)
	}
	return ids
}

// listAll reads a listing to its end and demands what holds of every listing: no
// page above its limit, none empty but the only one, strictly rising ids.
func listAll(t *testing.T, limit int, list listFunc) []string {
	t.Helper()
	all := listPages(t, limit, list)
	for i := 1; i < len(all); i++ {
		if all[i-1] >= all[i] {
			t.Fatalf("%q is listed before %q", all[i-1], all[i])
		}
	}
	return all
}

// listAllDescending is walk where the ids fall.
func listAllDescending(t *testing.T, limit int, list listFunc) []string {
	t.Helper()
	all := listPages(t, limit, list)
	for i := 1; i < len(all); i++ {
		if all[i-1] <= all[i] {
			t.Fatalf("%q is listed after %q", all[i-1], all[i])
		}
	}
	return all
}

func listPages(t *testing.T, limit int, list listFunc) (all []string) {
	t.Helper()
	p := storage.Page{Limit: limit}
	for {
		ids, next, err := list(p)
		noErr(t, "reading a page", err)
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

// A listing is one of those that come in pages, with a way to fill it.
type listing struct {
	name   string
	pages  func(t *testing.T, s storage.Store) listFunc
	insert func(s storage.Store, t *testing.T, id string) error
	remove func(s storage.Store, t *testing.T, id string) error // nil where nothing is ever removed
}

var listings = []listing{
	{
		name: "users",
		pages: func(t *testing.T, s storage.Store) listFunc {
			return listUsers(t, s, storage.UserFilter{})
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
		pages: func(t *testing.T, s storage.Store) listFunc {
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
		remove: func(s storage.Store, t *testing.T, id string) error { return s.DeleteClient(t.Context(), id, 0) },
	},
	{
		name: "sessions",
		pages: func(t *testing.T, s storage.Store) listFunc {
			return listSessions(t, s, storage.SessionFilter{})
		},
		insert: func(s storage.Store, t *testing.T, id string) error {
			session := newSession(1)
			session.ID = id
			return s.CreateSession(t.Context(), session)
		},
	},
	{
		name: "browser sessions",
		pages: func(t *testing.T, s storage.Store) listFunc {
			return listBrowserSessions(t, s, storage.BrowserSessionFilter{})
		},
		insert: func(s storage.Store, t *testing.T, id string) error {
			b := newBrowserSession(1)
			b.ID, b.RevokedAt = id, start
			return s.CreateBrowserSession(t.Context(), b)
		},
		remove: func(s storage.Store, t *testing.T, id string) error { return s.DeleteBrowserSessions(t.Context(), id) },
	},
	{
		name: "logos",
		pages: func(t *testing.T, s storage.Store) listFunc {
			return func(p storage.Page) ([]string, string, error) {
				page, err := s.ListClientLogos(t.Context(), p)
				return idsOf(page.Logos, func(l storage.ClientLogo) string { return l.ClientID }), page.Next, err
			}
		},
		insert: func(s storage.Store, t *testing.T, id string) error {
			return s.PutClientLogo(t.Context(), storage.ClientLogo{ClientID: id})
		},
		remove: func(s storage.Store, t *testing.T, id string) error { return s.DeleteClientLogo(t.Context(), id) },
	},
	{
		name: "messages",
		pages: func(t *testing.T, s storage.Store) listFunc {
			return func(p storage.Page) ([]string, string, error) {
				page, err := s.ListMessages(t.Context(), p)
				return idsOf(page.Messages, func(m storage.Message) string { return m.ID }), page.Next, err
			}
		},
		insert: func(s storage.Store, t *testing.T, id string) error {
			return s.Enqueue(t.Context(), storage.Message{ID: id, ExpiresAt: start})
		},
	},
	{
		name: "audit events",
		pages: func(t *testing.T, s storage.Store) listFunc {
			return listAudit(t, s, storage.AuditFilter{})
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
			noErr(t, "inserting into "+l.name, l.insert(s, t, fmt.Sprintf("id-%02d", (n*3)%records)))
		}
		for _, limit := range []int{1, 2, 3, records - 1, records, records + 1, storage.MaxPage} {
			if got := listAll(t, limit, l.pages(t, s)); !slices.Equal(got, want) {
				t.Errorf("%s in pages of %d: got %q, want %q", l.name, limit, got, want)
			}
		}
		// A cursor is given exactly where something follows.
		_, next, err := l.pages(t, s)(storage.Page{Limit: records})
		noErr(t, "reading "+l.name, err)
		wantEqual(t, "the cursor of a page that holds all "+l.name, next, "")
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
		noErr(t, "AppendAudit", err)
	}
	for limit, want := range map[int]int{
		0: storage.DefaultPage, -1: storage.DefaultPage, 1: 1, records: records, records + 1: records,
		storage.MaxPage: records, storage.MaxPage + 1: records, 1 << 40: records,
	} {
		page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{Limit: limit})
		noErr(t, "ListAudit", err)
		wantEqual(t, fmt.Sprintf("events on a page of limit %d", limit), len(page.Events), want)
		wantEqual(t, "whether there is a cursor", page.Next != "", want < records)
	}
}

func pageCursorOutlivesItsRecord(t *testing.T, s storage.Store) {
	for _, l := range listings {
		if l.remove == nil {
			continue
		}
		for n := range 4 {
			noErr(t, "inserting into "+l.name, l.insert(s, t, fmt.Sprintf("id-%d", n)))
		}
		ids, next, err := l.pages(t, s)(storage.Page{Limit: 2})
		noErr(t, "reading "+l.name, err)
		for _, id := range ids {
			noErr(t, "removing from "+l.name, l.remove(s, t, id))
		}
		rest, next, err := l.pages(t, s)(storage.Page{After: next, Limit: 2})
		noErr(t, "reading on in "+l.name, err)
		wantEqual(t, "the rest of "+l.name, rest, []string{"id-2", "id-3"})
		wantEqual(t, "the last cursor of "+l.name, next, "")
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
			noErr(t, "inserting into "+l.name, l.insert(s, t, want[n]))
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
		got := listAll(t, 2, l.pages(t, s))
		noErr(t, "inserting meanwhile into "+l.name, <-inserted)
		got = slices.DeleteFunc(got, func(id string) bool { return len(id) > len("id-00") })
		if !slices.Equal(got, want) {
			t.Errorf("%s read during inserts: got %q, want %q", l.name, got, want)
		}
		wantEqual(t, "all "+l.name+" afterwards", len(listAll(t, 5, l.pages(t, s))), 2*early)
	}
}

func pageOrderIsThatOfBytes(t *testing.T, s storage.Store) {
	ids := []string{"b", "B", "a", "10", "9", "a b", "a-b", "\u00e9", "e", "z", "\U0001f600", "\uffee", "~"}
	for _, l := range listings {
		for _, id := range ids {
			noErr(t, "inserting into "+l.name, l.insert(s, t, id))
		}
		want := slices.Sorted(slices.Values(ids))
		if got := listAll(t, 3, l.pages(t, s)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", l.name, got, want)
		}
	}
}

// pageAnyCursor: a cursor comes back from outside. Whatever it is, it stands for
// a place in the listing and for nothing else.
func pageAnyCursor(t *testing.T, s storage.Store) {
	for _, l := range listings {
		noErr(t, "inserting into "+l.name, l.insert(s, t, "id-1"))
		for _, after := range append(slices.Clone(injectionStrings), "id-0", "id-1", "id-2") {
			ids, next, err := l.pages(t, s)(storage.Page{After: after})
			noErr(t, fmt.Sprintf("%s after %.40q", l.name, after), err)
			wantEqual(t, "the cursor of "+l.name, next, "")
			if len(ids) > 1 {
				t.Errorf("%s after %.40q: got %q", l.name, after, ids)
			}
		}
	}
}
