package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"example.org/signet/internal/strictjson"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/status"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// maxTokenBytes bounds a token before anything is parsed.
const maxTokenBytes = 8 << 10

// activeToken is an access token that is active, with its user.
type activeToken struct {
	claims accessClaims
	user   *storage.User // nil where a client acts on its own behalf
}

// errInactive is definitive: the token is not ours, expired or revoked, or its
// user, client or session is gone.
var errInactive = errors.New("token is not active")

// tokenChecker tells whether access tokens and sessions are active.
type tokenChecker struct {
	issuer         string
	store          tokenStore
	keyring        Keyring
	clients        *clientCache
	statusLists    *status.Lists
	verifiedTokens *verifiedTokenCache
	now            func() time.Time
}

// tokenStore is what a token's validity depends on.
type tokenStore interface {
	Session(ctx context.Context, id string) (storage.Session, error)
	UserInEpoch(ctx context.Context, id string) (storage.User, storage.Epoch, error)
	TokenRevoked(ctx context.Context, jti string) (bool, error)
	Epoch(ctx context.Context) (storage.Epoch, error)
}

// verifyAccessToken checks signature, type and issuer of an access token, not whether
// it is active.
func (tc *tokenChecker) verifyAccessToken(ctx context.Context, token string) (accessClaims, error) {
	if len(token) > maxTokenBytes {
		return accessClaims{}, errInactive
	}
	if cached, ok := tc.verifiedTokens.get(token); ok && tc.keyring.Accepts(cached.kid) {
		return cached.claims, nil
	}
	payload, header, err := tc.keyring.Verify(ctx, token)
	switch {
	case errors.Is(err, keys.ErrInvalidToken):
		return accessClaims{}, errInactive
	case err != nil:
		return accessClaims{}, unavailable(err)
	case header.Typ != typeAccessToken:
		return accessClaims{}, errInactive
	}
	c, ok := parseClaims(payload)
	if !ok || c.Issuer != tc.issuer {
		return accessClaims{}, errInactive
	}
	tc.verifiedTokens.put(token, verifiedToken{claims: c, kid: header.KID})
	return c, nil
}

// maxClaims bounds the members of one JSON object in a token.
const maxClaims = 256

// parseClaims takes names exactly, where the decoder would take `Exp` for `exp`
// (RFC 7519 §4).
func parseClaims(payload []byte) (c accessClaims, ok bool) {
	members, err := strictjson.Object(nil, payload, maxClaims)
	if err != nil {
		return accessClaims{}, false
	}
	for name, into := range map[string]any{
		"iss": &c.Issuer, "sub": &c.Subject, "aud": &c.Audience, "client_id": &c.ClientID, "exp": &c.Expiry, "iat": &c.IssuedAt,
		"nbf": &c.NotBefore, "jti": &c.ID, "scope": &c.Scope, "sid": &c.SessionID, "roles": &c.Roles, "auth_time": &c.AuthTime,
		"status": &c.Status,
	} {
		if value, given := strictjson.Find(members, name); given && json.Unmarshal([]byte(value), into) != nil {
			return accessClaims{}, false
		}
	}
	return c, true
}

// activeToken tells whether an access token is active (RFC 7662 §2.2). The error is
// errInactive or has the code Unavailable.
func (tc *tokenChecker) activeToken(ctx context.Context, token string) (activeToken, error) {
	c, err := tc.verifyAccessToken(ctx, token)
	if err != nil {
		return activeToken{}, err
	}
	now := tc.now()
	if now.Unix() >= c.Expiry || time.Unix(max(c.IssuedAt, c.NotBefore), 0).After(now.Add(clockLeeway)) {
		return activeToken{}, errInactive
	}
	t := activeToken{claims: c}
	if c.SessionID != "" {
		t.user, err = tc.activeSessionToken(ctx, c, now)
	} else {
		err = tc.activeClientToken(ctx, c)
	}
	return t, err
}

// activeSessionToken checks a token of a session. If its place in the status lists
// is not the session's any more, it was issued with rights that have been taken
// away since.
func (tc *tokenChecker) activeSessionToken(ctx context.Context, c accessClaims, now time.Time) (*storage.User, error) {
	s, user, err := tc.activeSession(ctx, c.SessionID, now)
	if err != nil {
		return nil, err
	}
	if claim := tc.statusLists.Claim(s.StatusIndex); c.Status != nil && (claim == nil || *c.Status != *claim) {
		return nil, errInactive
	}
	return user, nil
}

// activeSession checks a session, its user and its client: two reads and the
// cached client.
func (tc *tokenChecker) activeSession(ctx context.Context, sid string, now time.Time) (storage.Session, *storage.User, error) {
	s, err := tc.store.Session(ctx, sid)
	if err != nil {
		return storage.Session{}, nil, inactiveOrUnavailable(err)
	}
	if !s.RevokedAt.IsZero() || !now.Before(s.ExpiresAt) {
		return storage.Session{}, nil, errInactive
	}
	user, storeEpoch, err := tc.store.UserInEpoch(ctx, s.UserID)
	if err != nil {
		return storage.Session{}, nil, inactiveOrUnavailable(err)
	}
	if !epoch.ValidForUser(user, storeEpoch, s) {
		return storage.Session{}, nil, errInactive
	}
	return s, &user, tc.clients.active(ctx, s.ClientID, validForSession(s))
}

// activeClientToken checks a client's own token: it has no session. A
// revoked one is in the store by its id; a new epoch of the store ends those
// issued before it.
func (tc *tokenChecker) activeClientToken(ctx context.Context, c accessClaims) error {
	revoked, err := tc.store.TokenRevoked(ctx, c.ID)
	if err != nil {
		return unavailable(err)
	}
	storeEpoch, err := tc.store.Epoch(ctx)
	if err != nil {
		return unavailable(err)
	}
	if revoked || !epoch.ValidWithoutSession(storeEpoch, c.IssuedAt) {
		return errInactive
	}
	return tc.clients.active(ctx, c.ClientID, func(c storage.Client) bool { return !c.Disabled })
}

// active returns errInactive where the client is gone or valid says no.
func (c *clientCache) active(ctx context.Context, id string, valid func(storage.Client) bool) error {
	err := c.check(ctx, id, func(client storage.Client) error {
		if !valid(client) {
			return errInactive
		}
		return nil
	})
	if errors.Is(err, storage.ErrNotFound) {
		return errInactive
	}
	return err
}

// validForSession returns the check that a client must pass for its session to be active.
func validForSession(s storage.Session) func(storage.Client) bool {
	return func(c storage.Client) bool { return epoch.ValidForClient(c, s) }
}

func inactiveOrUnavailable(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return errInactive
	}
	return unavailable(err)
}
