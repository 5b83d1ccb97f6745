package endpoints

import (
	"net/http"
)

// authorizationEndpoint exists because many libraries refuse a discovery document
// without it. There is no interactive login yet: it answers with an error, in HTML to a
// browser and else in JSON. It never redirects, since no redirect URI is registered
// (RFC 6749 §4.1.2.1).
type authorizationEndpoint struct{}

var _ endpoint = authorizationEndpoint{}

var errNoInteractiveLogin = &httpError{
	status: http.StatusBadRequest, code: "unsupported_response_type",
	description: "this server offers no interactive login; use the grants that its discovery document names",
	page:        "page/authorize.html",
}

func (authorizationEndpoint) handle(*http.Request, *event) (any, error) {
	return nil, errNoInteractiveLogin
}
