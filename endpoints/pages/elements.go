package pages

import g "maragu.dev/gomponents"

// The pages are built by the four functions below, not by those of gomponents that they call:
// the compiler copies an inlined one to each place where it is called, which makes half a
// megabyte for all pages. Every text and every value of an attribute is escaped.

// el returns an element with its attributes and children.
//
//go:noinline
func el(name string, children ...g.Node) g.Node { return g.El(name, children...) }

// attr returns an attribute. Those that hold a URL are made by href, src and postForm.
//
//go:noinline
func attr(name, value string) g.Node { return g.Attr(name, value) }

// flag returns an attribute that needs no value, such as required.
//
//go:noinline
func flag(name string) g.Node { return g.Attr(name) }

// textNode returns a text.
//
//go:noinline
func textNode(t string) g.Node { return g.Text(t) }

// newline keeps apart what would stand side by side where there is no style.
var newline = textNode("\n")

// when returns what build gives where a condition holds.
func when(condition bool, build func() g.Node) g.Node {
	if condition {
		return build()
	}
	return nil
}
