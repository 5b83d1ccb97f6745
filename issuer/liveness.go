package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// maxTokenBytes bounds a token before anything is parsed.
const maxTokenBytes = 8 << 10

// liveToken is an access token that counts now, with what stands behind it.
type liveToken struct {
	claims accessClaims
	user   *storage.User // nil where a client acts on its own behalf
}

// errDead is the certain "no": not ours, expired, revoked, or its user, client
// or session is gone.
var errDead = errors.New("token is not active")

// recognise checks signature, type and issuer of an access token, not whether
// it still counts.
func (i *Issuer) recognise(ctx context.Context, token string) (accessClaims, error) {
	if len(token) > maxTokenBytes {
		return accessClaims{}, errDead
	}
	if known, ok := i.recognised.find(token); ok && i.keyring.Accepts(known.kid) {
		return known.claims, nil
	}
	payload, header, err := i.keyring.Verify(ctx, token)
	switch {
	case errors.Is(err, keys.ErrInvalidToken):
		return accessClaims{}, errDead
	case err != nil:
		return accessClaims{}, unknown(err)
	case header.Typ != typeAccessToken:
		return accessClaims{}, errDead
	}
	c, ok := parseClaims(payload)
	if !ok || c.Issuer != i.cfg.Issuer {
		return accessClaims{}, errDead
	}
	i.recognised.remember(token, recognisedToken{claims: c, kid: header.KID})
	return c, nil
}

// parseClaims takes names exactly, where the decoder would take `Exp` for `exp`
// (RFC 7519 §4).
func parseClaims(payload []byte) (c accessClaims, ok bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(payload, &members) != nil {
		return accessClaims{}, false
	}
	for name, into := range map[string]any{
		"iss": &c.Issuer, "sub": &c.Subject, "aud": &c.Audience, "client_id": &c.ClientID, "exp": &c.Expiry, "iat": &c.IssuedAt,
		"nbf": &c.NotBefore, "jti": &c.ID, "scope": &c.Scope, "sid": &c.SessionID, "roles": &c.Roles, "auth_time": &c.AuthTime,
		"status": &c.Status,
	} {
		if raw, there := members[name]; there && json.Unmarshal(raw, into) != nil {
			return accessClaims{}, false
		}
	}
	return c, true
}

// live tells whether an access token counts now. The error is errDead or
// *don't know*, never anything between.
func (i *Issuer) live(ctx context.Context, token string) (liveToken, error) {
	c, err := i.recognise(ctx, token)
	if err != nil {
		return liveToken{}, err
	}
	now := i.now()
	if now.Unix() >= c.Expiry || time.Unix(max(c.IssuedAt, c.NotBefore), 0).After(now.Add(clockLeeway)) {
		return liveToken{}, errDead
	}
	t := liveToken{claims: c}
	if c.SessionID != "" {
		t.user, err = i.liveSessionToken(ctx, c, now)
	} else {
		err = i.liveClientToken(ctx, c)
	}
	return t, err
}

// liveSessionToken checks a token of a session. One whose place in the status
// lists is not the session's any more was issued with rights that have been
// taken away since.
func (i *Issuer) liveSessionToken(ctx context.Context, c accessClaims, now time.Time) (*storage.User, error) {
	s, user, err := i.liveSession(ctx, c.SessionID, now)
	if err != nil {
		return nil, err
	}
	if place := i.status.Claim(s.StatusIndex); c.Status != nil && (place == nil || *c.Status != *place) {
		return nil, errDead
	}
	return user, nil
}

// liveSession checks a session, its user and its client: two reads and the
// remembered client.
func (i *Issuer) liveSession(ctx context.Context, sid string, now time.Time) (storage.Session, *storage.User, error) {
	s, err := i.store.Session(ctx, sid)
	if err != nil {
		return storage.Session{}, nil, deadOrUnknown(err)
	}
	if !s.RevokedAt.IsZero() || !now.Before(s.ExpiresAt) {
		return storage.Session{}, nil, errDead
	}
	user, epoch, err := i.store.UserInEpoch(ctx, s.UserID)
	if err != nil {
		return storage.Session{}, nil, deadOrUnknown(err)
	}
	if !servesUser(user, epoch, s) {
		return storage.Session{}, nil, errDead
	}
	return s, &user, i.liveClient(ctx, s.ClientID, servesSession(s))
}

// liveClientToken checks a client's own token: it has no session, so a revoked
// one is remembered by its id, and the epoch of the store by its time.
func (i *Issuer) liveClientToken(ctx context.Context, c accessClaims) error {
	revoked, err := i.store.TokenRevoked(ctx, c.ID)
	if err != nil {
		return unknown(err)
	}
	epoch, err := i.store.Epoch(ctx)
	if err != nil {
		return unknown(err)
	}
	if revoked || !servesToken(epoch, c.IssuedAt) {
		return errDead
	}
	return i.liveClient(ctx, c.ClientID, func(c storage.Client) bool { return !c.Disabled })
}

// liveClient tells whether the client counts. That it does not is never said
// from memory: another instance may know a newer record.
func (i *Issuer) liveClient(ctx context.Context, id string, counts func(storage.Client) bool) error {
	client, cached, err := i.clients.get(ctx, id)
	if err == nil && cached && !counts(client) {
		client, err = i.clients.fresh(ctx, id)
	}
	if err != nil {
		return deadOrUnknown(err)
	}
	if !counts(client) {
		return errDead
	}
	return nil
}

// servesSession is what a client must be for a session of its to be alive.
func servesSession(s storage.Session) func(storage.Client) bool {
	return func(c storage.Client) bool { return !c.Disabled && c.Epoch == s.ClientEpoch }
}

func deadOrUnknown(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return errDead
	}
	return unknown(err)
}
