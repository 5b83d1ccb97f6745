package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/oauth2"

	"example.org/signet/internal/safehttp"
	"example.org/signet/storage"
)

// GitHubIssuer is the issuer of connectors to github.com. That of GitHub Enterprise Server is
// its own URL.
const GitHubIssuer = "https://github.com"

// gitHub is OAuth without OpenID Connect: who has signed in is asked of the API. The token comes
// straight from the provider and is used once, so that no nonce is needed.
type gitHub struct {
	conn   storage.Connector
	client oauth2.Config
	http   *http.Client
	api    string
}

func newGitHub(c *Client, conn storage.Connector, secret string) *gitHub {
	api := conn.Issuer + "/api/v3"
	if conn.Issuer == GitHubIssuer {
		api = "https://api.github.com"
	}
	scopes := conn.Scopes
	if len(scopes) == 0 {
		scopes = []string{"read:user", "user:email"}
	}
	return &gitHub{conn: conn, http: c.http, api: api, client: oauth2.Config{
		ClientID: conn.ClientID, ClientSecret: secret, RedirectURL: c.redirect(conn.ID), Scopes: scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL: conn.Issuer + "/login/oauth/authorize", TokenURL: conn.Issuer + "/login/oauth/access_token", AuthStyle: oauth2.AuthStyleInParams,
		},
	}}
}

func (g *gitHub) authURL(p Proof, ask Ask) string {
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(p.verifier())}
	if ask.LoginHint != "" && !strings.Contains(ask.LoginHint, "@") {
		options = append(options, oauth2.SetAuthURLParam("login", ask.LoginHint))
	}
	switch {
	case ask.Fresh:
		options = append(options, oauth2.SetAuthURLParam("prompt", "select_account")) // it has nothing stronger
	case g.conn.Prompt != "":
		options = append(options, oauth2.SetAuthURLParam("prompt", g.conn.Prompt))
	}
	return g.client.AuthCodeURL(ask.State, options...)
}

func (g *gitHub) identify(ctx context.Context, p Proof, r Response) (Identity, error) {
	if r.Issuer != "" && r.Issuer != g.conn.Issuer && !strings.HasPrefix(r.Issuer, g.conn.Issuer+"/") { // GitHub names a path below
		return Identity{}, rejected("the response is not of the provider that was asked (RFC 9207 §2.4)")
	}
	token, err := g.client.Exchange(ctx, r.Code, oauth2.VerifierOption(p.verifier()))
	if err != nil {
		return Identity{}, transportError("redeem the code", err)
	}
	var raw json.RawMessage
	if err := g.get(ctx, token, "/user", &raw); err != nil {
		return Identity{}, err
	}
	var user struct {
		ID    int64  `json:"id"`
		Login string `json:"login"`
	}
	claims := map[string]any{}
	if json.Unmarshal(raw, &user) != nil || json.Unmarshal(raw, &claims) != nil || user.ID <= 0 {
		return Identity{}, rejected("the API names nobody")
	}
	delete(claims, "email") // of the profile: nobody has verified it
	delete(claims, "email_verified")
	if err := g.addEmail(ctx, token, claims); err != nil {
		return Identity{}, err
	}
	claims["preferred_username"] = user.Login
	return newIdentity(g.conn, g.conn.Issuer, strconv.FormatInt(user.ID, 10), claims)
}

// addEmail adds the person's first address, with whether it is verified.
func (g *gitHub) addEmail(ctx context.Context, token *oauth2.Token, claims map[string]any) error {
	var addresses []struct {
		Email             string
		Primary, Verified bool
	}
	if err := g.get(ctx, token, "/user/emails", &addresses); err != nil {
		return err
	}
	for _, a := range addresses {
		if a.Primary {
			claims["email"], claims["email_verified"] = a.Email, a.Verified
		}
	}
	return nil
}

// get reads one resource of the API.
func (g *gitHub) get(ctx context.Context, token *oauth2.Token, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.api+path, http.NoBody)
	if err != nil {
		return &Error{Problem: ProblemMisconfigured, Reason: "the URL of the API is not well-formed", cause: err}
	}
	token.SetAuthHeader(req)
	req.Header.Set("Accept", "application/vnd.github+json")
	res, err := g.http.Do(req)
	if err != nil {
		return transportError("read "+path+" of the API", err)
	}
	defer func() { _ = res.Body.Close() }() // nothing is written to it
	if res.StatusCode != http.StatusOK {
		return &Error{Problem: ProblemUnavailable, Reason: fmt.Sprintf("read %s of the API: the server answered with status %d", path, res.StatusCode)}
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return &Error{Problem: ProblemUnavailable, Reason: "read " + path + " of the API: " + safehttp.Cause(err).Error(), cause: err}
	}
	return nil
}
