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
	Source       Source
}

// TokenResponse is the answer of RFC 6749 §5.1. It holds live tokens: it is
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

// exchange is a token request that has passed the shared checks.
type exchange struct {
	TokenRequest
	client   storage.Client
	at       time.Time
	asked    []string // scopes named in the request; nil for none
	scope    []string // what is asked for, within the client's
	audience []string // what is asked for, within the client's
	event    string   // TokenResponse.Event
}

// authorization is what a grant has decided: on whose behalf tokens are made,
// and what they may say.
type authorization struct {
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
	authorize(ctx context.Context, x *exchange) (authorization, error)
}

// Token answers the token endpoint. Errors are *Error.
func (i *Issuer) Token(ctx context.Context, r TokenRequest) (TokenResponse, error) {
	if r.Grant == "" {
		return TokenResponse{}, refuse(InvalidRequest, "grant_type is missing")
	}
	x, err := i.admit(ctx, r)
	if err != nil {
		return TokenResponse{}, err
	}
	a, err := i.grants[r.Grant].authorize(ctx, x)
	if err != nil {
		return TokenResponse{}, err
	}
	return i.issue(ctx, x, a)
}

// admit makes the checks that every grant shares. What it refuses because of a
// remembered client it checks again with the client read from the store.
func (i *Issuer) admit(ctx context.Context, r TokenRequest) (*exchange, error) {
	client, err := i.authenticate(ctx, r.Client, r.Source)
	if err != nil {
		return nil, err
	}
	x, err := i.check(r, client)
	if err == nil {
		return x, nil
	}
	fresh, gone := i.freshClient(ctx, client.ID)
	if gone != nil {
		return nil, gone
	}
	if sameRecord(fresh, client) {
		return nil, err
	}
	if err := i.checkClient(ctx, fresh, r.Client, r.Source); err != nil {
		return nil, err
	}
	return i.check(r, fresh)
}

func (i *Issuer) check(r TokenRequest, client storage.Client) (*exchange, error) {
	if _, known := i.grants[r.Grant]; !known {
		return nil, refuse(UnsupportedGrantType, "this grant type is not supported")
	}
	if !contains(client.Grants, r.Grant) {
		return nil, refuse(UnauthorizedClient, "this client may not use this grant type")
	}
	x := &exchange{TokenRequest: r, client: client, at: i.now()}
	var err error
	if x.asked, err = parseScope(r.Scope); err != nil {
		return nil, err
	}
	if x.scope, err = askedScope(client, x.asked); err != nil {
		return nil, err
	}
	if x.audience, err = i.askedAudience(client, r.Resource); err != nil {
		return nil, err
	}
	return x, nil
}

// issue signs what the grant has decided. Nothing is written after this point,
// so a failure here leaves a state from which the client's retry succeeds.
func (i *Issuer) issue(ctx context.Context, x *exchange, a authorization) (TokenResponse, error) {
	if err := failpoint.Hit(failpoint.TokenSigning); err != nil {
		return TokenResponse{}, unknown(err)
	}
	signing, err := i.keyring.Current()
	if err != nil {
		return TokenResponse{}, unknown(err)
	}
	claims, err := i.accessClaims(x, a)
	if err != nil {
		return TokenResponse{}, unknown(err)
	}
	access, err := signing.Sign(ctx, typeAccessToken, claims)
	if err != nil {
		return TokenResponse{}, unknown(err)
	}
	answer := TokenResponse{
		AccessToken: access, TokenType: "Bearer", ExpiresIn: claims.Expiry - claims.IssuedAt,
		RefreshToken: a.refresh, Scope: claims.Scope, Event: x.event,
	}
	if a.idToken {
		answer.IDToken, err = signing.Sign(ctx, typeIDToken, i.idClaims(x, a, claims, accessTokenHash(signing.Alg(), access)))
	}
	if err != nil {
		return TokenResponse{}, unknown(err)
	}
	return answer, nil
}

// sessionEnds is the absolute end of a session that starts now: one that can
// be refreshed lives its full time, another one as long as its access token.
func (i *Issuer) sessionEnds(client storage.Client, at time.Time) time.Time {
	if contains(client.Grants, GrantRefreshToken) {
		return at.Add(i.cfg.SessionTTL)
	}
	return at.Add(i.cfg.AccessTokenTTL)
}

// certain tells whether err is a certain "no such thing", as opposed to a
// failure.
func certain(err error) bool {
	return errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrConflict)
}
