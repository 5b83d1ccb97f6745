package pages

import g "maragu.dev/gomponents"

func (v AccountAppsView) name() string { return "account_apps" }

func (v AccountAppsView) build(f *frame) (page, error) {
	consents := g.Node(g.Map(v.Consents, f.consent))
	if len(v.Consents) == 0 {
		consents = el("p", f.text("account.no_consents"))
	}
	return f.accountPage(v.Account, "account.apps", f.form(v.Problem, 0, ""),
		el("p", attr("class", "lead"), f.text("account.apps_text")),
		consents,
		f.more(v.More),
	), nil
}

// consent is what one application may do, and the button that takes it back.
func (f *frame) consent(c Consent) g.Node {
	return item(
		el("div", attr("class", "item-head"), c.Client.tile(),
			el("div", el("h2", c.Client.linked()), el("p", attr("class", "hint"), f.at("account.allowed_at", c.Since))),
			postForm(f.path("/account/apps/withdraw"), hidden("client_id", c.Client.ID),
				el("button", attr("type", "submit"), attr("aria-label", f.plain("account.withdraw_of", "app", c.Client.name())), f.text("account.withdraw")))),
		f.scopes(c.Scopes),
		f.audiences(c.Audiences),
	)
}
