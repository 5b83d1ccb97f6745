package endpoints

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// accountProvider gives the users who ask the operations on their own account.
type accountProvider interface {
	Account(p *issuer.Principal, info issuer.RequestInfo) *admin.Owner
}

// getMeHandler is GET /me.
type getMeHandler struct{ service accountProvider }

var _ apiHandler = getMeHandler{}

func (h getMeHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return userReply(h.service.Account(req.principal, req.source()).Show(ctx))
}

// updateMeHandler is PATCH /me.
type updateMeHandler struct{ service accountUpdater }

// accountUpdater changes the accounts of the users who ask.
type accountUpdater interface {
	UpdateAccount(ctx context.Context, p *issuer.Principal, c admin.UserChange, info issuer.RequestInfo) (admin.User, error)
}

var _ apiHandler = updateMeHandler{}

var profileSchema = schema{"username": kindString, "email": kindString, "full_name": kindString, "phone": kindString, "attributes": kindAttributes}

func (h updateMeHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	b, err := req.decodeBody(profileSchema)
	if err != nil {
		return nil, err
	}
	u, err := h.service.UpdateAccount(ctx, req.principal, admin.UserChange{
		Username: b.optString("username"), Email: b.optString("email"), FullName: b.optString("full_name"), Phone: b.optString("phone"),
		Attributes: b.optAttributes("attributes"),
	}, req.source())
	if err != nil {
		return nil, err
	}
	return foundReply(u, u.Revision), nil
}
