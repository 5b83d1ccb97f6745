package endpoints

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// sessionService shows and ends the sessions of the user who asks.
type sessionService interface {
	MySessions(ctx context.Context, p *issuer.Principal, page storage.Page) (issuer.SessionList, error)
	EndMySession(ctx context.Context, p *issuer.Principal, sid string, src issuer.RequestInfo) error
	EndMySessions(ctx context.Context, p *issuer.Principal, src issuer.RequestInfo) error
}

// listMySessionsHandler is GET /me/sessions.
type listMySessionsHandler struct{ issuer sessionService }

var _ apiHandler = listMySessionsHandler{}

func (h listMySessionsHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	page, _, err := req.page()
	if err != nil {
		return nil, err
	}
	return h.issuer.MySessions(ctx, req.principal, page)
}

// endMySessionsHandler is DELETE /me/sessions: log out everywhere.
type endMySessionsHandler struct{ issuer sessionService }

var _ apiHandler = endMySessionsHandler{}

func (h endMySessionsHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, h.issuer.EndMySessions(ctx, req.principal, req.source())
}

// endMySessionHandler is DELETE /me/sessions/{sid}.
type endMySessionHandler struct{ issuer sessionService }

var _ apiHandler = endMySessionHandler{}

func (h endMySessionHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, h.issuer.EndMySession(ctx, req.principal, req.pathParam("sid"), req.source())
}
