package admin

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"example.org/signet/issuer"
)

// The presets: what kinds of client need, in one word.
const (
	PresetSPA     = "spa"     // a page in a browser that keeps no secret
	PresetWeb     = "web"     // a server that keeps a secret
	PresetNative  = "native"  // an app on a phone or desktop, or a command line
	PresetMachine = "machine" // a program without a user
	PresetAPI     = "api"     // an API that introspects tokens and asks for none
	PresetMCP     = "mcp"     // a client of Model Context Protocol servers, on somebody's computer
)

// Presets returns the names of the presets.
func Presets() []string {
	return []string{PresetSPA, PresetWeb, PresetNative, PresetMachine, PresetAPI, PresetMCP}
}

// WithPreset returns n with what a client of that kind needs where n has no setting of its
// own. It decides whether the client is public: set Public afterwards to have it otherwise.
func (n NewClient) WithPreset(name string) (NewClient, error) {
	code := []string{issuer.GrantAuthorizationCode, issuer.GrantRefreshToken}
	never, yes := ConsentNever, true
	set := &n.Settings
	switch name {
	case PresetSPA:
		n.Public = true
		setDefault(&set.Grants, code)
		setDefault(&set.Consent, never)
		if set.RedirectURIs != nil {
			setDefault(&set.Origins, originsOf(*set.RedirectURIs))
		}
	case PresetWeb:
		n.Public = false
		setDefault(&set.Grants, code)
		setDefault(&set.Consent, never)
	case PresetNative: // its consent follows from its redirect URIs
		n.Public = true
		setDefault(&set.Grants, code)
		setDefault(&set.LocalhostPorts, yes)
	case PresetMachine:
		n.Public = false
		setDefault(&set.Grants, []string{issuer.GrantClientCredentials})
		return n, nil
	case PresetAPI:
		n.Public = false
		setDefault(&set.Grants, []string{})
		if set.Resources == nil || len(*set.Resources) == 0 {
			return n, newFieldError("resources", "must not be empty for the preset api, such as https://api.example.com: the audience of the tokens that it may introspect")
		}
		return n, nil
	case PresetMCP:
		n.Public = true
		setDefault(&set.Grants, code)
		setDefault(&set.LocalhostPorts, yes)
		setDefault(&set.Consent, ConsentOnce) // a program on somebody's computer says of itself what it is
	default:
		return n, newFieldError("preset", quote(name)+" is not one of "+strings.Join(Presets(), ", "))
	}
	setDefault(&set.Scopes, []string{issuer.ScopeOpenID, issuer.ScopeProfile, issuer.ScopeEmail})
	if set.RedirectURIs == nil || len(*set.RedirectURIs) == 0 {
		return n, newFieldError("redirect_uris", fmt.Sprintf("must not be empty for the preset %s, such as %s", name, redirectExamples[name]))
	}
	return n, nil
}

var redirectExamples = map[string]string{
	PresetSPA: "https://app.example.com/callback", PresetWeb: "https://app.example.com/callback", PresetNative: "com.example.app:/callback or http://127.0.0.1/callback", PresetMCP: "http://127.0.0.1/callback",
}

func setDefault[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}

// originsOf returns the origins of the pages that redirect URIs lead to, as browsers send
// them (RFC 6454 §6.2). A URI that is no page's has none.
func originsOf(uris []string) []string {
	origins := []string{}
	for _, uri := range uris {
		u, err := url.Parse(uri)
		if err != nil || !isWebScheme(u.Scheme) || u.Host == "" {
			continue
		}
		host := strings.ToLower(u.Host)
		if u.Scheme == "https" {
			host = strings.TrimSuffix(host, ":443")
		} else {
			host = strings.TrimSuffix(host, ":80")
		}
		if origin := u.Scheme + "://" + host; !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins
}
