package connect

import (
	"net/url"
	"slices"
)

// misfits returns what the record of the client lacks for the program.
func (r recipe) misfits(c Client, redirect string) []Misfit {
	list := []Misfit{}
	add := func(field, detail, value string) {
		list = append(list, Misfit{Field: field, Detail: detail, Value: value})
	}
	if r.callback != "" {
		if !slices.Contains(c.Grants, "authorization_code") {
			add("grant_types", "People cannot sign in: the grant is missing.", "authorization_code")
		}
		if !registered(c, redirect) {
			add("redirect_uris", r.name+" takes the answer at this redirect URI, which is not registered.", redirect)
		}
		for _, scope := range signInScopes {
			if !slices.Contains(c.Scopes, scope) {
				add("scope", scopeDetails[scope], scope)
			}
		}
	}
	if c.Public && !r.public {
		add("public", r.name+" runs on a server and authenticates by a secret, and this client has none: create one with the preset web.", "false")
	}
	if r.api && len(c.Audiences) == 0 {
		add("audiences", "No API is named that the tokens are for.", exampleAudience)
	}
	return list
}

var scopeDetails = map[string]string{
	"openid":  "Without this scope nobody is signed in.",
	"profile": "Without this scope the program learns no name.",
	"email":   "Without this scope the program learns no e-mail address.",
}

// registered tells whether a redirect URI is accepted: as it is, or by another port of a loopback
// address (RFC 8252 §7.3), or of localhost where the client may.
func registered(c Client, redirect string) bool {
	if slices.Contains(c.RedirectURIs, redirect) {
		return true
	}
	want, err := url.Parse(redirect)
	if err != nil || !c.loopback(want) {
		return false
	}
	return slices.ContainsFunc(c.RedirectURIs, func(uri string) bool {
		have, err := url.Parse(uri)
		return err == nil && c.loopback(have) && have.Hostname() == want.Hostname() && have.RequestURI() == want.RequestURI()
	})
}

func (c Client) loopback(u *url.URL) bool {
	name := u.Hostname()
	return u.Scheme == "http" && (name == "127.0.0.1" || name == "::1" || name == "localhost" && c.AnyPort)
}
