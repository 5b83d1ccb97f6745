package pages

import (
	"slices"

	g "maragu.dev/gomponents"
)

func (v ConsentView) name() string { return "consent" }

func (v ConsentView) build(f *frame) (page, error) {
	s := f.form(v.Problem, 0, "")
	app := v.Client.name()
	title := "consent.title"
	if v.Device != nil {
		title = "consent.device_title"
	}
	return page{title: f.plain(title, "app", app), failed: s.problem != nil, main: el("main", attr("class", "card"),
		f.titled(v.Client, title),
		v.signedIn(f),
		f.unvetted(v.Client),
		when(v.Localhost, func() g.Node {
			return el("div", attr("class", "note"), attr("id", "localhost"), el("p", f.text("consent.localhost")))
		}),
		v.device(f),
		f.alert(s),
		el("h2", f.text("consent.may", "app", app)),
		f.scopes(v.Scopes),
		f.audiences(v.Audiences),
		el("h2", f.text("consent.how_long")),
		v.howLong(f),
		f.documents(v.Client),
		postForm(localTarget(v.Action), attr("class", "choice"),
			el("button", attr("class", "primary"), attr("id", "allow"), attr("type", "submit"), attr("name", "decision"), attr("value", "allow"), f.text("consent.allow")),
			el("button", attr("id", "deny"), attr("type", "submit"), attr("name", "decision"), attr("value", "deny"), f.text("consent.deny")),
		),
	)}, nil
}

// signedIn says whose account it is about, and leads to another.
func (v ConsentView) signedIn(f *frame) g.Node {
	other := localTarget(v.SwitchURL)
	return el("p", attr("class", "lead"), f.text("consent.signed_in", "user", label(v.User)), when(other != "", func() g.Node {
		return g.Group{textNode(" "), el("a", href(other), attr("id", "switch-user"), f.text("consent.switch"))}
	}))
}

// howLong says how long the answer is kept, and what happens when the person signs out.
func (v ConsentView) howLong(f *frame) g.Node {
	kept, access := "consent.once", "consent.with_session"
	if v.Remembered {
		kept = "consent.remembered"
	}
	if slices.ContainsFunc(v.Scopes, func(s Scope) bool { return s.Name == "offline_access" }) {
		access = "consent.offline"
	}
	account := el("a", href(f.path("/account")), attr("target", "_blank"), attr("rel", "noopener"), f.text("consent.account"),
		el("span", attr("class", "unseen"), textNode(" "), f.text("consent.new_tab")))
	if v.Device != nil {
		return el("p", f.text("consent.device_long", "account", account))
	}
	return el("p", f.text(kept, "account", account), textNode(" "), f.text(access, "app", v.Client.name()))
}

// scopes lists what an application may do.
func (f *frame) scopes(scopes []Scope) g.Node {
	return el("ul", attr("class", "scopes"), g.Map(scopes, func(s Scope) g.Node { return el("li", f.scope(s)) }))
}

// audiences names the APIs that a consent is for, nil for none.
func (f *frame) audiences(audiences []string) g.Node {
	if len(audiences) == 0 {
		return nil
	}
	return el("p", attr("class", "hint"), f.text("consent.where"), textNode(" "), g.Map(audiences, func(a string) g.Node {
		return g.Group{isolate(clean(a, maxText)), textNode(" ")}
	}))
}
