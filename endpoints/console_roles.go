package endpoints

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

const (
	consoleRoles    = "/roles"
	consoleRolesNew = "/roles/+/new" // no role has a plus in its name
	consoleRole     = "/roles/{name}"
)

// rolePages are the pages about roles.
type rolePages struct{ *consolePages }

// part returns the pages and the forms.
func (c rolePages) part() consolePart {
	fields := []string{"name", "description", "scopes", "rank", "require_authentication", "release_scopes", "seen"}
	return consolePart{
		pages: []consolePage{
			{path: consoleRoles, show: c.showRoles},
			{path: consoleRolesNew, show: c.showNewRole},
			{path: consoleRole, show: c.showRole},
			{path: consoleRole + "/edit", show: c.showEditRole},
			{path: consoleRole + "/rename", show: c.showRenameRole},
			{path: consoleRole + "/delete", show: c.showDeleteRole},
		},
		forms: []consoleForm{
			{path: consoleRolesNew, on: consoleRolesNew, show: c.showNewRole, dangerous: true, fields: fields, perform: c.createRole},
			{path: consoleRole + "/edit", on: consoleRole + "/edit", show: c.showEditRole, dangerous: true, fields: fields, perform: c.saveRole},
			{path: consoleRole + "/rename", on: consoleRole + "/rename", show: c.showRenameRole, dangerous: true, fields: []string{"to"}, perform: c.renameRole},
			{path: consoleRole + "/delete", on: consoleRole + "/delete", show: c.showDeleteRole, dangerous: true, fields: []string{"release_scopes"}, perform: c.deleteRole},
		},
	}
}

func (c rolePages) showRoles(ctx context.Context, v *consoleVisit) (console.Page, error) {
	list, err := v.admin.Roles().List(ctx)
	if err != nil {
		return console.Page{}, err
	}
	t := console.Table{Caption: console.T("roles.caption"), Empty: console.T("roles.empty"), Columns: []console.Column{
		{Title: console.T("roles.name")}, {Title: console.T("roles.rank"), Number: true}, {Title: console.T("roles.scopes")}, {Title: console.T("roles.authentication")}, {Title: console.T("roles.description")}, {Title: console.T("roles.holders")},
	}}
	for _, r := range list.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			console.Group{console.Link{Text: console.Lit(r.Name), URL: v.url(consoleRole, "name", r.Name)}, roleBadge(r)},
			console.Lit(strconv.FormatInt(r.Rank, 10)), optText(strings.Join(r.Scopes, " ")), authenticationText(r.Authentication), console.Lit(r.Description),
			console.Link{Text: console.T("roles.who"), URL: v.url(consolePeople, "role", r.Name)},
		}})
	}
	return console.Page{
		Name: "roles", Section: console.Roles, Title: console.T("section.roles"),
		Blocks: []console.Block{console.Actions{{Text: console.T("roles.new"), URL: v.url(consoleRolesNew)}}, t, console.Paragraph{Text: console.T("roles.hint"), Hint: true}},
	}, nil
}

// roleBadge says what is special about a role.
func roleBadge(r admin.Role) console.Cell {
	switch {
	case r.Replaces != "":
		return console.Badge{Text: console.T("roles.renaming"), Kind: console.Warn}
	case r.BuiltIn:
		return console.Badge{Text: console.T("roles.built_in"), Kind: console.Plain}
	}
	return console.Text{}
}

func authenticationText(name string) console.Text {
	switch name {
	case admin.AuthenticationNone:
		return console.T("roles.auth_none")
	case admin.AuthenticationPhishingResistant:
		return console.T("roles.auth_phishing_resistant")
	}
	return console.T("roles.auth_mfa")
}

func (v *consoleVisit) roleTrail(name string) []console.Link {
	trail := []console.Link{{Text: console.T("section.roles"), URL: v.url(consoleRoles)}}
	if name != "" {
		trail = append(trail, console.Link{Text: console.Lit(name), URL: v.url(consoleRole, "name", name)})
	}
	return trail
}

