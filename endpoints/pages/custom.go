package pages

import (
	"cmp"
	"io/fs"
	"strings"

	g "maragu.dev/gomponents"
)

// CustomView is a page whose parts another package has built, such as the console. It has the
// head, the header and the footer of all pages.
type CustomView struct {
	Name      string // of the page, such as console_people
	Title     string // without the issuer's name
	Failed    bool   // the title says that something went wrong
	Class     string // of the body
	Style     string // a style sheet beside that of all pages, a file of the assets; "" for none
	Script    string // a script beside that of all pages, a file of the assets; "" for none
	LogoutURL string // a path of this server, where the button "Sign out" posts to; "" for no button
	Nav       g.Node
	Main      g.Node // one main element
}

var _ View = CustomView{}

func (v CustomView) name() string { return v.Name }

func (v CustomView) build(*frame) (page, error) {
	return page{title: v.Title, failed: v.Failed, class: v.Class, style: v.Style, script: v.Script, logout: localTarget(v.LogoutURL), nav: v.Nav, main: v.Main}, nil
}

// Texts are the texts of one language by their keys.
type Texts struct{ catalog *catalog }

// LoadTexts reads dir/LANGUAGE/*.json for each language there is a folder of. Each key is in one
// file; the texts that a language lacks are those of English.
func LoadTexts(files fs.FS, dir string) (map[string]Texts, error) {
	names, err := fs.Glob(files, dir+"/*/*.json")
	if err != nil {
		return nil, err
	}
	all := map[string]Texts{}
	for _, name := range names {
		texts, err := readTexts(files, name)
		if err != nil {
			return nil, err
		}
		lang, _, _ := strings.Cut(strings.TrimPrefix(name, dir+"/"), "/")
		t, ok := all[lang]
		if !ok {
			t = Texts{&catalog{lang, map[string]string{}}}
			all[lang] = t
		}
		for key, text := range texts {
			if _, twice := t.catalog.texts[key]; twice {
				return nil, &fs.PathError{Op: "read", Path: name, Err: errTwice(key)}
			}
			t.catalog.texts[key] = text
		}
	}
	for _, t := range all {
		for key, text := range all[defaultLanguage].catalog.texts {
			t.catalog.texts[key] = cmp.Or(t.catalog.texts[key], text)
		}
	}
	return all, nil
}

type errTwice string

func (e errTwice) Error() string { return "the key " + string(e) + " is there twice" }

// Has tells whether there is a text.
func (t Texts) Has(key string) bool { _, ok := t.catalog.texts[key]; return ok }

// Keys returns the keys of all texts, in no order.
func (t Texts) Keys() []string {
	keys := make([]string, 0, len(t.catalog.texts))
	for key := range t.catalog.texts {
		keys = append(keys, key)
	}
	return keys
}

// Node returns a text as HTML. The arguments are names and values: a value that is not a node is
// cleaned and isolated from the direction of the text around it.
func (t Texts) Node(key string, args ...any) (g.Node, error) { return t.catalog.node(key, args) }

// Plain returns a text for an attribute or the title.
func (t Texts) Plain(key string, args ...any) (string, error) { return t.catalog.plain(key, args) }

// Clean returns a text from outside without characters that are not seen, with single spaces,
// cut to 200 characters.
func Clean(text string) string { return clean(text, maxText) }

// Typed returns a text as the value of a field, without characters that are not seen but line
// breaks, cut to a number of characters.
func Typed(text string, limit int) string {
	return cut(strings.Map(func(r rune) rune {
		if isInvisible(r) && r != '\n' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD")), limit)
}

// IsLocalPath tells whether a URL is a path of the server that the page comes from.
func IsLocalPath(to string) bool { return isLocalPath(to) }
