package pages

import (
	"net/url"
	"strings"

	g "maragu.dev/gomponents"
)

// target is a URL that a page leads to, posts to or loads. Only the functions of this file turn
// a string into one, and only targets become the values of href, action and src: escaping alone
// would let javascript: through. "" is none.
type target string

// localTarget returns a path of this server, "" for anything else: a form without an action
// goes to the page's own URL.
func localTarget(to string) target {
	if isLocalPath(to) {
		return target(to)
	}
	return ""
}

// webTarget returns an absolute URL of http or https, "" for anything else.
func webTarget(to string) target {
	if isWebURL(to) {
		return target(to)
	}
	return ""
}

// clientTarget returns the target of a link to an application: a path of this server, http,
// https, or a private-use scheme, which has a period (RFC 8252 §7.1). Anything else, such as
// javascript:, gives "".
func clientTarget(to string) target {
	if strings.ContainsFunc(to, isInvisible) {
		return ""
	}
	u, err := url.Parse(to)
	switch {
	case err != nil:
		return ""
	case isLocalPath(to), isWebURL(to), strings.Contains(u.Scheme, "."):
		return target(to)
	}
	return ""
}

// brandTarget returns the target of a link of the operator: a path of this server, http, https
// or mailto, "" for anything else.
func brandTarget(to string) target {
	if isWebURL(to) || isLocalPath(to) || strings.HasPrefix(to, "mailto:") {
		return target(to)
	}
	return ""
}

// appTarget returns the link that opens an authenticator app on the same device, "" for anything else.
func appTarget(to string) target {
	if strings.HasPrefix(to, "otpauth://totp/") && !strings.ContainsFunc(to, isInvisible) {
		return target(to)
	}
	return ""
}

// path returns a path of this server below the issuer's own.
func (f *frame) path(path string) target { return target(f.pages.base + path) }

func href(to target) g.Node { return attr("href", string(to)) }

func src(from target) g.Node { return attr("src", string(from)) }

// postForm returns a form that is posted to a target, once.
func postForm(to target, children ...g.Node) g.Node {
	nodes := make([]g.Node, 0, 3+2*len(children))
	nodes = append(nodes, attr("method", "post"), attr("action", string(to)), flag("data-single"))
	for _, c := range children {
		if c != nil {
			nodes = append(nodes, c, newline)
		}
	}
	return el("form", nodes...)
}

// isLocalPath tells whether a URL is a path of the server that the page comes from.
func isLocalPath(to string) bool {
	return strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.Contains(to, `\`) && !strings.ContainsFunc(to, isInvisible)
}

// isWebURL tells whether a URL is absolute, of http or https, with a host.
func isWebURL(to string) bool {
	u, err := url.Parse(to)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}
