package endpoints

import (
	"context"
	"slices"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// consoleRows is how many rows a page of a list has.
const consoleRows = 25

const (
	consolePeople    = "/people"
	consolePeopleNew = "/people/new"
	consolePerson    = "/people/{id}"
)

// peoplePages are the pages about users.
type peoplePages struct{ *consolePages }

// part returns the pages and the forms.
func (c peoplePages) part() consolePart {
	part := consolePart{
		pages: []consolePage{
			{path: consolePeople, show: c.showPeople},
			{path: consolePeopleNew, show: c.showNewPerson},
			{path: consolePerson, show: c.showPerson},
			{path: consolePerson + "/edit", show: c.showEditPerson},
			{path: consolePerson + "/password", show: c.showPersonPassword},
			{path: consolePerson + "/delete", show: c.showDeletePerson},
		},
		forms: []consoleForm{
			{path: consolePeopleNew, on: consolePeopleNew, show: c.showNewPerson, slow: true, fields: []string{"username", "email", "full_name", "phone", "roles", "invite"}, many: []string{"roles"}, perform: c.createPerson},
			{path: consolePerson + "/edit", on: consolePerson + "/edit", show: c.showEditPerson, fields: []string{"username", "email", "email_verified", "full_name", "phone", "roles", "must_change_password"}, many: []string{"roles"}, perform: c.savePerson},
			{path: consolePerson + "/password", on: consolePerson + "/password", show: c.showPersonPassword, slow: true, dangerous: true, fields: []string{"password", "must_change"}, perform: c.setPersonPassword},
			{path: consolePerson + "/delete", on: consolePerson + "/delete", show: c.showDeletePerson, dangerous: true, perform: c.deletePerson},
		},
	}
	part.forms = append(part.forms, consoleForm{path: consolePeopleBulk, on: consolePeople, show: c.showPeople, dangerous: true, fields: bulkFields, many: []string{"user"}, perform: c.changePeople})
	for path, perform := range c.personActions() {
		part.forms = append(part.forms, consoleForm{path: consolePerson + path, on: consolePerson, show: c.showPerson, fields: []string{"session", "client_id", "link"}, dangerous: slices.Contains(dangerousForPeople, path), perform: perform})
	}
	return part
}

// userQuery reads the filters of the list from the URL, or those that the form for many sends.
func userQuery(v *consoleVisit) admin.UserQuery {
	if v.sent != nil {
		return queryOfFilter(v.field)
	}
	return queryOfFilter(v.query.Get)
}

func queryOfFilter(field func(name string) string) admin.UserQuery {
	q := admin.UserQuery{Prefix: strings.TrimSpace(field("prefix")), Role: field("role"), Sort: field("sort")}
	yes, no := true, false
	switch field("state") {
	case "disabled":
		q.Disabled = &yes
	case "enabled":
		q.Disabled = &no
	case "must_change":
		q.MustChangePassword = &yes
	}
	return q
}

func (c peoplePages) showPeople(ctx context.Context, v *consoleVisit) (console.Page, error) {
	q := userQuery(v)
	roles, err := v.admin.Roles().List(ctx)
	if err != nil {
		return console.Page{}, err
	}
	list, err := v.admin.Users().List(ctx, q, storage.Page{Limit: consoleRows, After: v.query.Get("after")})
	if err = v.explain(err); err != nil {
		return console.Page{}, err
	}
	url := func(after string) string {
		return v.url(consolePeople, "prefix", q.Prefix, "role", q.Role, "state", v.query.Get("state"), "sort", q.Sort, "after", after)
	}
	table := console.Table{
		Caption: console.T("people.caption"), Tick: "user", TickForm: bulkFormID, Empty: console.T("people.empty"),
		Columns: []console.Column{{Title: console.T("people.username")}, {Title: console.T("people.name")}, {Title: console.T("people.email")}, {Title: console.T("people.roles")}, {Title: console.T("people.state")}, {Title: console.T("people.created")}},
	}
	if v.query.Get("after") != "" {
		table.First = url("")
	}
	if list.Next != "" {
		table.Next = url(list.Next)
	}
	for _, u := range list.Items {
		table.Rows = append(table.Rows, console.Row{Tick: u.ID, Cells: []console.Cell{
			console.Link{Text: console.Lit(u.Username), URL: v.url(consolePerson, "id", u.ID)},
			console.Lit(u.FullName), console.Lit(u.Email), console.Lit(strings.Join(u.Roles, ", ")), personState(u), console.Time(u.CreatedAt),
		}})
	}
	return console.Page{
		Name: "people", Section: console.People, Title: console.T("section.people"),
		Blocks: []console.Block{
			console.Actions{{Text: console.T("people.new"), URL: v.url(consolePeopleNew)}},
			console.Filter{Action: v.url(consolePeople), Fields: []console.Field{
				{Name: "prefix", Label: console.T("people.prefix"), Hint: console.T("people.prefix_hint"), Value: q.Prefix, Error: v.wrong["prefix"]},
				{Name: "role", Kind: console.Select, Label: console.T("people.role"), Value: q.Role, Options: append(anyOption(), roleOptions(roles)...)},
				{Name: "state", Kind: console.Select, Label: console.T("people.state"), Value: v.query.Get("state"), Options: append(anyOption(),
					console.Option{Value: "enabled", Text: console.T("people.enabled")}, console.Option{Value: "disabled", Text: console.T("people.disabled")}, console.Option{Value: "must_change", Text: console.T("people.must_change")})},
				{Name: "sort", Kind: console.Select, Label: console.T("people.sort"), Value: q.Sort, Error: v.wrong["sort"], Options: []console.Option{
					{Value: "", Text: console.T("people.sort_default")}, {Value: "username", Text: console.T("people.sort_name")}, {Value: "-created_at", Text: console.T("people.sort_newest")},
				}},
			}},
			table,
			bulkForm(v, roles),
		},
	}, nil
}

func anyOption() []console.Option { return []console.Option{{Value: "", Text: console.T("shell.any")}} }

func roleOptions(roles admin.RoleList) (options []console.Option) {
	for _, r := range roles.Items {
		options = append(options, console.Option{Value: r.Name, Text: console.Lit(r.Name)})
	}
	return options
}

// personState says in a word or two how a user's account stands.
func personState(u admin.User) console.Cell {
	var states console.Group
	if u.Disabled {
		states = append(states, console.Badge{Text: console.T("people.disabled"), Kind: console.Warn})
	}
	if u.MustChangePassword {
		states = append(states, console.Badge{Text: console.T("people.must_change"), Kind: console.Plain})
	}
	if len(u.Throttled) > 0 {
		states = append(states, console.Badge{Text: console.T("people.throttled"), Kind: console.Warn})
	}
	if len(states) == 0 {
		return console.Badge{Text: console.T("people.enabled")}
	}
	return states
}

func (c peoplePages) showNewPerson(ctx context.Context, v *consoleVisit) (console.Page, error) {
	roles, err := v.admin.Roles().List(ctx)
	if err != nil {
		return console.Page{}, err
	}
	held := v.fields("roles")
	if held == nil {
		held = []string{role.User}
	}
	fields := append(personFields(v, admin.User{}), rolesField(roles, held, v),
		console.Field{Name: "invite", Kind: console.Box, Label: console.T("people.invite"), Hint: console.T("people.invite_hint"), Value: v.typed("invite", "1")})
	return console.Page{
		Name: "person_new", Section: console.People, Title: console.T("people.new"), Trail: peopleTrail(v),
		Blocks: []console.Block{console.Form{ID: "person", Action: v.url(consolePeopleNew), Submit: console.T("people.create"), Fields: fields}},
	}, nil
}

func peopleTrail(v *consoleVisit) []console.Link {
	return []console.Link{{Text: console.T("section.people"), URL: v.url(consolePeople)}}
}

// personFields are the fields of the profile.
func personFields(v *consoleVisit, u admin.User) []console.Field {
	return []console.Field{
		{Name: "username", Label: console.T("people.username"), Value: v.typed("username", u.Username), Error: v.wrong["username"], Required: true},
		{Name: "email", Kind: console.EmailField, Label: console.T("people.email"), Value: v.typed("email", u.Email), Error: v.wrong["email"]},
		{Name: "full_name", Label: console.T("people.name"), Value: v.typed("full_name", u.FullName), Error: v.wrong["full_name"]},
		{Name: "phone", Kind: "tel", Label: console.T("people.phone"), Value: v.typed("phone", u.Phone), Error: v.wrong["phone"]},
	}
}

// rolesField offers all roles, each with the scopes that it gives.
func rolesField(roles admin.RoleList, held []string, v *consoleVisit) console.Field {
	f := console.Field{Name: "roles", Kind: console.Boxes, Label: console.T("people.roles"), Values: held, Error: v.wrong["roles"]}
	for _, r := range roles.Items {
		hint := console.T("people.gives_nothing")
		if len(r.Scopes) > 0 {
			hint = console.T("people.gives", "scopes", strings.Join(r.Scopes, " "))
		}
		f.Options = append(f.Options, console.Option{Value: r.Name, Text: console.Lit(r.Name), Hint: hint})
	}
	return f
}

func (c peoplePages) createPerson(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	if !sameNames(v.fields("roles"), []string{role.User}) && !v.isFresh() {
		return consoleDone{askFresh: true}, nil
	}
	u, err := v.admin.Users().Create(ctx, admin.NewUser{Username: v.field("username"), Email: v.field("email"), FullName: v.field("full_name"), Phone: v.field("phone"), Roles: v.fields("roles")})
	if err != nil {
		return consoleDone{}, v.explain(err)
	}
	if v.field("invite") == "" || c.links == nil {
		return consoleDone{to: fillPath(consolePerson, map[string]string{"id": u.ID}), notice: "people.created_notice"}, nil
	}
	return c.passwordLink(ctx, v, u, "people.created_notice")
}
