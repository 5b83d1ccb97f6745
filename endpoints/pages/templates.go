package pages

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

//go:embed templates/*.html
var templateFiles embed.FS

// fixed is what is the same on each page of one language: a text without arguments, the path of a
// static file, and what the issuer is called.
var fixed = regexp.MustCompile(`\{\{\$?\.(?:(T|Plain|Asset|Path) "([^"]*)"|(Lang|Dir|Brand|BrandLogo))\}\}`)

// inTemplate keeps HTML from being read as an action, and lines from being added to a template.
var inTemplate = strings.NewReplacer("{", "&#123;", "}", "&#125;", "\n", "&#10;")

// insertFixed puts what is fixed into a template before it is parsed, which makes a page three
// times as fast. What cannot be inserted stays, and is found when the page is rendered.
func (p *Pages) insertFixed(text string, lang *catalog) string {
	return fixed.ReplaceAllStringFunc(text, func(action string) string {
		parts := fixed.FindStringSubmatch(action)
		value, ok := lang.texts[parts[2]]
		switch parts[1] + parts[3] {
		case "Lang":
			value, ok = lang.lang, true
		case "Dir":
			value, ok = lang.texts["meta.dir"]
		case "Brand":
			value, ok = p.name, true
		case "BrandLogo":
			value, ok = p.logo, true
		case "Asset":
			path, err := p.assets.path(parts[2])
			value, ok = path, err == nil
		case "Path":
			value, ok = p.base+parts[2], true
		}
		if !ok {
			return action
		}
		return inTemplate.Replace(template.HTMLEscapeString(value))
	})
}

// parseAll parses the templates of every language.
func (p *Pages) parseAll(folder fs.FS) error {
	p.templates = map[string]*template.Template{}
	for lang, c := range p.catalogs {
		all, err := parseTemplates(folder, func(text string) string { return p.insertFixed(text, c) })
		if err != nil {
			return err
		}
		p.templates[lang] = all
	}
	return nil
}

// parseTemplates parses the embedded templates, but for those that the folder has a file of the
// same name for.
func parseTemplates(folder fs.FS, prepare func(string) string) (*template.Template, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	all := template.New("pages")
	for _, name := range names {
		if err := parseInto(all, templateFiles, name, prepare); err != nil {
			return nil, err
		}
	}
	if folder == nil {
		return all, nil
	}
	own, err := fs.Glob(folder, "*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range own {
		if all.Lookup(name) == nil {
			return nil, fmt.Errorf("%s: there is no template of this name to replace", name)
		}
		if err := parseInto(all, folder, name, prepare); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// parseInto parses a file as the template of its name. What it defines replaces what was
// defined under the same names before.
func parseInto(all *template.Template, from fs.FS, name string, prepare func(string) string) error {
	text, err := readFile(from, name, 1<<20)
	if err != nil {
		return err
	}
	_, err = all.New(path.Base(name)).Parse(prepare(string(text)))
	return err
}

// tryAll renders every page once in every language, so that a template of the operator's
// folder which cannot be rendered is found at the start.
func (p *Pages) tryAll() error {
	for _, lang := range p.languages {
		for _, s := range samples() {
			if _, err := p.Render(s, lang); err != nil {
				return err
			}
		}
	}
	return nil
}

// readFile reads a file of at most limit bytes.
func readFile(from fs.FS, name string, limit int64) ([]byte, error) {
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	err = errors.Join(err, f.Close())
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s: more than %d bytes", name, limit)
	}
	return data, err
}
