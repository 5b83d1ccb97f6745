package upstream

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"example.org/signet/storage"
)

// oidcProvider is a provider of OpenID Connect.
type oidcProvider struct {
	conn     storage.Connector
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	client   oauth2.Config
	issuerIn bool // every response names the issuer (RFC 9207 §3)
}

// metadata is what is read of the provider's metadata beyond what the library does.
type metadata struct {
	IssuerInResponse bool     `json:"authorization_response_iss_parameter_supported"`
	TokenAuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	JWKSURI          string   `json:"jwks_uri"`
	SigningAlgs      []string `json:"id_token_signing_alg_values_supported"`
}

// newOIDC reads the metadata of the provider. That they name the issuer of the connector is
// checked by the library (OpenID Connect Discovery §4.3).
func newOIDC(ctx context.Context, c *Client, conn storage.Connector, secret string) (*oidcProvider, error) {
	p, err := oidc.NewProvider(c.context(ctx), conn.Issuer)
	var other *oidc.IssuerMismatchError
	switch {
	case errors.As(err, &other):
		return nil, &Error{Problem: ProblemMisconfigured, Reason: "the metadata of the provider name another issuer", cause: err}
	case err != nil:
		return nil, transportError("read the metadata of the provider", err)
	}
	var m metadata
	if err := p.Claims(&m); err != nil {
		return nil, &Error{Problem: ProblemUnavailable, Reason: "the metadata of the provider are not well-formed", cause: err}
	}
	endpoint := p.Endpoint()
	userInfo := cmp.Or(p.UserInfoEndpoint(), conn.Issuer) // there need be none
	for _, uri := range []string{endpoint.AuthURL, endpoint.TokenURL, m.JWKSURI, userInfo} {
		if !asSafe(uri, conn.Issuer) {
			return nil, &Error{Problem: ProblemMisconfigured, Reason: "an endpoint in the metadata of the provider is no https URL"}
		}
	}
	endpoint.AuthStyle = authStyle(m.TokenAuthMethods)
	return &oidcProvider{
		conn: conn, provider: p, issuerIn: m.IssuerInResponse,
		verifier: oidc.NewVerifier(conn.Issuer, keySet{oidc.NewRemoteKeySet(c.context(context.Background()), m.JWKSURI)}, &oidc.Config{
			ClientID: conn.ClientID, Now: c.now, SupportedSigningAlgs: algorithmsOf(m.SigningAlgs),
		}),
		client: oauth2.Config{
			ClientID: conn.ClientID, ClientSecret: secret, Endpoint: endpoint, RedirectURL: c.redirect(conn.ID), Scopes: scopesOf(conn),
		},
	}, nil
}

// asSafe tells whether an endpoint is an https URL, or an http one where the issuer, on this
// machine, is one too: the secret of the client and the codes go there.
func asSafe(endpoint, issuer string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(issuer, "http://"))
}

// authStyle chooses how the client proves itself: a guess would send the code twice.
func authStyle(methods []string) oauth2.AuthStyle {
	if len(methods) == 0 || slices.Contains(methods, "client_secret_basic") || !slices.Contains(methods, "client_secret_post") {
		return oauth2.AuthStyleInHeader // the default of OpenID Connect Discovery §3
	}
	return oauth2.AuthStyleInParams
}

// scopesOf returns the scopes to ask for. openid is always among them.
func scopesOf(conn storage.Connector) []string {
	if len(conn.Scopes) == 0 {
		return []string{oidc.ScopeOpenID, "profile", "email"}
	}
	if slices.Contains(conn.Scopes, oidc.ScopeOpenID) {
		return conn.Scopes
	}
	return append([]string{oidc.ScopeOpenID}, conn.Scopes...)
}

