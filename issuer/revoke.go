package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/storage"
)

// RevokeRequest ends a token (RFC 7009 §2.1). A token_type_hint is not needed.
type RevokeRequest struct {
	Client ClientAuth
	Token  Secret
	Source Source
}

// Revoke ends the whole session whichever of its tokens is presented, and a
// session-less access token by its id. A token that is unknown, already dead or
// another client's is answered alike and changes nothing (RFC 7009 §2.2).
func (i *Issuer) Revoke(ctx context.Context, r RevokeRequest) error {
	client, err := i.authenticate(ctx, r.Client, r.Source)
	if err != nil {
		return err
	}
	if r.Token == "" {
		return refuse(InvalidRequest, "token is missing")
	}
	if h, _, genuine := i.refresh.parse(string(r.Token)); genuine {
		return i.revokeSession(ctx, client, h.sessionID(), r.Source)
	}
	c, err := i.recognise(ctx, string(r.Token))
	switch {
	case errors.Is(err, errDead):
		return nil
	case err != nil:
		return err
	case c.ClientID != client.ID:
		return nil
	case c.SessionID != "":
		return i.revokeSession(ctx, client, c.SessionID, r.Source)
	}
	return i.revokeToken(ctx, client, c, r.Source)
}

func (i *Issuer) revokeSession(ctx context.Context, client storage.Client, sid string, src Source) error {
	s, err := i.store.Session(ctx, sid)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil:
		return unknown(err)
	case s.ClientID != client.ID, !s.RevokedAt.IsZero():
		return nil
	}
	e := storage.AuditEvent{Type: EventSessionRevoked, Actor: client.ID, Target: sid, ClientID: client.ID, Detail: reasonRevoked}
	if err := i.audit(ctx, src, e); err != nil { // first: asked again, a session that has ended already tells nothing
		return err
	}
	if err := failpoint.Hit(failpoint.RevokeUpdating); err != nil {
		return unknown(err)
	}
	if err := i.store.RevokeSession(ctx, sid, i.now(), reasonRevoked); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return unknown(err)
	}
	return unsure(failpoint.Hit(failpoint.RevokeUpdated))
}

func (i *Issuer) revokeToken(ctx context.Context, client storage.Client, c accessClaims, src Source) error {
	expires := time.Unix(c.Expiry, 0)
	if !i.now().Before(expires) {
		return nil
	}
	e := storage.AuditEvent{Type: EventTokenRevoked, Actor: client.ID, Target: c.ID, ClientID: client.ID}
	if err := i.audit(ctx, src, e); err != nil {
		return err
	}
	return unsure(i.store.RevokeToken(ctx, c.ID, expires))
}
