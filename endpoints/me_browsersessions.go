package endpoints

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/issuer/selfservice"
)

// browserSessionOwner lists and ends the browser sessions of the user who asks.
type browserSessionOwner interface {
	BrowserSessions(ctx context.Context, p *issuer.Principal) (selfservice.BrowserSessionList, error)
	EndBrowserSession(ctx context.Context, p *issuer.Principal, handle string, info issuer.RequestInfo) error
	EndBrowserSessions(ctx context.Context, p *issuer.Principal, info issuer.RequestInfo) error
}

// listMyBrowserSessionsHandler is GET /me/browser-sessions.
type listMyBrowserSessionsHandler struct{ service browserSessionOwner }

var _ apiHandler = listMyBrowserSessionsHandler{}

func (h listMyBrowserSessionsHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return h.service.BrowserSessions(ctx, req.principal)
}

// endMyBrowserSessionsHandler is DELETE /me/browser-sessions.
type endMyBrowserSessionsHandler struct{ service browserSessionOwner }

var _ apiHandler = endMyBrowserSessionsHandler{}

func (h endMyBrowserSessionsHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, h.service.EndBrowserSessions(ctx, req.principal, req.source())
}

// endMyBrowserSessionHandler is DELETE /me/browser-sessions/{id}.
type endMyBrowserSessionHandler struct{ service browserSessionOwner }

var _ apiHandler = endMyBrowserSessionHandler{}

func (h endMyBrowserSessionHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, h.service.EndBrowserSession(ctx, req.principal, req.pathParam("id"), req.source())
}
