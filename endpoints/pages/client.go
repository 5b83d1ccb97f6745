package pages

import (
	"strings"

	g "maragu.dev/gomponents"
)

// name returns what the client is called.
func (c Client) name() string {
	if name := clean(c.Name, maxText); name != "" {
		return name
	}
	return clean(c.ID, maxText)
}

// initial stands for the picture where there is none.
func (c Client) initial() string {
	for _, r := range c.name() {
		return strings.ToUpper(string(r))
	}
	return ""
}

// linked returns the name, as a link where there is a home page.
func (c Client) linked() g.Node { return link(c.HomeURL, isolate(c.name())) }

// link returns the text, as a link where the URL is one of http or https.
func link(to string, text g.Node) g.Node {
	if t := webTarget(to); t != "" {
		return el("a", href(t), attr("rel", "noopener"), text)
	}
	return text
}

// logo returns the picture; one of another server is not shown.
func (c Client) logo() g.Node {
	from := localTarget(c.LogoURL)
	if from == "" {
		return nil
	}
	return el("img", attr("class", "app-logo"), src(from), attr("alt", ""), attr("width", "48"), attr("height", "48"))
}

// tile returns the picture, or the initial where there is none.
func (c Client) tile() g.Node {
	if logo := c.logo(); logo != nil {
		return logo
	}
	return el("span", attr("class", "app-logo initial"), attr("aria-hidden", "true"), textNode(c.initial()))
}

// titled is the head of a page about a client: its picture and the heading.
func (f *frame) titled(c Client, key string) g.Node {
	return el("div", attr("class", "head"), c.logo(), el("h1", f.text(key, "app", c.name())))
}

// unvetted says where a client that no administrator has vetted really is: in nothing but
// printable ASCII, so that no letter looks like another one. Nil for any other client.
func (f *frame) unvetted(c Client) g.Node {
	if c.IDHost == "" && c.RedirectHost == "" {
		return nil
	}
	host := func(key, host string) g.Node {
		if host == "" {
			return nil
		}
		return g.Group{el("dt", f.text(key)), el("dd", isolate(cut(printable(host), maxText)))}
	}
	return el("div", attr("class", "note"), attr("id", "unvetted"), el("p", f.text("client.unvetted")),
		el("dl", host("client.id_host", c.IDHost), host("client.redirect_host", c.RedirectHost)))
}

// documents links to what the client says about data, nil where there is nothing.
func (f *frame) documents(c Client) g.Node {
	var links g.Group
	for _, l := range []struct{ url, key string }{{c.PolicyURL, "consent.policy"}, {c.TermsURL, "consent.terms"}} {
		if !isWebURL(l.url) {
			continue
		}
		if len(links) > 0 {
			links = append(links, textNode(" · "))
		}
		links = append(links, link(l.url, f.text(l.key)))
	}
	if len(links) == 0 {
		return nil
	}
	return el("p", attr("class", "hint"), f.text("consent.documents", "app", c.name()), textNode(" "), links)
}

// label shows a user: the name that they sign in with, and beside it the one they have.
func label(u User) string {
	name := clean(u.Username, maxText)
	if full := clean(u.Name, maxText); full != "" && full != name {
		return full + " (" + name + ")"
	}
	return name
}
