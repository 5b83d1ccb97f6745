package issuer

import (
	"context"
	"errors"
	"strings"
	"time"

	"example.org/signet/issuer/attribute"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/role"
	"example.org/signet/issuer/status"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// maxTokenBytes bounds a token before anything is parsed.
const maxTokenBytes = keys.MaxToken

// activeToken is an access token that is active, with its user. Scope and Roles of the claims
// are what is left of them now.
type activeToken struct {
	claims   accessClaims
	audience []string           // what is left of the claims' now
	user     *storage.UserState // nil where a client acts on its own behalf
	client   storage.Client
}

// activeUserToken is an activeToken with the records of its session and its user.
type activeUserToken struct {
	activeToken
	session storage.Session
	record  storage.User // of user; the zero User where a client acts on its own behalf
}

// errInactive is definitive: the token was not issued here, has expired or was revoked, or
// its user, client or session no longer exists.
var errInactive = errors.New("token is not active")

// tokenChecker tells whether access tokens and sessions are active.
type tokenChecker struct {
	issuer         string
	store          tokenStore
	keyring        Keyring
	clients        *clientCache
	roles          *role.Cache
	statusLists    *status.Lists
	verifiedTokens *verifiedTokenCache
	now            func() time.Time
}

// tokenStore reads the records that a token's validity depends on.
type tokenStore interface {
	SessionState(ctx context.Context, id string) (storage.SessionState, error)
	SessionInEpoch(ctx context.Context, id string) (storage.Session, storage.User, storage.Epoch, error)
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
	tc.verifiedTokens.putVerified(token, verifiedToken{claims: c, kid: header.KID})
	return c, nil
}

// activeToken tells whether an access token is active (RFC 7662 §2.2). Of its session and its
// user it reads no more than that takes. The error is errInactive or has the code Unavailable.
func (tc *tokenChecker) activeToken(ctx context.Context, token string) (activeToken, error) {
	return tc.check(ctx, token, tc.store.SessionState)
}

// activeUserToken is activeToken for those who need the records too.
func (tc *tokenChecker) activeUserToken(ctx context.Context, token string) (t activeUserToken, err error) {
	t.activeToken, err = tc.check(ctx, token, func(ctx context.Context, sid string) (storage.SessionState, error) {
		s, user, storeEpoch, err := tc.store.SessionInEpoch(ctx, sid)
		t.session, t.record = s, user
		return storage.NewSessionState(s, user, storeEpoch), err
	})
	return t, err
}

// namedClaims returns the claims asked for by name, as far as the client may read them now.
func (t activeUserToken) namedClaims(ctx context.Context, issuer string, attributes *attribute.Cache) ([]string, error) {
	schema, err := schemaOf(ctx, attributes, t.session.Claims)
	if err != nil {
		return nil, err
	}
	return claimsWithin(t.session.Claims, clientBounds(t.client, issuer).scopes, schema), nil
}

// readState reads the state of a session.
type readState func(ctx context.Context, sid string) (storage.SessionState, error)

func (tc *tokenChecker) check(ctx context.Context, token string, read readState) (activeToken, error) {
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
		t.user, t.client, err = tc.checkSessionToken(ctx, c, now, read)
	} else {
		t.client, err = tc.activeClientToken(ctx, c)
	}
	if err != nil {
		return activeToken{}, err
	}
	return tc.limitToCurrentRights(ctx, t)
}

// limitToCurrentRights leaves out what was taken from the user, the client or a role since the
// token was issued. A token that is for nobody any more is not active.
func (tc *tokenChecker) limitToCurrentRights(ctx context.Context, t activeToken) (activeToken, error) {
	roles, err := tc.roles.Get(ctx)
	if err != nil {
		return activeToken{}, unavailable(err)
	}
	asked := strings.Fields(t.claims.Scope)
	b, scope := clientBounds(t.client, tc.issuer), asked
	if t.user != nil {
		t.claims.Roles = intersect(t.claims.Roles, t.user.Roles)
		scope = roles.ScopesFor(t.user.Roles, intersect(scope, b.scopes))
	} else {
		scope = intersect(scope, ownScopes(t.client, roles))
	}
	if len(scope) < len(asked) {
		t.claims.Scope = joinScope(scope)
	}
	t.audience = intersectAudiences(t.claims.Audience, b.audiences)
	if len(t.audience) == 0 {
		return activeToken{}, errInactive
	}
	return t, nil
}

