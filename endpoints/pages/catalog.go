package pages

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
)

//go:embed texts/*.json
var textFiles embed.FS

// defaultLanguage has every text, and is the last resort.
const defaultLanguage = "en"

// catalog holds the texts of one language by their keys.
type catalog struct {
	lang  string // a BCP 47 tag
	texts map[string]string
}

// loadCatalogs returns the embedded catalogs, with the texts of the folder's files in the
// place of theirs. A file of another language adds it; what it lacks is shown in English.
func loadCatalogs(folder fs.FS) (map[string]*catalog, error) {
	catalogs := map[string]*catalog{}
	names, err := fs.Glob(textFiles, "texts/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		texts, err := readTexts(textFiles, name)
		if err != nil {
			return nil, err
		}
		lang := strings.TrimSuffix(path.Base(name), ".json")
		catalogs[lang] = &catalog{lang, texts}
	}
	if folder == nil {
		return catalogs, nil
	}
	return catalogs, addTexts(catalogs, folder)
}

// addTexts reads the catalogs of a folder.
func addTexts(catalogs map[string]*catalog, folder fs.FS) error {
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return err
	}
	known := maps.Clone(catalogs[defaultLanguage].texts)
	for _, name := range names {
		texts, err := readTexts(folder, name)
		if err != nil {
			return err
		}
		lang := strings.TrimSuffix(name, ".json")
		if !isLanguageTag(lang) {
			return fmt.Errorf("%s: the name is not a language such as fr.json", name)
		}
		for key, text := range texts {
			if _, ok := known[key]; !ok && !strings.HasPrefix(key, "scope.") && !strings.HasPrefix(key, "attribute.") {
				return fmt.Errorf("%s: unknown key %q", name, key)
			}
			if key == "meta.dir" && text != "ltr" && text != "rtl" {
				return fmt.Errorf("%s: meta.dir is %q, not ltr or rtl", name, text)
			}
		}
		if catalogs[lang] == nil {
			catalogs[lang] = &catalog{lang, maps.Clone(known)}
		}
		maps.Copy(catalogs[lang].texts, texts)
	}
	return nil
}

// readTexts reads one catalog: an object of strings.
func readTexts(from fs.FS, name string) (map[string]string, error) {
	data, err := readFile(from, name, 1<<20)
	if err != nil {
		return nil, err
	}
	var texts map[string]string
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&texts); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return texts, nil
}

// lookUp returns a text; a key that there is not is a mistake in this package.
func (c *catalog) lookUp(key string) (string, error) {
	text, ok := c.texts[key]
	if !ok {
		return "", fmt.Errorf("no text for %q in %s", key, c.lang)
	}
	return text, nil
}

// node returns a text as HTML, its arguments filled in.
func (c *catalog) node(key string, args []any) (g.Node, error) {
	text, err := c.lookUp(key)
	if err != nil || len(args) == 0 {
		return textNode(text), err
	}
	var parts g.Group
	err = fill(text, args, func(literal string) { parts = append(parts, textNode(literal)) }, func(value any) {
		switch v := value.(type) {
		case g.Node:
			parts = append(parts, v)
		case raw:
			parts = append(parts, textNode(string(v)))
		default:
			parts = append(parts, isolate(clean(fmt.Sprint(value), maxText)))
		}
	})
	return parts, err
}

// plain returns a text without markup, its arguments filled in between marks that isolate
// their direction (Unicode's FSI and PDI).
func (c *catalog) plain(key string, args []any) (string, error) {
	text, err := c.lookUp(key)
	if err != nil || len(args) == 0 {
		return text, err
	}
	var b strings.Builder
	err = fill(text, args, func(literal string) { b.WriteString(literal) }, func(value any) {
		if v, ok := value.(raw); ok {
			b.WriteString(string(v))
			return
		}
		text := clean(fmt.Sprint(value), maxText)
		if !isASCII(text) {
			text = "\u2068" + text + "\u2069"
		}
		b.WriteString(text)
	})
	return b.String(), err
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e }) }

// plural returns the text of a number: key for one, key + "s" for any other.
func (c *catalog) plural(key string, n int64) (string, error) {
	if n == 1 {
		return c.plain(key, nil)
	}
	return c.plain(key+"s", []any{"n", raw(strconv.FormatInt(n, 10))})
}

// fill calls literal for each part of a text that stays as it is, and value for each place
// {name}, with the value that args, which are names and values, have for it.
func fill(text string, args []any, literal func(string), value func(any)) error {
	if len(args)%2 != 0 {
		return fmt.Errorf("%d arguments: not names and values", len(args))
	}
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			literal(text)
			return nil
		}
		if before != "" {
			literal(before)
		}
		text = after
		if v, ok := valueOf(args, name); ok {
			value(v)
			continue
		}
		literal("{" + name + "}")
	}
	return nil
}

// valueOf returns the value that follows its name.
func valueOf(args []any, name string) (any, bool) {
	for n := 0; n < len(args); n += 2 {
		if args[n] == name {
			return args[n+1], true
		}
	}
	return nil, false
}