func (o *oidcProvider) authURL(p Proof, ask Ask) string {
	options := []oauth2.AuthCodeOption{oidc.Nonce(p.nonce()), oauth2.S256ChallengeOption(p.verifier())}
	add := func(name, value string) {
		if value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	prompt := o.conn.Prompt
	if ask.Fresh {
		prompt = "login"
	}
	add("prompt", prompt)
	add("login_hint", ask.LoginHint)
	add("ui_locales", ask.Locales)
	if ask.MaxAge != nil {
		add("max_age", strconv.FormatInt(*ask.MaxAge, 10))
	}
	return o.client.AuthCodeURL(ask.State, options...)
}

func (o *oidcProvider) identify(ctx context.Context, p Proof, r Response) (Identity, error) {
	if r.Issuer == "" && o.issuerIn || r.Issuer != "" && r.Issuer != o.conn.Issuer {
		return Identity{}, rejected("the response is not of the provider that was asked (RFC 9207 §2.4)")
	}
	token, err := o.client.Exchange(ctx, r.Code, oauth2.VerifierOption(p.verifier()))
	if err != nil {
		return Identity{}, transportError("redeem the code", err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return Identity{}, rejected("the token endpoint sent no ID token")
	}
	id, err := o.verify(ctx, p, raw)
	if err != nil {
		return Identity{}, err
	}
	claims, err := claimsOf(id.Claims)
	if err != nil {
		return Identity{}, err
	}
	if o.wantsUserInfo(claims) {
		if err := o.addUserInfo(ctx, token, id.Subject, claims); err != nil {
			return Identity{}, err
		}
	}
	return newIdentity(o.conn, id.Issuer, id.Subject, claims)
}

// verify checks the ID token (OpenID Connect Core §3.1.3.7).
func (o *oidcProvider) verify(ctx context.Context, p Proof, raw string) (*oidc.IDToken, error) {
	var noKeys error
	id, err := o.verifier.Verify(context.WithValue(ctx, fetchKey{}, &noKeys), raw)
	var expired *oidc.TokenExpiredError
	switch {
	case noKeys != nil:
		return nil, transportError("read the keys of the provider", noKeys)
	case errors.Is(err, context.Canceled):
		return nil, err
	case errors.As(err, &expired):
		return nil, &Error{Problem: ProblemRejected, Reason: "the ID token has expired: compare the clocks", cause: err}
	case err != nil:
		return nil, &Error{Problem: ProblemRejected, Reason: "the ID token is not valid", cause: err}
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(p.nonce())) != 1:
		return nil, rejected("the ID token is not for this attempt: its nonce is another")
	case id.Subject == "" || len(id.Subject) > maxSubject:
		return nil, rejected("the ID token names nobody")
	}
	var azp struct {
		Party string `json:"azp"`
	}
	if err := id.Claims(&azp); err != nil || azp.Party != "" && azp.Party != o.conn.ClientID || azp.Party == "" && len(id.Audience) > 1 {
		return nil, rejected("the ID token is for another client too, and does not say that it was issued to this one")
	}
	return id, nil
}

// wantsUserInfo tells whether the ID token lacks what is needed.
func (o *oidcProvider) wantsUserInfo(claims map[string]any) bool {
	if o.provider.UserInfoEndpoint() == "" {
		return false
	}
	wanted := []string{nameOr(o.conn.Claims.Email, "email")}
	if o.conn.CreateUsers {
		wanted = append(wanted, nameOr(o.conn.Claims.Username, "preferred_username"))
	}
	for _, r := range o.conn.RoleRules {
		wanted = append(wanted, r.Claim)
	}
	return slices.ContainsFunc(wanted, func(name string) bool { _, has := claims[name]; return !has })
}

// addUserInfo adds claims of the userinfo endpoint where the ID token has none of the name. They
// must be about the same person (OpenID Connect Core §5.3.2).
func (o *oidcProvider) addUserInfo(ctx context.Context, token *oauth2.Token, subject string, claims map[string]any) error {
	info, err := o.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return transportError("read the claims of the user", err)
	}
	if info.Subject != subject {
		return rejected("the userinfo endpoint speaks of somebody else")
	}
	more, err := claimsOf(info.Claims)
	if err != nil {
		return err
	}
	if _, has := claims["email"]; has {
		delete(more, "email_verified") // it is about the other address
	} else {
		delete(claims, "email_verified")
	}
	for name, value := range more {
		if _, has := claims[name]; !has {
			claims[name] = value
		}
	}
	return nil
}

func claimsOf(read func(any) error) (map[string]any, error) {
	claims := map[string]any{}
	if err := read(&claims); err != nil {
		return nil, &Error{Problem: ProblemRejected, Reason: "the claims are not well-formed", cause: err}
	}
	return claims, nil
}
