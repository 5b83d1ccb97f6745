package console

import (
	"strconv"

	g "maragu.dev/gomponents"

	"example.org/signet/endpoints/pages"
)

var (
	_ Block = Paragraph{}
	_ Block = Panel{}
	_ Block = Facts{}
	_ Block = Actions{}
	_ Block = Secret{}
	_ Block = Pre{}
	_ Block = Progress{}
)

// Paragraph is a text.
type Paragraph struct {
	Text Text
	Hint bool // muted
}

func (p Paragraph) block(f *frame) g.Node {
	return el("p", g.If(p.Hint, attr("class", "hint")), f.node(p.Text))
}

// Panel is a part of a page with a heading.
type Panel struct {
	ID     string // may be linked as #ID
	Title  Text
	Blocks []Block
}

func (s Panel) block(f *frame) g.Node {
	return el("section", attr("class", "item"), g.If(s.ID != "", attr("id", s.ID)), el("h2", f.node(s.Title)), f.blocks(s.Blocks))
}

// Fact is a value with its name.
type Fact struct {
	Name  Text
	Value Cell // nil is a dash
}

// Facts is a list of values with their names.
type Facts []Fact

func (l Facts) block(f *frame) g.Node {
	return el("dl", attr("class", "known"), g.Map(l, func(one Fact) g.Node {
		value := g.Node(nil)
		if one.Value != nil {
			value = one.Value.cell(f)
		}
		if value == nil {
			value = textNode("–")
		}
		return g.Group{el("dt", f.node(one.Name)), el("dd", value)}
	}))
}

// Actions are links that look like buttons.
type Actions []Link

func (a Actions) block(f *frame) g.Node {
	return el("p", attr("class", "actions"), g.Map(a, func(l Link) g.Node { return el("a", attr("class", "button"), href(l.URL), f.caption(l.Text)) }))
}

// Secret is shown this once, in the answer to the form that made it: on no page that can be asked
// for again.
type Secret struct {
	ID    string // of the element
	Label Text
	Value string
	File  string // what the button "Download" calls the file; "" for no button
	Text  string // what is in the file; "" for the value
	Note  Text
}

func (s Secret) block(f *frame) g.Node {
	return el("div", attr("class", "note once"),
		el("p", f.node(s.Label)),
		el("pre", attr("id", s.ID), attr("tabindex", "0"), el("code", textNode(s.Value))),
		when(!s.Note.IsZero(), func() g.Node { return el("p", attr("class", "hint"), f.node(s.Note)) }),
		f.copyAndSave(s.ID, s.File, s.Text))
}

// copyAndSave are buttons that the script shows.
func (f *frame) copyAndSave(id, file, text string) g.Node {
	return el("p", attr("class", "actions"),
		el("button", attr("type", "button"), flag("hidden"), attr("data-copy", id), attr("data-copied", f.plain(T("shell.copied"))), f.node(T("shell.copy"))),
		when(file != "", func() g.Node {
			return el("button", attr("type", "button"), flag("hidden"), attr("data-save", id), attr("data-file", file), g.If(text != "", attr("data-text", text)), f.caption(T("shell.download", "file", file)))
		}))
}

// Pre is a text of several lines to copy, such as a configuration.
type Pre struct {
	ID    string
	Label Text
	Text  string
	File  string
}

func (p Pre) block(f *frame) g.Node {
	return g.Group{
		when(!p.Label.IsZero(), func() g.Node { return el("p", f.node(p.Label)) }),
		el("pre", attr("id", p.ID), attr("tabindex", "0"), attr("aria-label", f.plain(p.Label)), attr("role", "region"), el("code", textNode(p.Text))),
		f.copyAndSave(p.ID, p.File, ""),
	}
}

// Progress says how far long work is.
type Progress struct {
	Label     Text
	Done, All int64
}

func (p Progress) block(f *frame) g.Node {
	return g.Group{
		el("p", el("label", attr("for", "progress"), f.node(p.Label))),
		el("progress", attr("id", "progress"), attr("value", strconv.FormatInt(p.Done, 10)), attr("max", strconv.FormatInt(max(p.All, 1), 10)), textNode(pages.Clean(strconv.FormatInt(p.Done, 10)+" / "+strconv.FormatInt(p.All, 10)))),
	}
}

// Blocks is several blocks.
type Blocks []Block

func (b Blocks) block(f *frame) g.Node { return f.blocks(b) }

// bar is cells side by side.
type bar Group

func (b bar) block(f *frame) g.Node { return el("div", attr("class", "actions"), Group(b).cell(f)) }

// Block returns the cells side by side as a block.
func (c Group) Block() Block { return bar(c) }
