package endpoints

import "context"

// listMyLinksHandler is GET /me/links.
type listMyLinksHandler struct{ service linkOwner }

var _ apiHandler = listMyLinksHandler{}

func (h listMyLinksHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return h.service.Links(ctx, req.principal)
}

// removeMyLinkHandler is DELETE /me/links/{link}.
type removeMyLinkHandler struct{ service linkOwner }

var _ apiHandler = removeMyLinkHandler{}

func (h removeMyLinkHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, h.service.Unlink(ctx, req.principal, req.pathParam("link"), req.source())
}
