package endpoints

import (
	"context"

	"example.org/signet/issuer"
)

// profileService shows and changes the user who asks.
type profileService interface {
	Me(p *issuer.Principal) issuer.User
	UpdateMe(ctx context.Context, p *issuer.Principal, c issuer.UserChange, when issuer.Precondition, src issuer.RequestInfo) (issuer.User, error)
}

// getMeHandler is GET /me.
type getMeHandler struct{ issuer profileService }

var _ apiHandler = getMeHandler{}

func (h getMeHandler) handle(_ context.Context, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	u := h.issuer.Me(req.principal)
	return foundReply(u, u.Revision), nil
}

// updateMeHandler is PATCH /me.
type updateMeHandler struct{ issuer profileService }

var _ apiHandler = updateMeHandler{}

var profileSchema = schema{"username": kindString, "email": kindString, "full_name": kindString, "phone": kindString}

func (h updateMeHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	b, err := req.decodeBody(profileSchema)
	if err != nil {
		return nil, err
	}
	ifMatch, err := req.ifMatch()
	if err != nil {
		return nil, err
	}
	u, err := h.issuer.UpdateMe(ctx, req.principal, issuer.UserChange{
		Username: b.optString("username"), Email: b.optString("email"), FullName: b.optString("full_name"), Phone: b.optString("phone"),
	}, ifMatch, req.source())
	if err != nil {
		return nil, err
	}
	return foundReply(u, u.Revision), nil
}
