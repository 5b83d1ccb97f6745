package endpoints

import (
	"context"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

const (
	consoleSessions = "/sessions"
	consoleBrowsers = "/sessions/browsers"
	consoleEndAll   = "/sessions/end-all"
	consoleSession  = "/sessions/of/{sid}"
)

// endAllWord is typed to end every session of everybody.
const endAllWord = "everybody"

// sessionPages are the pages about where people are signed in.
type sessionPages struct{ *consolePages }

// part returns the pages and the forms.
func (c sessionPages) part() consolePart {
	filters := []string{"user", "client", "state", "network", "device"}
	return consolePart{
		pages: []consolePage{
			{path: consoleSessions, show: c.showSessions},
			{path: consoleBrowsers, show: c.showBrowsers},
			{path: consoleEndAll, show: c.showEndAll},
			{path: consoleSession, show: c.showSession},
		},
		forms: []consoleForm{
			{path: consoleSession, on: consoleSession, show: c.showSession, perform: c.endSession},
			{path: consoleSessions + "/end", on: consoleSessions, show: c.showSessions, fields: append(filters, "session"), perform: c.endOneSession},
			{path: consoleBrowsers + "/end", on: consoleBrowsers, show: c.showBrowsers, fields: []string{"user", "browser"}, perform: c.endBrowser},
			{path: consoleEndAll, on: consoleEndAll, show: c.showEndAll, dangerous: true, fields: []string{"user", "client"}, perform: c.endAll},
		},
	}
}

// sessionSearch is what sessions are listed by, as the URL has it.
type sessionSearch struct{ user, client, state, network, device string }

func readSessionSearch(v *consoleVisit) sessionSearch {
	get := func(name string) string {
		if v.sent != nil {
			return strings.TrimSpace(v.field(name))
		}
		return strings.TrimSpace(v.query.Get(name))
	}
	return sessionSearch{get("user"), get("client"), get("state"), get("network"), get("device")}
}

func (s sessionSearch) pairs(more ...string) []string {
	return append([]string{"user", s.user, "client", s.client, "state", s.state, "network", s.network, "device", s.device}, more...)
}

// findSessionUser returns the user whom the search names by name, e-mail or id; none with a
// problem where there is none.
func (c sessionPages) findSessionUser(ctx context.Context, v *consoleVisit, name string) (admin.User, error) {
	if name == "" {
		return admin.User{}, nil
	}
	u, err := v.admin.Users().Find(ctx, name)
	if isNotFound(err) {
		v.wrong["user"] = console.T("sessions.nobody", "name", name)
		v.problem = v.wrong["user"]
		return u, nil
	}
	return u, err
}

func (c sessionPages) showSessions(ctx context.Context, v *consoleVisit) (console.Page, error) {
	search := readSessionSearch(v)
	user, err := c.findSessionUser(ctx, v, search.user)
	if err != nil {
		return console.Page{}, err
	}
	q := admin.SessionQuery{UserID: user.ID, ClientID: search.client, Network: search.network, Device: search.device, Active: search.state == "" || search.state == "active", Ended: search.state == "ended"}
	var list admin.SessionList
	if v.problem.IsZero() {
		list, err = v.admin.Sessions().List(ctx, q, storage.Page{Limit: consoleRows, After: v.query.Get("after")})
		if err = v.explain(err); err != nil {
			return console.Page{}, err
		}
	}
	table := c.sessionTable(ctx, v, search, list)
	blocks := []console.Block{
		console.Actions{{Text: console.T("sessions.browsers"), URL: v.url(consoleBrowsers)}, {Text: console.T("sessions.end_all"), URL: v.url(consoleEndAll, "user", search.user, "client", search.client)}},
		sessionFilter(v, search), table,
	}
	return console.Page{Name: "sessions", Section: console.Sessions, Title: console.T("section.sessions"), Problem: v.problem, Blocks: blocks}, nil
}

func sessionFilter(v *consoleVisit, s sessionSearch) console.Filter {
	return console.Filter{Action: v.url(consoleSessions), Fields: []console.Field{
		{Name: "user", Label: console.T("sessions.person"), Value: s.user, Hint: console.T("sessions.person_hint"), Error: v.wrong["user"]},
		{Name: "client", Label: console.T("sessions.client"), Value: s.client},
		{Name: "state", Kind: console.Select, Label: console.T("sessions.state"), Value: s.state, Options: []console.Option{
			{Value: "active", Text: console.T("sessions.active")}, {Value: "ended", Text: console.T("sessions.ended")}, {Value: "any", Text: console.T("shell.any")},
		}},
		{Name: "network", Label: console.T("sessions.network"), Value: s.network, Hint: console.T("sessions.network_hint")},
		{Name: "device", Label: console.T("sessions.device"), Value: s.device},
	}}
}

func (c sessionPages) sessionTable(ctx context.Context, v *consoleVisit, search sessionSearch, list admin.SessionList) console.Table {
	t := console.Table{Caption: console.T("sessions.caption"), Empty: console.T("sessions.empty"), Columns: []console.Column{
		{Title: console.T("sessions.person")}, {Title: console.T("sessions.client")}, {Title: console.T("sessions.state")}, {Title: console.T("sessions.device")},
		{Title: console.T("sessions.network")}, {Title: console.T("sessions.since")}, {Title: console.T("sessions.refreshed")}, {Title: console.T("sessions.end")},
	}}
	names := newConsoleNames(ctx, v)
	for _, x := range list.Items {
		end := console.Cell(nil)
		if x.Active {
			form := console.Form{Action: v.url(consoleSessions + "/end"), Submit: console.T("sessions.end"), Inline: true, Fields: []console.Field{{Name: "session", Kind: console.Hidden, Value: x.ID}}}
			for pairs := search.pairs(); len(pairs) > 0; pairs = pairs[2:] {
				form.Fields = append(form.Fields, console.Field{Name: pairs[0], Kind: console.Hidden, Value: pairs[1]})
			}
			end = form
		}
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			names.person(x.UserID), names.client(x.ClientID), sessionBadge(x), console.Lit(x.Device), optMono(x.Network),
			console.Link{Text: console.T("sessions.at", "time", console.Time(x.CreatedAt)), URL: v.url(consoleSession, "sid", x.ID)}, console.Time(x.RefreshedAt), end,
		}})
	}
	if v.query.Get("after") != "" {
		t.First = v.url(consoleSessions, search.pairs()...)
	}
	if list.Next != "" {
		t.Next, t.Empty = v.url(consoleSessions, search.pairs("after", list.Next)...), console.T("sessions.empty_go_on")
	}
	return t
}

