package storagetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"example.org/signet/storage"
)

var auditContracts = []contract{
	{"AppendAndList", auditAppendAndList},
	{"Duplicate", auditDuplicate},
	{"SeveralInOrder", auditSeveralInOrder},
	{"NewestFirst", auditNewestFirst},
	{"Filters", auditFilters},
	{"TimeBorders", auditTimeBorders},
	{"IDBounds", auditIDBounds},
	{"RareCombination", auditRareCombination},
	{"AppendRace", auditAppendRace},
	{"Sweep", auditSweep},
	{"SweepBatches", auditSweepBatches},
}

func listAudit(t *testing.T, s storage.Store, f storage.AuditFilter) listFunc {
	return func(p storage.Page) ([]string, string, error) {
		page, err := s.ListAudit(t.Context(), f, p)
		return idsOf(page.Events, func(e storage.AuditEvent) string { return e.ID }), page.Next, err
	}
}

func appendEvent(t *testing.T, s storage.Store, e storage.AuditEvent) storage.AuditEvent {
	t.Helper()
	noErr(t, "AppendAudit "+e.ID, s.AppendAudit(t.Context(), e))
	return e
}

func auditAppendAndList(t *testing.T, s storage.Store) {
	var want []storage.AuditEvent
	for n := range 5 {
		want = append(want, newEvent(n))
		appendEvent(t, s, newEvent((n*2)%5))
	}
	page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{})
	noErr(t, "ListAudit", err)
	wantEqual(t, "the audit log", page, storage.AuditPage{Events: want})
}

func auditDuplicate(t *testing.T, s storage.Store) {
	appendEvent(t, s, newEvent(1))
	other := newEvent(2)
	other.ID = newEvent(1).ID
	wantDuplicate(t, "AppendAudit", s.AppendAudit(t.Context(), other), "id")
	page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{})
	noErr(t, "ListAudit", err)
	wantEqual(t, "the audit log", page.Events, []storage.AuditEvent{newEvent(1)})
}

func auditFilters(t *testing.T, s storage.Store) {
	var all []storage.AuditEvent
	for n := range 16 {
		e := newEvent(n)
		e.Type = []string{"login.succeeded", "login.failed"}[n%2]
		e.Target = fmt.Sprintf("target-%d", n%3)
		e.Actor = fmt.Sprintf("actor-%d", n%5)
		e.ClientID = fmt.Sprintf("client-%d", n%4)
		e.RequestID = []string{"", "request-one-of-them", "request-one-other"}[n%3]
		if n%7 == 0 {
			e.Target = e.Actor
		}
		all = append(all, appendEvent(t, s, e))
	}
	for _, f := range []storage.AuditFilter{
		{},
		{Type: "login.failed"},
		{Type: "login"},
		{Target: "target-1"},
		{Target: "target-404"},
		{Type: "login.failed", Target: "target-1"},
		{Actor: "actor-3"},
		{Actor: "target-1"},
		{ClientID: "client-2"},
		{Type: "login.failed", Actor: "actor-1", Target: "target-2", ClientID: "client-3"},
		{Since: all[5].At},
		{Until: all[5].At},
		{Since: all[5].At, Until: all[9].At},
		{Since: all[9].At, Until: all[5].At},
		{Type: "login.succeeded", Target: "target-2", Since: all[1].At, Until: all[15].At},
		{RequestID: "request-one-of-them"},
		{RequestID: "request-one-"},
		{RequestID: "request-one-other", Actor: "actor-2"},
		{Person: "actor-0"},
		{Person: "actor-2", Type: "login.failed"},
		{Person: "target-2", Since: all[3].At, Until: all[12].At},
		{Person: "nobody"},
		{Types: []string{"login.failed", "login.succeeded"}},
		{Types: []string{"login.failed", "user.created"}},
		{Types: []string{"user.created", "login.succeeded"}, Person: "actor-1"},
		{Types: []string{}},
	} {
		want := []string(nil)
		for _, e := range all {
			if (f.Type == "" || f.Type == e.Type) && (f.Target == "" || f.Target == e.Target) && (f.Types == nil || slices.Contains(f.Types, e.Type)) &&
				(f.RequestID == "" || f.RequestID == e.RequestID) && (f.Person == "" || f.Person == e.Actor || f.Person == e.Target) &&
				(f.Actor == "" || f.Actor == e.Actor) && (f.ClientID == "" || f.ClientID == e.ClientID) &&
				!e.At.Before(f.Since) && (f.Until.IsZero() || e.At.Before(f.Until)) {
				want = append(want, e.ID)
			}
		}
		for _, limit := range []int{2, 100} {
			wantEqual(t, fmt.Sprintf("events selected by %+v", f), listAll(t, limit, listAudit(t, s, f)), want)
			f.Newest = true
			back := slices.Clone(want)
			slices.Reverse(back)
			wantEqual(t, fmt.Sprintf("events selected by %+v", f), listAllDescending(t, limit, listAudit(t, s, f)), back)
			f.Newest = false
		}
	}
}

