package endpoints

import (
	"context"

	"example.org/signet/issuer/admin"
)

// listSessions is GET /api/v1/sessions.
func listSessions(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	page, q, err := req.page("user_id", "client_id", "active", "network", "device")
	if err != nil {
		return nil, err
	}
	query := admin.SessionQuery{UserID: q["user_id"], ClientID: q["client_id"], Network: q["network"], Device: q["device"]}
	active, err := optBoolParam(q, "active")
	if err != nil {
		return nil, err
	}
	if active != nil {
		query.Active, query.Ended = *active, !*active
	}
	return a.Sessions().List(ctx, query, page)
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

// endClientSessions is DELETE /api/v1/clients/{client_id}/sessions: it ends every session at the
// client, whoever's.
func endClientSessions(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	_, err := a.Clients().EndSessions(ctx, req.pathParam("client_id"))
	return emptyReply, err
}

// listAllBrowserSessions is GET /api/v1/browser-sessions.
func listAllBrowserSessions(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	page, _, err := req.page()
	if err != nil {
		return nil, err
	}
	return a.Browsers().List(ctx, page)
}
