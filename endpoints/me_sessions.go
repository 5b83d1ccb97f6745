package endpoints

import (
	"context"
)

// listMySessionsHandler is GET /me/sessions.
type listMySessionsHandler struct{ service accountProvider }

var _ apiHandler = listMySessionsHandler{}

func (h listMySessionsHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	page, _, err := req.page()
	if err != nil {
		return nil, err
	}
	return h.service.Account(req.principal, req.source()).Sessions(ctx, page)
}

// endMySessionsHandler is DELETE /me/sessions: log out everywhere.
type endMySessionsHandler struct{ service accountProvider }

var _ apiHandler = endMySessionsHandler{}

func (h endMySessionsHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, h.service.Account(req.principal, req.source()).EndSessions(ctx)
}

// endMySessionHandler is DELETE /me/sessions/{sid}.
type endMySessionHandler struct{ service accountProvider }

var _ apiHandler = endMySessionHandler{}

func (h endMySessionHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, h.service.Account(req.principal, req.source()).EndSession(ctx, req.pathParam("sid"))
}
