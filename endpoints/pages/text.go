package pages

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	g "maragu.dev/gomponents"
)

const (
	maxText = 200 // characters of a text from outside
	maxURI  = 300 // characters of a URI that a page shows
)

// raw is a text that is not isolated again.
type raw string

// isolate keeps the direction of a text from changing the text around it.
func isolate(text string) g.Node { return el("bdi", textNode(text)) }

// code shows a text from outside that is meant for programs.
func code(text string) g.Node { return el("code", textNode(clean(text, maxText))) }

// clean returns a text from outside without characters that are not seen, such as control
// characters and marks of direction, with single spaces, cut to a number of characters.
func clean(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	text = strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, strings.Join(words, " "))
	return cut(text, limit)
}

// typed returns the value of a field without what cannot be typed into one.
func typed(text string) string {
	return cut(strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD")), 255)
}

// isInvisible tells whether r is a control character, or a format character that is not seen
// and can change what is: marks of direction, zero-width characters, byte order marks. The
// joiners that scripts and emoji are written with stay.
func isInvisible(r rune) bool {
	switch r {
	case '\u200c', '\u200d':
		return false
	case '\u2028', '\u2029':
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

func cut(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}

// shownURI returns a received URI as a page shows it: what is not printable ASCII escaped,
// user information, the values of the query and the fragment left out, and cut.
func shownURI(uri string) string {
	uri, _, fragment := strings.Cut(uri, "#")
	head, query, asked := strings.Cut(uri, "?")
	var b strings.Builder
	scheme, rest, hierarchical := strings.Cut(head, "//")
	authority, path, hasPath := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); hierarchical && at >= 0 {
		head = scheme + "//…" + authority[at:]
		if hasPath {
			head += "/" + path
		}
	}
	b.WriteString(head)
	for n, pair := range strings.Split(query, "&") {
		if !asked {
			break
		}
		name, _, valued := strings.Cut(pair, "=")
		b.WriteByte("?&"[min(n, 1)])
		b.WriteString(name)
		if valued {
			b.WriteString("=…")
		}
	}
	if fragment {
		b.WriteString("#…")
	}
	return cut(printable(b.String()), maxURI)
}

// printable escapes every byte of a character that is not printable ASCII, but for the sign
// that stands for what was left out.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r >= 0x21 && r <= 0x7e || r == '…' {
			b.WriteRune(r)
			continue
		}
		b.WriteString(url.PathEscape(string(r)))
	}
	return b.String()
}

// markDifference returns two URIs with the part marked in which they differ.
func markDifference(a, b string) (g.Node, g.Node) {
	x, y := []rune(a), []rune(b)
	from := 0
	for from < len(x) && from < len(y) && x[from] == y[from] {
		from++
	}
	end := 0
	for end < len(x)-from && end < len(y)-from && x[len(x)-1-end] == y[len(y)-1-end] {
		end++
	}
	return marked(x, from, end), marked(y, from, end)
}

func marked(text []rune, from, end int) g.Node {
	to := len(text) - end
	return g.Group{
		textNode(string(text[:from])),
		g.If(from < to, el("mark", textNode(string(text[from:to])))),
		textNode(string(text[to:])),
	}
}
