package endpoints

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

func (c applicationPages) showApplication(ctx context.Context, v *consoleVisit) (console.Page, error) {
	a, err := v.admin.Clients().Show(ctx, v.path["client"])
	if err != nil {
		return console.Page{}, err
	}
	sessions, err := v.admin.Sessions().List(ctx, admin.SessionQuery{ClientID: a.ID, Active: true}, storage.Page{Limit: 10})
	if err != nil {
		return console.Page{}, err
	}
	events, err := v.admin.Audit().List(ctx, storage.AuditFilter{Target: a.ID, Newest: true}, storage.Page{Limit: 10})
	if err != nil {
		return console.Page{}, err
	}
	button := func(path string, label console.Text, danger bool) console.Cell {
		return console.Form{Action: v.url(consoleApp+path, "client", a.ID), Submit: label, Danger: danger}
	}
	state := console.Group{appState(a)}
	if a.Disabled {
		state = append(state, button("/enable", console.T("applications.enable"), false))
	} else {
		state = append(state, button("/disable", console.T("applications.disable"), true))
	}
	actions := console.Actions{
		{Text: console.T("applications.edit"), URL: v.url(consoleApp+"/edit", "client", a.ID)},
		{Text: console.T("applications.connect"), URL: v.url(consoleAppConnect, "client", a.ID)},
		{Text: console.T("applications.refusals"), URL: v.url(consoleAppRefusals, "client", a.ID)},
	}
	if !a.Public {
		actions = append(actions, console.Link{Text: console.T("applications.new_secret"), URL: v.url(consoleApp+"/secret", "client", a.ID)})
	}
	actions = append(actions, console.Link{Text: console.T("applications.delete"), URL: v.url(consoleApp+"/delete", "client", a.ID)})
	return console.Page{
		Name: "application", Section: console.Applications, Title: appName(a), Trail: appsTrail(v),
		Blocks: []console.Block{
			state.Block(), actions,
			console.Panel{ID: "settings", Title: console.T("applications.settings"), Blocks: []console.Block{applicationFacts(a)}},
			console.Panel{ID: "sessions", Title: console.T("section.sessions"), Blocks: []console.Block{applicationSessions(v, a, sessions)}},
			console.Panel{ID: "audit", Title: console.T("section.audit"), Blocks: []console.Block{applicationEvents(v, a, events)}},
		},
	}, nil
}

func applicationFacts(a admin.Client) console.Facts {
	list := func(values []string) console.Cell {
		var cells console.Group
		for _, one := range values {
			cells = append(cells, console.Mono(one))
		}
		if len(cells) == 0 {
			return nil
		}
		return cells
	}
	facts := console.Facts{
		{Name: console.T("applications.client_id"), Value: console.Mono(a.ID)}, {Name: console.T("applications.name"), Value: console.Lit(a.Name)}, {Name: console.T("applications.kind"), Value: appKind(a)},
		{Name: console.T("applications.grants"), Value: list(a.Grants)}, {Name: console.T("applications.redirect_uris"), Value: list(a.RedirectURIs)},
		{Name: console.T("applications.post_logout_redirect_uris"), Value: list(a.PostLogoutRedirectURIs)}, {Name: console.T("applications.origins"), Value: list(a.Origins)},
		{Name: console.T("applications.scope"), Value: list(strings.Fields(a.Scope))}, {Name: console.T("applications.audiences"), Value: list(a.Audiences)}, {Name: console.T("applications.resources"), Value: list(a.Resources)},
		{Name: console.T("applications.backchannel_logout_uri"), Value: optMono(a.BackchannelLogoutURI)},
		{Name: console.T("applications.consent"), Value: appText("consent_" + a.Consent)}, {Name: console.T("applications.require_pkce"), Value: console.YesNo(a.RequirePKCE)},
		{Name: console.T("applications.authentication"), Value: console.Lit(a.Authentication)},
		{Name: console.T("applications.created"), Value: console.Time(a.CreatedAt)}, {Name: console.T("applications.updated"), Value: console.Time(a.UpdatedAt)},
	}
	if a.OldSecretUntil != nil {
		facts = append(facts, console.Fact{Name: console.T("applications.old_secret_until"), Value: console.Time(*a.OldSecretUntil)})
	}
	return facts
}

func applicationSessions(v *consoleVisit, a admin.Client, list admin.SessionList) console.Block {
	t := console.Table{Caption: console.T("applications.sessions_caption"), Empty: console.T("applications.no_sessions"), Columns: []console.Column{{Title: console.T("people.username")}, {Title: console.T("people.device")}, {Title: console.T("people.network")}, {Title: console.T("people.since")}, {Title: console.T("people.last_seen")}}}
	for _, s := range list.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			console.Link{Text: console.Lit(s.UserID), URL: v.url(consolePerson, "id", s.UserID)}, console.Lit(s.Device), console.Mono(s.Network), console.Time(s.CreatedAt), console.Time(s.RefreshedAt),
		}})
	}
	if list.Next != "" {
		t.Next = v.url("/sessions", "client", a.ID)
	}
	return t
}

