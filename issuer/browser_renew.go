package issuer

import (
	"context"
	"time"

	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// errBrowserSessionEnded means that the browser session has ended since the request was let in.
var errBrowserSessionEnded = newError(InvalidToken, "the browser session has ended")

// Use notes that the browser session is used, at most every touchEvery: its idle end moves.
func (o *OwnBrowsers) Use(ctx context.Context, u *BrowserUser) error {
	return o.sessions.touch(ctx, u.Session, o.now())
}

// StillAlive refuses where the browser session has been ended since u was read. A step on the
// user's record ends it too, and is for the caller to notice.
func (o *OwnBrowsers) StillAlive(ctx context.Context, u *BrowserUser) error {
	s, _, _, err := o.sessions.store.BrowserSessionInEpoch(ctx, u.Session.ID)
	switch {
	case isDefinitive(err):
		return errBrowserSessionEnded
	case err != nil:
		return unavailable(err)
	case !isAlive(s, o.now()):
		return errBrowserSessionEnded
	}
	return nil
}

// Renew gives the browser of old a new session, after a step on the user's record has ended all
// of them: after is the record as that step wrote it. The new one ends no later than the old
// one, unless the user has just authenticated.
func (o *OwnBrowsers) Renew(ctx context.Context, old *BrowserUser, after storage.User, authenticated bool, info RequestInfo) (*BrowserCookie, error) {
	now := o.now()
	session, cookie, err := o.sessions.prepare(after, storage.Epoch{}, old, old.Session.Remembered, info, now)
	if err != nil {
		return nil, err
	}
	session.UserEpoch = epoch.Renewed(after, old.Session)
	if !authenticated {
		was := old.Session
		session.AuthTime, session.AMR, session.ExpiresAt, session.IdleAt = was.AuthTime, was.AMR, was.ExpiresAt, earlier(session.IdleAt, was.ExpiresAt)
		if cookie.MaxAge > 0 {
			cookie.MaxAge = was.ExpiresAt.Sub(now)
		}
	}
	if err := o.takeOver(ctx, old, session, now, info); err != nil {
		return nil, err
	}
	return cookie, nil
}

// Strengthen gives a browser whose user has just proven a second factor a new session in the place
// of old, with what was proven before and with that. It ends when the old one would.
func (o *OwnBrowsers) Strengthen(ctx context.Context, old *BrowserUser, methods []string, info RequestInfo) (*BrowserCookie, error) {
	now := o.now()
	session, cookie, err := o.sessions.strengthened(old, methods, info, now)
	if err != nil {
		return nil, err
	}
	return cookie, o.takeOver(ctx, old, session, now, info)
}

// takeOver puts session in the place of old.
func (o *OwnBrowsers) takeOver(ctx context.Context, old *BrowserUser, session storage.BrowserSession, now time.Time, info RequestInfo) error {
	replaced, err := o.sessions.takePlace(ctx, old.Session, session, now)
	switch {
	case err != nil:
		return err
	case !replaced:
		return errBrowserSessionEnded
	}
	return o.ender.replace(ctx, old, now, info)
}

// strengthened returns a session in the place of old with a second factor, and its cookie.
func (b browserSessions) strengthened(old *BrowserUser, methods []string, info RequestInfo, now time.Time) (storage.BrowserSession, *BrowserCookie, error) {
	was := old.Session
	session, cookie, err := b.prepare(old.User, storage.Epoch{}, old, was.Remembered, info, now)
	if err != nil {
		return session, nil, err
	}
	session.UserEpoch, session.AMR = was.UserEpoch, withMethods(was.AMR, methods...)
	session.AuthTime, session.ExpiresAt, session.IdleAt = was.AuthTime, was.ExpiresAt, earlier(session.IdleAt, was.ExpiresAt)
	if cookie.MaxAge > 0 {
		cookie.MaxAge = was.ExpiresAt.Sub(now)
	}
	return session, cookie, nil
}
