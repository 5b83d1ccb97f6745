package console

import (
	g "maragu.dev/gomponents"

	"example.org/signet/endpoints/pages"
)

//go:noinline
func el(name string, children ...g.Node) g.Node { return g.El(name, children...) }

// attr returns an attribute. Those that hold a URL are made by href and postTo.
//
//go:noinline
func attr(name, value string) g.Node { return g.Attr(name, value) }

//go:noinline
func flag(name string) g.Node { return g.Attr(name) }

//go:noinline
func textNode(text string) g.Node { return g.Text(text) }

func when(condition bool, build func() g.Node) g.Node {
	if condition {
		return build()
	}
	return nil
}

// href returns the attribute of a link to a path of this server; nil for anything else.
func href(to string) g.Node {
	if !pages.IsLocalPath(to) {
		return nil
	}
	return attr("href", to)
}

// postTo returns the attributes of a form that is posted to a path of this server, once.
func postTo(to string) g.Node {
	if !pages.IsLocalPath(to) {
		to = ""
	}
	return g.Group{attr("method", "post"), attr("action", to), flag("data-single")}
}
