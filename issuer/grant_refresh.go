package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer/attribute"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// refreshGrant exchanges a refresh token for the next pair (RFC 6749 §6). The
// package's doc draws what happens to which generation.
type refreshGrant struct {
	store      refreshStore
	rules      refreshRules
	tokens     *refreshCodec
	clients    *clientCache
	attributes *attribute.Cache
	rights     rightsRecorder
	foreign    eventLimiter
	log        eventLog
	now        func() time.Time
}

// refreshStore keeps the sessions as a refresh needs them.
type refreshStore interface {
	RotateSession(ctx context.Context, r storage.Rotation) (storage.RotatedSession, error)
	CountReplay(ctx context.Context, r storage.Replay) (storage.Session, error)
	Session(ctx context.Context, id string) (storage.Session, error)
	RevokeSession(ctx context.Context, id string, at time.Time, reason string) error
	UserInEpoch(ctx context.Context, id string) (storage.User, storage.Epoch, error)
}

var _ grant = refreshGrant{}

func newRefreshGrant(i *Issuer) grant {
	return refreshGrant{
		store:  i.store,
		rules:  refreshRules{idle: i.cfg.RefreshTokenTTL, grace: i.cfg.RefreshGrace, skew: i.cfg.ClockSkew, maxReplays: maxReplays},
		tokens: i.refreshTokens, clients: i.clients, attributes: i.attributes, rights: rightsRecorder{i.store, i.statusLists}, foreign: eventLimiter{i.store, i.now}, log: eventLog{i.auditLog}, now: i.now,
	}
}

// Reasons for which a session is revoked, as the store keeps them.
const (
	reasonReuse   = "refresh token reused"
	reasonRevoked = "token revoked"
)

var errInvalidRefreshToken = newError(InvalidGrant, "the refresh token is invalid, expired or revoked")

func (refreshGrant) policy() scopePolicy { return scopePolicy{user: true, session: true} }

// identify moves the session to its next generation, or finds it moved, and reads
// its user.
func (g refreshGrant) identify(ctx context.Context, req *grantRequest) (subject, error) {
	if req.RefreshToken == "" {
		return subject{}, newError(InvalidRequest, "refresh_token is missing")
	}
	h, generation, genuine := g.tokens.parse(string(req.RefreshToken))
	if !genuine || generation >= maxGeneration {
		return subject{}, errInvalidRefreshToken // made by somebody else: nothing changes
	}
	sid := h.sessionID()
	if err := g.checkNarrowed(ctx, req, sid); err != nil {
		return subject{}, err
	}
	who, err := g.rotate(ctx, req, presentedToken{sessionID: sid, clientID: req.client.ID, generation: generation})
	if err != nil {
		return subject{}, err
	}
	who.handle = h
	if err := failpoint.Hit(failpoint.RefreshUpdated); err != nil {
		return subject{}, unavailable(err)
	}
	return who, g.clients.checkOf(ctx, *who.session, errInvalidRefreshToken)
}

// complete records in the session what its tokens may say from now on.
func (g refreshGrant) complete(ctx context.Context, req *grantRequest, who subject, r rights) (grantResult, error) {
	s, err := g.rights.update(ctx, *who.session, who.user.Roles, r)
	if err != nil {
		return grantResult{}, err
	}
	user := *who.user
	user.Roles, r = s.Roles, r.limitTo(s)
	if err := failpoint.Hit(failpoint.RefreshRead); err != nil {
		return grantResult{}, unavailable(err)
	}
	result := grantResult{
		issuedAt: who.issuedAt, event: who.event, user: &user, session: &s, rights: r,
		refresh: g.tokens.token(who.handle, s.Generation),
		idToken: req.client.IDTokenOnRefresh && contains(r.scope, ScopeOpenID),
	}
	needed, err := g.needsRecord(ctx, result)
	if err == nil && needed {
		result.record, err = g.readUser(ctx, user.ID)
	}
	return result, err
}

// needsRecord tells whether the ID token may say more of the user than the state of the session
// tells: claims asked for by name, or those of attributes.
func (g refreshGrant) needsRecord(ctx context.Context, result grantResult) (bool, error) {
	if !result.idToken || len(result.rights.named) > 0 {
		return result.idToken, nil
	}
	schema, err := g.attributes.Get(ctx)
	if err != nil {
		return false, unavailable(err)
	}
	return schema.GivesBy(result.rights.scope), nil
}