// auditTimeBorders: from Since on, up to but not including Until.
func auditTimeBorders(t *testing.T, s storage.Store) {
	e := appendEvent(t, s, newEvent(1))
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		f    storage.AuditFilter
		want int
	}{
		"since its time":               {storage.AuditFilter{Since: e.At}, 1},
		"since less than 1 ms after":   {storage.AuditFilter{Since: e.At.Add(ms - 1)}, 1},
		"since 1 ms after":             {storage.AuditFilter{Since: e.At.Add(ms)}, 0},
		"until its time":               {storage.AuditFilter{Until: e.At}, 0},
		"until 1 ms after":             {storage.AuditFilter{Until: e.At.Add(ms)}, 1},
		"within one ms":                {storage.AuditFilter{Since: e.At, Until: e.At.Add(ms)}, 1},
		"within no time":               {storage.AuditFilter{Since: e.At, Until: e.At}, 0},
		"since another zone's time":    {storage.AuditFilter{Since: e.At.In(time.FixedZone("", 3600))}, 1},
		"until 1970":                   {storage.AuditFilter{Until: time.Unix(0, 0)}, 0},
		"since 1970, until the future": {storage.AuditFilter{Since: time.Unix(0, 0), Until: e.At.AddDate(100, 0, 0)}, 1},
	} {
		page, err := s.ListAudit(t.Context(), c.f, storage.Page{})
		noErr(t, "ListAudit", err)
		wantEqual(t, "events "+name, len(page.Events), c.want)
	}
}

// auditIDBounds: from the one on, up to but not including the other, whatever the cursor is.
func auditIDBounds(t *testing.T, s storage.Store) {
	var all []string
	for n := range 9 {
		all = append(all, appendEvent(t, s, newEvent(n)).ID)
	}
	for _, c := range []struct{ from, to int }{{0, 9}, {2, 9}, {0, 5}, {3, 6}, {4, 4}, {6, 2}} {
		f := storage.AuditFilter{FromID: all[c.from], BeforeID: "zzz"}
		if c.to < 9 {
			f.BeforeID = all[c.to]
		}
		want := all[c.from:max(c.from, c.to)]
		for limit := 1; limit < 5; limit++ {
			wantEqual(t, "events between ids", listAll(t, limit, listAudit(t, s, f)), append([]string(nil), want...))
		}
		for after, id := range all {
			page, err := s.ListAudit(t.Context(), f, storage.Page{After: id})
			noErr(t, "ListAudit", err)
			wantEqual(t, fmt.Sprintf("events from %d to %d after %d", c.from, c.to, after), len(page.Events), max(0, c.to-max(c.from, after+1)))
		}
		f.Newest = true
		back := append([]string(nil), want...)
		slices.Reverse(back)
		wantEqual(t, "events between ids, the newest first", listAllDescending(t, 2, listAudit(t, s, f)), back)
	}
}

// auditRareCombination: where two filters select little of much, a page ends before all is looked
// at, and its cursor goes on.
func auditRareCombination(t *testing.T, s storage.Store) {
	const many = storage.MaxExamined + 300
	var all []storage.AuditEvent
	for n := range many {
		e := newEvent(1)
		e.ID, e.Actor, e.Target = fmt.Sprintf("event-%05d", n), "ann", "target"
		if n == 10 || n == many-10 {
			e.Actor = "bob"
		}
		all = append(all, e)
	}
	noErr(t, "AppendAudit", s.AppendAudit(t.Context(), all...))
	for _, newest := range []bool{false, true} {
		f := storage.AuditFilter{Actor: "bob", Target: "target", Newest: newest}
		want := []string{all[10].ID, all[many-10].ID}
		if newest {
			slices.Reverse(want)
		}
		page, err := s.ListAudit(t.Context(), f, storage.Page{Limit: 2})
		noErr(t, "ListAudit", err)
		if len(page.Events) != 1 || page.Events[0].ID != want[0] || page.Next == "" {
			t.Errorf("the first page has %d events and the cursor %q", len(page.Events), page.Next)
		}
		page, err = s.ListAudit(t.Context(), f, storage.Page{Limit: 2, After: page.Next})
		noErr(t, "ListAudit", err)
		if len(page.Events) != 1 || page.Events[0].ID != want[1] || page.Next != "" {
			t.Errorf("the second page has %d events and the cursor %q", len(page.Events), page.Next)
		}
		page, err = s.ListAudit(t.Context(), f, storage.Page{Limit: 1})
		noErr(t, "ListAudit", err)
		if len(page.Events) != 1 || page.Next == "" {
			t.Errorf("a full page has %d events and the cursor %q", len(page.Events), page.Next)
		}
	}
}

