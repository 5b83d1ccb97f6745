package endpoints

import (
	"context"

	"example.org/signet/issuer"
)

// passwordChanger lets a user change their own password.
type passwordChanger interface {
	ChangePassword(ctx context.Context, p *issuer.Principal, old, new issuer.Secret, info issuer.RequestInfo) (*issuer.BrowserCookie, error)
}

// changePasswordHandler is POST /me/password.
type changePasswordHandler struct{ service passwordChanger }

var _ apiHandler = changePasswordHandler{}

func (h changePasswordHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	b, err := req.decodeBody(schema{"current_password": kindString, "new_password": kindString})
	if err != nil {
		return nil, err
	}
	if _, err := h.service.ChangePassword(ctx, req.principal, b.secret("current_password"), b.secret("new_password"), req.source()); err != nil {
		return nil, err
	}
	return emptyReply, nil
}
