package pages

import "html/template"

// homePage is what the template of the home page sees.
type homePage struct {
	*frame
	V      HomeView
	Offers []homeLink
}

// homeLink leads to something that the server offers.
type homeLink struct {
	URL        string
	Name, Text template.HTML
}

// homeLinks are what a listener offers: the path, the key of the texts, and whether the admin
// listener has it too.
var homeLinks = []struct {
	path, key string
	admin     bool
}{
	{"/.well-known/openid-configuration", "discovery", false}, {"/docs", "docs", true},
	{"/openapi.yaml", "openapi", true}, {"/.well-known/jwks.json", "jwks", false}, {"/readyz", "ready", false},
}

func (v HomeView) template() string { return "home.html" }

func (v HomeView) model(f *frame) (any, error) {
	f.css = "account"
	p := homePage{frame: f, V: v}
	for _, l := range homeLinks {
		if v.Admin && !l.admin {
			continue
		}
		name, err := f.T("home." + l.key)
		if err != nil {
			return nil, err
		}
		text, err := f.T("home." + l.key + "_text")
		if err != nil {
			return nil, err
		}
		p.Offers = append(p.Offers, homeLink{f.Path(l.path), name, text})
	}
	return p, nil
}
