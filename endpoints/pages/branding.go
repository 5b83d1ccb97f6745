package pages

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"example.org/signet/internal/fielderror"
)

// Branding makes the pages look like the operator's. The zero value is the default look.
type Branding struct {
	Name      string // of the issuer, as people read it; at most 60 characters
	LogoFile  string // PNG, JPEG, WebP, GIF or SVG of at most 64 KiB; "" for none
	Accent    string // colour of buttons and links, #rgb or #rrggbb; "" for the default
	Links     []Link // at the foot of each page; at most 8
	Templates string // folder with texts, style and HTML fragments of the operator; "" for none
}

// Link is a link at the foot of each page.
type Link struct {
	Text string // at most 60 characters
	URL  string // https, http, mailto, or a path of this server
}

const (
	maxBrandName = 60
	maxLinks     = 8
)

// Validate returns all errors in the values, each with the name of the setting. It reads no file.
func (b Branding) Validate() error {
	var list fielderror.List
	if name := b.Name; utf8.RuneCountInString(name) > maxBrandName || clean(name, maxBrandName) != name {
		list.Addf("brand-name", "must be at most %d visible characters", maxBrandName)
	}
	if b.Accent != "" {
		if _, err := parseColour(b.Accent); err != nil {
			list.Addf("brand-accent", "%v", err)
		}
	}
	if len(b.Links) > maxLinks {
		list.Addf("brand-link", "at most %d links, not %d", maxLinks, len(b.Links))
	}
	for _, l := range b.Links {
		if err := l.check(); err != nil {
			list.Addf("brand-link", "%v", err)
		}
	}
	return list.Err()
}

// ParseLink reads "Text=URL".
func ParseLink(text string) (Link, error) {
	label, to, ok := strings.Cut(text, "=")
	l := Link{strings.TrimSpace(label), strings.TrimSpace(to)}
	if !ok {
		return l, fmt.Errorf("%q is not TEXT=URL, such as Imprint=https://example.com/imprint", text)
	}
	return l, l.check()
}

func (l Link) check() error {
	switch {
	case l.Text == "" || utf8.RuneCountInString(l.Text) > maxBrandName || clean(l.Text, maxBrandName) != l.Text:
		return fmt.Errorf("the text %q must be 1 to %d visible characters", l.Text, maxBrandName)
	case brandTarget(l.URL) == "":
		return fmt.Errorf("%q is neither an https URL, a mailto URL nor a path", l.URL)
	}
	return nil
}

// accent returns the colour of buttons and links.
func (b Branding) accent() string {
	if b.Accent == "" {
		return defaultAccent
	}
	return b.Accent
}

// folder returns the folder of the operator, nil for none.
func (b Branding) folder() (fs.FS, error) {
	if b.Templates == "" {
		return nil, nil
	}
	info, err := os.Stat(b.Templates)
	if err != nil {
		return nil, refused("templates", err)
	}
	if !info.IsDir() {
		return nil, refused("templates", fmt.Errorf("%s is not a folder", b.Templates))
	}
	return os.DirFS(b.Templates), nil
}

// inFolder names the folder in an error about one of its files.
func (b Branding) inFolder(err error) error {
	if err == nil || b.Templates == "" {
		return err
	}
	return refused("templates", fmt.Errorf("%s: %w", b.Templates, err))
}

// refused names the setting that an error is about.
func refused(setting string, err error) error {
	return &fielderror.Error{Field: setting, Reason: err.Error()}
}