func sessionBadge(x admin.Session) console.Cell {
	switch {
	case x.Active:
		return console.Badge{Text: console.T("sessions.active")}
	case x.RevokedAt != nil:
		return console.Badge{Text: console.T("sessions.revoked"), Kind: console.Warn}
	}
	return console.Badge{Text: console.T("sessions.expired"), Kind: console.Plain}
}

func (c sessionPages) showSession(ctx context.Context, v *consoleVisit) (console.Page, error) {
	x, err := v.admin.Sessions().Show(ctx, v.path["sid"])
	if err != nil {
		return console.Page{}, err
	}
	names := newConsoleNames(ctx, v)
	facts := console.Facts{
		{Name: console.T("sessions.person"), Value: names.person(x.UserID)},
		{Name: console.T("sessions.client"), Value: names.client(x.ClientID)},
		{Name: console.T("sessions.state"), Value: console.Group{sessionBadge(x), console.Lit(x.Reason)}},
		{Name: console.T("sessions.scopes"), Value: optText(x.Scope)},
		{Name: console.T("sessions.audience"), Value: optText(strings.Join(x.Audience, " "))},
		{Name: console.T("sessions.device"), Value: optText(x.Device)},
		{Name: console.T("sessions.network"), Value: optMono(x.Network)},
		{Name: console.T("sessions.since"), Value: console.Time(x.CreatedAt)},
		{Name: console.T("sessions.refreshed"), Value: console.Time(x.RefreshedAt)},
		{Name: console.T("sessions.expires"), Value: console.Time(x.ExpiresAt)},
		{Name: console.T("sessions.id"), Value: console.Mono(x.ID)},
	}
	blocks := []console.Block{facts}
	if x.Active {
		blocks = append(blocks, console.Paragraph{Text: console.T("sessions.end_hint"), Hint: true}, console.Form{Action: v.url(consoleSession, "sid", x.ID), Submit: console.T("sessions.end"), Danger: true})
	}
	blocks = append(blocks, console.Actions{{Text: console.T("sessions.events"), URL: v.url(consoleAudit, "person", x.UserID, "client", x.ClientID)}})
	return console.Page{
		Name: "session", Section: console.Sessions, Title: console.T("sessions.one", "person", names.name(x.UserID), "client", x.ClientID),
		Trail: []console.Link{{Text: console.T("section.sessions"), URL: v.url(consoleSessions)}}, Blocks: blocks,
	}, nil
}

func (c sessionPages) endSession(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	err := v.admin.Sessions().End(ctx, v.path["sid"])
	return consoleDone{notice: "sessions.ended_notice"}, v.explain(err)
}

// endOneSession ends a session of the list, and shows the list as it was filtered.
func (c sessionPages) endOneSession(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	if err := v.explain(v.admin.Sessions().End(ctx, v.field("session"))); err != nil || !v.problem.IsZero() {
		return consoleDone{}, err
	}
	v.notice = console.T("sessions.ended_notice")
	page, err := c.showSessions(ctx, v)
	page.Notice = v.notice
	return consoleDone{page: &page}, err
}

