package endpoints

import (
	"net/http"
)

// authorizationEndpoint is where clients expect one: many libraries refuse a
// discovery document without it. There is no interactive login yet, so it says
// so: in HTML to a browser, else in JSON, and never by a redirect, because no
// redirect URI is registered that could be trusted (RFC 6749 §4.1.2.1).
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
