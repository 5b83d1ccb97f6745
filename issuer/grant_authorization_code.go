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

// codeGrant exchanges an authorization code for tokens (RFC 6749 §4.1.3). The session is
// there since the code was issued, pending; one conditional update begins it.
type codeGrant struct {
	store    codeStore
	rules    codeRules
	codes    *codeCodec
	clients  *clientCache
	sessions *sessionStarter
	repeated eventLimiter
	log      eventLog
	now      func() time.Time
}

// codeStore keeps the sessions as a redemption needs them.
type codeStore interface {
	storage.Codes
	sessionRevoker
}

var _ grant = codeGrant{}

// maxCodeFailures is how many wrong verifiers a code survives: so that nobody who has seen a
// code can easily spoil it, and nobody can go on guessing.
const maxCodeFailures = 3

func newCodeGrant(i *Issuer) grant {
	return codeGrant{
		store: i.store, rules: codeRules{grace: i.cfg.CodeGrace, skew: i.cfg.ClockSkew, maxFailures: maxCodeFailures},
		codes: i.codes.codes, clients: i.clients, sessions: newSessionStarter(i), repeated: eventLimiter{i.store, i.now}, log: eventLog{i.auditLog}, now: i.now,
	}
}

// reasonCodeReplayed is why the session of a code that was redeemed twice was ended.
const reasonCodeReplayed = "code_replayed"

var errInvalidCode = newError(InvalidGrant, "the authorization code is invalid, expired or used before, or belongs to another client, redirect_uri or code_verifier")

// policy: the session has its scope since the authorization request; a scope parameter has
// no meaning here (RFC 6749 §4.1.3).
func (codeGrant) policy() scopePolicy { return scopePolicy{user: true, session: true, fixed: true} }

// identify reads the pending session and its user, and changes nothing: every reason to refuse
// the request is found before the code is used up.
func (g codeGrant) identify(ctx context.Context, req *grantRequest) (subject, error) {
	if req.AuthCode == "" {
		return subject{}, newError(InvalidRequest, "code is missing")
	}
	h, genuine := g.codes.parse(string(req.AuthCode))
	if !genuine {
		return subject{}, errInvalidCode // made by somebody else: nothing changes
	}
	at := g.now()
	s, user, storeEpoch, err := g.session(ctx, h.sessionID())
	if err != nil {
		return subject{}, err
	}
	if outcome := g.rules.decide(s, presented(req, at)); outcome != codeRedeem {
		return subject{}, g.refuse(ctx, req, s, outcome, at)
	}
	if err := sessionBounds(s).check(req); err != nil {
		return subject{}, err
	}
	if !epoch.ValidForUser(user, storeEpoch, s) {
		return subject{}, errInvalidCode
	}
	who := newSubject(user)
	who.session, who.handle, who.issuedAt = &s, h, at
	return who, g.clients.checkOf(ctx, s, errInvalidCode)
}

func presented(req *grantRequest, at time.Time) presentedCode {
	return presentedCode{clientID: req.client.ID, redirectURI: req.RedirectURI, verifier: string(req.CodeVerifier), at: at}
}

func (g codeGrant) session(ctx context.Context, sid string) (storage.Session, storage.User, storage.Epoch, error) {
	s, user, storeEpoch, err := g.store.SessionInEpoch(ctx, sid)
	if errors.Is(err, storage.ErrNotFound) {
		return s, user, storeEpoch, errInvalidCode
	}
	return s, user, storeEpoch, unavailableOrNil(err)
}

// complete begins the session by one conditional update, and keeps the bound on sessions.
func (g codeGrant) complete(ctx context.Context, req *grantRequest, who subject, r rights) (grantResult, error) {
	if len(r.audience) == 0 {
		return grantResult{}, errInvalidCode // all that it was for was taken from the client since
	}
	s, err := g.redeem(ctx, req, who)
	if err != nil {
		return grantResult{}, err
	}
	if err := failpoint.Hit(failpoint.CodeRedeemed); err != nil {
		return grantResult{}, unavailable(err)
	}
	// The code is used up: a failure to end older sessions is left to the next login.
	if err := g.sessions.enforceLimit(ctx, s, req.Info); errors.Is(err, errSessionLimit) {
		return grantResult{}, err
	}
	result := grantResult{
		issuedAt: who.issuedAt, user: who.user, record: who.record, session: &s, rights: r,
		idToken: contains(r.scope, ScopeOpenID), nonce: who.session.Code.Nonce,
	}
	if contains(req.client.Grants, GrantRefreshToken) {
		result.refresh = g.sessions.refreshTokens.token(who.handle, s.Generation)
	}
	return result, nil
}

