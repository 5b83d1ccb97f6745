package endpoints

import (
	"context"

	"example.org/signet/issuer/admin"
)

// showUserFactors is GET /api/v1/users/{id}/factors.
func showUserFactors(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Factors().Show(ctx, req.pathParam("id"))
}

// resetUserFactors is DELETE /api/v1/users/{id}/factors.
func resetUserFactors(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Factors().Reset(ctx, req.pathParam("id"))
}

// removeUserTOTP is DELETE /api/v1/users/{id}/factors/totp.
func removeUserTOTP(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Factors().RemoveTOTP(ctx, req.pathParam("id"))
}

// demandUserFactor is POST /api/v1/users/{id}/factors/demand.
func demandUserFactor(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Factors().Demand(ctx, req.pathParam("id"))
}
