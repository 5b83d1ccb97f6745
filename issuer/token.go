package issuer

import (
	"context"

	"example.org/signet/issuer/attribute"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// TokenRequest is a request to the token endpoint (RFC 6749 §3.2). An empty
// field is an absent parameter.
type TokenRequest struct {
	Client       ClientAuth
	Grant        string
	Scope        string
	Resource     string // RFC 8707
	Username     string
	Password     Secret
	RefreshToken Secret
	AuthCode     Secret // an authorization code
	RedirectURI  string
	CodeVerifier Secret // RFC 7636
	DeviceCode   Secret // RFC 8628
	Info         RequestInfo
}

// TokenResponse is the answer of RFC 6749 §5.1. It holds usable tokens: it is
// for the client alone.
type TokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope"`

	Event string `json:"-"` // the audit event worth counting, such as a replayed refresh; "" for none
}

// grantRequest is a token request that has passed the shared checks. Nobody
// changes it afterwards.
type grantRequest struct {
	TokenRequest
	grant     grant
	client    storage.Client
	requested []string // scopes named in the request; nil for none
}

// pipeline is the token endpoint: the checks that every grant shares, the grant,
// scope and audience by the grant's policy, the tokens.
type pipeline struct {
	issuer     string
	auth       *clientAuthenticator
	grants     map[string]grant
	roles      *role.Cache
	attributes *attribute.Cache
	signer     *tokenSigner
}

// Token handles a request to the token endpoint. Errors are *Error.
func (i *Issuer) Token(ctx context.Context, r TokenRequest) (TokenResponse, error) {
	if r.Grant == "" {
		return TokenResponse{}, newError(InvalidRequest, "grant_type is missing")
	}
	req, err := i.pipeline.check(ctx, r)
	if err != nil {
		return TokenResponse{}, err
	}
	who, err := req.grant.identify(ctx, req)
	if err != nil {
		return TokenResponse{}, err
	}
	defer who.login.release(ctx)
	return i.pipeline.grantTo(ctx, req, who)
}

// CheckedLogin is a request for tokens of a user who is not known yet. It has
// passed every check of the token endpoint that needs the client alone.
type CheckedLogin struct{ req *grantRequest }

// Public tells whether the client is a public one: anybody can present its id.
func (c *CheckedLogin) Public() bool { return c.req.client.Public }

// Info is what is known of the user's request, as far as the client is trusted.
func (c *CheckedLogin) Info() RequestInfo { return c.req.Info }

// CheckLogin makes the checks of the password grant that come before the
// password. Errors are *Error.
func (i *Issuer) CheckLogin(ctx context.Context, r TokenRequest) (*CheckedLogin, error) {
	r.Grant = GrantPassword
	req, err := i.pipeline.check(ctx, r)
	if err != nil {
		return nil, err
	}
	return &CheckedLogin{req}, nil
}

// LogIn starts a session and issues its first tokens. The caller has just checked or set the
// password of the user. Errors are *Error.
func (i *Issuer) LogIn(ctx context.Context, c *CheckedLogin, user storage.User) (TokenResponse, error) {
	refused, err := i.policy.refusesGrant(ctx, user, c.req.client)
	switch {
	case err != nil:
		return TokenResponse{}, err
	case refused:
		return TokenResponse{}, newError(InvalidGrant, "the user must set up a second factor: sign in in a browser")
	}
	return i.pipeline.grantTo(ctx, c.req, newSubject(user))
}

// check makes the checks that every grant shares.
func (p *pipeline) check(ctx context.Context, r TokenRequest) (*grantRequest, error) {
	var req *grantRequest
	_, err := p.auth.authenticateFor(ctx, r.Client, r.Info, func(c storage.Client) (err error) {
		req, err = p.checkForClient(r, c)
		return err
	})
	return req, err
}

func (p *pipeline) checkForClient(r TokenRequest, client storage.Client) (*grantRequest, error) {
	g, known := p.grants[r.Grant]
	if !known {
		return nil, newError(UnsupportedGrantType, "this grant type is not supported").Naming(r.Grant)
	}
	if !contains(client.Grants, r.Grant) {
		return nil, newError(UnauthorizedClient, "this client may not use this grant type").Naming(r.Grant)
	}
	if g.policy().fixed {
		r.Scope = ""
	}
	requested, err := parseScope(r.Scope)
	if err != nil {
		return nil, err
	}
	if r.Info, err = r.Info.Through(client); err != nil {
		return nil, err
	}
	req := &grantRequest{TokenRequest: r, grant: g, client: client, requested: requested}
	return req, p.checkScope(req)
}

// grantTo computes the rights of the subject and issues its tokens.
func (p *pipeline) grantTo(ctx context.Context, req *grantRequest, who subject) (TokenResponse, error) {
	r, err := p.rights(ctx, req, who)
	if err == nil {
		err = p.signer.checkSize(req, who, r)
	}
	if err != nil {
		return TokenResponse{}, who.refused(ctx, err)
	}
	result, err := req.grant.complete(ctx, req, who, r)
	if err != nil {
		return TokenResponse{}, err
	}
	if len(result.rights.audience) == 0 {
		return TokenResponse{}, errInvalidRefreshToken // all that it was for was taken from the client since
	}
	return p.signer.issue(ctx, req, result)
}
