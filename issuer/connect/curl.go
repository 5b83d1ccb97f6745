package connect

import (
	"net/url"
	"slices"
	"strings"
)

// curl returns the requests that the client may make, as commands.
func curl(c Client) string {
	var b strings.Builder
	auth := `-u "` + c.ID + `:$OIDC_CLIENT_SECRET"`
	switch {
	case c.Public:
		auth = "-d client_id=" + c.ID
	case c.PostSecret:
		auth = "-d client_id=" + c.ID + ` --data-urlencode "client_secret=$OIDC_CLIENT_SECRET"`
	}
	request := func(what, path, rest string) {
		b.WriteString("# " + what + "\ncurl -sS " + quote(c.Issuer+path) + " " + auth + rest + "\n\n")
	}
	b.WriteString("# what the issuer says of itself\ncurl -sS " + quote(c.Issuer+"/.well-known/openid-configuration") + "\n\n")
	if slices.Contains(c.Grants, "authorization_code") && len(c.RedirectURIs) > 0 {
		redirect, scope := c.RedirectURIs[0], ""
		if len(c.Scopes) > 0 {
			scope = "&scope=" + strings.ReplaceAll(url.QueryEscape(strings.Join(c.Scopes, " ")), "+", "%20")
		}
		b.WriteString("# a sign-in begins by sending the browser here; S256 of a new VERIFIER is the CHALLENGE\n# " + c.Issuer +
			"/oauth2/authorize?response_type=code&client_id=" + c.ID + "&redirect_uri=" + url.QueryEscape(redirect) +
			scope + "&state=STATE&nonce=NONCE&code_challenge=CHALLENGE&code_challenge_method=S256\n\n")
		request("tokens for the code that comes back", "/oauth2/token", " -d grant_type=authorization_code -d code=CODE --data-urlencode "+quote("redirect_uri="+redirect)+" -d code_verifier=VERIFIER")
	}
	for _, g := range []struct{ grant, what, rest string }{
		{"password", "a token for a user", " -d grant_type=password -d username=USERNAME -d password=PASSWORD"},
		{"refresh_token", "the next pair of tokens", " -d grant_type=refresh_token -d refresh_token=REFRESH_TOKEN"},
		{"client_credentials", "a token for the client itself", " -d grant_type=client_credentials"},
	} {
		if slices.Contains(c.Grants, g.grant) {
			request(g.what, "/oauth2/token", g.rest)
		}
	}
	if !c.Public {
		request("whether a token is still good", "/oauth2/introspect", " -d token=TOKEN")
	}
	if len(c.Grants) > 0 {
		request("end a session", "/oauth2/revoke", " -d token=TOKEN")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// quote returns a text as one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
