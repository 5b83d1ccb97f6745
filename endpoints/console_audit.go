package endpoints

import (
	"context"
	"slices"
	"strings"
	"time"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

const (
	consoleAudit      = "/audit"
	consoleAuditEvent = "/audit/{event}"
)

// auditPages are the pages about the audit log.
type auditPages struct{ *consolePages }

// part returns the pages and the forms.
func (c auditPages) part() consolePart {
	return consolePart{pages: []consolePage{
		{path: consoleAudit, show: c.showAudit},
		{path: consoleAuditEvent, show: c.showAuditEvent},
		{path: consoleAuditExport, show: c.showAuditExport},
		{path: consoleAuditVerify, show: c.showAuditVerify},
	}, forms: []consoleForm{
		{path: consoleAuditVerify, on: consoleAuditVerify, show: c.showAuditVerify, perform: c.startAuditVerify},
	}}
}

// auditSearch is what the log is searched by, as the URL has it.
type auditSearch struct {
	person, kind, client, request, since, until string
}

func readAuditSearch(v *consoleVisit) auditSearch {
	get := func(name string) string { return strings.TrimSpace(v.query.Get(name)) }
	return auditSearch{get("person"), get("type"), get("client"), get("request"), get("since"), get("until")}
}

// pairs are the names and values of the search, for a URL.
func (s auditSearch) pairs(more ...string) []string {
	return append([]string{"person", s.person, "type", s.kind, "client", s.client, "request", s.request, "since", s.since, "until", s.until}, more...)
}

// consoleTimes are the layouts of a time that is typed, all in UTC.
var consoleTimes = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04", time.DateOnly}

// typedTime reads a time that was typed, and says where it is none.
func (v *consoleVisit) typedTime(name, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	for _, layout := range consoleTimes {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	v.wrong[name] = console.T("audit.problem_time")
	v.problem = v.wrong[name]
	return time.Time{}
}

// personID returns the id of a person who is named by name, e-mail or id. A name of nobody stays
// as it is: the log may know who is gone, and says so where it is no id.
func (c auditPages) personID(ctx context.Context, v *consoleVisit, name string) (string, error) {
	if name == "" || account.LooksLikeID(name) {
		return name, nil
	}
	u, err := v.admin.Users().Find(ctx, name)
	switch {
	case err == nil:
		return u.ID, nil
	case isNotFound(err):
		v.wrong["person"] = console.T("audit.nobody", "name", name)
		return name, nil
	}
	return "", err
}

// filter returns the filter of the search.
func (c auditPages) auditFilter(ctx context.Context, v *consoleVisit, s auditSearch) (storage.AuditFilter, error) {
	person, err := c.personID(ctx, v, s.person)
	return storage.AuditFilter{
		Person: person, Type: s.kind, ClientID: s.client, RequestID: s.request, Newest: true,
		Since: v.typedTime("since", s.since), Until: v.typedTime("until", s.until),
	}, err
}

func (c auditPages) showAudit(ctx context.Context, v *consoleVisit) (console.Page, error) {
	search := readAuditSearch(v)
	filter, err := c.auditFilter(ctx, v, search)
	if err != nil {
		return console.Page{}, err
	}
	var list admin.AuditList
	if v.problem.IsZero() {
		list, err = v.admin.Audit().List(ctx, filter, storage.Page{Limit: consoleRows, After: v.query.Get("after")})
		if err = v.explain(err); err != nil {
			return console.Page{}, err
		}
	}
	table := console.Table{Caption: console.T("audit.caption"), Empty: console.T("audit.empty"), Columns: auditColumns(), Rows: c.auditRows(ctx, v, list.Items)}
	if v.query.Get("after") != "" {
		table.First = v.url(consoleAudit, search.pairs()...)
	}
	if list.Next != "" {
		table.Next = v.url(consoleAudit, search.pairs("after", list.Next)...)
		table.Empty = console.T("audit.empty_go_on")
	}
	return console.Page{
		Name: "audit", Section: console.Audit, Title: console.T("section.audit"), Problem: v.problem,
		Blocks: []console.Block{auditFilterForm(v, search), table, c.auditWays(v, search)},
	}, nil
}

// auditFilterForm asks for what to search by.
func auditFilterForm(v *consoleVisit, s auditSearch) console.Filter {
	field := func(name, value string, label, hint console.Text) console.Field {
		return console.Field{Name: name, Label: label, Hint: hint, Value: value, Error: v.wrong[name]}
	}
	return console.Filter{Action: v.url(consoleAudit), Submit: console.T("audit.search"), Fields: []console.Field{
		field("person", s.person, console.T("audit.person"), console.T("audit.person_hint")),
		{Name: "type", Kind: console.Select, Label: console.T("audit.type"), Value: s.kind, Options: eventTypeOptions(s.kind), Error: v.wrong["type"]},
		field("client", s.client, console.T("audit.client"), console.Text{}),
		field("request", s.request, console.T("audit.request"), console.Text{}),
		field("since", s.since, console.T("audit.since"), console.T("audit.time_hint")),
		field("until", s.until, console.T("audit.until"), console.T("audit.time_hint")),
	}}
}

// eventTypeOptions are all types of events, and before those that begin alike what stands for them.
func eventTypeOptions(chosen string) []console.Option {
	options := []console.Option{{Value: "", Text: console.T("shell.any")}}
	types := admin.EventTypes()
	last := ""
	for _, name := range types {
		group, _, _ := strings.Cut(name, ".")
		if group != last {
			options = append(options, console.Option{Value: group + ".", Text: console.T("audit.all_of", "group", group+".")})
			last = group
		}
		options = append(options, console.Option{Value: name, Text: console.Lit(name)})
	}
	if chosen != "" && !slices.ContainsFunc(options, func(o console.Option) bool { return o.Value == chosen }) {
		options = append(options, console.Option{Value: chosen, Text: console.Lit(chosen)}) // of another version
	}
	return options
}

func auditColumns() []console.Column {
	return []console.Column{
		{Title: console.T("audit.time")}, {Title: console.T("audit.type")}, {Title: console.T("audit.actor")}, {Title: console.T("audit.target")},
		{Title: console.T("audit.client")}, {Title: console.T("audit.detail")},
	}
}

// auditRows shows events, each linked to its own page.
func (c auditPages) auditRows(ctx context.Context, v *consoleVisit, events []admin.AuditEvent) []console.Row {
	names := newConsoleNames(ctx, v)
	rows := make([]console.Row, len(events))
	for n, e := range events {
		rows[n] = console.Row{Cells: []console.Cell{
			console.Link{Text: console.T("audit.at", "time", console.Time(e.At)), URL: v.url(consoleAuditEvent, "event", e.ID)},
			console.Dotted(e.Type), names.subject(e.Actor), names.target(e), names.client(e.ClientID), console.Lit(e.Detail),
		}}
	}
	return rows
}

func (c auditPages) showAuditEvent(ctx context.Context, v *consoleVisit) (console.Page, error) {
	e, err := v.admin.Audit().Show(ctx, v.path["event"])
	if err != nil {
		return console.Page{}, err
	}
	names := newConsoleNames(ctx, v)
	facts := console.Facts{
		{Name: console.T("audit.time"), Value: console.Time(e.At)},
		{Name: console.T("audit.type"), Value: console.Link{Text: console.Lit(e.Type), URL: v.url(consoleAudit, "type", e.Type)}},
		{Name: console.T("audit.actor"), Value: names.subject(e.Actor)},
		{Name: console.T("audit.target"), Value: names.target(e)},
		{Name: console.T("audit.client"), Value: names.client(e.ClientID)},
		{Name: console.T("audit.detail"), Value: optText(e.Detail)},
		{Name: console.T("audit.address"), Value: optMono(e.Address)},
		{Name: console.T("audit.request"), Value: optMono(e.RequestID)},
		{Name: console.T("audit.id"), Value: console.Mono(e.ID)},
	}
	chain := console.Facts{}
	if e.Chain != nil {
		chain = console.Facts{
			{Name: console.T("audit.chain"), Value: console.T("audit.chain_place", "writer", console.Mono(e.Chain.Writer), "place", e.Chain.Seq)},
			{Name: console.T("audit.chain_before"), Value: optMono(e.Chain.Prev)},
			{Name: console.T("audit.chain_mac"), Value: console.Mono(e.Chain.MAC)},
		}
	}
	around := time.Minute
	ways := console.Actions{{Text: console.T("audit.around"), URL: v.url(consoleAudit, "since", e.At.UTC().Add(-around).Format(time.RFC3339), "until", e.At.UTC().Add(around).Format(time.RFC3339))}}
	if e.RequestID != "" {
		ways = append(ways, console.Link{Text: console.T("audit.same_request"), URL: v.url(consoleAudit, "request", e.RequestID)})
	}
	for _, id := range slices.Compact([]string{e.Actor, e.Target}) {
		if account.LooksLikeID(id) && e.Type != audit.EventChangeFailed {
			ways = append(ways, console.Link{Text: console.T("audit.same_person", "person", names.name(id)), URL: v.url(consoleAudit, "person", id)})
		}
	}
	return console.Page{
		Name: "audit_event", Section: console.Audit, Title: console.Lit(e.Type), Trail: []console.Link{{Text: console.T("section.audit"), URL: v.url(consoleAudit)}},
		Blocks: []console.Block{facts, console.Panel{Title: console.T("audit.chain_title"), Blocks: []console.Block{chain, console.Paragraph{Text: console.T("audit.chain_hint"), Hint: true}}}, ways},
	}, nil
}

func optText(text string) console.Cell {
	if text == "" {
		return nil
	}
	return console.Lit(text)
}

func optMono(text string) console.Cell {
	if text == "" {
		return nil
	}
	return console.Mono(text)
}
