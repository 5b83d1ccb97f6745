package console

import (
	"strings"

	g "maragu.dev/gomponents"

	"example.org/signet/endpoints/pages"
)

// Dotted is a text for programs that is made of words, such as the type of an event. It breaks
// between its words first.
type Dotted string

var _ Cell = Dotted("")

func (d Dotted) cell(*frame) g.Node {
	var parts g.Group
	for _, part := range strings.SplitAfter(strings.ReplaceAll(pages.Clean(string(d)), "_", "_."), ".") {
		parts = append(parts, textNode(strings.ReplaceAll(part, "_.", "_")), el("wbr"))
	}
	return el("code", parts)
}