func (c sessionPages) showBrowsers(ctx context.Context, v *consoleVisit) (console.Page, error) {
	list, err := v.admin.Browsers().List(ctx, storage.Page{Limit: consoleRows, After: v.query.Get("after")})
	if err = v.explain(err); err != nil {
		return console.Page{}, err
	}
	t := console.Table{Caption: console.T("sessions.browsers_caption"), Empty: console.T("sessions.no_browsers"), Columns: []console.Column{
		{Title: console.T("sessions.person")}, {Title: console.T("sessions.device")}, {Title: console.T("sessions.network")}, {Title: console.T("sessions.since")},
		{Title: console.T("sessions.seen")}, {Title: console.T("sessions.expires")}, {Title: console.T("sessions.end")},
	}}
	names := newConsoleNames(ctx, v)
	for _, b := range list.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			names.person(b.UserID), console.Lit(b.Device), optMono(b.Network), console.Time(b.AuthTime), console.Time(b.LastSeen), console.Time(b.ExpiresAt),
			console.Form{Action: v.url(consoleBrowsers + "/end"), Submit: console.T("sessions.end"), Inline: true, Fields: []console.Field{
				{Name: "user", Kind: console.Hidden, Value: b.UserID}, {Name: "browser", Kind: console.Hidden, Value: b.Handle},
			}},
		}})
	}
	if v.query.Get("after") != "" {
		t.First = v.url(consoleBrowsers)
	}
	t.Next = ""
	if list.Next != "" {
		t.Next = v.url(consoleBrowsers, "after", list.Next)
	}
	return console.Page{
		Name: "browsers", Section: console.Sessions, Title: console.T("sessions.browsers"), Problem: v.problem, Trail: []console.Link{{Text: console.T("section.sessions"), URL: v.url(consoleSessions)}},
		Blocks: []console.Block{console.Paragraph{Text: console.T("sessions.browsers_hint"), Hint: true}, t},
	}, nil
}

func (c sessionPages) endBrowser(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	err := v.admin.Browsers().EndSession(ctx, v.field("user"), v.field("browser"))
	return consoleDone{notice: "sessions.ended_notice"}, v.explain(err)
}

// showEndAll asks whose sessions are to end: a person's, a client's or everybody's.
func (c sessionPages) showEndAll(ctx context.Context, v *consoleVisit) (console.Page, error) {
	search := readSessionSearch(v)
	user, err := c.findSessionUser(ctx, v, search.user)
	if err != nil {
		return console.Page{}, err
	}
	form := func(name, value, confirm string) console.Form {
		f := console.Form{ID: "end-" + name, Action: v.url(consoleEndAll), Danger: true, Confirm: confirm, Submit: console.T("sessions.end_these")}
		if name != "all" {
			f.Fields = []console.Field{{Name: name, Kind: console.Hidden, Value: value}}
		}
		return f
	}
	var blocks []console.Block
	if user.ID != "" {
		blocks = append(blocks, console.Panel{ID: "person", Title: console.T("sessions.of_person", "person", user.Username), Blocks: []console.Block{
			console.Paragraph{Text: console.T("sessions.of_person_hint")}, form("user", user.ID, user.Username),
		}})
	}
	if search.client != "" {
		blocks = append(blocks, console.Panel{ID: "client", Title: console.T("sessions.of_client", "client", search.client), Blocks: []console.Block{
			console.Paragraph{Text: console.T("sessions.of_client_hint")}, form("client", search.client, search.client),
		}})
	}
	blocks = append(blocks, console.Panel{ID: "everybody", Title: console.T("sessions.of_all"), Blocks: []console.Block{
		console.Paragraph{Text: console.T("sessions.of_all_hint")}, form("all", "", endAllWord),
	}})
	if user.ID == "" && search.client == "" {
		blocks = append(blocks, console.Paragraph{Text: console.T("sessions.end_all_hint"), Hint: true})
	}
	return console.Page{
		Name: "end_all", Section: console.Sessions, Title: console.T("sessions.end_all"), Problem: v.problem,
		Trail: []console.Link{{Text: console.T("section.sessions"), URL: v.url(consoleSessions)}}, Blocks: blocks,
	}, nil
}

func (c sessionPages) endAll(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	done := consoleDone{to: consoleSessions, notice: "sessions.all_ended_notice"}
	switch user, client := v.field("user"), v.field("client"); {
	case user != "" && client != "":
		v.problem = console.T("sessions.problem_both")
		return consoleDone{}, nil
	case user != "":
		if !account.LooksLikeID(user) {
			v.problem = console.T("sessions.nobody", "name", user)
			return consoleDone{}, nil
		}
		u, err := v.admin.Users().Find(ctx, user)
		if err != nil || !v.confirmed(u.Username) {
			return consoleDone{}, err
		}
		_, err = v.admin.Users().EndSessions(ctx, u.ID)
		return done, v.explain(err)
	case client != "":
		if !v.confirmed(client) {
			return consoleDone{}, nil
		}
		_, err := v.admin.Clients().EndSessions(ctx, client)
		return done, v.explain(err)
	case !v.confirmed(endAllWord):
		return consoleDone{}, nil
	}
	_, err := v.admin.Sessions().EndAll(ctx)
	return done, v.explain(err)
}
