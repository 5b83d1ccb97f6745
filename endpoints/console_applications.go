package endpoints

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

const (
	consoleApps   = "/applications"
	consoleAppNew = "/applications/new/{preset}"
	consoleApp    = "/applications/{client}"
)

// applicationPages are the pages about clients.
type applicationPages struct{ *consolePages }

// part returns the pages and the forms.
func (c applicationPages) part() consolePart {
	return consolePart{
		pages: []consolePage{
			{path: consoleApps, show: c.showApplications},
			{path: "/applications/new", show: c.showPresets},
			{path: consoleAppNew, show: c.showNewApplication},
			{path: consoleApp, show: c.showApplication},
			{path: consoleAppConnect, show: c.showConnect},
			{path: consoleAppGuide, show: c.showGuide},
			{path: consoleAppRefusals, show: c.showRefusals},
			{path: consoleApp + "/edit", show: c.showEditApplication},
			{path: consoleApp + "/secret", show: c.showSecret},
			{path: consoleApp + "/delete", show: c.showDeleteApplication},
		},
		forms: []consoleForm{
			{path: consoleAppNew, on: consoleAppNew, show: c.showNewApplication, dangerous: true, fields: append(applicationFieldNames(), "client_id"), many: applicationMany, perform: c.createApplication},
			{path: consoleApp + "/edit", on: consoleApp + "/edit", show: c.showEditApplication, fields: applicationFieldNames(), many: applicationMany, perform: c.saveApplication},
			{path: consoleApp + "/secret", on: consoleApp + "/secret", show: c.showSecret, dangerous: true, fields: []string{"overlap", "end_sessions"}, perform: c.rotateSecret},
			{path: consoleApp + "/delete", on: consoleApp + "/delete", show: c.showDeleteApplication, dangerous: true, perform: c.deleteApplication},
			{path: consoleApp + "/disable", on: consoleApp, show: c.showApplication, perform: c.setApplicationDisabled(true, "applications.disabled_notice")},
			{path: consoleApp + "/enable", on: consoleApp, show: c.showApplication, perform: c.setApplicationDisabled(false, "applications.enabled_notice")},
		},
	}
}

func appsTrail(v *consoleVisit) []console.Link {
	return []console.Link{{Text: console.T("section.applications"), URL: v.url(consoleApps)}}
}

func appTrail(v *consoleVisit, a admin.Client) []console.Link {
	return append(appsTrail(v), console.Link{Text: appName(a), URL: v.url(consoleApp, "client", a.ID)})
}

func appName(a admin.Client) console.Text {
	if a.Name != "" {
		return console.Lit(a.Name)
	}
	return console.Lit(a.ID)
}

func (c applicationPages) showApplications(ctx context.Context, v *consoleVisit) (console.Page, error) {
	list, err := v.admin.Clients().List(ctx, storage.Page{Limit: consoleRows, After: v.query.Get("after")})
	if err = v.explain(err); err != nil {
		return console.Page{}, err
	}
	t := console.Table{
		Caption: console.T("applications.caption"), Empty: console.T("applications.empty"),
		Columns: []console.Column{{Title: console.T("applications.client_id")}, {Title: console.T("applications.name")}, {Title: console.T("applications.kind")}, {Title: console.T("applications.grants")}, {Title: console.T("applications.state")}, {Title: console.T("applications.created")}},
	}
	if v.query.Get("after") != "" {
		t.First = v.url(consoleApps)
	}
	if list.Next != "" {
		t.Next = v.url(consoleApps, "after", list.Next)
	}
	for _, a := range list.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			console.Link{Text: console.Lit(a.ID), URL: v.url(consoleApp, "client", a.ID)}, console.Lit(a.Name), appKind(a), console.Lit(strings.Join(a.Grants, ", ")), appState(a), console.Time(a.CreatedAt),
		}})
	}
	return console.Page{
		Name: "applications", Section: console.Applications, Title: console.T("section.applications"),
		Blocks: []console.Block{console.Actions{{Text: console.T("applications.new"), URL: v.url("/applications/new")}}, t},
	}, nil
}

func appKind(a admin.Client) console.Cell {
	switch {
	case a.Public:
		return console.T("applications.public")
	case len(a.Grants) == 0 && len(a.Resources) > 0:
		return console.T("applications.an_api")
	}
	return console.T("applications.confidential")
}

func appState(a admin.Client) console.Cell {
	if a.Disabled {
		return console.Badge{Text: console.T("applications.disabled"), Kind: console.Warn}
	}
	return console.Badge{Text: console.T("applications.enabled")}
}

// showPresets asks what kind of application is to be created.
func (c applicationPages) showPresets(_ context.Context, v *consoleVisit) (console.Page, error) {
	t := console.Table{Caption: console.T("applications.presets_caption"), Columns: []console.Column{{Title: console.T("applications.kind")}, {Title: console.T("applications.for_what")}}}
	for _, preset := range admin.Presets() {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			console.Link{Text: appText("preset_" + preset), URL: v.url(consoleAppNew, "preset", preset)}, appText("preset_text_" + preset),
		}})
	}
	return console.Page{Name: "application_presets", Section: console.Applications, Title: console.T("applications.new"), Trail: appsTrail(v), Blocks: []console.Block{t}}, nil
}

