package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
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

var errInvalidRefreshToken = newError(InvalidGrant, "the refresh token is invalid, expired or revoked")

func (g refreshGrant) authorize(ctx context.Context, req *grantRequest) (grantResult, error) {
	if req.RefreshToken == "" {
		return grantResult{}, newError(InvalidRequest, "refresh_token is missing")
	}
	h, generation, genuine := g.refreshTokens.parse(string(req.RefreshToken))
	if !genuine || generation >= maxGeneration {
		return grantResult{}, errInvalidRefreshToken // an outsider's: nothing else happens
	}
	if err := g.checkNarrowed(ctx, req, h.sessionID()); err != nil {
		return grantResult{}, err
	}
	s, err := g.rotate(ctx, req, h.sessionID(), generation)
	if err != nil {
		return grantResult{}, err
	}
	if err := failpoint.Hit(failpoint.RefreshUpdated); err != nil {
		return grantResult{}, unavailable(err)
	}
	a, err := g.currentRights(ctx, req, s)
	if err != nil {
		return grantResult{}, err
	}
	if err := failpoint.Hit(failpoint.RefreshRead); err != nil {
		return grantResult{}, unavailable(err)
	}
	a.refresh = g.refreshTokens.token(h, s.Generation)
	return a, nil
}

// checkNarrowed refuses a wider scope or another resource before anything moves.
// Only a request that names one pays for the read; both are fixed at login.
func (g refreshGrant) checkNarrowed(ctx context.Context, req *grantRequest, sid string) error {
	if req.requested == nil && req.Resource == "" {
		return nil
	}
	s, err := g.store.Session(ctx, sid)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return errInvalidRefreshToken
	case err != nil:
		return unavailable(err)
	case s.ClientID != req.client.ID:
		return g.wrongClient(ctx, req, s)
	}
	for _, scope := range req.requested {
		if !contains(s.Scopes, scope) {
			return newError(InvalidScope, "the scope is wider than the one granted at login")
		}
	}
	if req.Resource != "" && !contains(s.Audience, req.Resource) {
		return newError(InvalidTarget, "the tokens of this login are not for that resource")
	}
	return nil
}

// maxReplays bounds how often one answer is given again. It is more than all
// tabs and retries of a client come to in a window of seconds, and so few that a
// client in a loop, or a thief, costs a generation no more signatures and audit
// events than this. Past it the answer is 429 and nothing changes: the session
// goes on with who has its newest token.
const maxReplays = 256

var errReplayLimit = &Error{
	Code: TooManyAttempts, Description: "this refresh token has been repeated too often: use its successor",
	RetryAfter: time.Second, Event: audit.EventRefreshReplayLimit,
}

// errSessionChanged means that the session moved between two steps of a refresh.
var errSessionChanged = errors.New("refresh: the session changed during the request")

// rotate makes the one conditional update, with no read before it. If the update
// is lost, the record is read and judged. A record by which it should have won
// has moved in between and is tried once more.
func (g refreshGrant) rotate(ctx context.Context, req *grantRequest, sid string, generation int64) (storage.Session, error) {
	for range 2 {
		if err := failpoint.Hit(failpoint.RefreshUpdating); err != nil {
			return storage.Session{}, unavailable(err)
		}
		p := presentedToken{sessionID: sid, clientID: req.client.ID, generation: generation, at: g.now()}
		s, err := g.store.RotateSession(ctx, g.rules().rotation(p))
		if err == nil {
			req.at = p.at
			return s, nil
		}
		if !errors.Is(err, storage.ErrConflict) {
			return storage.Session{}, unavailable(err)
		}
		if s, err = g.replay(ctx, req, p); !errors.Is(err, storage.ErrConflict) {
			return s, err
		}
		if err = g.explainConflict(ctx, req, p); !errors.Is(err, errSessionChanged) {
			return storage.Session{}, err
		}
	}
	return storage.Session{}, unavailable(errSessionChanged)
}

func (g refreshGrant) rules() refreshRules {
	return refreshRules{idle: g.cfg.RefreshTokenTTL, grace: g.cfg.RefreshGrace, maxReplays: maxReplays}
}

// replay gives the answer again if the token is the direct predecessor inside
// the window: its client lost the answer, or lost a race against itself. One
// conditional update decides that and counts it; storage.ErrConflict if not.
func (g refreshGrant) replay(ctx context.Context, req *grantRequest, p presentedToken) (storage.Session, error) {
	update, ok := g.rules().replay(p)
	if !ok {
		return storage.Session{}, storage.ErrConflict
	}
	s, err := g.store.CountReplay(ctx, update)
	switch {
	case errors.Is(err, storage.ErrConflict):
		return storage.Session{}, err
	case err != nil:
		return storage.Session{}, unavailable(err)
	}
	req.event = audit.EventRefreshReplayed
	e := storage.AuditEvent{Type: audit.EventRefreshReplayed, Actor: s.UserID, Target: s.ID, ClientID: req.client.ID}
	if s.Replays == maxReplays {
		e.Type = audit.EventRefreshReplayLimit // once: the repetitions that are refused are not audited
	}
	return s, g.audit(ctx, req.Info, e)
}