// checkSessionToken checks a token of a session. If its place in the status lists
// is not the session's any more, it was issued with rights that have been taken
// away since.
func (tc *tokenChecker) checkSessionToken(ctx context.Context, c accessClaims, now time.Time, read readState) (*storage.UserState, storage.Client, error) {
	s, err := read(ctx, c.SessionID)
	if err != nil {
		return nil, storage.Client{}, inactiveOrUnavailable(err)
	}
	client, err := tc.activeClient(ctx, s, now, tc.covers(c))
	if err != nil {
		return nil, storage.Client{}, err
	}
	if claim := tc.statusLists.Claim(s.StatusIndex); c.Status != nil && (claim == nil || *c.Status != *claim) {
		return nil, storage.Client{}, errInactive
	}
	return &s.User, client, nil
}

// activeClient returns the client of a session that is active. It costs no read where the
// client is cached.
func (tc *tokenChecker) activeClient(ctx context.Context, s storage.SessionState, now time.Time, covers clientCheck) (storage.Client, error) {
	if s.Generation == storage.PendingGeneration || !s.RevokedAt.IsZero() || !now.Before(s.ExpiresAt) || !epoch.Valid(s) {
		return storage.Client{}, errInactive
	}
	return tc.clients.active(ctx, s.ClientID, validAtEpoch(s.ClientEpoch), covers)
}

// activeSession is a session that is active, with what it depends on.
type activeSession struct {
	storage.Session
	user   storage.UserState
	client storage.Client
}

// activeSession checks a session, its user and its client. The client is to cover what was
// granted at login.
func (tc *tokenChecker) activeSession(ctx context.Context, sid string, now time.Time) (activeSession, error) {
	s, user, storeEpoch, err := tc.store.SessionInEpoch(ctx, sid)
	if err != nil {
		return activeSession{}, inactiveOrUnavailable(err)
	}
	covers := tc.covers(accessClaims{Scope: joinScope(s.Scopes), Audience: s.Audience})
	client, err := tc.activeClient(ctx, storage.NewSessionState(s, user, storeEpoch), now, covers)
	return activeSession{s, user.State(), client}, err
}

// activeClientToken checks a client's own token: it has no session. A
// revoked one is in the store by its id; a new epoch of the store or of the client ends
// those issued before it.
func (tc *tokenChecker) activeClientToken(ctx context.Context, c accessClaims) (storage.Client, error) {
	revoked, err := tc.store.TokenRevoked(ctx, c.ID)
	if err != nil {
		return storage.Client{}, unavailable(err)
	}
	storeEpoch, err := tc.store.Epoch(ctx)
	if err != nil {
		return storage.Client{}, unavailable(err)
	}
	if revoked || !epoch.ValidWithoutSession(storeEpoch, c.IssuedAt) {
		return storage.Client{}, errInactive
	}
	return tc.clients.active(ctx, c.ClientID, validAtEpoch(c.ClientEpoch), tc.covers(c))
}

// clientCheck is a question about a client.
type clientCheck func(storage.Client) bool

// covers returns whether the client may have all that the claims say.
func (tc *tokenChecker) covers(c accessClaims) clientCheck {
	return func(client storage.Client) bool {
		b := clientBounds(client, tc.issuer)
		for scope := range strings.FieldsSeq(c.Scope) {
			if !contains(b.scopes, scope) {
				return false
			}
		}
		return len(intersectAudiences(c.Audience, b.audiences)) == len(c.Audience)
	}
}

// errNotCovered makes clientCache.check read a client again that may have less than a token
// says: it may have got more since it was remembered.
var errNotCovered = errors.New("the client may not have all that the token says")

// active returns the client; errInactive where it is gone or valid says no. It is as the store
// has it where it does not cover everything.
func (c *clientCache) active(ctx context.Context, id string, valid, covers clientCheck) (judged storage.Client, err error) {
	err = c.check(ctx, id, func(client storage.Client) error {
		switch judged = client; {
		case !valid(client):
			return errInactive
		case !covers(client):
			return errNotCovered
		}
		return nil
	})
	switch {
	case errors.Is(err, errNotCovered):
		return judged, nil
	case errors.Is(err, storage.ErrNotFound):
		return judged, errInactive
	}
	return judged, err
}

// checkOf returns refused where the client of a session was disabled or deleted, or its sessions were
// ended, since the session was made.
func (c *clientCache) checkOf(ctx context.Context, s storage.Session, refused error) error {
	_, err := c.active(ctx, s.ClientID, validAtEpoch(s.ClientEpoch), coversAnything)
	if errors.Is(err, errInactive) {
		return refused
	}
	return err
}

// coversAnything is a coverage check that always succeeds.
func coversAnything(storage.Client) bool { return true }

// validAtEpoch returns the check that a client must pass for a session of this client epoch to
// be active.
func validAtEpoch(clientEpoch int64) clientCheck {
	return func(c storage.Client) bool { return epoch.ValidForClient(c, clientEpoch) }
}

func inactiveOrUnavailable(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return errInactive
	}
	return unavailable(err)
}
