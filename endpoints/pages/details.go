package pages

import (
	"time"

	g "maragu.dev/gomponents"
)

// details is what there is to tell the developer, folded unless open; nil for nothing.
func (f *frame) details(d Details, open bool) g.Node {
	var lines g.Group
	add := func(key string, value g.Node) {
		if value != nil {
			lines = append(lines, el("dt", f.text("details."+key)), el("dd", value))
		}
	}
	add("code", optionalCode(d.Code))
	if d.Description != "" {
		add("description", el("span", attr("lang", "en"), textNode(clean(d.Description, 2*maxText))))
	}
	add("request_id", optionalCode(d.RequestID))
	if !d.Time.IsZero() {
		add("time", el("code", textNode(d.Time.UTC().Format(time.RFC3339))))
	}
	add("client_id", optionalCode(d.ClientID))
	received, nearest := redirectURIs(d)
	add("redirect_uri", received)
	add("nearest", nearest)
	if len(lines) == 0 {
		return nil
	}
	return el("details", g.If(open, flag("open")),
		el("summary", f.text("details.title")),
		el("dl", attr("class", "details"), lines),
		el("p", attr("class", "hint"), f.text("details.audit")))
}

// optionalCode returns nil for "".
func optionalCode(text string) g.Node {
	if text == "" {
		return nil
	}
	return code(text)
}

// redirectURIs shows the received redirect URI and the nearest registered one; nil for none.
func redirectURIs(d Details) (received, nearest g.Node) {
	if d.RedirectURI == "" {
		return nil, nil
	}
	shown := shownURI(d.RedirectURI)
	if d.Nearest == "" {
		return el("code", textNode(shown)), nil
	}
	received, nearest = markDifference(shown, shownURI(d.Nearest))
	return el("code", received), el("code", nearest)
}
