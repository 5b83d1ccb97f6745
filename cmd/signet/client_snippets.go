package main

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// writeSnippets prints lines to paste for what a new client can do.
func writeSnippets(w io.Writer, issuerURL string, c admin.Client) {
	s := snippets{w: w, issuer: issuerURL, client: c, auth: "-d client_id=" + c.ID}
	switch {
	case c.Secret == "":
	case c.AuthMethod == string(issuer.AuthPost):
		s.auth += " -d client_secret=" + shellQuote(c.Secret)
	default:
		s.auth = "-u " + shellQuote(c.ID+":"+c.Secret)
	}
	s.writeSignIn()
	for _, g := range []struct{ grant, what, rest string }{
		{issuer.GrantPassword, "a token for a user", " -d grant_type=password -d username=USERNAME -d password=PASSWORD"},
		{issuer.GrantRefreshToken, "the next pair of tokens", " -d grant_type=refresh_token -d refresh_token=REFRESH_TOKEN"},
		{issuer.GrantClientCredentials, "a token for the client itself", " -d grant_type=client_credentials"},
	} {
		if slices.Contains(c.Grants, g.grant) {
			s.writeCurl(g.what, "/oauth2/token", g.rest)
		}
	}
	if !c.Public {
		s.writeCurl("whether a token is still good", "/oauth2/introspect", " -d token=TOKEN")
	}
	if len(c.Grants) > 0 {
		s.writeCurl("end a session", "/oauth2/revoke", " -d token=TOKEN")
	}
}

// snippets writes the lines for one client.
type snippets struct {
	w      io.Writer
	issuer string
	client admin.Client
	auth   string // how curl authenticates the client
}

func (s snippets) writeCurl(what, path, rest string) {
	fmt.Fprintf(s.w, "\n# %s\ncurl -sS %s %s%s\n", what, shellQuote(s.issuer+path), s.auth, rest)
}

// writeSignIn prints what an OpenID Connect library is told, the address that a browser is
// sent to, and the request that redeems the code.
func (s snippets) writeSignIn() {
	c := s.client
	if !slices.Contains(c.Grants, issuer.GrantAuthorizationCode) || len(c.RedirectURIs) == 0 {
		return
	}
	redirect := c.RedirectURIs[0]
	fmt.Fprintf(s.w, "\n# settings for an OpenID Connect library\n")
	writeFields(s.w, "issuer", s.issuer, "client_id", c.ID, "client_secret", c.Secret, "redirect_uri", redirect, "scope", c.Scope)
	query := "?response_type=code&client_id=" + url.QueryEscape(c.ID) + "&redirect_uri=" + url.QueryEscape(redirect)
	if c.Scope != "" {
		query += "&scope=" + strings.ReplaceAll(url.QueryEscape(c.Scope), "+", "%20")
	}
	fmt.Fprintf(s.w, "\n# a sign-in begins by sending the browser here; S256 of a new VERIFIER is the CHALLENGE\n%s\n",
		s.issuer+"/oauth2/authorize"+query+"&state=STATE&nonce=NONCE&code_challenge=CHALLENGE&code_challenge_method=S256")
	s.writeCurl("tokens for the code that comes back", "/oauth2/token",
		" -d grant_type=authorization_code -d code=CODE --data-urlencode "+shellQuote("redirect_uri="+redirect)+" -d code_verifier=VERIFIER")
}
