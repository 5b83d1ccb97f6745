package admin

import (
	"context"

	"example.org/signet/issuer"
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
