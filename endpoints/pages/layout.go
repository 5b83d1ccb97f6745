package pages

import g "maragu.dev/gomponents"

// page is what a view shows. The layout puts it into a document.
type page struct {
	title  string // without the issuer's name
	failed bool   // the title says that something went wrong
	class  string // of the body
	logout target // where the button "Sign out" of the header goes; "" for none
	script string // of this page alone, a file of the assets; "" for none
	style  string // likewise
	nav    g.Node // stands before the main part; nil for none
	main   g.Node
}

// document returns a page with head and foot, and the operator's fragments around its parts.
func (f *frame) document(name string, p page) g.Node {
	return el("html", attr("lang", f.catalog.lang), attr("dir", f.plain("meta.dir")),
		f.head(p),
		el("body", g.If(p.class != "", attr("class", p.class)),
			f.header(p.logout),
			f.fragment("header"), p.nav, f.fragment(name),
			p.main,
			f.fragment("footer"), f.footer(),
		),
	)
}

func (f *frame) head(p page) g.Node {
	title := p.title
	if p.failed {
		title = f.plain("title.error", "title", raw(title))
	}
	return el("head", metaTags, el("title", textNode(f.plain("title.page", "title", raw(title), "issuer", f.pages.name))), f.pages.loads,
		when(p.style != "", func() g.Node { return el("link", attr("rel", "stylesheet"), href(f.pages.assets.path(p.style))) }),
		when(p.script != "", func() g.Node { return el("script", src(f.pages.assets.path(p.script)), flag("defer")) }))
}

// metaTags are the same on every page.
var metaTags = g.Group{
	el("meta", attr("charset", "utf-8")),
	el("meta", attr("name", "viewport"), attr("content", "width=device-width, initial-scale=1")),
	el("meta", attr("name", "color-scheme"), attr("content", "light dark")),
	el("meta", attr("name", "robots"), attr("content", "noindex")),
}

// loads are the static files that every page loads.
func (a *assets) loads() g.Node {
	return g.Group{
		el("link", attr("rel", "icon"), href(a.path("icon.svg"))),
		el("link", attr("rel", "stylesheet"), href(a.path("style.css"))),
		el("script", src(a.path("pages.js")), flag("defer")),
	}
}

func (f *frame) header(logout target) g.Node {
	return el("header", attr("class", "brand"), f.pages.brand,
		when(logout != "", func() g.Node { return postForm(logout, f.signOutButton()) }),
	)
}

// signOutButton sends decision=sign-out.
func (f *frame) signOutButton(class ...g.Node) g.Node {
	return el("button", g.Group(class), attr("id", "sign-out"), attr("type", "submit"), attr("name", "decision"), attr("value", "sign-out"), f.text("action.sign_out"))
}

func (f *frame) footer() g.Node {
	if len(f.pages.links) == 0 {
		return nil
	}
	return el("footer", g.Map(f.pages.links, func(l Link) g.Node { return el("a", href(brandTarget(l.URL)), textNode(l.Text)) }))
}
