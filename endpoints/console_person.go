package endpoints

import (
	"context"
	"slices"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// person is what the page of one user shows.
type person struct {
	admin.User
	roles    admin.RoleList
	factors  []console.Block
	sessions admin.SessionList
	browsers admin.BrowserSessionList
	consents admin.ConsentList
	links    admin.LinkList
	events   admin.AuditList

	diagnosis admin.Diagnosis
}

// personLimit bounds each list on the page of a user.
const personLimit = 20

func (c peoplePages) readPerson(ctx context.Context, v *consoleVisit) (p person, err error) {
	id, first := v.path["id"], storage.Page{Limit: personLimit}
	if p.User, err = v.admin.Users().Show(ctx, id); err != nil {
		return p, err
	}
	if p.roles, err = v.admin.Roles().List(ctx); err != nil {
		return p, err
	}
	if p.factors, err = c.factorBlocks(ctx, v); err != nil {
		return p, err
	}
	if p.sessions, err = v.admin.Sessions().List(ctx, admin.SessionQuery{UserID: id, Active: true}, first); err != nil {
		return p, err
	}
	if p.browsers, err = v.admin.Browsers().Sessions(ctx, id); err != nil {
		return p, err
	}
	if p.consents, err = v.admin.Browsers().Consents(ctx, id, first); err != nil {
		return p, err
	}
	if p.links, err = v.admin.Users().Links(ctx, id); err != nil {
		return p, err
	}
	if p.diagnosis, err = v.admin.Users().Diagnose(ctx, id); err != nil {
		return p, err
	}
	p.events, err = v.admin.Audit().List(ctx, storage.AuditFilter{Person: id, Newest: true}, first)
	return p, err
}

func (c peoplePages) showPerson(ctx context.Context, v *consoleVisit) (console.Page, error) {
	p, err := c.readPerson(ctx, v)
	if err != nil {
		return console.Page{}, err
	}
	return console.Page{
		Name: "person", Section: console.People, Title: console.Lit(p.Username), Trail: peopleTrail(v),
		Blocks: []console.Block{
			c.personActionsBlock(v, p.User),
			console.Panel{ID: "sign-in", Title: console.T("people.sign_in"), Blocks: personDiagnosis(p.diagnosis)},
			console.Panel{ID: "profile", Title: console.T("people.profile"), Blocks: []console.Block{personFacts(p.User), personAttributes(p.User), console.Actions{{Text: console.T("people.edit"), URL: v.url(consolePerson+"/edit", "id", p.ID)}}}},
			console.Panel{ID: "roles", Title: console.T("people.roles"), Blocks: []console.Block{personScopes(p)}},
			console.Panel{ID: "factors", Title: console.T("people.factors"), Blocks: p.factors},
			console.Panel{ID: "sessions", Title: console.T("people.sessions"), Blocks: []console.Block{c.personBrowsers(v, p), c.personSessions(v, p), console.Group{v.button("/people/{id}/sessions/end-all", console.T("people.end_all"), true)}.Block()}},
			console.Panel{ID: "consents", Title: console.T("people.consents"), Blocks: []console.Block{personConsents(v, p)}},
			console.Panel{ID: "links", Title: console.T("people.links"), Blocks: []console.Block{personLinks(v, p)}},
			console.Panel{ID: "audit", Title: console.T("people.audit"), Blocks: []console.Block{personEvents(v, p)}},
		},
	}, nil
}

// button is a form of one button for the user of the page. The pairs are hidden fields.
func (v *consoleVisit) button(path string, label console.Text, danger bool, pairs ...string) console.Form {
	f := console.Form{Action: v.url(path, "id", v.path["id"]), Submit: label, Danger: danger, Inline: true}
	for n := 0; n+1 < len(pairs); n += 2 {
		f.Fields = append(f.Fields, console.Field{Name: pairs[n], Kind: console.Hidden, Value: pairs[n+1]})
	}
	return f
}

// personActionsBlock is what can be done about an account, the most likely first.
func (c peoplePages) personActionsBlock(v *consoleVisit, u admin.User) console.Block {
	buttons := console.Group{personState(u)}
	if len(u.Throttled) > 0 {
		buttons = append(buttons, v.button(consolePerson+"/unlock", console.T("people.unlock"), false))
	}
	if c.links != nil {
		buttons = append(buttons, v.button(consolePerson+"/reset-link", console.T("people.reset_link"), false))
	}
	if u.Disabled {
		buttons = append(buttons, v.button(consolePerson+"/enable", console.T("people.enable"), false))
	} else {
		buttons = append(buttons, v.button(consolePerson+"/disable", console.T("people.disable"), true))
	}
	return console.Blocks{
		buttons.Block(),
		console.Actions{
			{Text: console.T("people.set_password"), URL: v.url(consolePerson+"/password", "id", u.ID)},
			{Text: console.T("people.delete"), URL: v.url(consolePerson+"/delete", "id", u.ID)},
		},
	}
}

func personFacts(u admin.User) console.Facts {
	email := console.Group{console.Lit(u.Email)}
	if u.Email != "" && u.EmailVerified {
		email = append(email, console.Badge{Text: console.T("people.verified")})
	} else if u.Email != "" {
		email = append(email, console.Badge{Text: console.T("people.unverified"), Kind: console.Plain})
	}
	facts := console.Facts{
		{Name: console.T("people.username"), Value: console.Lit(u.Username)},
		{Name: console.T("people.name"), Value: console.Lit(u.FullName)},
		{Name: console.T("people.email"), Value: email},
		{Name: console.T("people.phone"), Value: console.Lit(u.Phone)},
		{Name: console.T("people.id"), Value: console.Mono(u.ID)},
		{Name: console.T("people.created"), Value: console.Time(u.CreatedAt)},
		{Name: console.T("people.updated"), Value: console.Time(u.UpdatedAt)},
	}
	for _, l := range u.Throttled {
		facts = append(facts, console.Fact{Name: console.T("people.throttled_until"), Value: console.Group{console.Time(l.Until), console.Lit(l.By)}})
	}
	return facts
}

// personAttributes are those of the operator's schema.
func personAttributes(u admin.User) console.Block {
	var facts console.Facts
	for _, name := range sortedKeys(u.Attributes) {
		facts = append(facts, console.Fact{Name: console.Lit(name), Value: console.Lit(attributeText(u.Attributes[name]))})
	}
	return facts
}

// personScopes says which scopes the user gets by which role.
func personScopes(p person) console.Block {
	t := console.Table{Caption: console.T("people.roles_caption"), Empty: console.T("people.no_roles"), Columns: []console.Column{{Title: console.T("people.role")}, {Title: console.T("people.scopes")}}}
	for _, r := range p.roles.Items {
		if slices.Contains(p.Roles, r.Name) {
			t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{console.Lit(r.Name), console.Lit(strings.Join(r.Scopes, " "))}})
		}
	}
	return t
}

