package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// OwnBrowsers are what users do about their own browser sessions and consents, beside what
// administrators do too.
type OwnBrowsers struct {
	*BrowserAccounts
	sessions browserSessions
	clients  *clientCache
	apps     appSessionStore
	idle     time.Duration // of the session of an application
	log      eventLog
}

// appSessionStore keeps the sessions of applications, to read and end one.
type appSessionStore interface {
	Session(ctx context.Context, id string) (storage.Session, error)
	sessionRevoker
	ListScopeTexts(ctx context.Context) ([]storage.ScopeText, error)
}

// OwnBrowsers returns these operations.
func (i *Issuer) OwnBrowsers() *OwnBrowsers {
	return &OwnBrowsers{
		BrowserAccounts: NewBrowserAccounts(i.store, i.auditLog, i.now),
		sessions:        browserSessions{store: i.store, lives: i.cfg.BrowserSessions.withDefaults(), rand: i.cfg.Rand},
		clients:         i.clients, apps: i.store, idle: i.cfg.RefreshTokenTTL, log: eventLog{i.auditLog},
	}
}

// AppSessionView is what one application has of its user: one session, or several that were
// born in one browser session.
type AppSessionView struct {
	SessionID string // of one of them
	Client    ClientView
	CreatedAt time.Time // of the oldest
	LastUsed  time.Time // of the newest: when its tokens were refreshed
	Offline   bool      // one of them outlives the browser session
}

// SignedInBrowser is a browser session with the applications in it.
type SignedInBrowser struct {
	BrowserSessionView
	Apps []AppSessionView
}

// SignedIn is where a user is signed in.
type SignedIn struct {
	Browsers []SignedInBrowser // the one that asks first, then the last used
	Others   []AppSessionView  // outside of a browser session that is alive
}

// SessionsFor returns the browser sessions of the user who asks, as Sessions does.
func (o *OwnBrowsers) SessionsFor(ctx context.Context, p *Principal) ([]BrowserSessionView, error) {
	return o.Sessions(ctx, p.UserID(), p.current())
}

// current is the browser session that asks, or in which the session that asks was born; nil
// for none.
func (p *Principal) current() *BrowserUser {
	if p.root == "" {
		return nil
	}
	return &BrowserUser{User: p.user, Session: storage.BrowserSession{RootID: p.root}}
}

// SignedIn returns where the user who asks is signed in.
func (o *OwnBrowsers) SignedIn(ctx context.Context, p *Principal) (SignedIn, error) {
	alive, err := o.aliveSessions(ctx, p.UserID())
	if err != nil {
		return SignedIn{}, err
	}
	apps, err := o.appSessions(ctx, p.UserID())
	if err != nil {
		return SignedIn{}, err
	}
	var in SignedIn
	for _, b := range alive {
		shown := SignedInBrowser{BrowserSessionView: viewBrowserSession(b, p.root == b.RootID)}
		shown.Apps, apps = takeApps(apps, b.RootID)
		if shown.Current {
			in.Browsers = slices.Insert(in.Browsers, 0, shown)
		} else {
			in.Browsers = append(in.Browsers, shown)
		}
	}
	for _, a := range apps {
		in.Others = append(in.Others, a.AppSessionView)
	}
	return in, nil
}

// bornApp is what an application has that was born in one browser session; root is "" where
// it was born in none.
type bornApp struct {
	AppSessionView
	root string
}

// takeApps returns what was born in the browser session of that root, and the rest.
func takeApps(apps []bornApp, root string) (taken []AppSessionView, rest []bornApp) {
	for _, a := range apps {
		if a.root == root {
			taken = append(taken, a.AppSessionView)
		} else {
			rest = append(rest, a)
		}
	}
	return taken, rest
}

// appSessions returns the sessions of the user's applications, the last used first. Those of
// one application that were born in one browser session are one.
func (o *OwnBrowsers) appSessions(ctx context.Context, userID string) ([]bornApp, error) {
	user, storeEpoch, err := o.store.UserInEpoch(ctx, userID)
	if err != nil {
		return nil, StoreError(err)
	}
	now, apps := o.now(), []bornApp{}
	for page := (storage.Page{Limit: storage.MaxPage}); ; {
		got, err := o.store.ListSessions(ctx, storage.SessionFilter{UserID: userID, AliveAt: now}, page)
		if err != nil {
			return nil, StoreError(err)
		}
		for _, x := range got.Sessions {
			if x.Generation == storage.PendingGeneration || !now.Before(x.RotatedAt.Add(o.idle)) || !epoch.ValidForUser(user, storeEpoch, x) {
				continue
			}
			if apps, err = o.addSession(ctx, apps, x); err != nil {
				return nil, err
			}
		}
		if page.After = got.Next; page.After == "" {
			break
		}
	}
	slices.SortFunc(apps, func(a, b bornApp) int { return b.LastUsed.Compare(a.LastUsed) })
	return apps, nil
}

