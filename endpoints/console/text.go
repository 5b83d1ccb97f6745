package console

import (
	"embed"
	"time"

	g "maragu.dev/gomponents"

	"example.org/signet/endpoints/pages"
)

//go:embed texts
var textFiles embed.FS

// Text is a text of the catalogs, or one from outside. The zero Text is none.
type Text struct {
	key     string
	args    []any
	literal string
}

// T returns a text of the catalogs. The arguments are names and values: Text, Link, Time and Mono
// are shown as themselves, any other value as a text from outside.
func T(key string, args ...any) Text { return Text{key: key, args: args} }

// Lit returns a text from outside, such as a name.
func Lit(text string) Text { return Text{literal: text} }

// IsZero tells whether there is no text.
func (t Text) IsZero() bool { return t.key == "" && t.literal == "" }

// Console builds pages. It is safe for concurrent use.
type Console struct {
	texts map[string]pages.Texts
	base  string // the issuer's path
}

// New reads the texts. base is the path of the issuer's URL, below which all paths are.
func New(base string) (*Console, error) {
	texts, err := pages.LoadTexts(textFiles, "texts")
	if err != nil {
		return nil, err
	}
	return &Console{texts, base}, nil
}

// frame is what a page is built with. It keeps the first error.
type frame struct {
	console *Console
	texts   pages.Texts
	err     error
}

func (f *frame) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// node returns a text as HTML, nil for none.
func (f *frame) node(t Text) g.Node {
	if t.key == "" {
		if t.literal == "" {
			return nil
		}
		return el("bdi", textNode(pages.Clean(t.literal)))
	}
	args := make([]any, len(t.args))
	copy(args, t.args)
	for n := 1; n < len(args); n += 2 {
		switch v := args[n].(type) {
		case Cell:
			args[n] = v.cell(f)
		case time.Time:
			args[n] = Time(v).cell(f)
		}
	}
	node, err := f.texts.Node(t.key, args...)
	if err != nil {
		f.fail(err)
	}
	return node
}

// plain returns a text for an attribute or the title.
func (f *frame) plain(t Text) string {
	if t.key == "" {
		return pages.Clean(t.literal)
	}
	args := make([]any, len(t.args))
	copy(args, t.args)
	for n := 1; n < len(args); n += 2 {
		if v, ok := args[n].(Text); ok {
			args[n] = f.plain(v)
		}
	}
	text, err := f.texts.Plain(t.key, args...)
	if err != nil {
		f.fail(err)
	}
	return text
}

// Has tells whether there is a text in English.
func (c *Console) Has(key string) bool { return c.texts["en"].Has(key) }

// caption returns the text of a button as one element: a button lays its parts out one by one, and
// would drop the blanks between them.
func (f *frame) caption(t Text) g.Node { return el("span", f.node(t)) }