func (c peoplePages) personBrowsers(v *consoleVisit, p person) console.Block {
	t := console.Table{Caption: console.T("people.browsers_caption"), Empty: console.T("people.no_browsers"), Columns: []console.Column{{Title: console.T("people.device")}, {Title: console.T("people.network")}, {Title: console.T("people.since")}, {Title: console.T("people.last_seen")}, {Title: console.T("people.end")}}}
	for _, b := range p.browsers.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			console.Lit(b.Device), console.Mono(b.Network), console.Time(b.AuthTime), console.Time(b.LastSeen),
			v.button(consolePerson+"/browsers/end", console.T("people.end"), false, "session", b.Handle),
		}})
	}
	return t
}

func (c peoplePages) personSessions(v *consoleVisit, p person) console.Block {
	t := console.Table{Caption: console.T("people.sessions_caption"), Empty: console.T("people.no_sessions"), Columns: []console.Column{{Title: console.T("people.application")}, {Title: console.T("people.device")}, {Title: console.T("people.network")}, {Title: console.T("people.since")}, {Title: console.T("people.last_seen")}, {Title: console.T("people.end")}}}
	for _, s := range p.sessions.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			v.client(s.ClientID), console.Lit(s.Device), console.Mono(s.Network), console.Time(s.CreatedAt), console.Time(s.RefreshedAt),
			v.button(consolePerson+"/sessions/end", console.T("people.end"), false, "session", s.ID),
		}})
	}
	if p.sessions.Next != "" {
		t.Next = v.url("/sessions", "user", p.ID)
	}
	return t
}

func personConsents(v *consoleVisit, p person) console.Block {
	t := console.Table{Caption: console.T("people.consents_caption"), Empty: console.T("people.no_consents"), Columns: []console.Column{{Title: console.T("people.application")}, {Title: console.T("people.scopes")}, {Title: console.T("people.since")}, {Title: console.T("people.withdraw")}}}
	for _, one := range p.consents.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			v.client(one.ClientID), console.Lit(one.Scope), console.Time(one.UpdatedAt),
			v.button(consolePerson+"/consents/withdraw", console.T("people.withdraw"), false, "client_id", one.ClientID),
		}})
	}
	return t
}

func personLinks(v *consoleVisit, p person) console.Block {
	t := console.Table{Caption: console.T("people.links_caption"), Empty: console.T("people.no_links"), Columns: []console.Column{{Title: console.T("people.provider")}, {Title: console.T("people.email")}, {Title: console.T("people.since")}, {Title: console.T("people.unlink")}}}
	for _, l := range p.links.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{console.Lit(l.Provider), console.Lit(l.Email), console.Time(l.CreatedAt), v.button(consolePerson+"/links/remove", console.T("people.unlink"), true, "link", l.ID)}})
	}
	return t
}

func personEvents(v *consoleVisit, p person) console.Block {
	t := console.Table{Caption: console.T("people.audit_caption"), Empty: console.T("people.no_audit"), Columns: []console.Column{{Title: console.T("people.time")}, {Title: console.T("people.event")}, {Title: console.T("people.application")}, {Title: console.T("people.address")}, {Title: console.T("people.detail")}}}
	for _, e := range p.events.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{console.Time(e.At), console.Mono(e.Type), console.Lit(e.ClientID), console.Mono(e.Address), console.Lit(e.Detail)}})
	}
	if p.events.Next != "" {
		t.Next = v.url("/audit", "person", p.ID)
	}
	return t
}