// explainConflict reads the session after a lost update and acts on what the
// token is by its record: errSessionChanged where it should have won.
func (g refreshGrant) explainConflict(ctx context.Context, req *grantRequest, p presentedToken) error {
	s, err := g.store.Session(ctx, p.sessionID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return errInvalidRefreshToken
	case err != nil:
		return unavailable(err)
	}
	switch g.rules().decide(s, p) {
	case refreshRotate, refreshReplay:
		return errSessionChanged
	case refreshReplayLimit:
		return errReplayLimit
	case refreshReuse:
		return g.revokeReused(ctx, req, s, p.at)
	case refreshForeign:
		return g.wrongClient(ctx, req, s)
	}
	return errInvalidRefreshToken
}

// revokeReused ends the session: two parties hold its tokens (RFC 9700 §4.14.2). The event
// comes first, for a token of a session that has ended tells nothing any more; but
// the session ends whether or not it could be written.
func (g refreshGrant) revokeReused(ctx context.Context, req *grantRequest, s storage.Session, at time.Time) error {
	auditErr := g.audit(ctx, req.Info, storage.AuditEvent{Type: audit.EventRefreshReused, Actor: s.UserID, Target: s.ID, ClientID: req.client.ID})
	if err := failpoint.Hit(failpoint.ReuseRevoking); err != nil {
		return unavailable(err)
	}
	if err := g.store.RevokeSession(ctx, s.ID, at, reasonReuse); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return unavailable(err)
	}
	if err := failpoint.Hit(failpoint.ReuseRevoked); err != nil {
		return unavailable(err)
	}
	if auditErr != nil {
		return auditErr
	}
	return &Error{Code: errInvalidRefreshToken.Code, Description: errInvalidRefreshToken.Description, Event: audit.EventRefreshReused}
}

// wrongClient refuses a genuine token that another client presents.
func (g refreshGrant) wrongClient(ctx context.Context, req *grantRequest, s storage.Session) error {
	if err := g.audit(ctx, req.Info, storage.AuditEvent{Type: audit.EventRefreshForeign, Target: s.ID, ClientID: req.client.ID}); err != nil {
		return err
	}
	return errInvalidRefreshToken
}

// currentRights reads user, epoch and roles afresh, after the update: whoever was
// disabled or ended before this read gets nothing, and the moved generation harms
// nobody.
func (g refreshGrant) currentRights(ctx context.Context, req *grantRequest, s storage.Session) (grantResult, error) {
	user, storeEpoch, err := g.store.UserInEpoch(ctx, s.UserID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return grantResult{}, errInvalidRefreshToken
	case err != nil:
		return grantResult{}, unavailable(err)
	case !epoch.ValidForUser(user, storeEpoch, s):
		return grantResult{}, errInvalidRefreshToken
	}
	if err := g.activeClient(ctx, s.ClientID, validForSession(s)); errors.Is(err, errInactive) {
		return grantResult{}, errInvalidRefreshToken
	} else if err != nil {
		return grantResult{}, err
	}
	roles, err := g.roles.Get(ctx)
	if err != nil {
		return grantResult{}, unavailable(err)
	}
	scope := roles.ScopesFor(user.Roles, intersect(s.Scopes, req.client.Scopes))
	if s, err = g.updateRights(ctx, s, user.Roles, without(s.Scopes, scope)); err != nil {
		return grantResult{}, err
	}
	if req.requested != nil {
		scope = intersect(scope, req.requested)
	}
	audience, err := g.sessionAudience(req, s)
	if err != nil {
		return grantResult{}, err
	}
	idToken := req.client.IDTokenOnRefresh && contains(scope, ScopeOpenID)
	return grantResult{user: &user, session: &s, scope: scope, audience: audience, idToken: idToken}, nil
}

// sessionAudience is the session's audience as far as the client still may use
// it; what was taken from the client since is taken from its sessions.
func (g refreshGrant) sessionAudience(req *grantRequest, s storage.Session) ([]string, error) {
	allowed, err := g.requestedAudience(req.client, "")
	if err != nil {
		return nil, err
	}
	kept := intersect(s.Audience, allowed)
	if req.Resource != "" {
		kept = intersect(kept, []string{req.Resource})
	}
	if len(kept) == 0 {
		return nil, errInvalidRefreshToken
	}
	return kept, nil
}
