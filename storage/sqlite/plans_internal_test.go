package sqlite

import (
	"slices"
	"strings"
	"testing"
)

// CheckPlans has SQLite explain every statement that the store has prepared so far, and fails the
// test where one reads a whole table that may be large, or sorts what may be many. It is for tests
// that have called everything.
func CheckPlans(t *testing.T, s *Store) {
	t.Helper()
	select {
	case <-s.readers.closing:
		return // the test has closed it
	default:
	}
	for _, q := range preparedStatements(s) {
		for _, fault := range planFaults(t, s, q) {
			t.Errorf("%s: %s", fault, q)
		}
	}
}

// preparedStatements are those of the connections that nobody uses now.
func preparedStatements(s *Store) (all []query) {
	seen := map[query]bool{}
	for _, c := range append(append([]*conn{s.writer.conn}, s.readers.idle...), s.listers.idle...) {
		for q := range c.statements {
			if !seen[q] && !strings.HasPrefix(string(q), "EXPLAIN") {
				seen[q] = true
				all = append(all, q)
			}
		}
	}
	return all
}

// fewRows are tables and parts of plans that hold few rows, whatever the store holds: sessions_due
// has those whose end is not in the status lists yet.
var fewRows = []string{
	"CONSTANT", "clients", "connectors", "e", "epoch", "endings", "json_each", "keys", "o", "roles", "scope_texts", "sessions USING INDEX sessions_due", "sqlite_master", "status_lists",
}

func planFaults(t *testing.T, s *Store, q query) (faults []string) {
	t.Helper()
	ofOne := strings.Contains(string(q), " FROM sessions WHERE ") && (strings.Contains(string(q), "user_id = ?") || strings.Contains(string(q), "browser_id = ?"))
	for _, step := range strings.Split(plan(t, s, selection{query: q}), "; ") {
		rows, scans := strings.CutPrefix(step, "SCAN ")
		few := slices.ContainsFunc(fewRows, func(name string) bool { return rows == name || strings.HasPrefix(rows, name+" ") })
		beginAlike := step == "USE TEMP B-TREE FOR LAST TERM OF ORDER BY" && strings.Contains(string(q), "ORDER BY "+string(byBeginning))
		sorts := strings.HasPrefix(step, "USE TEMP B-TREE") && !beginAlike // ids that begin with the same 8 characters are few
		switch {
		case scans && !few:
			faults = append(faults, "reads a whole table ("+step+")")
		case sorts && !ofOne && !strings.Contains(string(q), " FROM clients, "): // the sessions of one user or browser are few
			faults = append(faults, "sorts what it lists ("+step+")")
		}
	}
	return faults
}

// A statement that reads a whole table or sorts it is found.
func TestCheckPlansFindsScans(t *testing.T) {
	s := openTest(t)
	for _, q := range []query{
		"SELECT id FROM users WHERE full_name = ?", "SELECT id FROM sessions WHERE client_id = ? ORDER BY created_at", "SELECT id FROM audit ORDER BY at LIMIT 1",
		"SELECT id FROM users WHERE id IN (SELECT user_id FROM logins WHERE name >= ?) ORDER BY username",
	} {
		if len(planFaults(t, s, q)) == 0 {
			t.Errorf("nothing is wrong with %s", q)
		}
	}
}
