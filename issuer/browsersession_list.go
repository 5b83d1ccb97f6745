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

// BrowserSessionView is a browser session as its user and administrators see it.
type BrowserSessionView struct {
	Handle     string    `json:"id"`
	Device     string    `json:"device,omitempty"`  // what signed in, by its own word
	Network    string    `json:"network,omitempty"` // from where: a prefix of the address
	Remembered bool      `json:"remembered"`        // it outlives the browser
	Current    bool      `json:"current,omitempty"` // the one that asks
	AuthTime   time.Time `json:"auth_time"`
	LastSeen   time.Time `json:"last_seen"` // within five minutes
	ExpiresAt  time.Time `json:"expires_at"`
	Clients    []string  `json:"clients"` // ids of the applications with a session born in it
}

// BrowserAccounts are what users and administrators do about the browser sessions and the
// consents of one user. It asks nobody whether they may.
type BrowserAccounts struct {
	store    BrowserAccountStore
	consents consents
	ender    browserSessionEnder
	now      func() time.Time
}

// BrowserAccountStore keeps what BrowserAccounts are about.
type BrowserAccountStore interface {
	consentStore
	browserEndStore
	UserInEpoch(ctx context.Context, id string) (storage.User, storage.Epoch, error)
	ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (storage.SessionPage, error)
	ListConsents(ctx context.Context, f storage.ConsentFilter, p storage.Page) (storage.ConsentPage, error)
}

// NewBrowserAccounts builds these operations over their parts: they need no issuer, so the
// command line has them too.
func NewBrowserAccounts(store BrowserAccountStore, auditLog *audit.Log, now func() time.Time) *BrowserAccounts {
	log := eventLog{auditLog}
	return &BrowserAccounts{store: store, consents: consents{store: store, log: log}, ender: browserSessionEnder{store: store, log: log, now: now}, now: now}
}

// Sessions returns the browser sessions of a user that are alive, the last used first. current
// is the one that asks; nil for none. storage.ErrNotFound for a user who does not exist.
func (a *BrowserAccounts) Sessions(ctx context.Context, userID string, current *BrowserUser) ([]BrowserSessionView, error) {
	alive, err := a.aliveSessions(ctx, userID)
	if err != nil {
		return nil, err
	}
	clients, err := a.clientsOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	views := make([]BrowserSessionView, len(alive))
	for n, b := range alive {
		views[n] = viewBrowserSession(b, current != nil && current.Session.RootID == b.RootID)
		views[n].Clients = append(views[n].Clients, clients[b.RootID]...)
	}
	return views, nil
}

// ViewBrowserSession returns a browser session as administrators see it, without its clients.
func ViewBrowserSession(b storage.BrowserSession) BrowserSessionView {
	return viewBrowserSession(b, false)
}

// viewBrowserSession returns a browser session as its user sees it, without its clients.
func viewBrowserSession(b storage.BrowserSession, current bool) BrowserSessionView {
	return BrowserSessionView{
		Handle: browserSessionHandle(b.ID), Device: b.Device, Network: b.Network, Remembered: b.Remembered, Current: current,
		AuthTime: b.AuthTime, LastSeen: b.LastSeen, ExpiresAt: b.ExpiresAt, Clients: []string{},
	}
}

// aliveSessions returns the browser sessions of a user that are alive, of each root the newest,
// the last used first.
func (a *BrowserAccounts) aliveSessions(ctx context.Context, userID string) ([]storage.BrowserSession, error) {
	user, storeEpoch, err := a.store.UserInEpoch(ctx, userID)
	if err != nil {
		return nil, StoreError(err)
	}
	now := a.now()
	newest := map[string]storage.BrowserSession{}
	for page := (storage.Page{Limit: storage.MaxPage}); ; {
		got, err := a.store.ListBrowserSessions(ctx, storage.BrowserSessionFilter{UserID: userID, AliveAt: now}, page)
		if err != nil {
			return nil, StoreError(err)
		}
		for _, b := range got.Sessions {
			if epoch.ValidForBrowser(user, storeEpoch, b) && !b.AuthTime.Before(newest[b.RootID].AuthTime) {
				newest[b.RootID] = b
			}
		}
		if page.After = got.Next; page.After == "" {
			break
		}
	}
	alive := make([]storage.BrowserSession, 0, len(newest))
	for _, b := range newest {
		alive = append(alive, b)
	}
	slices.SortFunc(alive, func(a, b storage.BrowserSession) int { return b.LastSeen.Compare(a.LastSeen) })
	return alive, nil
}

