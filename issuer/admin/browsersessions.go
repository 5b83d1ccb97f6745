package admin

import (
	"context"

	"example.org/signet/issuer"
)

// BrowserSessionList is where a user is signed in in a browser, the last used first.
type BrowserSessionList struct {
	Items []issuer.BrowserSessionView `json:"items"`
}

// BrowserSessions returns the living browser sessions of a user.
func (u Users) BrowserSessions(ctx context.Context, id string) (BrowserSessionList, error) {
	x, err := u.admin.service.readUser(ctx, id)
	if err != nil {
		return BrowserSessionList{}, err
	}
	views, err := u.admin.service.browsers.Sessions(ctx, x.ID, nil)
	return BrowserSessionList{Items: views}, err
}

// EndBrowserSession ends the browser session of that handle, and the sessions of applications
// that end with it. storage.ErrNotFound where the user has none that lives.
func (u Users) EndBrowserSession(ctx context.Context, id, handle string) error {
	if err := u.mayEnd(ctx, id); err != nil {
		return err
	}
	return u.admin.service.browsers.EndSession(ctx, id, handle, u.admin.info)
}

// EndBrowserSessions ends all browser sessions of a user. That there are none is no error.
func (u Users) EndBrowserSessions(ctx context.Context, id string) error {
	if err := u.mayEnd(ctx, id); err != nil {
		return err
	}
	return u.admin.service.browsers.EndSessions(ctx, id, u.admin.info)
}

// mayEnd refuses what is a user's whom the actor may not change.
func (u Users) mayEnd(ctx context.Context, id string) error {
	x, err := u.admin.service.readUser(ctx, id)
	if err != nil {
		return err
	}
	return u.admin.actor.mayChangeUser(x, x)
}
