package pages

import g "maragu.dev/gomponents"

func (v ErrorView) name() string { return "error" }

func (v ErrorView) build(f *frame) (page, error) {
	key := "error." + string(v.Kind)
	if !f.has(key + ".title") {
		key, v.Kind = "error."+string(ErrorInternal), ErrorInternal
	}
	app := f.plain("error.an_application")
	if v.Client != nil {
		app = v.Client.name()
	}
	return f.errorPage(errorParts{
		kind: string(v.Kind), heading: key + ".title", app: app,
		explain: f.text(key+".text", "app", app), advice: f.withRetry(key+".do", v.RetryAfter),
		// Where the nearest redirect URI may be shown, it is the developer who looks at the page.
		details: f.details(v.Details, v.Details.Nearest != ""),
		ways:    f.waysOn(v.Client, v.BackURL, v.RetryURL),
	}), nil
}

func (v StatusView) name() string { return "error" }

func (v StatusView) build(f *frame) (page, error) {
	kind, key := "other", "status.other"
	switch v.Status {
	case 404:
		kind, key = "not_found", "status.404"
	case 405:
		kind, key = "method_not_allowed", "status.405"
	}
	return f.errorPage(errorParts{
		kind: kind, heading: key + ".title", explain: f.text(key + ".text"),
		details: f.details(Details{RequestID: v.RequestID}, false), ways: []wayOn{f.account()},
	}), nil
}

// errorParts are what differs between error pages.
type errorParts struct {
	kind    string
	heading string // a key
	app     string
	explain g.Node
	advice  g.Node // nil for none
	ways    []wayOn
	details g.Node // nil for none
}

func (f *frame) errorPage(e errorParts) page {
	return page{title: f.plain(e.heading, "app", e.app), failed: true, main: el("main", attr("class", "card"), attr("id", "error-page"), attr("data-kind", e.kind),
		el("h1", f.text(e.heading)),
		el("p", attr("class", "lead"), e.explain),
		g.If(e.advice != nil, el("p", e.advice)),
		waysOn(e.ways),
		e.details,
	)}
}

// wayOn is a link that leads on from a page.
type wayOn struct {
	id   string
	to   target
	text g.Node
}

// waysOn shows ways on, the first one as the usual one.
func waysOn(ways []wayOn) g.Node {
	var links g.Group
	for n, way := range ways {
		class := "button"
		if n == 0 {
			class = "button primary"
		}
		links = append(links, el("a", attr("class", class), attr("id", way.id), href(way.to), way.text), textNode(" "))
	}
	return el("p", attr("class", "actions"), links)
}

// waysOn returns the ways on from an error: back to the application, the same again, or the
// account where there is neither.
func (f *frame) waysOn(c *Client, back, again string) []wayOn {
	ways := f.back(c, back)
	if to := localTarget(again); to != "" {
		ways = append(ways, wayOn{"retry", to, f.text("action.retry")})
	}
	if len(ways) == 0 {
		ways = append(ways, f.account())
	}
	return ways
}

// back returns the way back to the application, none where there is no URL that may be linked.
func (f *frame) back(c *Client, to string) []wayOn {
	t := clientTarget(to)
	if t == "" || c == nil {
		return nil
	}
	return []wayOn{{"back", t, f.text("action.back_to", "app", c.name())}}
}

func (f *frame) account() wayOn {
	return wayOn{"account", f.path("/account"), f.text("action.account")}
}
