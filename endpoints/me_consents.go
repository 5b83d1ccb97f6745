package endpoints

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/issuer/selfservice"
)

// consentOwner lists and takes back what the user who asks has allowed.
type consentOwner interface {
	Consents(ctx context.Context, p *issuer.Principal) (selfservice.ConsentList, error)
	WithdrawConsent(ctx context.Context, p *issuer.Principal, clientID string, info issuer.RequestInfo) error
}

// listMyConsentsHandler is GET /me/consents.
type listMyConsentsHandler struct{ service consentOwner }

var _ apiHandler = listMyConsentsHandler{}

func (h listMyConsentsHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return h.service.Consents(ctx, req.principal)
}

// withdrawMyConsentHandler is DELETE /me/consents/{client_id}.
type withdrawMyConsentHandler struct{ service consentOwner }

var _ apiHandler = withdrawMyConsentHandler{}

func (h withdrawMyConsentHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, h.service.WithdrawConsent(ctx, req.principal, req.pathParam("client_id"), req.source())
}
