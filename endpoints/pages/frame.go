package pages

import (
	"time"

	g "maragu.dev/gomponents"
)

// frame is what a page is built with: the texts of its language, and what all pages share.
type frame struct {
	pages   *Pages
	catalog *catalog
	err     error // the first text that there is not
}

// fail keeps the first error, which Render returns.
func (f *frame) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// text returns a text of the catalog. The arguments are names and values: a value that is not
// a node is cleaned and isolated from the direction of the text around it.
func (f *frame) text(key string, args ...any) g.Node {
	n, err := f.catalog.node(key, args)
	if err != nil {
		f.fail(err)
	}
	return n
}

// plain returns a text of the catalog for an attribute or the title.
func (f *frame) plain(key string, args ...any) string {
	text, err := f.catalog.plain(key, args)
	if err != nil {
		f.fail(err)
	}
	return text
}

// has tells whether there is a text for a key that is put together.
func (f *frame) has(key string) bool {
	_, ok := f.catalog.texts[key]
	return ok
}

// time shows a time in UTC; the script shows it in the time zone of the browser.
func (f *frame) time(t time.Time) g.Node {
	if t.IsZero() {
		return textNode("–")
	}
	t = t.UTC()
	return el("time", attr("datetime", t.Format(time.RFC3339)), textNode(t.Format(f.plain("meta.time"))))
}

// scope says in words what a scope allows.
func (f *frame) scope(s Scope) g.Node {
	if s.Text != "" {
		return isolate(clean(s.Text, maxText))
	}
	if key := "scope." + s.Name; f.has(key) && s.Name != "other" {
		return f.text(key)
	}
	return f.text("scope.other", "scope", code(s.Name))
}

// duration says a time in words, rounded up: seconds up to a minute and a half, then minutes.
func (f *frame) duration(d time.Duration) string {
	key, unit := "duration.minute", time.Minute
	if d <= 90*time.Second {
		key, unit = "duration.second", time.Second
	}
	text, err := f.catalog.plural(key, int64((d+unit-1)/unit))
	if err != nil {
		f.fail(err)
	}
	return text
}
