package pages

import (
	"strings"

	g "maragu.dev/gomponents"
)

func (v AccountSessionsView) name() string { return "account_sessions" }

func (v AccountSessionsView) build(f *frame) (page, error) {
	sessions := g.Node(g.Map(v.Sessions, f.browserSession))
	if len(v.Sessions) == 0 {
		sessions = el("p", f.text("account.no_sessions"))
	}
	return f.accountPage(v.Account, "account.sessions", f.form(v.Problem, 0, ""),
		el("p", attr("class", "lead"), f.text("account.sessions_text")),
		sessions,
		f.otherApps(v.Others),
		f.more(v.More),
		f.everywhere(),
	), nil
}

// browserSession is one browser with its applications, and the button that ends it.
func (f *frame) browserSession(b BrowserSession) g.Node {
	name := f.device(b.Device)
	apps := el("p", attr("class", "hint"), f.text("account.no_apps_in_session"))
	if len(b.Apps) > 0 {
		apps = f.appSessions(b.Apps)
	}
	return item(
		el("div", attr("class", "item-head"),
			el("div",
				el("h2", isolate(name), when(b.Current, func() g.Node {
					return g.Group{textNode(" "), el("span", attr("class", "badge"), f.text("account.this_browser"))}
				})),
				f.sessionFacts(b)),
			postForm(f.path("/account/sessions/end"), hidden("session", b.Handle),
				el("button", attr("type", "submit"), attr("aria-label", f.plain("account.end_session_of", "device", name)), f.text("account.end_session")))),
		apps,
	)
}

// device is the name of a browser and its system in the language of the page. The record has it in
// English: "Firefox 140 on Linux", with "browser" for one that is not known.
func (f *frame) device(recorded string) string {
	name := clean(recorded, maxText)
	if name == "" {
		return f.plain("account.unknown_device")
	}
	browser, system, found := strings.Cut(name, " on ")
	if browser == "browser" {
		browser = f.plain("account.some_browser")
	}
	if !found {
		return browser
	}
	return f.plain("account.device", "browser", browser, "system", system)
}

func (f *frame) sessionFacts(b BrowserSession) g.Node {
	var facts []g.Node
	if b.Network != "" {
		facts = append(facts, f.text("account.network", "network", b.Network))
	}
	return el("p", attr("class", "hint facts"), spans(append(facts, f.at("account.signed_in_at", b.SignedIn), f.at("account.last_seen", b.LastSeen), f.at("account.until", b.Until))))
}

// otherApps are those of no living browser session, nil for none.
func (f *frame) otherApps(apps []AppSession) g.Node {
	if len(apps) == 0 {
		return nil
	}
	return item(el("h2", f.text("account.other_apps")), el("p", attr("class", "hint"), f.text("account.other_apps_text")), f.appSessions(apps))
}

// everywhere signs out of every browser.
func (f *frame) everywhere() g.Node {
	return item(
		el("h2", f.text("account.everywhere")),
		el("p", f.text("account.everywhere_text")),
		postForm(f.path("/account/sessions/end-all"),
			el("label", attr("class", "check"), el("input", attr("name", "keep"), attr("type", "checkbox"), attr("value", "1"), flag("checked")), el("span", f.text("account.keep_this"))),
			el("button", attr("class", "danger"), attr("id", "sign-out-everywhere"), attr("type", "submit"), f.text("account.everywhere"))),
	)
}