func applicationEvents(v *consoleVisit, a admin.Client, list admin.AuditList) console.Block {
	t := console.Table{Caption: console.T("people.audit_caption"), Empty: console.T("people.no_audit"), Columns: []console.Column{{Title: console.T("people.time")}, {Title: console.T("people.event")}, {Title: console.T("applications.by")}, {Title: console.T("people.detail")}}}
	for _, e := range list.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{console.Time(e.At), console.Mono(e.Type), console.Mono(e.Actor), console.Lit(e.Detail)}})
	}
	if list.Next != "" {
		t.Next = v.url("/audit", "client", a.ID)
	}
	return t
}

var (
	applicationLists = []string{"redirect_uris", "post_logout_redirect_uris", "origins", "scope", "audiences", "resources"}
	applicationTexts = []string{"client_name", "backchannel_logout_uri", "initiate_login_uri", "client_uri", "logo_uri", "policy_uri", "tos_uri", "consent", "require_authentication"}
	applicationBoxes = []string{"require_pkce", "allow_localhost", "id_token_on_refresh"}
	applicationMany  = []string{"grant_types"}
)

func applicationFieldNames() []string {
	return slices.Concat(applicationLists, applicationTexts, applicationBoxes, applicationMany)
}

func (c applicationPages) showEditApplication(ctx context.Context, v *consoleVisit) (console.Page, error) {
	a, err := v.admin.Clients().Show(ctx, v.path["client"])
	if err != nil {
		return console.Page{}, err
	}
	page := console.Page{
		Name: "application_edit", Section: console.Applications, Title: console.T("applications.edit_title", "client", appName(a)), Trail: appTrail(v, a),
		Blocks: []console.Block{console.Form{ID: "application", Action: v.url(consoleApp+"/edit", "client", a.ID), Revision: a.Revision, Submit: console.T("shell.save"), Fields: applicationFields(v, a)}},
	}
	if v.status == http.StatusConflict {
		page.Blocks = append(page.Blocks, console.Panel{Title: console.T("people.now"), Blocks: []console.Block{v.lastChange(ctx, a.ID), applicationFacts(a)}})
	}
	return page, nil
}

// applicationFields are the fields of the settings, with what was typed or else what is recorded.
func applicationFields(v *consoleVisit, a admin.Client) []console.Field {
	f := partFields{v, "applications"}
	grants := console.Field{Name: "grant_types", Kind: console.Boxes, Label: console.T("applications.grants"), Values: a.Grants, Error: v.wrong["grant_types"]}
	if v.sent != nil {
		grants.Values = v.fields("grant_types")
	}
	for _, g := range issuer.GrantTypes() {
		grants.Options = append(grants.Options, console.Option{Value: g, Text: console.Lit(g)})
	}
	return []console.Field{
		f.line("client_name", a.Name), grants, listField(v, "redirect_uris", a.RedirectURIs), listField(v, "post_logout_redirect_uris", a.PostLogoutRedirectURIs), listField(v, "origins", a.Origins),
		listField(v, "scope", strings.Fields(a.Scope)), listField(v, "audiences", a.Audiences), listField(v, "resources", a.Resources),
		f.choice("consent", a.Consent, admin.ConsentPolicies()...), f.choice("require_authentication", a.Authentication, admin.AuthenticationPolicies()...),
		f.box("require_pkce", a.RequirePKCE), f.box("allow_localhost", a.LocalhostPorts), f.box("id_token_on_refresh", a.IDTokenOnRefresh),
		f.line("backchannel_logout_uri", a.BackchannelLogoutURI), f.line("initiate_login_uri", a.InitiateLoginURI), f.line("client_uri", a.HomeURI), f.line("logo_uri", a.LogoURI), f.line("policy_uri", a.PolicyURI), f.line("tos_uri", a.TermsURI),
	}
}

