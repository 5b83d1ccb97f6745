package endpoints

import (
	"context"

	"example.org/signet/issuer/admin"
)

// listBrowserSessions is GET /api/v1/users/{id}/browser-sessions.
func listBrowserSessions(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Browsers().Sessions(ctx, req.pathParam("id"))
}

// endBrowserSession is DELETE /api/v1/users/{id}/browser-sessions/{handle}: the sessions of
// applications that end with it end too.
func endBrowserSession(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Browsers().EndSession(ctx, req.pathParam("id"), req.pathParam("handle"))
}

// endBrowserSessions is DELETE /api/v1/users/{id}/browser-sessions.
func endBrowserSessions(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Browsers().EndSessions(ctx, req.pathParam("id"))
}