func (c rolePages) showRole(ctx context.Context, v *consoleVisit) (console.Page, error) {
	r, err := v.admin.Roles().Show(ctx, v.path["name"])
	if err != nil {
		return console.Page{}, err
	}
	holders, err := v.admin.Users().List(ctx, admin.UserQuery{Role: r.Name}, storage.Page{Limit: 10})
	if err != nil {
		return console.Page{}, err
	}
	t := console.Table{Caption: console.T("roles.holders_caption"), Empty: console.T("roles.no_holders"), Columns: []console.Column{{Title: console.T("roles.person")}, {Title: console.T("roles.email")}, {Title: console.T("roles.other")}}}
	for _, u := range holders.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{console.Link{Text: console.Lit(u.Username), URL: v.url(consolePerson, "id", u.ID)}, console.Lit(u.Email), optText(strings.Join(slices.DeleteFunc(slices.Clone(u.Roles), func(name string) bool { return name == r.Name }), ", "))}})
	}
	if holders.Next != "" {
		t.Next = v.url(consolePeople, "role", r.Name)
	}
	ways := console.Actions{{Text: console.T("roles.edit"), URL: v.url(consoleRole+"/edit", "name", r.Name)}}
	if !r.BuiltIn {
		ways = append(ways, console.Link{Text: console.T("roles.rename"), URL: v.url(consoleRole+"/rename", "name", r.Name)}, console.Link{Text: console.T("roles.delete"), URL: v.url(consoleRole+"/delete", "name", r.Name)})
	}
	ways = append(ways, console.Link{Text: console.T("roles.events"), URL: v.url(consoleAudit, "type", "role.")})
	var blocks []console.Block
	if r.Replaces != "" {
		ways = console.Actions{{Text: console.T("roles.go_on"), URL: v.url(consoleRole+"/rename", "name", r.Replaces, "to", r.Name)}}
		blocks = append(blocks, console.Paragraph{Text: console.T("roles.replaces", "old", console.Mono(r.Replaces), "new", console.Mono(r.Name))})
	}
	blocks = append(blocks, ways, roleFacts(r), t)
	return console.Page{Name: "role", Section: console.Roles, Title: console.T("roles.one", "role", r.Name), Trail: v.roleTrail(""), Blocks: blocks}, nil
}

func roleFacts(r admin.Role) console.Facts {
	return console.Facts{
		{Name: console.T("roles.name"), Value: console.Group{console.Mono(r.Name), roleBadge(r)}},
		{Name: console.T("roles.description"), Value: optText(r.Description)},
		{Name: console.T("roles.scopes"), Value: optText(strings.Join(r.Scopes, " "))},
		{Name: console.T("roles.rank"), Value: console.Lit(strconv.FormatInt(r.Rank, 10))},
		{Name: console.T("roles.authentication"), Value: authenticationText(r.Authentication)},
		{Name: console.T("roles.created"), Value: console.Time(r.CreatedAt)},
		{Name: console.T("roles.updated"), Value: console.Time(r.UpdatedAt)},
	}
}

// roleFields are the fields of a role, as they were typed or as they are.
func roleFields(v *consoleVisit, r admin.Role, isNew bool) []console.Field {
	var fields []console.Field
	if isNew {
		fields = append(fields, console.Field{Name: "name", Label: console.T("roles.name"), Hint: console.T("roles.name_hint"), Value: v.typed("name", ""), Error: v.wrong["name"], Required: true})
	}
	fields = append(fields,
		console.Field{Name: "description", Label: console.T("roles.description"), Value: v.typed("description", r.Description), Error: v.wrong["description"]},
		console.Field{Name: "scopes", Kind: console.Area, Label: console.T("roles.scopes"), Hint: console.T("roles.scopes_hint"), Value: v.typed("scopes", strings.Join(r.Scopes, " ")), Error: v.wrong["scopes"]},
		console.Field{Name: "rank", Kind: "number", Label: console.T("roles.rank"), Hint: console.T("roles.rank_hint"), Value: v.typed("rank", strconv.FormatInt(r.Rank, 10)), Error: v.wrong["rank"]},
		console.Field{Name: "require_authentication", Kind: console.Select, Label: console.T("roles.authentication"), Value: v.typed("require_authentication", r.Authentication), Options: authenticationOptions()},
	)
	if !isNew {
		fields = append(fields, console.Field{Name: "release_scopes", Kind: console.Box, Label: console.T("roles.release"), Hint: console.T("roles.release_hint"), Value: v.typed("release_scopes", "")})
	}
	return fields
}

func authenticationOptions() []console.Option {
	var options []console.Option
	for _, name := range admin.AuthenticationPolicies() {
		options = append(options, console.Option{Value: name, Text: authenticationText(name)})
	}
	return options
}

// roleChange reads the fields of a role. It says what is no number.
func (v *consoleVisit) roleChange() (admin.RoleChange, bool) {
	description, authentication, scopes := v.field("description"), v.field("require_authentication"), strings.Fields(v.field("scopes"))
	c := admin.RoleChange{Description: &description, Scopes: &scopes, ReleaseScopes: v.field("release_scopes") != ""}
	if authentication != "" {
		c.Authentication = &authentication
	}
	if text := strings.TrimSpace(v.field("rank")); text != "" {
		rank, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			v.wrong["rank"] = console.T("roles.problem_rank")
			v.problem = v.wrong["rank"]
			return c, false
		}
		c.Rank = &rank
	}
	return c, true
}

