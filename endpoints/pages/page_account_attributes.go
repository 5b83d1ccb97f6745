package pages

import (
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
)

func (a AttributeField) id() string { return "attribute-" + a.Name }

// attribute is the field of one of the operator's attributes.
func (f *frame) attribute(s form, a AttributeField) g.Node {
	hint := f.attributeHint(a)
	about := s.describe(a.id(), "")
	if hint != nil {
		about = s.describe(a.id(), a.id()+"-hint")
		hint = el("p", attr("class", "hint"), attr("id", a.id()+"-hint"), hint)
	}
	return el("div", attr("class", "field"),
		el("label", attr("for", a.id()), f.attributeLabel(a)), newline,
		f.attributeInput(a, about), hint)
}

// attributeLabel is the catalog's text for the attribute, else that of the operator, else the name.
func (f *frame) attributeLabel(a AttributeField) g.Node {
	key := "attribute." + a.Name
	switch {
	case f.has(key):
		return f.text(key)
	case a.Text != "":
		return isolate(clean(a.Text, maxText))
	}
	return isolate(clean(a.Name, maxText))
}

// attributeHint says what a field takes, nil where that is plain.
func (f *frame) attributeHint(a AttributeField) g.Node {
	switch {
	case a.ReadOnly:
		return f.text("account.attribute_fixed")
	case a.Type == AttributeInteger:
		return f.text("account.attribute_integer")
	case a.Type == AttributeStrings:
		return f.text("account.attribute_strings")
	}
	return nil
}

func (f *frame) attributeInput(a AttributeField, about g.Node) g.Node {
	shared := g.Group{attr("id", a.id()), about}
	if !a.ReadOnly {
		shared = append(shared, attr("name", "attribute."+a.Name))
	}
	value := TypedLines(a.Value)
	switch {
	case a.Type == AttributeBoolean && !a.ReadOnly:
		return f.yesOrNo(value, shared)
	case a.Type == AttributeBoolean && value == "true":
		value = f.plain("account.attribute_yes")
	case a.Type == AttributeBoolean && value == "false":
		value = f.plain("account.attribute_no")
	case a.Type == AttributeStrings && !a.ReadOnly:
		return el("textarea", shared, attr("rows", "3"), textNode("\n"+value)) // the first line break is none of the value
	}
	if a.ReadOnly {
		return el("input", shared, attr("type", "text"), attr("value", strings.ReplaceAll(value, "\n", ", ")), flag("readonly"))
	}
	if a.Type == AttributeInteger {
		shared = append(shared, attr("inputmode", "numeric"))
	}
	if a.MaxLength > 0 {
		shared = append(shared, attr("maxlength", strconv.Itoa(a.MaxLength)))
	}
	return el("input", shared, attr("type", "text"), attr("value", value), attr("autocomplete", "off"))
}

// yesOrNo lets people also say nothing.
func (f *frame) yesOrNo(value string, shared g.Group) g.Node {
	option := func(v, key string) g.Node {
		return el("option", attr("value", v), g.If(v == value, flag("selected")), f.text(key))
	}
	return el("select", shared, option("", "account.attribute_none"), option("true", "account.attribute_yes"), option("false", "account.attribute_no"))
}

// TypedLines is a text as a field shows it and sends it back: without what is not seen, but for line
// breaks.
func TypedLines(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && isInvisible(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}
