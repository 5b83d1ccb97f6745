package endpoints

import (
	"slices"
	"strings"

	"example.org/signet/endpoints/console"
)

// partFields makes fields of a form that are labelled by the texts of one part: the field NAME by
// PART.NAME. Each has what was typed, or else what is recorded.
type partFields struct {
	visit *consoleVisit
	part  string
}

func (p partFields) label(name string) console.Text { return console.T(p.part + "." + name) }

func (p partFields) line(name, recorded string) console.Field {
	return console.Field{Name: name, Label: p.label(name), Value: p.visit.typed(name, recorded), Error: p.visit.wrong[name]}
}

// lines is a field of several values, one a line.
func (p partFields) lines(name string, hint console.Text, recorded []string) console.Field {
	f := p.line(name, strings.Join(recorded, "\n"))
	f.Kind, f.Hint = console.Area, hint
	return f
}

func (p partFields) box(name string, recorded bool) console.Field {
	value := ""
	if recorded {
		value = "1"
	}
	f := p.line(name, value)
	f.Kind = console.Box
	return f
}

// choice is one of several values, which are shown as they are.
func (p partFields) choice(name, recorded string, values ...string) console.Field {
	f := p.line(name, recorded)
	f.Kind = console.Select
	for _, one := range values {
		f.Options = append(f.Options, console.Option{Value: one, Text: console.Lit(one)})
	}
	return f
}

// given returns a field for a change, without white space around it.
func (v *consoleVisit) given(name string) *string {
	text := strings.TrimSpace(v.field(name))
	return &text
}

// ticked returns a box for a change.
func (v *consoleVisit) ticked(name string) *bool {
	yes := v.field(name) != ""
	return &yes
}

// sameNames tells whether two lists have the same names, in any order.
func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// lines returns the values of a field of several, which white space separates, for a change.
func (v *consoleVisit) lines(name string) *[]string {
	values := append([]string{}, strings.Fields(v.field(name))...)
	return &values
}
