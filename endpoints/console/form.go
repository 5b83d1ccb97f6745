package console

import (
	"slices"

	g "maragu.dev/gomponents"

	"example.org/signet/endpoints/pages"
)

// FieldKind is the kind of a field.
type FieldKind string

// The kinds. Any other one is a type of an input, such as email, url, number or date.
const (
	Line       FieldKind = "text"
	Area       FieldKind = "area"     // several lines
	Select     FieldKind = "select"   // one of Options
	Radios     FieldKind = "radios"   // one of Options, all seen
	Boxes      FieldKind = "boxes"    // any number of Options: the form sends the name several times
	Box        FieldKind = "box"      // yes: sends 1
	Hidden     FieldKind = "hidden"   // sends Value
	Password   FieldKind = "password" // never filled in
	EmailField FieldKind = "email"
)

// Option is one of the values of a field.
type Option struct {
	Value string
	Text  Text
	Hint  Text
}

// Field is a field of a form. Its id is its name, with the form's id and a hyphen before it.
type Field struct {
	Name         string
	Kind         FieldKind // "" is Line
	Label        Text
	Hint         Text
	Error        Text // what is wrong with it
	Value        string
	Values       []string // of Boxes
	Options      []Option
	Required     bool
	Autocomplete string // "" is off
}

// Form is posted to a path of this server.
type Form struct {
	ID       string
	Action   string
	Fields   []Field
	Submit   Text
	Danger   bool
	Revision string // of the record as it was read; sent as revision
	Confirm  string // must be typed into the field confirm; "" for nothing
	Inline   bool   // a button without visible fields
}

var (
	_ Block = Form{}
	_ Block = Filter{}
)

func (m Form) cell(f *frame) g.Node { m.Inline = true; return m.block(f) }

func (m Form) block(f *frame) g.Node {
	class, button := "block", "primary"
	if m.Inline {
		class, button = "inline", ""
	}
	if m.Danger {
		button = "danger"
	}
	fields := m.Fields
	if m.Revision != "" {
		fields = append([]Field{{Name: "revision", Kind: Hidden, Value: m.Revision}}, fields...)
	}
	if m.Confirm != "" {
		fields = append(slices.Clone(fields), Field{Name: "confirm", Label: T("shell.confirm", "name", Mono(m.Confirm)), Required: true})
	}
	return el("form", postTo(m.Action), attr("class", class), g.If(m.ID != "", attr("id", m.ID)),
		g.Map(fields, func(one Field) g.Node { return f.field(m.ID, one) }),
		el("button", attr("type", "submit"), g.If(button != "", attr("class", button)), f.caption(m.Submit)))
}

// Filter is a form that asks for a page by GET: what it filters by is in the URL.
type Filter struct {
	ID     string
	Action string
	Fields []Field
	Submit Text // the zero Text is "Show"
}

func (m Filter) block(f *frame) g.Node {
	if m.Submit.IsZero() {
		m.Submit = T("shell.show")
	}
	if m.ID == "" {
		m.ID = "filter"
	}
	action := attr("action", "")
	if pages.IsLocalPath(m.Action) {
		action = attr("action", m.Action)
	}
	return el("form", attr("method", "get"), action, attr("class", "filter"), attr("role", "search"), attr("id", m.ID),
		g.Map(m.Fields, func(one Field) g.Node { return f.field(m.ID, one) }),
		el("button", attr("type", "submit"), f.node(m.Submit)))
}

const maxValue = 8000 // characters of the value of a field that are shown

func (f *frame) field(form string, m Field) g.Node {
	id := m.Name
	if form != "" {
		id = form + "-" + m.Name
	}
	switch m.Kind {
	case Hidden:
		return el("input", attr("type", "hidden"), attr("name", m.Name), attr("value", m.Value))
	case Box:
		return el("div", attr("class", "field"), f.choice("checkbox", m.Name, id, Option{Value: "1", Text: m.Label, Hint: m.Hint}, m.Value != "", f.describe(id, m)), f.fieldError(id, m))
	case Radios, Boxes:
		return f.choices(id, m)
	}
	return el("div", attr("class", "field"),
		el("label", attr("for", id), f.node(m.Label)),
		when(!m.Hint.IsZero(), func() g.Node { return el("p", attr("class", "hint"), attr("id", id+"-hint"), f.node(m.Hint)) }),
		f.input(id, m),
		f.fieldError(id, m))
}

func (f *frame) fieldError(id string, m Field) g.Node {
	if m.Error.IsZero() {
		return nil
	}
	return el("p", attr("class", "error"), attr("id", id+"-error"), f.node(m.Error))
}

// describe returns the attributes that say what is wrong with a field and what to mind.
func (f *frame) describe(id string, m Field) g.Node {
	var attrs g.Group
	by := ""
	if !m.Hint.IsZero() {
		by = id + "-hint"
	}
	if !m.Error.IsZero() {
		attrs = append(attrs, attr("aria-invalid", "true"))
		if by != "" {
			by += " "
		}
		by += id + "-error"
	}
	if by != "" {
		attrs = append(attrs, attr("aria-describedby", by))
	}
	if m.Required {
		attrs = append(attrs, flag("required"))
	}
	return attrs
}

func (f *frame) input(id string, m Field) g.Node {
	value := pages.Typed(m.Value, maxValue)
	common := g.Group{attr("id", id), attr("name", m.Name), f.describe(id, m)}
	switch m.Kind {
	case Area:
		return el("textarea", common, attr("rows", "4"), attr("spellcheck", "false"), textNode(value))
	case Select:
		return el("select", common, g.Map(m.Options, func(o Option) g.Node {
			return el("option", attr("value", o.Value), g.If(o.Value == m.Value, flag("selected")), textNode(f.plain(o.Text)))
		}))
	case Password:
		value = ""
	case "":
		m.Kind = Line
	}
	if m.Autocomplete == "" {
		m.Autocomplete = "off"
	}
	return el("input", common, attr("type", string(m.Kind)), attr("value", value), attr("autocomplete", m.Autocomplete))
}

// choices shows all options, in a group with the label.
func (f *frame) choices(id string, m Field) g.Node {
	kind := "radio"
	if m.Kind == Boxes {
		kind = "checkbox"
	}
	return el("fieldset", el("legend", f.node(m.Label)),
		when(!m.Hint.IsZero(), func() g.Node { return el("p", attr("class", "hint"), attr("id", id+"-hint"), f.node(m.Hint)) }),
		g.Map(m.Options, func(o Option) g.Node {
			checked := o.Value == m.Value
			if m.Kind == Boxes {
				checked = slices.Contains(m.Values, o.Value)
			}
			return f.choice(kind, m.Name, id+"-"+o.Value, o, checked, nil)
		}),
		f.fieldError(id, m))
}

func (f *frame) choice(kind, name, id string, o Option, checked bool, more g.Node) g.Node {
	return el("label", attr("class", "check"),
		el("input", attr("type", kind), attr("name", name), attr("id", id), attr("value", o.Value), g.If(checked, flag("checked")), more),
		el("span", f.node(o.Text), when(!o.Hint.IsZero(), func() g.Node { return el("span", attr("class", "hint"), textNode(" "), f.node(o.Hint)) })))
}
