package pages

import (
	"bytes"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.org/signet/internal/ttlcache"
)

// Config is what New builds from.
type Config struct {
	Issuer   string // its path is the prefix of all links; its host is the name where Branding has none
	Branding Branding
}

// Pages renders the pages of one issuer. It is safe for concurrent use.
type Pages struct {
	base      string // the issuer's path, "" for none
	name      string
	logo      string // a path
	links     []Link
	catalogs  map[string]*catalog
	languages []string
	templates map[string]*template.Template // by language
	assets    *assets
	logins    *ttlcache.Cache[loginKey, loginParts]
}

// New reads the branding and parses all templates. An error names the setting or the file
// that it is about.
func New(cfg Config) (*Pages, error) {
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	if err := cfg.Branding.Validate(); err != nil {
		return nil, err
	}
	folder, err := cfg.Branding.folder()
	if err != nil {
		return nil, err
	}
	p := &Pages{base: strings.TrimSuffix(issuer.EscapedPath(), "/"), name: cfg.Branding.Name, links: cfg.Branding.Links, logins: newLoginCache()}
	if p.name == "" {
		p.name = issuer.Host
	}
	if p.catalogs, err = loadCatalogs(folder); err != nil {
		return nil, cfg.Branding.inFolder(err)
	}
	p.languages = slices.Sorted(maps.Keys(p.catalogs))
	if p.assets, err = newAssets(p.base, cfg.Branding, folder); err != nil {
		return nil, err
	}
	p.logo = p.assets.logo()
	if err := p.parseAll(folder); err != nil {
		return nil, cfg.Branding.inFolder(err)
	}
	if folder != nil {
		return p, cfg.Branding.inFolder(p.tryAll())
	}
	return p, nil
}

// Render returns the page in a language that Language returned; another one gives English.
// It fails only where a template of the operator's folder does.
func (p *Pages) Render(v View, lang string) ([]byte, error) {
	text := p.catalogs[lang]
	if text == nil {
		text = p.catalogs[defaultLanguage]
	}
	if login, ok := v.(LoginView); ok {
		return p.renderLogin(login, text)
	}
	return p.renderTemplate(v, text)
}

// renderTemplate executes the page's template.
func (p *Pages) renderTemplate(v View, text *catalog) ([]byte, error) {
	model, err := v.model(&frame{pages: p, text: text})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.template(), err)
	}
	b := bytes.NewBuffer(make([]byte, 0, 8<<10))
	if err := p.templates[text.lang].ExecuteTemplate(b, v.template(), model); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// policy lets a page load what is served beside it, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// CSP returns the Content-Security-Policy that the page needs. It has form-action only where
// no form ends in a redirect to a client: browsers apply it to the whole chain.
func (p *Pages) CSP(v View) string {
	switch v.(type) {
	case LoginView, ChangePasswordView, ConsentView, FormPostView, LogoutView:
		return policy // signing out may lead to a client too
	case AccountView, AccountPasswordView, AccountSessionsView, AccountAppsView:
		return policy + "; form-action 'self'"
	}
	return policy + "; form-action 'none'"
}

// Assets serves the style, the script and the pictures of the pages. It is mounted at
// AssetsPath below the issuer's path.
func (p *Pages) Assets() http.Handler { return p.assets }

// AssetsPath is the path of the static files, below the issuer's.
const AssetsPath = "/assets/"
