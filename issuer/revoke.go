package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// RevokeRequest ends a token (RFC 7009 §2.1). A token_type_hint is not needed.
type RevokeRequest struct {
	Client ClientAuth
	Token  Secret
	Info   RequestInfo
}

// Revoke ends the whole session whichever of its tokens is presented, and a
// session-less access token by its id. A token that is unknown, already inactive or
// another client's is answered alike and changes nothing (RFC 7009 §2.2).
func (i *Issuer) Revoke(ctx context.Context, r RevokeRequest) error {
	client, err := i.auth.authenticate(ctx, r.Client, r.Info)
	if err != nil {
		return err
	}
	if r.Token == "" {
		return newError(InvalidRequest, "token is missing")
	}
	if h, _, genuine := i.refreshTokens.parse(string(r.Token)); genuine {
		return i.revoker.session(ctx, client, h.sessionID(), r.Info)
	}
	c, err := i.checker.verifyAccessToken(ctx, string(r.Token))
	switch {
	case errors.Is(err, errInactive):
		return nil
	case err != nil:
		return err
	case c.ClientID != client.ID:
		return nil
	case c.SessionID != "":
		return i.revoker.session(ctx, client, c.SessionID, r.Info)
	}
	return i.revoker.token(ctx, client, c, r.Info)
}

// revoker ends what a client has presented. Each event comes before its change.
type revoker struct {
	store revokerStore
	log   eventLog
	now   func() time.Time
}

// revokerStore keeps what a revocation ends.
type revokerStore interface {
	Session(ctx context.Context, id string) (storage.Session, error)
	sessionRevoker
	RevokeToken(ctx context.Context, id string, expiresAt time.Time) error
}

// session ends a session of the client's.
func (r *revoker) session(ctx context.Context, client storage.Client, sid string, info RequestInfo) error {
	s, err := r.store.Session(ctx, sid)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil:
		return unavailable(err)
	case s.ClientID != client.ID, s.Generation == storage.PendingGeneration, !s.RevokedAt.IsZero():
		return nil
	}
	e := storage.AuditEvent{Type: audit.EventSessionRevoked, Actor: client.ID, Target: sid, ClientID: client.ID, Detail: reasonRevoked}
	if err := r.log.append(ctx, info, e); err != nil { // first: asked again, a session that has ended already tells nothing
		return err
	}
	if err := failpoint.Hit(failpoint.RevokeUpdating); err != nil {
		return unavailable(err)
	}
	if err := r.store.RevokeSession(ctx, sid, r.now(), reasonRevoked); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return unavailable(err)
	}
	return unavailableOrNil(failpoint.Hit(failpoint.RevokeUpdated))
}

// token revokes an access token without a session, until it has expired.
func (r *revoker) token(ctx context.Context, client storage.Client, c accessClaims, info RequestInfo) error {
	expires := time.Unix(c.Expiry, 0)
	if !r.now().Before(expires) {
		return nil
	}
	e := storage.AuditEvent{Type: audit.EventTokenRevoked, Actor: client.ID, Target: c.ID, ClientID: client.ID}
	if err := r.log.append(ctx, info, e); err != nil {
		return err
	}
	return unavailableOrNil(r.store.RevokeToken(ctx, c.ID, expires))
}
