package endpoints

import (
	"net/http"
)

// authorizationEndpoint stands where clients expect one: many libraries refuse
// a discovery document without it. There is no interactive login, so it says
// so, to whoever asks and never by a redirect: no redirect URI is registered
// that could be trusted (RFC 6749 §4.1.2.1).
type authorizationEndpoint struct{}

var _ endpoint = authorizationEndpoint{}

var errNoInteractiveLogin = &httpError{
	status: http.StatusBadRequest, code: "unsupported_response_type",
	description: "this server offers no interactive login; use the grants that its discovery document names",
}

func (authorizationEndpoint) handle(*http.Request, *event) (any, error) {
	return nil, errNoInteractiveLogin
}
