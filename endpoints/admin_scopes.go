package endpoints

import (
	"context"
	"net/url"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// listScopeTexts is GET /api/v1/scopes. It returns all of them in one page.
func listScopeTexts(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Scopes().List(ctx)
}

// scopeParam returns the scope of the path. A scope may have characters that a path must
// escape, such as a slash.
func (req *apiRequest) scopeParam() (string, error) {
	scope, err := url.PathUnescape(req.pathParam("scope"))
	if err != nil {
		return "", &issuer.FieldError{Field: "scope", Reason: "is not well-formed"}
	}
	return scope, nil
}

var scopeTextSchema = schema{"texts": kindTexts}

// putScopeText is PUT /api/v1/scopes/{scope}: it replaces the texts of the scope.
func putScopeText(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	scope, err := req.scopeParam()
	if err != nil {
		return nil, err
	}
	b, err := req.decodeBody(scopeTextSchema)
	if err != nil {
		return nil, err
	}
	return a.Scopes().Put(ctx, scope, b.texts("texts"))
}

// deleteScopeText is DELETE /api/v1/scopes/{scope}.
func deleteScopeText(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	scope, err := req.scopeParam()
	if err != nil {
		return nil, err
	}
	return emptyReply, a.Scopes().Delete(ctx, scope)
}
