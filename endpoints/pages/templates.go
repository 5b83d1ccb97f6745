package pages

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
)

//go:embed templates/*.html
var templateFiles embed.FS

// parseTemplates parses the embedded templates, but for those that the folder has a file of the
// same name for.
func parseTemplates(folder fs.FS) (*template.Template, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	all := template.New("pages")
	for _, name := range names {
		if err := parseInto(all, templateFiles, name); err != nil {
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
		if err := parseInto(all, folder, name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// parseInto parses a file as the template of its name. What it defines replaces what was
// defined under the same names before.
func parseInto(all *template.Template, from fs.FS, name string) error {
	text, err := readFile(from, name, 1<<20)
	if err != nil {
		return err
	}
	_, err = all.New(path.Base(name)).Parse(string(text))
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