// addSession adds a session to what its application has.
func (o *OwnBrowsers) addSession(ctx context.Context, apps []bornApp, x storage.Session) ([]bornApp, error) {
	n := slices.IndexFunc(apps, func(a bornApp) bool { return x.BrowserID != "" && a.root == x.BrowserID && a.Client.ID == x.ClientID })
	if n < 0 {
		client, err := o.Client(ctx, x.ClientID)
		if err != nil {
			return nil, err
		}
		a := AppSessionView{SessionID: x.ID, Client: client, CreatedAt: x.CreatedAt, LastUsed: x.RotatedAt, Offline: !x.LoginBound}
		return append(apps, bornApp{a, x.BrowserID}), nil
	}
	a := &apps[n]
	if x.CreatedAt.Before(a.CreatedAt) {
		a.CreatedAt = x.CreatedAt
	}
	if x.RotatedAt.After(a.LastUsed) {
		a.LastUsed = x.RotatedAt
	}
	a.Offline = a.Offline || !x.LoginBound
	return apps, nil
}

// Client returns a client as people are shown it. One that is gone is shown by its id.
func (o *OwnBrowsers) Client(ctx context.Context, id string) (ClientView, error) {
	view := ClientView{ID: id}
	err := o.clients.check(ctx, id, func(c storage.Client) error {
		view = *clientView(c, "")
		return nil
	})
	if errors.Is(err, storage.ErrNotFound) {
		err = nil
	}
	return view, err
}

// reasonEndedByUser is why the session of an application has ended that its user has ended.
const reasonEndedByUser = "ended by the user"

// EndApplication ends the session of the user's, with those of the same application that were
// born in the same browser session. storage.ErrNotFound for another user's.
func (o *OwnBrowsers) EndApplication(ctx context.Context, userID, sessionID string, info RequestInfo) error {
	x, err := o.apps.Session(ctx, sessionID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return errNoSession
	case err != nil:
		return StoreError(err)
	case x.UserID != userID || x.Generation == storage.PendingGeneration:
		return errNoSession
	}
	f := storage.SessionFilter{UserID: userID, ClientID: x.ClientID, BrowserID: x.BrowserID}
	if ended, err := o.hasEnded(ctx, x, f); ended || err != nil {
		return err // nothing changes, so nothing is audited
	}
	e := storage.AuditEvent{Type: audit.EventSessionRevoked, Target: x.ID, ClientID: x.ClientID, Detail: reasonEndedByUser}
	if err := o.log.append(ctx, info, e); err != nil {
		return err
	}
	if x.BrowserID == "" {
		return unavailableOrNil(o.apps.RevokeSession(ctx, x.ID, o.now(), reasonEndedByUser))
	}
	_, err = o.store.RevokeAll(ctx, f, o.now(), reasonEndedByUser)
	return unavailableOrNil(err)
}

// hasEnded tells whether the session was revoked, and with it those that siblings selects.
func (o *OwnBrowsers) hasEnded(ctx context.Context, x storage.Session, siblings storage.SessionFilter) (bool, error) {
	if x.RevokedAt.IsZero() || x.BrowserID == "" {
		return !x.RevokedAt.IsZero(), nil
	}
	siblings.AliveAt = o.now()
	page, err := o.store.ListSessions(ctx, siblings, storage.Page{Limit: 1})
	return len(page.Sessions) == 0, unavailableOrNil(err)
}

var errNoSession = fmt.Errorf("session: %w", storage.ErrNotFound)

// AllowedScopes returns the scopes of each consent with their texts.
func (o *OwnBrowsers) AllowedScopes(ctx context.Context, all []storage.Consent) ([][]ScopeView, error) {
	texts, err := o.apps.ListScopeTexts(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	views := make([][]ScopeView, len(all))
	for n, c := range all {
		views[n] = scopeViews(c.Scopes, texts)
	}
	return views, nil
}
