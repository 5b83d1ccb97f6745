package issuer

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// IntrospectRequest asks about a token (RFC 7662 §2.1). A token_type_hint is
// not needed: the two kinds of token cannot be mistaken for each other.
type IntrospectRequest struct {
	Client ClientAuth
	Token  Secret
	Info   RequestInfo
}

// Introspection is the answer of RFC 7662 §2.2. The zero value is
// the response for an inactive token.
type Introspection struct {
	Active    bool     `json:"active"`
	Issuer    string   `json:"iss,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	Audience  audience `json:"aud,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	Expiry    int64    `json:"exp,omitempty"`
	IssuedAt  int64    `json:"iat,omitempty"`
	ID        string   `json:"jti,omitempty"`
	Scope     string   `json:"scope,omitempty"`
	TokenType string   `json:"token_type,omitempty"`
	Username  string   `json:"username,omitempty"`
	Roles     []string `json:"roles,omitempty"`
	SessionID string   `json:"sid,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr,omitempty"`
}

// Introspect tells the client that a token was issued to, and the resource server
// that it is addressed to, whether it is active. To anybody else it is inactive.
func (i *Issuer) Introspect(ctx context.Context, r IntrospectRequest) (Introspection, error) {
	caller, err := i.auth.authenticate(ctx, r.Client, r.Info)
	if err != nil {
		return Introspection{}, err
	}
	if caller.Public {
		return Introspection{}, invalidClient(caller.ID, errPublicClient) // RFC 7662 §2.1: the caller must be authorized
	}
	if r.Token == "" {
		return Introspection{}, newError(InvalidRequest, "token is missing")
	}
	response, err := i.introspector.access(ctx, caller, string(r.Token))
	if errors.Is(err, errInactive) {
		response, err = i.introspector.refresh(ctx, caller, string(r.Token))
	}
	if errors.Is(err, errInactive) {
		return Introspection{}, nil
	}
	return response, err
}

// introspector tells about a token, once the caller is known.
type introspector struct {
	issuer        string
	checker       *tokenChecker
	refreshTokens *refreshCodec
	idle          time.Duration // life of a session that is not refreshed
	now           func() time.Time
}

// access returns an access token as active to its client and to those that it is addressed to.
func (i *introspector) access(ctx context.Context, caller storage.Client, token string) (Introspection, error) {
	t, err := i.checker.activeToken(ctx, token)
	if err != nil {
		return Introspection{}, err
	}
	c := t.claims
	if c.ClientID != caller.ID && !intersects(t.audience, caller.Resources) {
		return Introspection{}, errInactive
	}
	response := Introspection{
		Active: true, Issuer: c.Issuer, Subject: c.Subject, Audience: t.audience, ClientID: c.ClientID,
		Expiry: c.Expiry, IssuedAt: c.IssuedAt, ID: c.ID, Scope: c.Scope, TokenType: "Bearer",
		Roles: c.Roles, SessionID: c.SessionID, AuthTime: c.AuthTime, ACR: c.ACR, AMR: c.AMR,
	}
	if t.user != nil {
		response.Username = t.user.Username
	}
	return response, nil
}

// refresh returns the newest refresh token of a session as active, to its
// client alone; older ones are inactive.
func (i *introspector) refresh(ctx context.Context, caller storage.Client, token string) (Introspection, error) {
	h, generation, genuine := i.refreshTokens.parse(token)
	if !genuine {
		return Introspection{}, errInactive
	}
	now := i.now()
	s, err := i.checker.activeSession(ctx, h.sessionID(), now)
	if err != nil {
		return Introspection{}, err
	}
	idle := s.RotatedAt.Add(i.idle)
	if s.ClientID != caller.ID || s.Generation != generation || !now.Before(idle) {
		return Introspection{}, errInactive
	}
	// Its tokens say what is left of its rights, as activeToken does of an access token.
	t, err := i.checker.limitToCurrentRights(ctx, activeToken{
		claims: accessClaims{Scope: joinScope(s.Scopes), Audience: s.Audience}, user: &s.user, client: s.client,
	})
	if err != nil {
		return Introspection{}, err
	}
	return Introspection{
		Active: true, Issuer: i.issuer, Subject: s.UserID, Audience: t.audience, ClientID: s.ClientID,
		Expiry: min(idle.Unix(), s.ExpiresAt.Unix()), IssuedAt: s.RotatedAt.Unix(),
		Scope: t.claims.Scope, TokenType: "refresh_token", Username: s.user.Username, SessionID: s.ID,
	}, nil
}

func intersects(a, b []string) bool {
	return len(intersectAudiences(a, b)) > 0
}

// intersectAudiences keeps the members of a that are in b, but for an empty path.
func intersectAudiences(a, b []string) []string {
	return keep(a, func(s string) bool {
		return slices.ContainsFunc(b, func(other string) bool { return authorization.SameResource(s, other) })
	})
}
