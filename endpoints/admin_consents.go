package endpoints

import (
	"context"

	"example.org/signet/issuer/admin"
)

// listUserConsents is GET /api/v1/users/{id}/consents.
func listUserConsents(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	page, _, err := req.page()
	if err != nil {
		return nil, err
	}
	return a.Browsers().Consents(ctx, req.pathParam("id"), page)
}

// revokeUserConsent is DELETE /api/v1/users/{id}/consents/{client_id}: the client's sessions of
// the user end with it.
func revokeUserConsent(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Browsers().RevokeConsent(ctx, req.pathParam("id"), req.pathParam("client_id"))
}
