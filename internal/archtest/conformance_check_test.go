package archtest_test

import (
	"strings"
	"testing"
)

// testPage returns a page with one table and its counts.
func testPage(table, row, counts string) string {
	return "| part | met | partly | not met yet | does not apply yet |\n|---|---|---|---|---|\n" + counts + "\n\n" + table + "\n\n" + row + "\n"
}

// TestConformancePage_RejectsErrors runs the check on pages with one row each.
func TestConformancePage_RejectsErrors(t *testing.T) {
	index := readTests(t)
	const attacks, clauses = "### T: token endpoint", "## Clauses"
	const one, partly, missing, later = "1 | 0 | 0 | 0", "0 | 1 | 0 | 0", "0 | 0 | 1 | 0", "0 | 0 | 0 | 1"
	for name, c := range map[string]struct {
		table, row, counts string
		fault              string // "" for none
	}{
		"a test":               {attacks, "| T01 | x | `keys.TestStaleSnapshot_StopsSigning` |", one, ""},
		"a part of one":        {attacks, "| T01 | x | `internal/e2e.TestRound/revoked key` |", one, ""},
		"a case":               {attacks, "| T01 | x | `protocol/T01 GET with everything right` |", one, ""},
		"a promise":            {attacks, "| T01 | x | `contract/Rotation/RevokeRace`, `reopen/CountRace` |", one, ""},
		"a script":             {attacks, "| T01 | x | `script/settings` |", one, ""},
		"a clause":             {clauses, "| 6749 §1 | M | x | y | `issuer.FuzzRefreshToken` |", one, ""},
		"a partial proof":      {attacks, "| T01 | x | `keys.TestStaleSnapshot_StopsSigning`; **partly**: not all of it |", partly, ""},
		"a reason":             {attacks, "| T01 | x | **not met yet**: nobody has done it |", missing, ""},
		"nothing to show":      {attacks, "| T01 | x | **does not apply yet**: there is none |", later, ""},
		"no such test":         {attacks, "| T01 | x | `keys.TestNothing` |", one, "no test keys.TestNothing"},
		"no such package":      {attacks, "| T01 | x | `locks.TestStaleSnapshot_StopsSigning` |", one, "no test locks"},
		"no such part":         {attacks, "| T01 | x | `internal/e2e.TestRound/no such part` |", one, "no test internal/e2e.TestRound/no"},
		"no such case":         {attacks, "| T01 | x | `protocol/T99 nothing` |", one, "no test protocol/T99"},
		"no such promise":      {attacks, "| T01 | x | `contract/Rotation/WindowBorder` |", one, "no test contract/Rotation/WindowBorder"},
		"no such script":       {attacks, "| T01 | x | `script/nothing` |", one, "no test script/nothing"},
		"no proof":             {attacks, "| T01 | x | believe it |", one, "no test is named"},
		"half a proof of none": {attacks, "| T01 | x | **partly**: not all of it |", partly, "no test is named"},
		"no reason":            {attacks, "| T01 | x | **not met yet** |", missing, "no reason is given"},
		"wrong section":        {attacks, "| U01 | x | `keys.TestStaleSnapshot_StopsSigning` |", one, "out of order"},
		"twice":                {attacks, "| T02 | x | `keys.TestStaleSnapshot_StopsSigning` |\n| T02 | x | `keys.TestStaleSnapshot_StopsSigning` |", "2 | 0 | 0 | 0", "out of order"},
		"a wrong count":        {attacks, "| T01 | x | `keys.TestStaleSnapshot_StopsSigning` |", partly, "the counts of T are 1 0 0 0"},
		"a test in the text":   {attacks, "See `keys.TestNothing`.\n\n| T01 | x | `keys.TestStaleSnapshot_StopsSigning` |", one, "no test keys.TestNothing"},
	} {
		part := map[string]string{attacks: "T", clauses: "clauses"}[c.table]
		page := testPage(c.table, c.row, "| "+part+" | "+c.counts+" |\n| all | "+c.counts+" |")
		errs := strings.Join(checkPage(page, index), "; ")
		if (errs == "") != (c.fault == "") || !strings.Contains(errs, c.fault) {
			t.Errorf("%s: got %q, want %q", name, errs, c.fault)
		}
	}
}
