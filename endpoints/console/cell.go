package console

import (
	"time"

	g "maragu.dev/gomponents"

	"example.org/signet/endpoints/pages"
)

// Cell is what stands in a cell of a table, beside a name, or in a text.
type Cell interface{ cell(f *frame) g.Node }

var (
	_ Cell = Text{}
	_ Cell = Link{}
	_ Cell = Badge{}
	_ Cell = Time{}
	_ Cell = Mono("")
	_ Cell = Group{}
	_ Cell = Form{}
)

func (t Text) cell(f *frame) g.Node { return f.node(t) }

// Link leads to a page: a path of this server. Another URL is shown as text.
type Link struct {
	Text Text
	URL  string
}

func (l Link) cell(f *frame) g.Node {
	to := href(l.URL)
	if to == nil {
		return f.node(l.Text)
	}
	return el("a", to, f.node(l.Text))
}

// Kind is the look of a badge.
type Kind string

// The kinds.
const (
	Good  Kind = ""
	Warn  Kind = "warn"
	Plain Kind = "plain"
)

// Badge is a short state.
type Badge struct {
	Text Text
	Kind Kind
}

func (b Badge) cell(f *frame) g.Node {
	class := "badge"
	if b.Kind != "" {
		class += " " + string(b.Kind)
	}
	return el("span", attr("class", class), f.node(b.Text))
}

// Time is a point in time, in UTC; the script shows it in the time zone of the browser. The zero
// Time is a dash.
type Time time.Time

func (t Time) cell(f *frame) g.Node {
	at := time.Time(t).UTC()
	if at.IsZero() {
		return textNode("–")
	}
	return el("time", attr("datetime", at.Format(time.RFC3339)), textNode(at.Format(f.plain(T("shell.time")))))
}

// Mono is a text for programs, such as an id.
type Mono string

func (m Mono) cell(*frame) g.Node { return el("code", textNode(pages.Clean(string(m)))) }

// Group is several cells in a row.
type Group []Cell

func (c Group) cell(f *frame) g.Node {
	return g.Map(c, func(one Cell) g.Node { return g.Group{one.cell(f), textNode(" ")} })
}

// YesNo is the text yes or no.
func YesNo(yes bool) Text {
	if yes {
		return T("shell.yes")
	}
	return T("shell.no")
}
