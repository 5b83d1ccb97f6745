package issuer

import (
	"context"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/status"
	"example.org/signet/storage"
)

// sessionStarter starts the session of a login.
type sessionStarter struct {
	store         sessionStore
	statusLists   *status.Lists
	refreshTokens *refreshCodec
	log           eventLog
	now           func() time.Time

	accessTTL, idleTTL, absoluteTTL time.Duration
	maxSessions                     int
}

// sessionStore keeps the sessions as a login needs them.
type sessionStore interface {
	Epoch(ctx context.Context) (storage.Epoch, error)
	ExcessSessions(ctx context.Context, owner storage.SessionOwner, at, idleSince time.Time, keep, limit int) ([]string, error)
	RevokeSession(ctx context.Context, id string, at time.Time, reason string) error
}

func newSessionStarter(i *Issuer) *sessionStarter {
	return &sessionStarter{
		store: i.store, statusLists: i.statusLists, refreshTokens: i.refreshTokens, log: eventLog{i.auditLog}, now: i.now,
		accessTTL: i.cfg.AccessTokenTTL, idleTTL: i.cfg.RefreshTokenTTL, absoluteTTL: i.cfg.SessionTTL, maxSessions: i.cfg.MaxSessions,
	}
}

// start starts the session, by the one step that settles the login, ends the oldest sessions
// beyond the limit and audits all of it.
func (st *sessionStarter) start(ctx context.Context, req *grantRequest, who subject, r rights) (grantResult, error) {
	h, err := st.refreshTokens.newHandle()
	if err != nil {
		return grantResult{}, unavailable(err)
	}
	s, err := st.newSession(ctx, h, req, *who.record, r)
	if err != nil {
		return grantResult{}, unavailable(err)
	}
	if err := failpoint.Hit(failpoint.LoginInserting); err != nil {
		return grantResult{}, unavailable(err)
	}
	if err := st.record(ctx, req, who, s); err != nil {
		return grantResult{}, err
	}
	if err := failpoint.Hit(failpoint.LoginInserted); err != nil {
		return grantResult{}, unavailable(err)
	}
	g := grantResult{issuedAt: s.CreatedAt, user: who.user, record: who.record, session: &s, rights: r, idToken: contains(r.scope, ScopeOpenID)}
	if contains(req.client.Grants, GrantRefreshToken) {
		g.refresh = st.refreshTokens.token(h, s.Generation)
	}
	return g, nil
}

// record writes the session with all that the login changes.
func (st *sessionStarter) record(ctx context.Context, req *grantRequest, who subject, s storage.Session) error {
	record := storage.LoginRecord{At: s.CreatedAt, Session: &s, Limit: st.limit(s)}
	events := func(o storage.LoginOutcome) (all []storage.AuditEvent) {
		for _, sid := range o.Ended {
			all = append(all, displacedEvent(sid, s))
		}
		if contains(o.Ended, s.ID) {
			return all
		}
		return append(all, storage.AuditEvent{Type: audit.EventLoginSucceeded, Actor: s.UserID, Target: s.ID, ClientID: s.ClientID})
	}
	var o storage.LoginOutcome
	var err error
	if who.login != nil {
		o, err = who.login.record(ctx, record, events)
	} else {
		o, err = st.log.record(ctx, req.Info, record, events)
	}
	if err == nil && contains(o.Ended, s.ID) {
		return unavailable(errSessionLimit) // never issue a token of an ended session
	}
	return err
}

func (st *sessionStarter) newSession(ctx context.Context, h handle, req *grantRequest, user storage.User, r rights) (storage.Session, error) {
	index, err := st.statusLists.Next(ctx)
	if err != nil {
		return storage.Session{}, err
	}
	storeEpoch, err := st.store.Epoch(ctx)
	if err != nil {
		return storage.Session{}, err
	}
	at := st.now()
	return storage.Session{
		ID: h.sessionID(), UserID: user.ID, ClientID: req.client.ID,
		Scopes: r.scope, Audience: r.audience,
		RotatedAt: at, CreatedAt: at, AuthTime: at, ExpiresAt: st.expiry(req.client, at),
		UserEpoch: epoch.Session(user, storeEpoch), ClientEpoch: req.client.Epoch,
		Device: describeUserAgent(req.Info.UserAgent), Network: networkPrefix(req.Info.Address),
		StatusIndex: index, Roles: user.Roles, AMR: []string{amrPassword},
	}, nil
}

// expiry is the absolute end of a session that starts now: one that can be
// refreshed lives its full time, another one as long as its access token.
func (st *sessionStarter) expiry(client storage.Client, at time.Time) time.Time {
	if contains(client.Grants, GrantRefreshToken) {
		return at.Add(st.absoluteTTL)
	}
	return at.Add(st.accessTTL)
}