// appText returns a text of this part by a name that is put together.
func appText(name string) console.Text { return console.T("applications." + name) }

func (c applicationPages) showNewApplication(_ context.Context, v *consoleVisit) (console.Page, error) {
	preset := v.path["preset"]
	if !slices.Contains(admin.Presets(), preset) {
		return console.Page{}, errNoSuchPage
	}
	fields := []console.Field{
		{Name: "client_id", Label: console.T("applications.client_id"), Hint: console.T("applications.client_id_hint"), Value: v.field("client_id"), Error: v.wrong["client_id"], Required: true},
		{Name: "client_name", Label: console.T("applications.name"), Hint: console.T("applications.name_hint"), Value: v.field("client_name"), Error: v.wrong["client_name"]},
	}
	switch preset {
	case admin.PresetMachine:
		fields = append(fields, listField(v, "scope", nil), listField(v, "audiences", nil))
	case admin.PresetAPI:
		fields = append(fields, listField(v, "resources", nil))
	default:
		fields = append(fields, listField(v, "redirect_uris", nil), listField(v, "post_logout_redirect_uris", nil), listField(v, "scope", []string{issuer.ScopeOpenID, issuer.ScopeProfile, issuer.ScopeEmail}), listField(v, "audiences", nil))
	}
	return console.Page{
		Name: "application_new", Section: console.Applications, Title: appText("preset_" + preset), Trail: append(appsTrail(v), console.Link{Text: console.T("applications.new"), URL: v.url("/applications/new")}),
		Blocks: []console.Block{
			console.Paragraph{Text: appText("preset_text_" + preset)},
			console.Form{ID: "application", Action: v.url(consoleAppNew, "preset", preset), Submit: console.T("applications.create"), Fields: fields},
		},
	}, nil
}

// listField is a field of several values with its own hint.
func listField(v *consoleVisit, name string, recorded []string) console.Field {
	return partFields{v, "applications"}.lines(name, appText("hint_"+name), recorded)
}

func (c applicationPages) createApplication(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	name := v.field("client_name")
	n := admin.NewClient{ID: v.field("client_id"), Settings: admin.ClientChange{Name: &name}}
	for field, set := range map[string]**[]string{"scope": &n.Settings.Scopes, "audiences": &n.Settings.Audiences, "resources": &n.Settings.Resources, "redirect_uris": &n.Settings.RedirectURIs, "post_logout_redirect_uris": &n.Settings.PostLogoutRedirectURIs} {
		if list := v.lines(field); len(*list) > 0 {
			*set = list
		}
	}
	n, err := n.WithPreset(v.path["preset"])
	if err != nil {
		return consoleDone{}, v.explain(err)
	}
	a, err := v.admin.Clients().Create(ctx, n)
	if err != nil {
		return consoleDone{}, v.explain(err)
	}
	if a.Secret == "" {
		return consoleDone{to: fillPath(consoleApp, map[string]string{"client": a.ID}), notice: "applications.created_notice"}, nil
	}
	return consoleDone{page: c.secretPage(v, a, console.T("applications.created_notice"))}, nil
}

// plainSetting is a value that a shell which reads a file of settings takes as it stands. Quotes
// would not help: not every program that reads such a file takes them off.
var plainSetting = regexp.MustCompile(`^[A-Za-z0-9._~:/?=%@,+-]+$`)

// secretPage shows the secret of a client, this once.
func (c applicationPages) secretPage(v *consoleVisit, a admin.Client, notice console.Text) *console.Page {
	env := "OIDC_ISSUER=" + c.site.issuer + "\nOIDC_CLIENT_ID=" + a.ID + "\nOIDC_CLIENT_SECRET=" + a.Secret + "\n"
	if len(a.RedirectURIs) > 0 && plainSetting.MatchString(a.RedirectURIs[0]) {
		env += "OIDC_REDIRECT_URI=" + a.RedirectURIs[0] + "\n"
	}
	return &console.Page{
		Name: "application_secret", Section: console.Applications, Title: console.T("applications.secret_title", "client", appName(a)), Trail: appTrail(v, a), Notice: notice,
		Blocks: []console.Block{
			console.Facts{{Name: console.T("applications.client_id"), Value: console.Mono(a.ID)}, {Name: console.T("overview.issuer"), Value: console.Mono(c.site.issuer)}},
			console.Secret{ID: "secret", Label: console.T("applications.secret_once"), Value: a.Secret, File: a.ID + ".env", Text: env, Note: console.T("applications.secret_note")},
			console.Actions{{Text: console.T("applications.go_on"), URL: v.url(consoleApp, "client", a.ID)}},
		},
	}
}
