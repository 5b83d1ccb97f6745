package pages

import (
	"errors"
	"net/http"
)

// Config is what New builds from.
type Config struct {
	Issuer   string // its path is the prefix of all links; its host is the name where Branding has none
	Branding Branding
}

// Branding makes the pages look like the operator's. The zero value is the default look.
type Branding struct {
	Name      string // of the issuer, as people read it
	LogoFile  string // PNG, JPEG, WebP, GIF or SVG; "" for none
	Accent    string // colour of buttons and links, #rgb or #rrggbb; "" for the default
	Links     []Link // at the foot of each page
	Templates string // folder whose files replace single templates and texts; "" for none
}

// Link is a link at the foot of each page.
type Link struct{ Text, URL string }

// Pages renders the pages of one issuer. It is safe for concurrent use.
type Pages struct{}

// New reads the branding and parses all templates. An error names the file that it is about.
func New(cfg Config) (*Pages, error) { return &Pages{}, nil }

// Render returns the page in a language that Language returned.
func (p *Pages) Render(v View, lang string) ([]byte, error) { return nil, errors.New("not built yet") }

// CSP returns the Content-Security-Policy that the page needs. It has form-action only where
// the form never ends in a redirect to a client: browsers apply it to the whole chain.
func (p *Pages) CSP(v View) string { return "" }

// Language returns the best of the languages that there are texts in: of ui_locales
// (OpenID Connect Core §3.1.2.1), else of Accept-Language, else English.
func (p *Pages) Language(uiLocales, acceptLanguage string) string { return "en" }

// Assets serves the style, the script and the pictures of the pages under
// AssetsPath, which follows the issuer's path.
func (p *Pages) Assets() http.Handler { return http.NotFoundHandler() }

// AssetsPath is where Assets is mounted, below the issuer's path.
const AssetsPath = "/assets/"