// readUser reads the record of a user whose ID token says more than most.
func (g refreshGrant) readUser(ctx context.Context, id string) (*storage.User, error) {
	user, _, err := g.store.UserInEpoch(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, errInvalidRefreshToken
	}
	return &user, unavailableOrNil(err)
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
	return sessionBounds(s).check(req)
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

// rotate makes one conditional update, without a read before it. If its condition did not
// hold, it reads the session and decides by it. If by that record the update should have
// succeeded, the session has changed in between, and rotate tries once more.
func (g refreshGrant) rotate(ctx context.Context, req *grantRequest, p presentedToken) (subject, error) {
	for range 2 {
		if err := failpoint.Hit(failpoint.RefreshUpdating); err != nil {
			return subject{}, unavailable(err)
		}
		p.at = g.now()
		rotated, err := g.store.RotateSession(ctx, g.rules.rotation(p))
		if err == nil {
			return refreshSubject(rotated, p.at)
		}
		if !errors.Is(err, storage.ErrConflict) {
			return subject{}, unavailable(err)
		}
		if s, err := g.replay(ctx, req, p); err == nil {
			return g.replaySubject(ctx, s, p.at)
		} else if !errors.Is(err, storage.ErrConflict) {
			return subject{}, err
		}
		if err = g.explainConflict(ctx, req, p); !errors.Is(err, errSessionChanged) {
			return subject{}, err
		}
	}
	return subject{}, unavailable(errSessionChanged)
}

// replay gives the answer again if the token is the direct predecessor inside
// the window: its client lost the answer, or lost a race against itself. One
// conditional update decides that and counts it; storage.ErrConflict if not.
func (g refreshGrant) replay(ctx context.Context, req *grantRequest, p presentedToken) (storage.Session, error) {
	update, ok := g.rules.replay(p)
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
	e := storage.AuditEvent{Type: audit.EventRefreshReplayed, Actor: s.UserID, Target: s.ID, ClientID: req.client.ID}
	if s.Replays == maxReplays {
		e.Type = audit.EventRefreshReplayLimit // once: the repetitions that are refused are not audited
	}
	return s, g.log.append(ctx, req.Info, e)
}

// explainConflict reads the session after a conflicting update and handles the outcome that
// the record gives; errSessionChanged if the update should have succeeded.
func (g refreshGrant) explainConflict(ctx context.Context, req *grantRequest, p presentedToken) error {
	s, err := g.store.Session(ctx, p.sessionID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return errInvalidRefreshToken
	case err != nil:
		return unavailable(err)
	}
	switch g.rules.decide(s, p) {
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

// revokeReused ends the session: two parties hold its tokens (RFC 9700 §4.14.2).
func (g refreshGrant) revokeReused(ctx context.Context, req *grantRequest, s storage.Session, at time.Time) error {
	return replayEnder{g.store, g.log}.end(ctx, req.Info, replay{
		event:  storage.AuditEvent{Type: audit.EventRefreshReused, Actor: s.UserID, Target: s.ID, ClientID: req.client.ID},
		reason: reasonReuse, refusal: errInvalidRefreshToken, before: failpoint.ReuseRevoking, after: failpoint.ReuseRevoked,
	}, at)
}

// wrongClient rejects a genuine token that was presented by another client. Whoever has a
// token can present it without end, so only the first times are audited.
func (g refreshGrant) wrongClient(ctx context.Context, req *grantRequest, s storage.Session) error {
	some, err := g.foreign.allow(ctx, "foreign:"+hashKey(s.ID))
	switch {
	case err != nil:
		return err
	case !some:
		return errInvalidRefreshToken
	}
	if err := g.log.append(ctx, req.Info, storage.AuditEvent{Type: audit.EventRefreshForeign, Target: s.ID, ClientID: req.client.ID}); err != nil {
		return err
	}
	return errInvalidRefreshToken
}

// refreshSubject judges the user and the epoch as they were with the update or after it. If
// the user was disabled or the session ended before, no token is issued; that the generation
// has moved does no harm.
func refreshSubject(r storage.RotatedSession, at time.Time) (subject, error) {
	state := storage.SessionState{ID: r.ID, UserEpoch: r.UserEpoch, User: r.User, StoreEpoch: r.StoreEpoch}
	if r.User.ID == "" || !epoch.Valid(state) {
		return subject{}, errInvalidRefreshToken
	}
	return subject{user: &r.User, session: &r.Session, issuedAt: at}, nil
}

// replaySubject is refreshSubject of an answer that is given again: it reads the user and the
// epoch after the replay was counted.
func (g refreshGrant) replaySubject(ctx context.Context, s storage.Session, at time.Time) (subject, error) {
	user, storeEpoch, err := g.store.UserInEpoch(ctx, s.UserID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return subject{}, unavailable(err)
	}
	who, err := refreshSubject(storage.RotatedSession{Session: s, User: user.State(), StoreEpoch: storeEpoch.Number}, at)
	who.event = audit.EventRefreshReplayed
	return who, err
}