func (c rolePages) showNewRole(_ context.Context, v *consoleVisit) (console.Page, error) {
	return console.Page{
		Name: "role_new", Section: console.Roles, Title: console.T("roles.new"), Trail: v.roleTrail(""),
		Blocks: []console.Block{console.Form{Action: v.url(consoleRolesNew), Fields: roleFields(v, admin.Role{Authentication: admin.AuthenticationNone}, true), Submit: console.T("roles.show_effect")}},
	}, nil
}

func (c rolePages) showEditRole(ctx context.Context, v *consoleVisit) (console.Page, error) {
	r, err := v.admin.Roles().Show(ctx, v.path["name"])
	if err != nil {
		return console.Page{}, err
	}
	blocks := []console.Block{console.Form{Action: v.url(consoleRole+"/edit", "name", r.Name), Fields: roleFields(v, r, false), Revision: r.Revision, Submit: console.T("roles.show_effect")}}
	if v.sent != nil {
		blocks = append(blocks, console.Panel{Title: console.T("roles.now"), Blocks: []console.Block{roleFacts(r), v.lastChange(ctx, r.Name)}})
	}
	return console.Page{Name: "role_edit", Section: console.Roles, Title: console.T("roles.edit_title", "role", r.Name), Trail: v.roleTrail(r.Name), Blocks: blocks}, nil
}

// effectPage shows what a change would do, and asks to make it. The fields are sent again.
func (c rolePages) effectPage(v *consoleVisit, name, action string, e admin.RoleEffect, submit console.Text) console.Page {
	form := console.Form{Action: action, Revision: v.field("revision"), Submit: submit, Fields: []console.Field{{Name: "seen", Kind: console.Hidden, Value: "1"}}}
	for _, field := range []string{"name", "description", "scopes", "rank", "require_authentication", "release_scopes"} {
		if v.field(field) != "" {
			form.Fields = append(form.Fields, console.Field{Name: field, Kind: console.Hidden, Value: v.field(field)})
		}
	}
	if len(e.Released) > 0 {
		form.Danger = true
	}
	return console.Page{
		Name: "role_effect", Section: console.Roles, Title: console.T("roles.effect", "role", name), Trail: v.roleTrail(v.path["name"]),
		Blocks: append(effectBlocks(e), form),
	}
}

// effectBlocks says in words what a change does to whom.
func effectBlocks(e admin.RoleEffect) []console.Block {
	scopes := func(list []string) console.Cell { return console.Mono(strings.Join(list, " ")) }
	facts := console.Facts{{Name: console.T("roles.holders"), Value: holdersText(e)}}
	for _, one := range []struct {
		list []string
		name console.Text
	}{
		{e.Gained, console.T("roles.gained")}, {e.Lost, console.T("roles.lost")}, {e.Restricted, console.T("roles.restricted")}, {e.Released, console.T("roles.released")},
	} {
		if len(one.list) > 0 {
			facts = append(facts, console.Fact{Name: one.name, Value: scopes(one.list)})
		}
	}
	if len(facts) == 1 {
		return []console.Block{facts, console.Paragraph{Text: console.T("roles.no_effect")}}
	}
	return []console.Block{facts, console.Paragraph{Text: console.T("roles.effect_hint"), Hint: true}}
}

func holdersText(e admin.RoleEffect) console.Text {
	if e.MoreHold {
		return console.T("roles.more_hold", "number", e.Holders)
	}
	return console.T("roles.hold", "number", e.Holders)
}

func (c rolePages) createRole(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	change, ok := v.roleChange()
	name := strings.TrimSpace(v.field("name"))
	if !ok {
		return consoleDone{}, nil
	}
	if v.field("seen") == "" {
		e, err := v.admin.Roles().Effect(ctx, name, change)
		if err = v.explain(err); err != nil || !v.problem.IsZero() {
			return consoleDone{}, err
		}
		page := c.effectPage(v, name, v.url(consoleRolesNew), e, console.T("roles.create"))
		return consoleDone{page: &page}, nil
	}
	r, err := v.admin.Roles().Create(ctx, name, change)
	return consoleDone{to: fillPath(consoleRole, map[string]string{"name": r.Name}), notice: "roles.created_notice"}, v.explain(err)
}

