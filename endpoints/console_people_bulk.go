package endpoints

import (
	"context"
	"strconv"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

const consolePeopleBulk = "/people/bulk"

// bulkFields are those of the form that changes many people.
var bulkFields = []string{"user", "action", "change_role", "all", "prefix", "role", "state", "sort", "after", "so_far", "changed_so_far", "failed_so_far"}

// bulkForm offers what can be done to the people who are ticked, or to all whom the filter selects.
func bulkForm(v *consoleVisit, roles admin.RoleList) console.Block {
	q, state := userQuery(v), v.query.Get("state")
	fields := []console.Field{
		{Name: "action", Kind: console.Select, Label: console.T("people.bulk_action"), Value: v.typed("action", ""), Error: v.wrong["action"], Options: []console.Option{
			{Value: string(admin.BulkDisable), Text: console.T("people.disable")}, {Value: string(admin.BulkEnable), Text: console.T("people.enable")},
			{Value: string(admin.BulkEndSessions), Text: console.T("people.end_all")},
			{Value: string(admin.BulkAddRole), Text: console.T("people.bulk_add_role")}, {Value: string(admin.BulkTakeRole), Text: console.T("people.bulk_take_role")},
		}},
		{Name: "change_role", Kind: console.Select, Label: console.T("people.bulk_role"), Value: v.typed("change_role", ""), Error: v.wrong["role"], Options: append([]console.Option{{Value: "", Text: console.T("people.bulk_no_role")}}, roleOptions(roles)...)},
		{Name: "all", Kind: console.Box, Label: console.T("people.bulk_all"), Hint: console.T("people.bulk_all_hint"), Value: v.typed("all", "")},
	}
	for _, one := range [][2]string{{"prefix", q.Prefix}, {"role", q.Role}, {"state", state}, {"sort", q.Sort}} {
		if one[1] != "" {
			fields = append(fields, console.Field{Name: one[0], Kind: console.Hidden, Value: one[1]})
		}
	}
	return console.Panel{ID: "bulk", Title: console.T("people.bulk"), Blocks: []console.Block{
		console.Form{ID: bulkFormID, Action: v.url(consolePeopleBulk), Fields: fields, Submit: console.T("people.bulk_submit"), Danger: true},
	}}
}

// bulkFormID is the id of the form that the boxes of the list belong to.
const bulkFormID = "many"

// changePeople changes those who are ticked, or one page of those whom the filter selects, and reports
// on each. Sent again, it changes the rest.
func (c peoplePages) changePeople(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	change := admin.BulkChange{Action: admin.BulkAction(v.field("action"))}
	if change.Action == admin.BulkAddRole || change.Action == admin.BulkTakeRole {
		change.Role = v.field("change_role")
	}
	ids := v.fields("user")
	var report admin.BulkReport
	var err error
	switch all := v.field("all") != ""; {
	case all == (len(ids) > 0):
		v.problem = console.T("people.bulk_nobody")
		return consoleDone{}, nil
	case all:
		report, err = v.admin.Users().ChangeSelected(ctx, change, queryOfFilter(v.field), storage.Page{After: v.field("after")})
	default:
		report, err = v.admin.Users().ChangeEach(ctx, change, ids)
	}
	if err != nil {
		return consoleDone{}, v.explain(err)
	}
	page := bulkPage(v, report)
	return consoleDone{page: &page}, nil
}

// outcomeBadges are the outcomes in words.
var outcomeBadges = map[admin.BulkOutcome]console.Badge{
	admin.BulkDone:      {Text: console.T("people.bulk_done")},
	admin.BulkUnchanged: {Text: console.T("people.bulk_unchanged"), Kind: console.Plain},
	admin.BulkFailed:    {Text: console.T("people.bulk_failed"), Kind: console.Warn},
}

// bulkPage reports what became of each, and goes on where there are more.
func bulkPage(v *consoleVisit, report admin.BulkReport) console.Page {
	t := console.Table{
		Caption: console.T("people.bulk_report"), Empty: console.T("people.bulk_report_empty"),
		Columns: []console.Column{{Title: console.T("people.username")}, {Title: console.T("people.bulk_outcome")}, {Title: console.T("people.detail")}},
	}
	count := map[admin.BulkOutcome]int{}
	for _, r := range report.Results {
		count[r.Outcome]++
		name := console.Lit(r.Username)
		if r.Username == "" {
			name = console.Lit(r.ID)
		}
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{console.Link{Text: name, URL: v.url(consolePerson, "id", r.ID)}, outcomeBadges[r.Outcome], console.Lit(r.Detail)}})
	}
	sum := func(field string, more int) string {
		before, err := strconv.Atoi(v.field(field))
		if err != nil || before < 0 {
			before = 0
		}
		return strconv.Itoa(before + more)
	}
	all, done, failed := sum("so_far", len(report.Results)), sum("changed_so_far", count[admin.BulkDone]), sum("failed_so_far", count[admin.BulkFailed])
	blocks := []console.Block{console.Paragraph{Text: console.T("people.bulk_so_far", "all", all, "done", done, "failed", failed)}}
	if report.Next != "" {
		more := console.Form{ID: "more", Action: v.url(consolePeopleBulk), Submit: console.T("people.bulk_more"), Danger: true}
		hidden := func(name, value string) {
			more.Fields = append(more.Fields, console.Field{Name: name, Kind: console.Hidden, Value: value})
		}
		for _, name := range []string{"action", "change_role", "all", "prefix", "role", "state", "sort"} {
			hidden(name, v.field(name))
		}
		hidden("after", report.Next)
		hidden("so_far", all)
		hidden("changed_so_far", done)
		hidden("failed_so_far", failed)
		blocks = append(blocks, more)
	}
	return console.Page{
		Name: "people_bulk", Section: console.People, Title: console.T("people.bulk_title"), Trail: peopleTrail(v),
		Blocks: append(blocks, t, console.Actions{{Text: console.T("people.bulk_back"), URL: v.url(consolePeople, "prefix", v.field("prefix"), "role", v.field("role"), "state", v.field("state"), "sort", v.field("sort"))}}),
	}
}
