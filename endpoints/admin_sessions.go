package endpoints

import (
	"context"

	"example.org/signet/issuer/admin"
)

// listSessions is GET /api/v1/sessions.
func listSessions(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	page, q, err := req.page("user_id", "client_id", "active")
	if err != nil {
		return nil, err
	}
	active, err := boolParam(q, "active")
	if err != nil {
		return nil, err
	}
	return a.Sessions().List(ctx, admin.SessionQuery{UserID: q["user_id"], ClientID: q["client_id"], Active: active}, page)
}

// endAllSessions is DELETE /api/v1/sessions: it ends every session of every user.
func endAllSessions(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	_, err := a.Sessions().EndAll(ctx)
	return emptyReply, err
}

// showSession is GET /api/v1/sessions/{sid}.
func showSession(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Sessions().Show(ctx, req.pathParam("sid"))
}

// endSession is DELETE /api/v1/sessions/{sid}.
func endSession(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Sessions().End(ctx, req.pathParam("sid"))
}
