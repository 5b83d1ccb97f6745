package pages

import (
	"html/template"
	"net/url"
	"strings"
	"time"
)

// frame is what the templates of all pages have in common.
type frame struct {
	pages  *Pages
	text   *catalog
	title  string
	failed bool   // the title says that something went wrong
	css    string // a class of the body
	logout string // where the button "Sign out" of the header goes; "" for none
}

// T returns a text of the catalog as HTML. The arguments are names and values: a value that
// is not HTML yet is cleaned, escaped and isolated from the direction of the text around it.
func (f *frame) T(key string, args ...any) (template.HTML, error) { return f.text.html(key, args) }

// Plain returns a text of the catalog for an attribute or the title.
func (f *frame) Plain(key string, args ...any) (string, error) { return f.text.plain(key, args) }

// Titled returns the frame with a title, for the template "head".
func (f *frame) Titled(key string, args ...any) (*frame, error) {
	title, err := f.text.plain(key, args)
	if err == nil && f.failed {
		title, err = f.text.plain("title.error", []any{"title", raw(title)})
	}
	if err == nil {
		title, err = f.text.plain("title.page", []any{"title", raw(title), "issuer", f.pages.name})
	}
	titled := *f
	titled.title = title
	return &titled, err
}

// Title, and those below, are used by the templates "head" and "foot".
func (f *frame) Title() string { return f.title }

func (f *frame) Lang() string { return f.text.lang }

func (f *frame) Dir() string { return f.text.texts["meta.dir"] }

func (f *frame) Layout() string { return f.css }

func (f *frame) Brand() string { return f.pages.name }

func (f *frame) BrandLogo() string { return f.pages.logo }

func (f *frame) LogoutURL() string { return f.logout }

func (f *frame) Links() []Link { return f.pages.links }

// Asset returns the path of a static file.
func (f *frame) Asset(name string) (string, error) { return f.pages.assets.path(name) }

// Path returns a path of this server below the issuer's own.
func (f *frame) Path(path string) string { return f.pages.base + path }

// Clean returns a text from outside as a page may show it.
func (f *frame) Clean(text string) string { return clean(text, maxText) }

// Typed returns what a person typed or an application hinted, without control characters.
func (f *frame) Typed(text string) string { return typed(text) }

// Link returns a URL as the target of a link, "" where it may not be one.
func (f *frame) Link(to string) template.URL { return linkURL(to) }

// Time shows a time in UTC; the script shows it in the time zone of the browser.
func (f *frame) Time(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	t = t.UTC()
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339) + `">` + template.HTMLEscapeString(t.Format(f.text.texts["meta.time"])) + `</time>`)
}

// scopes says in words what each scope allows.
func (f *frame) scopes(scopes []Scope) ([]template.HTML, error) {
	var words []template.HTML
	for _, s := range scopes {
		text, err := f.scope(s)
		if err != nil {
			return nil, err
		}
		words = append(words, text)
	}
	return words, nil
}

func (f *frame) scope(s Scope) (template.HTML, error) {
	if s.Text != "" {
		return isolate(clean(s.Text, maxText)), nil
	}
	if _, ok := f.text.texts["scope."+s.Name]; ok && s.Name != "other" {
		return f.T("scope." + s.Name)
	}
	return f.T("scope.other", "scope", template.HTML(`<code>`+template.HTMLEscapeString(clean(s.Name, maxText))+`</code>`))
}

// duration says a time in words, rounded up: seconds up to a minute and a half, then minutes.
func (f *frame) duration(d time.Duration) (string, error) {
	if d <= 90*time.Second {
		return f.text.plural("duration.second", int64((d+time.Second-1)/time.Second))
	}
	return f.text.plural("duration.minute", int64((d+time.Minute-1)/time.Minute))
}

// linkURL returns the target of a link: a path of this server, http, https, or a private-use
// scheme, which has a period (RFC 8252 §7.1). Anything else, such as javascript:, gives "".
func linkURL(to string) template.URL {
	if strings.ContainsFunc(to, isInvisible) {
		return ""
	}
	u, err := url.Parse(to)
	switch {
	case err != nil:
		return ""
	case isLocalPath(to), isWebURL(to):
		return template.URL(to)
	case u.Scheme != "" && strings.Contains(u.Scheme, "."):
		return template.URL(to)
	}
	return ""
}

// local returns a path of this server, "" for anything else: a form without an action goes to
// the page's own URL.
func local(to string) string {
	if isLocalPath(to) {
		return to
	}
	return ""
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
