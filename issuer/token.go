package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/storage"
)

// The grants that the token endpoint knows.
const (
	GrantPassword          = "password"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
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

// grantRequest is a token request that has passed the shared checks.
type grantRequest struct {
	TokenRequest
	client    storage.Client
	at        time.Time
	requested []string // scopes named in the request; nil for none
	scope     []string // what is asked for, within the client's
	audience  []string // what is asked for, within the client's
	event     string   // TokenResponse.Event
}

// grantResult is what a grant has decided: on whose behalf tokens are made,
// and what they may say.
type grantResult struct {
	user     *storage.User    // nil for a client on its own behalf
	session  *storage.Session // nil for a client on its own behalf
	scope    []string
	audience []string
	refresh  string // the refresh token to hand out; "" for none
	idToken  bool
}

// grant is one way to get tokens. It owns what is special to it and nothing of
// what the pipeline checks.
type grant interface {
	authorize(ctx context.Context, req *grantRequest) (grantResult, error)
}

// Token answers the token endpoint. Errors are *Error.
func (i *Issuer) Token(ctx context.Context, r TokenRequest) (TokenResponse, error) {
	if r.Grant == "" {
		return TokenResponse{}, newError(InvalidRequest, "grant_type is missing")
	}
	req, err := i.checkTokenRequest(ctx, r)
	if err != nil {
		return TokenResponse{}, err
	}
	a, err := i.grants[r.Grant].authorize(ctx, req)
	if err != nil {
		return TokenResponse{}, err
	}
	return i.issue(ctx, req, a)
}

// checkTokenRequest makes the checks that every grant shares. What it refuses because of a
// remembered client it checks again with the client read from the store.
func (i *Issuer) checkTokenRequest(ctx context.Context, r TokenRequest) (*grantRequest, error) {
	client, err := i.authenticate(ctx, r.Client, r.Info)
	if err != nil {
		return nil, err
	}
	req, err := i.checkForClient(r, client)
	if err == nil {
		return req, nil
	}
	fresh, reloadErr := i.reloadClient(ctx, client.ID)
	if reloadErr != nil {
		return nil, reloadErr
	}
	if sameVersion(fresh, client) {
		return nil, err
	}
	if err := i.checkClient(ctx, fresh, r.Client, r.Info); err != nil {
		return nil, err
	}
	return i.checkForClient(r, fresh)
}

func (i *Issuer) checkForClient(r TokenRequest, client storage.Client) (*grantRequest, error) {
	if _, known := i.grants[r.Grant]; !known {
		return nil, newError(UnsupportedGrantType, "this grant type is not supported")
	}
	if !contains(client.Grants, r.Grant) {
		return nil, newError(UnauthorizedClient, "this client may not use this grant type")
	}
	req := &grantRequest{TokenRequest: r, client: client, at: i.now()}
	var err error
	if req.requested, err = parseScope(r.Scope); err != nil {
		return nil, err
	}
	if req.scope, err = requestedScope(client, req.requested); err != nil {
		return nil, err
	}
	if req.audience, err = i.requestedAudience(client, r.Resource); err != nil {
		return nil, err
	}
	return req, nil
}

// issue signs what the grant has decided. Nothing is written after this point,
// so a failure here leaves a state from which the client's retry succeeds.
func (i *Issuer) issue(ctx context.Context, req *grantRequest, a grantResult) (TokenResponse, error) {
	if err := failpoint.Hit(failpoint.TokenSigning); err != nil {
		return TokenResponse{}, unavailable(err)
	}
	signing, err := i.keyring.Current()
	if err != nil {
		return TokenResponse{}, unavailable(err)
	}
	claims, err := i.accessClaims(req, a)
	if err != nil {
		return TokenResponse{}, unavailable(err)
	}
	access, err := signing.Sign(ctx, typeAccessToken, claims)
	if err != nil {
		return TokenResponse{}, unavailable(err)
	}
	response := TokenResponse{
		AccessToken: access, TokenType: "Bearer", ExpiresIn: claims.Expiry - claims.IssuedAt,
		RefreshToken: a.refresh, Scope: claims.Scope, Event: req.event,
	}
	if a.idToken {
		response.IDToken, err = signing.Sign(ctx, typeIDToken, i.idClaims(req, a, claims, accessTokenHash(signing.Alg(), access)))
	}
	if err != nil {
		return TokenResponse{}, unavailable(err)
	}
	return response, nil
}

// sessionExpiry is the absolute end of a session that starts now: one that can
// be refreshed lives its full time, another one as long as its access token.
func (i *Issuer) sessionExpiry(client storage.Client, at time.Time) time.Time {
	if contains(client.Grants, GrantRefreshToken) {
		return at.Add(i.cfg.SessionTTL)
	}
	return at.Add(i.cfg.AccessTokenTTL)
}

// isDefinitive reports whether err is a definitive answer (not found, conflict), as
// opposed to a failure.
func isDefinitive(err error) bool {
	return errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrConflict)
}