func (c applicationPages) saveApplication(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	a, err := v.admin.Clients().Show(ctx, v.path["client"])
	if err != nil {
		return consoleDone{}, err
	}
	grants := v.fields("grant_types")
	ch := admin.ClientChange{
		Name: v.given("client_name"), Grants: &grants, Scopes: v.lines("scope"), Audiences: v.lines("audiences"), Resources: v.lines("resources"), Origins: v.lines("origins"), IDTokenOnRefresh: v.ticked("id_token_on_refresh"),
		ClientSignInChange: admin.ClientSignInChange{
			RedirectURIs: v.lines("redirect_uris"), PostLogoutRedirectURIs: v.lines("post_logout_redirect_uris"), BackchannelLogoutURI: v.given("backchannel_logout_uri"), InitiateLoginURI: v.given("initiate_login_uri"),
			RequirePKCE: v.ticked("require_pkce"), Consent: v.given("consent"), LocalhostPorts: v.ticked("allow_localhost"), Authentication: v.given("require_authentication"),
		},
		ClientDisplayChange: admin.ClientDisplayChange{HomeURI: v.given("client_uri"), PolicyURI: v.given("policy_uri"), TermsURI: v.given("tos_uri")},
	}
	if logo := v.given("logo_uri"); *logo != a.LogoURI { // it is fetched anew only where it is another
		ch.LogoURI = logo
	}
	if !v.isFresh() && !(sameNames(grants, a.Grants) && sameNames(*ch.RedirectURIs, a.RedirectURIs) && sameNames(*ch.Scopes, strings.Fields(a.Scope))) {
		return consoleDone{askFresh: true}, nil // who gets codes and tokens, and which
	}
	if sameNames(grants, a.Grants) {
		ch.Grants = nil
	}
	_, err = v.admin.Clients().Update(ctx, a.ID, ch)
	return consoleDone{to: fillPath(consoleApp, v.path), notice: "shell.saved"}, v.explain(err)
}

// setApplicationDisabled returns what shuts a client out, or lets it in again.
func (c applicationPages) setApplicationDisabled(disabled bool, notice string) consolePerform {
	return func(ctx context.Context, v *consoleVisit) (consoleDone, error) {
		_, err := v.admin.Clients().Update(ctx, v.path["client"], admin.ClientChange{Disabled: &disabled})
		return consoleDone{notice: notice}, v.explain(err)
	}
}

// secretOverlaps are how long the old secret may go on to work.
var secretOverlaps = []time.Duration{24 * time.Hour, time.Hour, 7 * 24 * time.Hour, 0}

func (c applicationPages) showSecret(ctx context.Context, v *consoleVisit) (console.Page, error) {
	a, err := v.admin.Clients().Show(ctx, v.path["client"])
	if err != nil {
		return console.Page{}, err
	}
	overlap := console.Field{Name: "overlap", Kind: console.Select, Label: console.T("applications.overlap"), Hint: console.T("applications.overlap_hint"), Value: v.field("overlap"), Error: v.wrong["overlap"]}
	for _, d := range secretOverlaps {
		text := console.T("applications.overlap_hours", "n", int64(d/time.Hour))
		if d == 0 {
			text = console.T("applications.overlap_none")
		}
		overlap.Options = append(overlap.Options, console.Option{Value: d.String(), Text: text})
	}
	return console.Page{
		Name: "application_rotate", Section: console.Applications, Title: console.T("applications.new_secret"), Trail: appTrail(v, a),
		Blocks: []console.Block{
			console.Paragraph{Text: console.T("applications.rotate_text")},
			console.Form{ID: "secret", Action: v.url(consoleApp+"/secret", "client", a.ID), Revision: a.Revision, Danger: true, Submit: console.T("applications.new_secret"), Fields: []console.Field{
				overlap, {Name: "end_sessions", Kind: console.Box, Label: console.T("applications.end_sessions"), Value: v.field("end_sessions")},
			}},
		},
	}, nil
}

func (c applicationPages) rotateSecret(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	overlap, err := time.ParseDuration(v.field("overlap"))
	if err != nil {
		return consoleDone{}, errEncoding
	}
	a, err := v.admin.Clients().RotateSecret(ctx, v.path["client"], admin.SecretRotation{Overlap: overlap, Revoke: v.field("end_sessions") != ""})
	if err != nil {
		return consoleDone{}, v.explain(err)
	}
	return consoleDone{page: c.secretPage(v, a, console.T("applications.rotated"))}, nil
}

func (c applicationPages) showDeleteApplication(ctx context.Context, v *consoleVisit) (console.Page, error) {
	a, err := v.admin.Clients().Show(ctx, v.path["client"])
	if err != nil {
		return console.Page{}, err
	}
	return console.Page{
		Name: "application_delete", Section: console.Applications, Title: console.T("applications.delete_title", "client", appName(a)), Trail: appTrail(v, a),
		Blocks: []console.Block{
			console.Paragraph{Text: console.T("applications.delete_text")},
			console.Form{ID: "delete", Action: v.url(consoleApp+"/delete", "client", a.ID), Revision: a.Revision, Confirm: a.ID, Danger: true, Submit: console.T("applications.delete")},
		},
	}, nil
}

func (c applicationPages) deleteApplication(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	id := v.path["client"]
	if !v.confirmed(id) {
		return consoleDone{}, nil
	}
	return consoleDone{to: consoleApps, notice: "applications.deleted"}, v.explain(v.admin.Clients().Delete(ctx, id))
}
