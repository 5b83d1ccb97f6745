package storagetest

import (
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

var auditContracts = []contract{
	{"AppendAndList", auditAppendAndList},
	{"Duplicate", auditDuplicate},
	{"Filters", auditFilters},
	{"TimeBorders", auditTimeBorders},
	{"AppendRace", auditAppendRace},
}

func auditPages(t *testing.T, s storage.Store, f storage.AuditFilter) pages {
	return func(p storage.Page) ([]string, string, error) {
		page, err := s.ListAudit(t.Context(), f, p)
		return idsOf(page.Events, func(e storage.AuditEvent) string { return e.ID }), page.Next, err
	}
}

func appendEvent(t *testing.T, s storage.Store, e storage.AuditEvent) storage.AuditEvent {
	t.Helper()
	ok(t, "AppendAudit "+e.ID, s.AppendAudit(t.Context(), e))
	return e
}

func auditAppendAndList(t *testing.T, s storage.Store) {
	var want []storage.AuditEvent
	for n := range 5 {
		want = append(want, newEvent(n))
		appendEvent(t, s, newEvent((n*2)%5))
	}
	page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{})
	ok(t, "ListAudit", err)
	same(t, "the audit log", page, storage.AuditPage{Events: want})
}

func auditDuplicate(t *testing.T, s storage.Store) {
	appendEvent(t, s, newEvent(1))
	other := newEvent(2)
	other.ID = newEvent(1).ID
	taken(t, "AppendAudit", s.AppendAudit(t.Context(), other), "id")
	page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{})
	ok(t, "ListAudit", err)
	same(t, "the audit log", page.Events, []storage.AuditEvent{newEvent(1)})
}

func auditFilters(t *testing.T, s storage.Store) {
	var all []storage.AuditEvent
	for n := range 16 {
		e := newEvent(n)
		e.Type = []string{"login.succeeded", "login.failed"}[n%2]
		e.Target = fmt.Sprintf("target-%d", n%3)
		all = append(all, appendEvent(t, s, e))
	}
	for _, f := range []storage.AuditFilter{
		{},
		{Type: "login.failed"},
		{Type: "login"},
		{Target: "target-1"},
		{Target: "target-404"},
		{Type: "login.failed", Target: "target-1"},
		{Since: all[5].At},
		{Until: all[5].At},
		{Since: all[5].At, Until: all[9].At},
		{Since: all[9].At, Until: all[5].At},
		{Type: "login.succeeded", Target: "target-2", Since: all[1].At, Until: all[15].At},
	} {
		want := []string(nil)
		for _, e := range all {
			if (f.Type == "" || f.Type == e.Type) && (f.Target == "" || f.Target == e.Target) &&
				!e.At.Before(f.Since) && (f.Until.IsZero() || e.At.Before(f.Until)) {
				want = append(want, e.ID)
			}
		}
		for _, limit := range []int{2, 100} {
			same(t, fmt.Sprintf("events selected by %+v", f), walk(t, limit, auditPages(t, s, f)), want)
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
		ok(t, "ListAudit", err)
		same(t, "events "+name, len(page.Events), c.want)
	}
}

func auditAppendRace(t *testing.T, s storage.Store) {
	for _, err := range race(racers, func(i int) error { return s.AppendAudit(t.Context(), newEvent(i)) }) {
		ok(t, "AppendAudit", err)
	}
	page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{})
	ok(t, "ListAudit", err)
	for i, e := range page.Events {
		same(t, "an event", e, newEvent(i))
	}
	same(t, "how many events there are", len(page.Events), racers)
}
