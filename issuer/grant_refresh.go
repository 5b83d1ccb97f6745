package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/storage"
)

// refreshGrant exchanges a refresh token for the next pair (RFC 6749 §6). The
// package's doc draws what happens to which generation.
type refreshGrant struct{ *Issuer }

var _ grant = refreshGrant{}

// Reasons for which a session is revoked, as the store keeps them.
const (
	reasonReuse   = "refresh token reused"
	reasonRevoked = "token revoked"
)

var errRefresh = refuse(InvalidGrant, "the refresh token is invalid, expired or revoked")

func (g refreshGrant) authorize(ctx context.Context, x *exchange) (authorization, error) {
	if x.RefreshToken == "" {
		return authorization{}, refuse(InvalidRequest, "refresh_token is missing")
	}
	h, generation, genuine := g.refresh.parse(string(x.RefreshToken))
	if !genuine || generation >= maxGeneration {
		return authorization{}, errRefresh // an outsider's: nothing else happens
	}
	if err := g.narrowing(ctx, x, h.sessionID()); err != nil {
		return authorization{}, err
	}
	s, err := g.advance(ctx, x, h.sessionID(), generation)
	if err != nil {
		return authorization{}, err
	}
	if err := failpoint.Hit(failpoint.RefreshUpdated); err != nil {
		return authorization{}, unknown(err)
	}
	a, err := g.rights(ctx, x, s)
	if err != nil {
		return authorization{}, err
	}
	if err := failpoint.Hit(failpoint.RefreshRead); err != nil {
		return authorization{}, unknown(err)
	}
	a.refresh = g.refresh.token(h, s.Generation)
	return a, nil
}

// narrowing refuses a wider scope or another resource before anything moves.
// Only a request that names one pays for the read; both are fixed at login.
func (g refreshGrant) narrowing(ctx context.Context, x *exchange, sid string) error {
	if x.asked == nil && x.Resource == "" {
		return nil
	}
	s, err := g.store.Session(ctx, sid)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return errRefresh
	case err != nil:
		return unknown(err)
	case s.ClientID != x.client.ID:
		return g.foreign(ctx, x, s)
	}
	for _, scope := range x.asked {
		if !contains(s.Scopes, scope) {
			return refuse(InvalidScope, "the scope is wider than the one granted at login")
		}
	}
	if x.Resource != "" && !contains(s.Audience, x.Resource) {
		return refuse(InvalidTarget, "the tokens of this login are not for that resource")
	}
	return nil
}

// advance makes the one conditional update. A loser finds out why it lost from
// the record; a record that says it should have won has moved in between and
// is tried once more.
func (g refreshGrant) advance(ctx context.Context, x *exchange, sid string, generation int64) (storage.Session, error) {
	for range 2 {
		if err := failpoint.Hit(failpoint.RefreshUpdating); err != nil {
			return storage.Session{}, unknown(err)
		}
		at := g.now()
		s, err := g.store.RotateSession(ctx, storage.Rotation{
			SessionID: sid, ClientID: x.client.ID, From: generation,
			At: at, IdleSince: at.Add(-g.cfg.RefreshTokenTTL),
		})
		if err == nil {
			x.at = at
			return s, nil
		}
		if !errors.Is(err, storage.ErrConflict) {
			return storage.Session{}, unknown(err)
		}
		if s, err = g.replay(ctx, x, sid, generation, at); !errors.Is(err, storage.ErrConflict) {
			return s, err
		}
		if s, err = g.lost(ctx, x, sid, generation, at); !errors.Is(err, errUndecided) {
			return s, err
		}
	}
	return storage.Session{}, unknown(errUndecided)
}

// maxReplays bounds how often one answer is given again. It is more than all
// tabs and retries of a client come to in a window of seconds, and so few that a
// client in a loop, or a thief, costs a generation no more signatures and audit
// events than this. Past it the answer is 429 and nothing changes: the session
// goes on with who has its newest token.
const maxReplays = 256

var errCapped = &Error{
	Code: TooManyAttempts, Description: "this refresh token has been repeated too often: use its successor",
	RetryAfter: time.Second, Event: EventRefreshCapped,
}

// replay gives the answer again if the token is the direct predecessor inside
// the window: its client lost the answer, or lost a race against itself. One
// conditional update decides that and counts it; storage.ErrConflict if not.
func (g refreshGrant) replay(ctx context.Context, x *exchange, sid string, generation int64, at time.Time) (storage.Session, error) {
	if g.cfg.RefreshGrace == 0 {
		return storage.Session{}, storage.ErrConflict
	}
	s, err := g.store.CountReplay(ctx, storage.Replay{
		SessionID: sid, ClientID: x.client.ID, Generation: generation + 1,
		At: at, Since: at.Add(-g.cfg.RefreshGrace), IdleSince: at.Add(-g.cfg.RefreshTokenTTL), Limit: maxReplays,
	})
	switch {
	case errors.Is(err, storage.ErrConflict):
		return storage.Session{}, err
	case err != nil:
		return storage.Session{}, unknown(err)
	}
	x.event = EventRefreshReplayed
	e := storage.AuditEvent{Type: EventRefreshReplayed, Actor: s.UserID, Target: sid, ClientID: x.client.ID}
	if s.Replays == maxReplays {
		e.Type = EventRefreshCapped // said once: of those that are refused no event is kept
	}
	return s, g.audit(ctx, x.Source, e)
}

