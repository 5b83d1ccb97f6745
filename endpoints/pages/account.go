package pages

import (
	"cmp"
	"slices"
	"time"

	g "maragu.dev/gomponents"
)

type accountTab struct{ path, key, text string }

// linkedTab is there where there is another provider to sign in at.
var linkedTab = accountTab{"/account/linked", "account.linked", "account.linked_tab"}

// accountTabs are the pages of the account: the path, the key of the heading, and the key of
// the tab's text.
var accountTabs = []accountTab{
	{"/account", "account.profile", "account.profile"}, {"/account/password", "account.password", "account.password"}, {"/account/factors", "account.factors", "account.factors_tab"},
	{"/account/sessions", "account.sessions", "account.sessions_tab"}, {"/account/apps", "account.apps", "account.apps"},
}

// accountPage returns a page of the account by the key of its heading.
func (f *frame) accountPage(a Account, key string, s form, children ...g.Node) page {
	return page{
		title: f.plain(key), failed: s.problem != nil, class: "account",
		logout: cmp.Or(localTarget(a.LogoutURL), f.path("/oauth2/logout")),
		nav:    f.tabs(key, a.Linkable),
		main:   el("main", attr("class", "wide"), el("h1", f.text(key)), f.notice(a.Notice), f.alert(s), g.Group(children)),
	}
}

func (f *frame) tabs(current string, linkable bool) g.Node {
	var tabs g.Group
	shown := accountTabs
	if linkable {
		shown = append(slices.Clone(shown), linkedTab)
	}
	for _, t := range shown {
		tabs = append(tabs, el("li", el("a", href(f.path(t.path)), g.If(t.key == current, attr("aria-current", "page")), f.text(t.text))))
	}
	return el("nav", attr("aria-label", f.plain("account.title")), el("ul", tabs))
}

// notice says what has just been done, nil for nothing.
func (f *frame) notice(n Notice) g.Node {
	key := "notice." + string(n)
	if !f.has(key) {
		return nil
	}
	return el("div", attr("class", "done"), attr("role", "status"), attr("id", "notice"), el("p", f.text(key)))
}

// more says that there is more than is shown.
func (f *frame) more(more bool) g.Node {
	if !more {
		return nil
	}
	return el("p", attr("class", "hint"), f.text("account.more"))
}

// appSessions lists the sessions of applications.
func (f *frame) appSessions(apps []AppSession) g.Node {
	return el("ul", attr("class", "rows"), g.Map(apps, func(a AppSession) g.Node {
		return el("li",
			a.Client.tile(),
			el("div", el("strong", a.Client.linked()), el("p", attr("class", "hint facts"), f.appFacts(a))),
			postForm(f.path("/account/apps/sign-out"),
				hidden("session", a.ID),
				el("button", attr("type", "submit"), attr("aria-label", f.plain("account.app_sign_out_of", "app", a.Client.name())), f.text("account.app_sign_out"))),
		)
	}))
}

// appFacts says since when an application has its session, when it used it, and how long it
// stays.
func (f *frame) appFacts(a AppSession) g.Node {
	facts := []g.Node{f.at("account.app_since", a.Since)}
	if !a.LastUsed.IsZero() {
		facts = append(facts, f.at("account.last_seen", a.LastUsed))
	}
	if a.Offline {
		facts = append(facts, f.text("account.app_offline"))
	}
	return spans(facts)
}

// spans keeps facts together, with a space after each.
func spans(facts []g.Node) g.Node {
	return g.Map(facts, func(fact g.Node) g.Node { return g.Group{el("span", fact), textNode(" ")} })
}

// item is a part of a list with a head and what belongs to it.
func item(children ...g.Node) g.Node { return el("section", attr("class", "item"), g.Group(children)) }

// at says when something was.
func (f *frame) at(key string, t time.Time) g.Node { return f.text(key, "time", f.time(t)) }
