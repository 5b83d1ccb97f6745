package console

import (
	"fmt"
	"net/http"

	g "maragu.dev/gomponents"

	"example.org/signet/endpoints/pages"
)

// Section is an entry of the navigation.
type Section string

// The sections. Each is a path below /console, and the text "section." + itself.
const (
	Overview     Section = ""
	People       Section = "people"
	Applications Section = "applications"
	Roles        Section = "roles"
	Keys         Section = "keys"
	Sessions     Section = "sessions"
	Audit        Section = "audit"
	Settings     Section = "settings"
)

var sections = []Section{Overview, People, Applications, Roles, Keys, Sessions, Audit, Settings}

// Page is one page of the console.
type Page struct {
	Name    string // of the page, such as people
	Section Section
	Title   Text
	Trail   []Link // the pages above it, the outermost first
	Notice  Text   // what has just been done
	Problem Text   // why the form is shown again, or what went wrong
	Status  int    // of HTTP; 0 means 200, or 400 with a Problem
	Blocks  []Block
	Bare    bool // without navigation: for who is not let in
}

// Block is a part of a page.
type Block interface{ block(f *frame) g.Node }

// HTTPStatus is the status of the answer that shows the page.
func (p Page) HTTPStatus() int {
	switch {
	case p.Status != 0:
		return p.Status
	case !p.Problem.IsZero():
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// View returns the page in a language, English where there are no texts in it. logout is the path
// that the button "Sign out" posts to; "" for no button.
func (c *Console) View(p Page, lang, logout string) (pages.View, error) {
	texts, ok := c.texts[lang]
	if !ok {
		texts = c.texts["en"]
	}
	f := &frame{console: c, texts: texts}
	v := pages.CustomView{
		Name: "console_" + p.Name, Title: f.plain(T("shell.title", "page", p.Title)), Failed: !p.Problem.IsZero(), Class: "account console",
		Style: "console.css", Script: "console.js", LogoutURL: logout,
		Main: el("main", attr("class", "wide"),
			f.trail(p.Trail),
			el("h1", f.node(p.Title)),
			when(!p.Notice.IsZero(), func() g.Node {
				return el("div", attr("class", "done"), attr("role", "status"), attr("id", "notice"), el("p", f.node(p.Notice)))
			}),
			when(!p.Problem.IsZero(), func() g.Node {
				return el("div", attr("class", "alert"), attr("role", "alert"), attr("id", "problem"), el("p", f.node(p.Problem)))
			}),
			f.blocks(p.Blocks)),
	}
	if !p.Bare {
		v.Nav = f.navigation(p.Section)
	}
	if f.err != nil {
		return nil, fmt.Errorf("console page %s: %w", p.Name, f.err)
	}
	return v, nil
}

func (f *frame) blocks(blocks []Block) g.Node {
	return g.Map(blocks, func(b Block) g.Node {
		if b == nil {
			return nil
		}
		return b.block(f)
	})
}

// path is a path of the console below the issuer's.
func (c *Console) path(section Section) string {
	if section == Overview {
		return c.base + "/console"
	}
	return c.base + "/console/" + string(section)
}

func (f *frame) navigation(current Section) g.Node {
	return el("nav", attr("aria-label", f.plain(T("shell.navigation"))), el("ul", g.Map(sections, func(s Section) g.Node {
		key := "section." + string(s)
		if s == Overview {
			key = "section.overview"
		}
		return el("li", el("a", href(f.console.path(s)), g.If(s == current, attr("aria-current", "page")), f.node(T(key))))
	})))
}

func (f *frame) trail(links []Link) g.Node {
	if len(links) == 0 {
		return nil
	}
	return el("nav", attr("class", "trail"), attr("aria-label", f.plain(T("shell.trail"))), el("ul", g.Map(links, func(l Link) g.Node { return el("li", l.cell(f)) })))
}