func auditAppendRace(t *testing.T, s storage.Store) {
	for _, err := range race(racers, func(i int) error { return s.AppendAudit(t.Context(), newEvent(i)) }) {
		noErr(t, "AppendAudit", err)
	}
	page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{})
	noErr(t, "ListAudit", err)
	for i, e := range page.Events {
		wantEqual(t, "an event", e, newEvent(i))
	}
	wantEqual(t, "how many events there are", len(page.Events), racers)
}

// auditSeveralInOrder: of events that are appended together no later one is
// there without those before it.
func auditSeveralInOrder(t *testing.T, s storage.Store) {
	noErr(t, "AppendAudit of none", s.AppendAudit(t.Context()))
	noErr(t, "AppendAudit of three", s.AppendAudit(t.Context(), newEvent(3), newEvent(1), newEvent(2)))
	wantEvents(t, s, newEvent(1), newEvent(2), newEvent(3))

	wantDuplicate(t, "AppendAudit with one that is there", s.AppendAudit(t.Context(), newEvent(4), newEvent(2), newEvent(5)), "id")
	page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{After: newEvent(3).ID})
	noErr(t, "ListAudit", err)
	for _, e := range page.Events {
		wantEqual(t, "an event before the one in the way", e, newEvent(4))
	}
	wantDuplicate(t, "AppendAudit of one twice", s.AppendAudit(t.Context(), newEvent(6), newEvent(6)), "id")
}

func wantEvents(t *testing.T, s storage.Store, want ...storage.AuditEvent) {
	t.Helper()
	page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{})
	noErr(t, "ListAudit", err)
	wantEqual(t, "the audit log", page.Events, want)
}

func auditNewestFirst(t *testing.T, s storage.Store) {
	var want []string
	for n := range 7 {
		appendEvent(t, s, newEvent(n))
		want = append([]string{newEvent(n).ID}, want...)
	}
	for limit := 1; limit <= 8; limit++ {
		wantEqual(t, fmt.Sprintf("the newest first, %d at a time", limit), listAllDescending(t, limit, listAudit(t, s, storage.AuditFilter{Newest: true})), want)
	}
	page, err := s.ListAudit(t.Context(), storage.AuditFilter{Newest: true}, storage.Page{After: newEvent(3).ID, Limit: 2})
	noErr(t, "ListAudit", err)
	wantEqual(t, "what lies before the cursor", page, storage.AuditPage{Events: []storage.AuditEvent{newEvent(2), newEvent(1)}, Next: newEvent(1).ID})
}

func auditSweep(t *testing.T, s storage.Store) {
	for n := range 6 {
		appendEvent(t, s, newEvent(n))
	}
	for _, c := range []struct {
		before      string
		limit, gone int
	}{{newEvent(0).ID, 10, 0}, {newEvent(4).ID, 0, 0}, {newEvent(4).ID, -1, 0}, {newEvent(4).ID, 3, 3}, {newEvent(4).ID, 10, 1}, {newEvent(4).ID, 10, 0}, {"", 10, 0}} {
		gone, err := s.SweepAudit(t.Context(), c.before, c.limit)
		noErr(t, "SweepAudit", err)
		wantEqual(t, fmt.Sprintf("swept before %q, up to %d", c.before, c.limit), gone, int64(c.gone))
	}
	wantEvents(t, s, newEvent(4), newEvent(5))
}

// auditSweepBatches: the oldest go first, whatever the size of a backend's steps.
func auditSweepBatches(t *testing.T, s storage.Store) {
	const records, limit = 450, 420
	var all []storage.AuditEvent
	for n := range records {
		all = append(all, newEvent(n))
	}
	noErr(t, "AppendAudit", s.AppendAudit(t.Context(), all...))
	gone, err := s.SweepAudit(t.Context(), "f", limit)
	noErr(t, "SweepAudit", err)
	wantEqual(t, "swept", gone, int64(limit))
	wantEvents(t, s, all[limit:]...)
}
