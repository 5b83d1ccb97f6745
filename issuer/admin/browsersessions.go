package admin

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// Browsers are the operations on what users began in a browser: sessions and consents.
type Browsers struct{ admin *Admin }

// BrowserSessionList is where a user is signed in in a browser, the last used first.
type BrowserSessionList struct {
	Items []issuer.BrowserSessionView `json:"items"`
}

// Sessions returns the living browser sessions of a user.
func (b Browsers) Sessions(ctx context.Context, id string) (BrowserSessionList, error) {
	x, err := b.admin.service.readUser(ctx, id)
	if err != nil {
		return BrowserSessionList{}, err
	}
	views, err := b.admin.service.browsers.Sessions(ctx, x.ID, nil)
	return BrowserSessionList{Items: views}, err
}

// BrowserSession is where somebody is signed in in a browser.
type BrowserSession struct {
	UserID string `json:"user_id"`
	issuer.BrowserSessionView
}

// BrowserSessionPage is one page of the browser sessions of everybody.
type BrowserSessionPage struct {
	Items []BrowserSession `json:"items"`
	Next  string           `json:"next,omitempty"`
}

// List returns one page of the browser sessions of everybody that are alive by their own times, in
// no order that means anything. One whose user has signed out everywhere may be among them.
func (b Browsers) List(ctx context.Context, p storage.Page) (BrowserSessionPage, error) {
	l := newListing("browser_sessions")
	p, err := l.page(p)
	if err != nil {
		return BrowserSessionPage{}, err
	}
	page, err := b.admin.service.store.ListBrowserSessions(ctx, storage.BrowserSessionFilter{AliveAt: b.admin.service.now()}, p)
	if err != nil {
		return BrowserSessionPage{}, issuer.StoreError(err)
	}
	list := BrowserSessionPage{Items: make([]BrowserSession, len(page.Sessions)), Next: l.cursor(page.Next)}
	for n, x := range page.Sessions {
		list.Items[n] = BrowserSession{x.UserID, issuer.ViewBrowserSession(x)}
	}
	return list, nil
}

// EndSession ends the browser session of that handle, and the sessions of applications
// that end with it. storage.ErrNotFound where the user has none that lives.
func (b Browsers) EndSession(ctx context.Context, id, handle string) error {
	if err := b.mayEnd(ctx, id); err != nil {
		return err
	}
	return b.admin.service.browsers.EndSession(ctx, id, handle, b.admin.info)
}

// EndSessions ends all browser sessions of a user. That there are none is no error.
func (b Browsers) EndSessions(ctx context.Context, id string) error {
	if err := b.mayEnd(ctx, id); err != nil {
		return err
	}
	return b.admin.service.browsers.EndSessions(ctx, id, b.admin.info)
}

// mayEnd refuses what is a user's whom the actor may not change.
func (b Browsers) mayEnd(ctx context.Context, id string) error {
	x, err := b.admin.service.readUser(ctx, id)
	if err != nil {
		return err
	}
	return b.admin.actor.mayChangeUser(x, x)
}