// errUndecided means that the record gives no reason for the lost update.
var errUndecided = errors.New("refresh: the session changed under the request")

// lost decides what a refresh token is that did not match the session. Who it
// belongs to comes first: a token in the wrong hands changes no state.
func (g refreshGrant) lost(ctx context.Context, x *exchange, sid string, generation int64, at time.Time) (storage.Session, error) {
	s, err := g.store.Session(ctx, sid)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return storage.Session{}, errRefresh
	case err != nil:
		return storage.Session{}, unknown(err)
	case s.ClientID != x.client.ID:
		return storage.Session{}, g.foreign(ctx, x, s)
	case !s.RevokedAt.IsZero(), !at.Before(s.ExpiresAt), !s.RotatedAt.After(at.Add(-g.cfg.RefreshTokenTTL)):
		return storage.Session{}, errRefresh
	case generation == s.Generation:
		return storage.Session{}, errUndecided
	case g.replayable(s, generation, at) && s.Replays >= maxReplays:
		return storage.Session{}, errCapped
	case g.replayable(s, generation, at):
		return storage.Session{}, errUndecided
	}
	return storage.Session{}, g.reused(ctx, x, s, at)
}

// replayable tells whether the token is the direct predecessor inside the window.
func (g refreshGrant) replayable(s storage.Session, generation int64, at time.Time) bool {
	return generation == s.Generation-1 && g.cfg.RefreshGrace > 0 && !at.After(s.RotatedAt.Add(g.cfg.RefreshGrace))
}

// reused ends the session: two parties hold its tokens (RFC 9700 §4.14.2). The event
// comes first, for a token of a session that has ended tells nothing any more; but
// the session ends whether or not it could be written.
func (g refreshGrant) reused(ctx context.Context, x *exchange, s storage.Session, at time.Time) error {
	unwritten := g.audit(ctx, x.Source, storage.AuditEvent{Type: EventRefreshReused, Actor: s.UserID, Target: s.ID, ClientID: x.client.ID})
	if err := failpoint.Hit(failpoint.ReuseRevoking); err != nil {
		return unknown(err)
	}
	if err := g.store.RevokeSession(ctx, s.ID, at, reasonReuse); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return unknown(err)
	}
	if err := failpoint.Hit(failpoint.ReuseRevoked); err != nil {
		return unknown(err)
	}
	if unwritten != nil {
		return unwritten
	}
	return &Error{Code: errRefresh.Code, Description: errRefresh.Description, Event: EventRefreshReused}
}

// foreign refuses a genuine token that another client presents.
func (g refreshGrant) foreign(ctx context.Context, x *exchange, s storage.Session) error {
	if err := g.audit(ctx, x.Source, storage.AuditEvent{Type: EventRefreshForeign, Target: s.ID, ClientID: x.client.ID}); err != nil {
		return err
	}
	return errRefresh
}

// rights reads user, epoch and roles afresh, after the update: whoever was
// disabled or ended before this read gets nothing, and the moved generation harms
// nobody.
func (g refreshGrant) rights(ctx context.Context, x *exchange, s storage.Session) (authorization, error) {
	user, epoch, err := g.store.UserInEpoch(ctx, s.UserID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return authorization{}, errRefresh
	case err != nil:
		return authorization{}, unknown(err)
	case !servesUser(user, epoch, s):
		return authorization{}, errRefresh
	}
	if err := g.liveClient(ctx, s.ClientID, servesSession(s)); errors.Is(err, errDead) {
		return authorization{}, errRefresh
	} else if err != nil {
		return authorization{}, err
	}
	roles, err := g.roles.view(ctx)
	if err != nil {
		return authorization{}, unknown(err)
	}
	scope := roles.scopesFor(user, intersect(s.Scopes, x.client.Scopes))
	if s, err = g.regrade(ctx, s, user.Roles, without(s.Scopes, scope)); err != nil {
		return authorization{}, err
	}
	if x.asked != nil {
		scope = intersect(scope, x.asked)
	}
	audience, err := g.sessionAudience(x, s)
	if err != nil {
		return authorization{}, err
	}
	idToken := x.client.IDTokenOnRefresh && contains(scope, ScopeOpenID)
	return authorization{user: &user, session: &s, scope: scope, audience: audience, idToken: idToken}, nil
}

// sessionAudience is the session's audience as far as the client still may use
// it; what was taken from the client since is taken from its sessions.
func (g refreshGrant) sessionAudience(x *exchange, s storage.Session) ([]string, error) {
	allowed, err := g.askedAudience(x.client, "")
	if err != nil {
		return nil, err
	}
	kept := intersect(s.Audience, allowed)
	if x.Resource != "" {
		kept = intersect(kept, []string{x.Resource})
	}
	if len(kept) == 0 {
		return nil, errRefresh
	}
	return kept, nil
}
