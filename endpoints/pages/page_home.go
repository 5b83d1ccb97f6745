package pages

import g "maragu.dev/gomponents"

// homeLinks are what a listener offers: the path, the key of the texts, and whether the admin
// listener has it too.
var homeLinks = []struct {
	path, key string
	admin     bool
}{
	{"/.well-known/openid-configuration", "discovery", false}, {"/docs", "docs", true},
	{"/openapi.yaml", "openapi", true}, {"/.well-known/jwks.json", "jwks", false}, {"/readyz", "ready", false},
}

func (v HomeView) name() string { return "home" }

func (v HomeView) build(f *frame) (page, error) {
	title, text := "home.title", "home.text"
	if v.Admin {
		title, text = "home.admin_title", "home.admin_text"
	}
	var offers g.Group
	for _, l := range homeLinks {
		if l.admin || !v.Admin {
			offers = append(offers, el("li", el("a", href(f.path(l.path)), f.text("home."+l.key)), textNode(" "), el("span", attr("class", "hint"), f.text("home."+l.key+"_text"))))
		}
	}
	return page{title: f.plain(title), class: "account", main: el("main", attr("class", "wide"),
		el("h1", f.text(title)),
		el("p", attr("class", "lead"), f.text(text, "issuer", v.Issuer)),
		el("ul", attr("class", "item links"), offers),
	)}, nil
}
