package main

import (
	"fmt"
	"io"
	"slices"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// writeSnippets prints lines to paste for what a new client can do.
func writeSnippets(w io.Writer, issuerURL string, c admin.Client) {
	auth := "-d client_id=" + c.ID
	if c.Secret != "" {
		auth = "-u " + shellQuote(c.ID+":"+c.Secret)
	}
	write := func(what, path, rest string) {
		fmt.Fprintf(w, "\n# %s\ncurl -sS %s %s%s\n", what, shellQuote(issuerURL+path), auth, rest)
	}
	for _, g := range []struct{ grant, what, rest string }{
		{issuer.GrantPassword, "a token for a user", " -d grant_type=password -d username=USERNAME -d password=PASSWORD"},
		{issuer.GrantRefreshToken, "the next pair of tokens", " -d grant_type=refresh_token -d refresh_token=REFRESH_TOKEN"},
		{issuer.GrantClientCredentials, "a token for the client itself", " -d grant_type=client_credentials"},
	} {
		if slices.Contains(c.Grants, g.grant) {
			write(g.what, "/oauth2/token", g.rest)
		}
	}
	if !c.Public {
		write("whether a token is still good", "/oauth2/introspect", " -d token=TOKEN")
	}
	if len(c.Grants) > 0 {
		write("end a session", "/oauth2/revoke", " -d token=TOKEN")
	}
}
