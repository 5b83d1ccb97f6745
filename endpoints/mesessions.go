package endpoints

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// sessionKeeper shows and ends the sessions of the user who asks.
type sessionKeeper interface {
	MySessions(ctx context.Context, p *issuer.Principal, page storage.Page) (issuer.SessionList, error)
	EndMySession(ctx context.Context, p *issuer.Principal, sid string, src issuer.RequestInfo) error
	EndMySessions(ctx context.Context, p *issuer.Principal, src issuer.RequestInfo) error
}

// mySessionsOperation is GET /me/sessions.
type mySessionsOperation struct{ issuer sessionKeeper }

var _ operation = mySessionsOperation{}

func (o mySessionsOperation) act(ctx context.Context, c *call) (any, error) {
	page, _, err := c.page()
	if err != nil {
		return nil, err
	}
	return o.issuer.MySessions(ctx, c.who, page)
}

// endMySessionsOperation is DELETE /me/sessions: log out everywhere.
type endMySessionsOperation struct{ issuer sessionKeeper }

var _ operation = endMySessionsOperation{}

func (o endMySessionsOperation) act(ctx context.Context, c *call) (any, error) {
	if err := c.nothing(); err != nil {
		return nil, err
	}
	return done, o.issuer.EndMySessions(ctx, c.who, c.source())
}

// endMySessionOperation is DELETE /me/sessions/{sid}.
type endMySessionOperation struct{ issuer sessionKeeper }

var _ operation = endMySessionOperation{}

func (o endMySessionOperation) act(ctx context.Context, c *call) (any, error) {
	if err := c.nothing(); err != nil {
		return nil, err
	}
	return done, o.issuer.EndMySession(ctx, c.who, c.place("sid"), c.source())
}
