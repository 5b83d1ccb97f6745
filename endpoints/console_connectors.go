package endpoints

import (
	"context"
	"net/http"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

const (
	consoleSettings     = "/settings"
	consoleConnectors   = "/settings/connectors"
	consoleConnectorNew = "/settings/new-connector/{kind}"
	consoleConnector    = "/settings/connectors/{connector}"
)

// connectorKinds are the kinds of providers.
var connectorKinds = []string{"oidc", "github"}

// connectorPages are the pages about other providers that people may sign in at.
type connectorPages struct{ *consolePages }

// part returns the pages and the forms.
func (c connectorPages) part() consolePart {
	return consolePart{
		pages: []consolePage{
			{path: consoleConnectors, show: c.showConnectors},
			{path: consoleConnectorNew, show: c.showNewConnector},
			{path: consoleConnector, show: c.showConnector},
			{path: consoleConnector + "/delete", show: c.showDeleteConnector},
		},
		forms: []consoleForm{
			{path: consoleConnectorNew, on: consoleConnectorNew, show: c.showNewConnector, dangerous: true, fields: append(connectorFieldNames(), "id"), perform: c.createConnector},
			{path: consoleConnector, on: consoleConnector, show: c.showConnector, dangerous: true, fields: connectorFieldNames(), perform: c.saveConnector},
			{path: consoleConnector + "/delete", on: consoleConnector + "/delete", show: c.showDeleteConnector, dangerous: true, perform: c.deleteConnector},
		},
	}
}

func connectorFieldNames() []string {
	return []string{
		"name", "issuer", "client_id", "client_secret", "scopes", "prompt", "domains", "authoritative_domains", "create_users", "trust_methods", "username_claim", "email_claim", "name_claim", "role_rules", "disabled",
	}
}

func connectorsTrail(v *consoleVisit) []console.Link {
	return []console.Link{{Text: console.T("section.settings"), URL: v.url(consoleSettings)}, {Text: console.T("connectors.title"), URL: v.url(consoleConnectors)}}
}

func (c connectorPages) showConnectors(ctx context.Context, v *consoleVisit) (console.Page, error) {
	page := console.Page{Name: "connectors", Section: console.Settings, Title: console.T("connectors.title"), Trail: connectorsTrail(v)[:1]}
	if err := v.admin.RequireSuperAdmin(); err != nil {
		err = v.explain(err)
		return page, err
	}
	list, err := v.admin.Connectors().List(ctx)
	if err != nil {
		return page, err
	}
	t := console.Table{Caption: console.T("connectors.caption"), Empty: console.T("connectors.empty"), Columns: []console.Column{{Title: console.T("connectors.id")}, {Title: console.T("connectors.name")}, {Title: console.T("connectors.issuer")}, {Title: console.T("applications.state")}}}
	for _, x := range list.Items {
		state := console.Badge{Text: console.T("applications.enabled")}
		if x.Disabled {
			state = console.Badge{Text: console.T("applications.disabled"), Kind: console.Warn}
		}
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{console.Link{Text: console.Lit(x.ID), URL: v.url(consoleConnector, "connector", x.ID)}, console.Lit(x.Name), console.Mono(x.Issuer), state}})
	}
	page.Blocks = []console.Block{
		console.Paragraph{Text: console.T("connectors.text")},
		console.Actions{{Text: console.T("connectors.new_oidc"), URL: v.url(consoleConnectorNew, "kind", "oidc")}, {Text: console.T("connectors.new_github"), URL: v.url(consoleConnectorNew, "kind", "github")}},
		t,
	}
	return page, nil
}

// connectorFields are the fields of a connector, with what was typed or else what is recorded.
func connectorFields(v *consoleVisit, x admin.Connector) []console.Field {
	f := partFields{v, "connectors"}
	list := func(name string, recorded []string) console.Field {
		return f.lines(name, console.T("connectors.one_a_line"), recorded)
	}
	hinted := func(name, recorded string) console.Field {
		field := f.line(name, recorded)
		field.Hint = connectorText(name + "_hint")
		return field
	}
	secret := console.Field{Name: "client_secret", Kind: console.Password, Label: connectorText("client_secret"), Autocomplete: "off", Error: v.wrong["client_secret"]}
	if x.HasSecret {
		secret.Hint = console.T("connectors.secret_kept")
	}
	return []console.Field{
		f.line("name", x.Name), f.line("issuer", x.Issuer), f.line("client_id", x.ClientID), secret, list("scopes", x.Scopes), hinted("prompt", x.Prompt),
		f.box("create_users", x.CreateUsers), list("domains", x.Domains), list("authoritative_domains", x.AuthoritativeDomains), list("role_rules", x.RoleRules),
		hinted("username_claim", x.UsernameClaim), hinted("email_claim", x.EmailClaim), hinted("name_claim", x.NameClaim), f.box("trust_methods", x.TrustMethods), f.box("disabled", x.Disabled),
	}
}

// connectorText returns a text of this part by a name that is put together.
func connectorText(name string) console.Text { return console.T("connectors." + name) }