// redeem makes the conditional update. Where it did not hold or its answer was lost, the place
// in the status lists, which nobody else has, tells whether it was this request that redeemed.
func (g codeGrant) redeem(ctx context.Context, req *grantRequest, who subject) (storage.Session, error) {
	index, err := g.sessions.statusLists.Next(ctx)
	if err != nil {
		return storage.Session{}, unavailable(err)
	}
	if err := failpoint.Hit(failpoint.CodeRedeeming); err != nil {
		return storage.Session{}, unavailable(err)
	}
	s, err := g.store.RedeemSession(ctx, storage.Redemption{
		SessionID: who.session.ID, ClientID: req.client.ID, At: who.issuedAt, StatusIndex: index, Roles: who.user.Roles,
		ExpiresAt: g.expiry(req.client, *who.session, who.issuedAt),
	})
	if err == nil {
		return s, nil
	}
	now, _, _, readErr := g.session(ctx, who.session.ID)
	if readErr != nil {
		return storage.Session{}, readErr
	}
	switch outcome := g.rules.decide(now, presented(req, who.issuedAt)); {
	case now.Generation == 0 && now.StatusIndex == index && now.RevokedAt.IsZero():
		return now, nil
	case !errors.Is(err, storage.ErrConflict):
		return storage.Session{}, unavailable(err)
	case outcome == codeRedeem:
		return storage.Session{}, unavailable(errSessionChanged)
	default:
		return storage.Session{}, g.refuse(ctx, req, now, outcome, who.issuedAt)
	}
}

// expiry is the absolute end of the session that a code begins. One that ends with the browser
// session is kept until then, also without a refresh token: the logout must find it, or the
// client would never be told.
func (g codeGrant) expiry(client storage.Client, s storage.Session, at time.Time) time.Time {
	if s.Code.Until.IsZero() {
		return g.sessions.expiry(client, at)
	}
	return earlier(at.Add(g.sessions.absoluteTTL), s.Code.Until)
}

// refuse does what the outcome asks for. The client is told the same in all cases.
func (g codeGrant) refuse(ctx context.Context, req *grantRequest, s storage.Session, outcome codeOutcome, at time.Time) error {
	switch outcome {
	case codeEnded:
		return &Error{Code: errInvalidCode.Code, Description: errInvalidCode.Description, Event: countedCodeEnded}
	case codeReplay:
		return g.revokeReplayed(ctx, req, s, at)
	case codeWrongVerifier:
		if _, err := g.store.CountCodeFailure(ctx, s.ID); err != nil && !errors.Is(err, storage.ErrConflict) {
			return unavailable(err)
		}
	}
	return g.auditRefused(ctx, req, s, outcome)
}

// countedCodeEnded is what metrics count a code as that has expired, or whose session has ended.
// It is in no audit log: nothing happened.
const countedCodeEnded = "code.ended"

// refusedEvents are the audit events of outcomes that change nothing.
var refusedEvents = map[codeOutcome]string{
	codeMismatch: audit.EventCodeRefused, codeWrongVerifier: audit.EventCodeRefused, codeForeign: audit.EventCodeForeign,
	codeReplayGrace: audit.EventCodeReplayed, codeReplayWrong: audit.EventCodeReplayed,
}

// auditRefused writes the event of a refused code. Whoever has a code can present it without
// end, so only the first times are audited.
func (g codeGrant) auditRefused(ctx context.Context, req *grantRequest, s storage.Session, outcome codeOutcome) error {
	some, err := g.repeated.allow(ctx, "code:"+hashKey(s.ID))
	if err != nil {
		return err
	}
	e := storage.AuditEvent{Type: refusedEvents[outcome], Target: s.ID, ClientID: req.client.ID, Detail: outcome.String()}
	if some {
		if err := g.log.append(ctx, req.Info, e); err != nil {
			return err
		}
	}
	return &Error{Code: errInvalidCode.Code, Description: errInvalidCode.Description, Event: e.Type}
}

// revokeReplayed ends the session: two parties have the code and what it takes to redeem it
// (RFC 6749 §4.1.2).
func (g codeGrant) revokeReplayed(ctx context.Context, req *grantRequest, s storage.Session, at time.Time) error {
	return replayEnder{g.store, g.log}.end(ctx, req.Info, replay{
		event: storage.AuditEvent{
			Type: audit.EventCodeReplayed, Actor: s.UserID, Target: s.ID, ClientID: req.client.ID, Detail: "the session was ended",
		},
		reason: reasonCodeReplayed, refusal: errInvalidCode, before: failpoint.CodeRevoking, after: failpoint.CodeRevoked,
	}, at)
}
