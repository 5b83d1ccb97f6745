package endpoints

import (
	"context"

	"example.org/signet/issuer"
)

// listSessions is GET /api/v1/sessions.
func listSessions(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	page, q, err := c.page("user_id", "client_id", "active")
	if err != nil {
		return nil, err
	}
	active, err := yesOrNo(q, "active")
	if err != nil {
		return nil, err
	}
	return a.Sessions(ctx, issuer.SessionQuery{User: q["user_id"], Client: q["client_id"], Active: active}, page)
}

// endAllSessions is DELETE /api/v1/sessions: everybody is logged out.
func endAllSessions(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if err := c.nothing(); err != nil {
		return nil, err
	}
	return done, a.EndAllSessions(ctx)
}

// showSession is GET /api/v1/sessions/{sid}.
func showSession(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if _, err := c.query(); err != nil {
		return nil, err
	}
	return a.Session(ctx, c.place("sid"))
}

// endSession is DELETE /api/v1/sessions/{sid}.
func endSession(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if err := c.nothing(); err != nil {
		return nil, err
	}
	return done, a.EndSession(ctx, c.place("sid"))
}