func (c connectorPages) showNewConnector(_ context.Context, v *consoleVisit) (console.Page, error) {
	kind := v.path["kind"]
	if kind != connectorKinds[0] && kind != connectorKinds[1] {
		return console.Page{}, errNoSuchPage
	}
	fields := append([]console.Field{{Name: "id", Label: connectorText("id"), Hint: console.T("connectors.id_hint"), Value: v.field("id"), Error: v.wrong["id"], Required: true}}, connectorFields(v, admin.Connector{})...)
	return console.Page{
		Name: "connector_new", Section: console.Settings, Title: connectorText("new_" + kind), Trail: connectorsTrail(v),
		Blocks: []console.Block{console.Form{ID: "connector", Action: v.url(consoleConnectorNew, "kind", kind), Submit: console.T("applications.create"), Fields: fields}},
	}, nil
}

// connectorChange reads the form. A secret that is left empty stays as it is.
func (v *consoleVisit) connectorChange() admin.ConnectorChange {
	rules := []string{}
	for line := range strings.Lines(v.field("role_rules")) {
		if line = strings.TrimSpace(line); line != "" {
			rules = append(rules, line)
		}
	}
	ch := admin.ConnectorChange{
		Name: v.given("name"), ClientID: v.given("client_id"), Scopes: v.lines("scopes"), Prompt: v.given("prompt"), Domains: v.lines("domains"), AuthoritativeDomains: v.lines("authoritative_domains"),
		CreateUsers: v.ticked("create_users"), TrustMethods: v.ticked("trust_methods"), UsernameClaim: v.given("username_claim"), EmailClaim: v.given("email_claim"), NameClaim: v.given("name_claim"),
		RoleRules: &rules, Disabled: v.ticked("disabled"),
	}
	if at := v.given("issuer"); *at != "" {
		ch.Issuer = at
	}
	if s := issuer.Secret(v.field("client_secret")); s != "" {
		ch.Secret = &s
	}
	return ch
}

func (c connectorPages) createConnector(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	if err := v.admin.RequireSuperAdmin(); err != nil {
		return consoleDone{}, v.explain(err)
	}
	x, err := v.admin.Connectors().Create(ctx, v.field("id"), v.path["kind"], v.connectorChange())
	return consoleDone{to: fillPath(consoleConnector, map[string]string{"connector": x.ID}), notice: "connectors.created_notice"}, v.explain(err)
}

// readConnector reads the connector of the page; the error of who is no super_admin is explained.
func (v *consoleVisit) readConnector(ctx context.Context) (x admin.Connector, ok bool, err error) {
	if err = v.admin.RequireSuperAdmin(); err != nil {
		return x, false, v.explain(err)
	}
	x, err = v.admin.Connectors().Show(ctx, v.path["connector"])
	return x, err == nil, err
}

func (c connectorPages) showConnector(ctx context.Context, v *consoleVisit) (console.Page, error) {
	x, ok, err := v.readConnector(ctx)
	page := console.Page{Name: "connector", Section: console.Settings, Title: console.Lit(x.Name), Trail: connectorsTrail(v)}
	if !ok {
		page.Title = console.T("connectors.title")
		return page, err
	}
	page.Blocks = []console.Block{
		console.Facts{{Name: connectorText("id"), Value: console.Mono(x.ID)}, {Name: console.T("connectors.redirect"), Value: console.Mono(x.RedirectURI)}, {Name: console.T("people.created"), Value: console.Time(x.CreatedAt)}, {Name: console.T("people.updated"), Value: console.Time(x.UpdatedAt)}},
		console.Form{ID: "connector", Action: v.url(consoleConnector, "connector", x.ID), Revision: x.Revision, Submit: console.T("shell.save"), Fields: connectorFields(v, x)},
		console.Actions{{Text: console.T("connectors.delete"), URL: v.url(consoleConnector+"/delete", "connector", x.ID)}},
	}
	if v.status == http.StatusConflict {
		page.Blocks = append(page.Blocks, v.lastChange(ctx, x.ID))
	}
	return page, nil
}

func (c connectorPages) saveConnector(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	x, ok, err := v.readConnector(ctx)
	if !ok {
		return consoleDone{}, err
	}
	ch := v.connectorChange()
	if ch.Issuer != nil && *ch.Issuer == x.Issuer { // else the secret would have to come along
		ch.Issuer = nil
	}
	if *ch.ClientID == x.ClientID {
		ch.ClientID = nil
	}
	_, err = v.admin.Connectors().Update(ctx, x.ID, ch)
	return consoleDone{notice: "shell.saved"}, v.explain(err)
}

func (c connectorPages) showDeleteConnector(ctx context.Context, v *consoleVisit) (console.Page, error) {
	x, ok, err := v.readConnector(ctx)
	page := console.Page{Name: "connector_delete", Section: console.Settings, Title: console.T("connectors.delete_title", "name", x.ID), Trail: connectorsTrail(v)}
	if ok {
		page.Blocks = []console.Block{
			console.Paragraph{Text: console.T("connectors.delete_text")},
			console.Form{ID: "delete", Action: v.url(consoleConnector+"/delete", "connector", x.ID), Revision: x.Revision, Confirm: x.ID, Danger: true, Submit: console.T("connectors.delete")},
		}
	}
	return page, err
}

func (c connectorPages) deleteConnector(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	x, ok, err := v.readConnector(ctx)
	if !ok || !v.confirmed(x.ID) {
		return consoleDone{}, err
	}
	return consoleDone{to: consoleConnectors, notice: "connectors.deleted"}, v.explain(v.admin.Connectors().Delete(ctx, x.ID))
}
