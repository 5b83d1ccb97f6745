package pages

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	g "maragu.dev/gomponents"
)

// Config is what New builds from.
type Config struct {
	Issuer   string // its path is the prefix of all links; its host is the name where Branding has none
	Branding Branding
}

// Pages renders the pages of one issuer. It is safe for concurrent use.
type Pages struct {
	issuer    string
	base      string // the issuer's path, "" for none
	origin    string // the issuer's URL without the path
	name      string
	loads     g.Node // the static files of every page
	brand     g.Node // the picture and the name in the header
	links     []Link
	catalogs  map[string]*catalog
	languages []string
	fragments fragments // of the operator
	assets    *assets
}

// New reads the branding and the folder of the operator. An error names the setting or the file
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
	p := &Pages{issuer: cfg.Issuer, base: strings.TrimSuffix(issuer.EscapedPath(), "/"), origin: issuer.Scheme + "://" + issuer.Host, name: cfg.Branding.Name, links: cfg.Branding.Links}
	if p.name == "" {
		p.name = issuer.Host
	}
	if p.catalogs, err = loadCatalogs(folder); err != nil {
		return nil, cfg.Branding.inFolder(err)
	}
	p.languages = slices.Sorted(maps.Keys(p.catalogs))
	if p.fragments, err = loadFragments(folder, p.languages); err != nil {
		return nil, cfg.Branding.inFolder(err)
	}
	if p.assets, err = newAssets(p.base, cfg.Branding, folder); err != nil {
		return nil, err
	}
	p.loads = p.assets.loads()
	p.brand = g.Group{el("img", src(p.assets.logo()), attr("alt", ""), attr("height", "28")), el("span", textNode(p.name))}
	return p, nil
}

// Render returns the page in a language that Language returned; another one gives English.
// It fails only where the form of a FormPostView goes to no web URL.
func (p *Pages) Render(v View, lang string) ([]byte, error) {
	f := &frame{pages: p, catalog: p.catalogs[lang]}
	if f.catalog == nil {
		f.catalog = p.catalogs[defaultLanguage]
	}
	parts, err := v.build(f)
	if err != nil {
		return nil, fmt.Errorf("page %s: %w", v.name(), err)
	}
	document := f.document(v.name(), parts)
	if f.err != nil {
		return nil, fmt.Errorf("page %s: %w", v.name(), f.err)
	}
	b := bytes.NewBuffer(make([]byte, 0, 8<<10))
	b.WriteString("<!doctype html>")
	if err := document.Render(b); err != nil {
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
	case LoginView, SecondFactorView, EnrolView, ChangePasswordView, ConsentView, DeviceView, FormPostView, LogoutView, AccountLinkedView:
		return policy // signing out may lead to a client too, and adding an account to another provider
	case CustomView: // the console may have an origin of its own: its forms lead to the sign-in and to signing out
		return policy + "; form-action 'self' " + p.origin
	case ForgotView, ForgotCodeView, SetPasswordView, ConfirmAddressView,
		AccountView, AccountPasswordView, AccountFactorsView, AccountEnrolView, AccountPasskeyView, AccountCodesView, AccountSessionsView, AccountAppsView:
		return policy + "; form-action 'self'"
	}
	return policy + "; form-action 'none'"
}

// Assets serves the style, the script and the pictures of the pages. It is mounted at
// AssetsPath below the issuer's path.
func (p *Pages) Assets() http.Handler { return p.assets }

// AssetsPath is the path of the static files, below the issuer's.
const AssetsPath = "/assets/"