func (c rolePages) saveRole(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	change, ok := v.roleChange()
	name := v.path["name"]
	if !ok {
		return consoleDone{}, nil
	}
	if v.field("seen") == "" {
		e, err := v.admin.Roles().Effect(ctx, name, change)
		if err = v.explain(err); err != nil || !v.problem.IsZero() {
			return consoleDone{}, err
		}
		page := c.effectPage(v, name, v.url(consoleRole+"/edit", "name", name), e, console.T("shell.save"))
		return consoleDone{page: &page}, nil
	}
	_, err := v.admin.Roles().Update(ctx, name, change)
	return consoleDone{to: fillPath(consoleRole, v.path), notice: "shell.saved"}, v.explain(err)
}

func (c rolePages) showRenameRole(ctx context.Context, v *consoleVisit) (console.Page, error) {
	r, err := v.admin.Roles().Show(ctx, v.path["name"])
	if err != nil {
		return console.Page{}, err
	}
	e, err := v.admin.Roles().Effect(ctx, r.Name, admin.RoleChange{})
	if err != nil {
		return console.Page{}, err
	}
	return console.Page{
		Name: "role_rename", Section: console.Roles, Title: console.T("roles.rename_title", "role", r.Name), Trail: v.roleTrail(r.Name),
		Blocks: []console.Block{
			console.Facts{{Name: console.T("roles.holders"), Value: holdersText(e)}},
			console.Paragraph{Text: console.T("roles.rename_hint")},
			console.Form{Action: v.url(consoleRole+"/rename", "name", r.Name), Submit: console.T("roles.rename"), Fields: []console.Field{
				{Name: "to", Label: console.T("roles.new_name"), Hint: console.T("roles.name_hint"), Value: v.typed("to", v.query.Get("to")), Error: v.wrong["name"], Required: true},
			}},
		},
	}, nil
}

// renameRole does one step of a renaming, and asks for the next one where users are left.
func (c rolePages) renameRole(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	name := strings.TrimSpace(v.field("to"))
	step, err := v.admin.Roles().Rename(ctx, v.path["name"], name)
	if err = v.explain(err); err != nil || !v.problem.IsZero() {
		return consoleDone{}, err
	}
	if step.Role.Replaces == "" {
		return consoleDone{to: fillPath(consoleRole, map[string]string{"name": step.Role.Name}), notice: "roles.renamed_notice"}, nil
	}
	page := console.Page{
		Name: "role_renaming", Section: console.Roles, Title: console.T("roles.rename_title", "role", v.path["name"]), Trail: v.roleTrail(""),
		Notice: console.T("roles.moved", "number", step.Moved),
		Blocks: []console.Block{
			console.Paragraph{Text: console.T("roles.replaces", "old", console.Mono(v.path["name"]), "new", console.Mono(name))},
			console.Form{Action: v.url(consoleRole+"/rename", "name", v.path["name"]), Submit: console.T("roles.go_on"), Fields: []console.Field{{Name: "to", Kind: console.Hidden, Value: name}}},
		},
	}
	return consoleDone{page: &page}, nil
}

func (c rolePages) showDeleteRole(ctx context.Context, v *consoleVisit) (console.Page, error) {
	r, err := v.admin.Roles().Show(ctx, v.path["name"])
	if err != nil {
		return console.Page{}, err
	}
	e, err := v.admin.Roles().Effect(ctx, r.Name, admin.RoleChange{Scopes: &[]string{}})
	if err != nil {
		return console.Page{}, err
	}
	page := console.Page{Name: "role_delete", Section: console.Roles, Title: console.T("roles.delete_title", "role", r.Name), Trail: v.roleTrail(r.Name), Blocks: effectBlocks(e)}
	switch {
	case r.BuiltIn:
		page.Blocks = []console.Block{console.Paragraph{Text: console.T("roles.built_in_stays")}}
	case e.Holders > 0:
		page.Blocks = append(page.Blocks, console.Paragraph{Text: console.T("roles.held")}, console.Actions{{Text: console.T("roles.who"), URL: v.url(consolePeople, "role", r.Name)}})
	default:
		form := console.Form{Action: v.url(consoleRole+"/delete", "name", r.Name), Revision: r.Revision, Danger: true, Confirm: r.Name, Submit: console.T("roles.delete")}
		if len(e.Released) > 0 {
			form.Fields = []console.Field{{Name: "release_scopes", Kind: console.Box, Label: console.T("roles.release"), Hint: console.T("roles.release_hint"), Value: v.typed("release_scopes", "")}}
		}
		page.Blocks = append(page.Blocks, form)
	}
	return page, nil
}

func (c rolePages) deleteRole(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	if !v.confirmed(v.path["name"]) {
		return consoleDone{}, nil
	}
	err := v.admin.Roles().Delete(ctx, v.path["name"], v.field("release_scopes") != "")
	return consoleDone{to: consoleRoles, notice: "roles.deleted_notice"}, v.explain(err)
}