// clientsOf returns which clients have a session, by the root of the browser session that it
// was born in.
func (a *BrowserAccounts) clientsOf(ctx context.Context, userID string) (map[string][]string, error) {
	clients := map[string][]string{}
	for page := (storage.Page{Limit: storage.MaxPage}); ; {
		got, err := a.store.ListSessions(ctx, storage.SessionFilter{UserID: userID, AliveAt: a.now()}, page)
		if err != nil {
			return nil, StoreError(err)
		}
		for _, x := range got.Sessions {
			if x.BrowserID != "" && x.Generation != storage.PendingGeneration && !contains(clients[x.BrowserID], x.ClientID) {
				clients[x.BrowserID] = append(clients[x.BrowserID], x.ClientID)
			}
		}
		if page.After = got.Next; page.After == "" {
			return clients, nil
		}
	}
}

// reasonEndedByAdmin is why a browser session has ended that somebody else than its user ended.
const reasonEndedByAdmin = "revoked by an administrator"

// EndSession ends the browser session of the user with that handle, and the sessions that are
// bound to it. storage.ErrNotFound where the user has none of that handle that is alive.
func (a *BrowserAccounts) EndSession(ctx context.Context, userID, handle string, info RequestInfo) error {
	alive, err := a.aliveSessions(ctx, userID)
	if err != nil {
		return err
	}
	n := slices.IndexFunc(alive, func(b storage.BrowserSession) bool { return browserSessionHandle(b.ID) == handle })
	if n < 0 {
		return errNoBrowserSession
	}
	return a.ender.endBrowserSession(ctx, alive[n], endReason(userID, info), info)
}

// EndSessions ends every browser session of the user, and the sessions that are bound to them.
// That there are none is no error.
func (a *BrowserAccounts) EndSessions(ctx context.Context, userID string, info RequestInfo) error {
	alive, err := a.aliveSessions(ctx, userID)
	if err != nil {
		return err
	}
	for _, b := range alive {
		if err := a.ender.endBrowserSession(ctx, b, endReason(userID, info), info); err != nil {
			return err
		}
	}
	return nil
}

// endReason is why a browser session ends that somebody asks to end.
func endReason(userID string, info RequestInfo) string {
	if info.Actor == userID {
		return reasonSignedOut
	}
	return reasonEndedByAdmin
}

var errNoBrowserSession = fmt.Errorf("browser session: %w", storage.ErrNotFound)

// Consents returns what the user has allowed, by client.
func (a *BrowserAccounts) Consents(ctx context.Context, userID string) ([]storage.Consent, error) {
	if userID == "" {
		return nil, errors.New("consents of nobody") // a filter without a user would select everybody's
	}
	var all []storage.Consent
	for page := (storage.Page{Limit: storage.MaxPage}); ; {
		got, err := a.store.ListConsents(ctx, storage.ConsentFilter{UserID: userID}, page)
		if err != nil {
			return nil, StoreError(err)
		}
		all = append(all, got.Consents...)
		if page.After = got.Next; page.After == "" {
			return all, nil
		}
	}
}

// reasonConsentRevoked is why the sessions of a consent that was revoked have ended.
const reasonConsentRevoked = "consent revoked"

// RevokeConsent takes back what the user has allowed the client, and ends the client's sessions
// of the user, those that live on without the browser included. They end first, so that after a
// failure the consent is still there and it can be done again; then those that began in between.
func (a *BrowserAccounts) RevokeConsent(ctx context.Context, userID, clientID string, info RequestInfo) error {
	if userID == "" || clientID == "" {
		return storage.ErrNotFound // a filter without either would select others' sessions
	}
	if err := a.consents.auditRevoked(ctx, userID, clientID, info); err != nil {
		return err
	}
	if err := a.endSessionsOf(ctx, userID, clientID); err != nil {
		return err
	}
	if err := a.consents.remove(ctx, userID, clientID); err != nil {
		return err
	}
	return a.endSessionsOf(ctx, userID, clientID)
}

// endSessionsOf ends the client's sessions of the user.
func (a *BrowserAccounts) endSessionsOf(ctx context.Context, userID, clientID string) error {
	_, err := a.store.RevokeAll(ctx, storage.SessionFilter{UserID: userID, ClientID: clientID}, a.now(), reasonConsentRevoked)
	return unavailableOrNil(err)
}

// BrowserSessionHandle returns the public name of a browser session.
func BrowserSessionHandle(s storage.BrowserSession) string { return browserSessionHandle(s.ID) }
