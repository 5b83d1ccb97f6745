package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// deviceGrant exchanges a device code for tokens once somebody has approved the request (RFC 8628
// §3.4). A poll only reads; the session is there since the approval, pending, and one conditional
// update begins it.
type deviceGrant struct {
	store    codeStore
	requests deviceReader
	pacer    *pollPacer
	clients  *clientCache
	sessions *sessionStarter
	repeated eventLimiter
	log      eventLog
	now      func() time.Time
}

var _ grant = deviceGrant{}

func newDeviceGrant(i *Issuer) grant {
	return deviceGrant{
		store: i.store, requests: deviceReader{i.store, i.devices}, pacer: newPollPacer(i.now), clients: i.clients,
		sessions: newSessionStarter(i), repeated: eventLimiter{i.store, i.now}, log: eventLog{i.auditLog}, now: i.now,
	}
}

var (
	errInvalidDeviceCode    = newError(InvalidGrant, "the device code is invalid or used before, or belongs to another client")
	errAuthorizationPending = newError(AuthorizationPending, "nobody has approved the request yet")
	errSlowDown             = newError(SlowDown, "the device polls too often: it must wait five seconds longer from now on")
	errDeviceExpired        = newError(ExpiredToken, "the device code has expired")
	errDeviceDenied         = newError(AccessDenied, "the user has refused")
)

// policy: the session has its scope since the approval.
func (deviceGrant) policy() scopePolicy { return scopePolicy{user: true, session: true, fixed: true} }

// identify finds out what became of the request, and changes nothing.
func (g deviceGrant) identify(ctx context.Context, req *grantRequest) (subject, error) {
	if req.DeviceCode == "" {
		return subject{}, newError(InvalidRequest, "device_code is missing")
	}
	h, user, genuine := g.requests.codes.parse(string(req.DeviceCode))
	if !genuine {
		return subject{}, errInvalidDeviceCode // made by somebody else: nothing is read
	}
	sid := h.sessionID()
	if g.pacer.tooSoon(sid) {
		return subject{}, errSlowDown
	}
	r, err := g.requests.byUserCode(ctx, user)
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && r.SessionID != sid: // swept, and the user code drawn anew
		return subject{}, errDeviceExpired
	case err != nil:
		return subject{}, unavailable(err)
	}
	at := g.now()
	switch decideDevice(r, req.client.ID, at) {
	case deviceForeign:
		return subject{}, g.auditRefused(ctx, req, sid, audit.EventDeviceForeign)
	case deviceDenied:
		return subject{}, errDeviceDenied
	case deviceExpired:
		return subject{}, errDeviceExpired
	case devicePending:
		return subject{}, errAuthorizationPending
	}
	return g.approved(ctx, req, r, h, at)
}

// approved returns the user and the pending session of a request that was approved.
func (g deviceGrant) approved(ctx context.Context, req *grantRequest, r storage.DeviceRequest, h handle, at time.Time) (subject, error) {
	s, user, storeEpoch, err := g.store.SessionInEpoch(ctx, r.SessionID)
	switch {
	case errors.Is(err, storage.ErrNotFound) && at.Before(r.ExpiresAt):
		return subject{}, errAuthorizationPending // the approval was cut in two: the same person can do it again
	case errors.Is(err, storage.ErrNotFound):
		return subject{}, errDeviceExpired
	case err != nil:
		return subject{}, unavailable(err)
	case s.Generation != storage.PendingGeneration:
		return subject{}, g.auditRefused(ctx, req, s.ID, audit.EventDeviceReplayed)
	case !at.Before(s.ExpiresAt):
		return subject{}, errDeviceExpired
	case !s.RevokedAt.IsZero(), !epoch.ValidForUser(user, storeEpoch, s):
		return subject{}, errInvalidDeviceCode
	}
	if err := sessionBounds(s).check(req); err != nil {
		return subject{}, err
	}
	who := newSubject(user)
	who.session, who.handle, who.issuedAt = &s, h, at
	return who, g.clients.checkOf(ctx, s, errInvalidDeviceCode)
}

// complete begins the session by one conditional update, and keeps the bound on sessions.
func (g deviceGrant) complete(ctx context.Context, req *grantRequest, who subject, r rights) (grantResult, error) {
	if len(r.audience) == 0 {
		return grantResult{}, errInvalidDeviceCode // all that it was for was taken from the client since
	}
	s, err := g.redeem(ctx, req, who)
	if err != nil {
		return grantResult{}, err
	}
	// The code is used up: a failure to end older sessions is left to the next login.
	if err := g.sessions.enforceLimit(ctx, s, req.Info); errors.Is(err, errSessionLimit) {
		return grantResult{}, err
	}
	result := grantResult{issuedAt: who.issuedAt, user: who.user, record: who.record, session: &s, rights: r, idToken: contains(r.scope, ScopeOpenID)}
	if contains(req.client.Grants, GrantRefreshToken) {
		result.refresh = g.sessions.refreshTokens.token(who.handle, s.Generation)
	}
	return result, nil
}

// expiry is the absolute end of the session. One that administers is short.
func (g deviceGrant) expiry(client storage.Client, s storage.Session, at time.Time) time.Time {
	end := g.sessions.expiry(client, at)
	if contains(s.Scopes, ScopeAdmin) {
		end = earlier(end, at.Add(maxAdminByDevice))
	}
	return end
}

// redeem makes the conditional update. Where it did not hold or its answer was lost, the place in
// the status lists, which nobody else has, tells whether it was this request that redeemed.
func (g deviceGrant) redeem(ctx context.Context, req *grantRequest, who subject) (storage.Session, error) {
	index, err := g.sessions.statusLists.Next(ctx)
	if err != nil {
		return storage.Session{}, unavailable(err)
	}
	s, err := g.store.RedeemSession(ctx, storage.Redemption{
		SessionID: who.session.ID, ClientID: req.client.ID, At: who.issuedAt, StatusIndex: index, Roles: who.user.Roles,
		ExpiresAt: g.expiry(req.client, *who.session, who.issuedAt),
	})
	if err == nil {
		return s, nil
	}
	now, _, _, readErr := g.store.SessionInEpoch(ctx, who.session.ID)
	switch {
	case readErr != nil && !errors.Is(readErr, storage.ErrNotFound):
		return storage.Session{}, unavailable(readErr)
	case readErr == nil && now.Generation == 0 && now.StatusIndex == index && now.RevokedAt.IsZero():
		return now, nil
	case !errors.Is(err, storage.ErrConflict):
		return storage.Session{}, unavailable(err)
	case readErr == nil && now.Generation != storage.PendingGeneration:
		return storage.Session{}, g.auditRefused(ctx, req, who.session.ID, audit.EventDeviceReplayed)
	}
	return storage.Session{}, errInvalidDeviceCode
}

// auditRefused writes the event of a code that came from another client or was used before.
// Whoever has a code can present it without end, so only the first times are audited.
func (g deviceGrant) auditRefused(ctx context.Context, req *grantRequest, sid, event string) error {
	some, err := g.repeated.allow(ctx, "device:"+hashKey(sid))
	if err != nil {
		return err
	}
	if some {
		if err := g.log.append(ctx, req.Info, storage.AuditEvent{Type: event, Target: sid, ClientID: req.client.ID}); err != nil {
			return err
		}
	}
	return &Error{Code: errInvalidDeviceCode.Code, Description: errInvalidDeviceCode.Description, Event: event}
}
