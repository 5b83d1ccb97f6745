package authorization

import "strings"

// maxShown bounds what is shown or audited of a redirect URI, in bytes.
const maxShown = 256

// mismatch finds the registered redirect URI that has most in common with the received one.
func mismatch(registered []string, received string) *Mismatch {
	m := &Mismatch{}
	best := -1
	for _, uri := range registered {
		begin := commonPrefix(uri, received)
		if score := begin + commonSuffix(uri[begin:], received[begin:]); score > best {
			best, m.Nearest = score, uri
		}
	}
	m.Received = shown(received)
	m.At = commonPrefix(m.Received, shown(m.Nearest))
	return m
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func commonSuffix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// shown returns a redirect URI without the values of its query and without user
// information, which may be secrets.
func shown(uri string) string {
	uri, _, fragment := strings.Cut(uri, "#")
	path, query, hasQuery := strings.Cut(uri, "?")
	if scheme, rest, ok := strings.Cut(path, "://"); ok {
		authority, after, slash := strings.Cut(rest, "/")
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			authority = "…" + authority[at:]
		}
		if path = scheme + "://" + authority; slash {
			path += "/" + after
		}
	}
	var names []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, hasValue := strings.Cut(pair, "=")
		if hasValue {
			name += "=…"
		}
		names = append(names, name)
	}
	if hasQuery {
		path += "?" + strings.Join(names, "&")
	}
	if fragment {
		path += "#…"
	}
	if len(path) > maxShown {
		path = strings.ToValidUTF8(path[:maxShown], "") + "…"
	}
	return path
}
