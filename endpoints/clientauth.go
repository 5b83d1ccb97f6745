package endpoints

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"example.org/signet/issuer"
)

var (
	errMultipleAuthMethods = badRequest("the client authenticates in more than one way")
	errMultipleAuthHeaders = badRequest("there is more than one Authorization header")
	errClientIDMismatch    = badRequest("client_id is not the client that authenticates")
	errBasicHeader         = &httpError{status: http.StatusUnauthorized, code: string(issuer.InvalidClient), description: "the Authorization header is not HTTP Basic as RFC 6749 section 2.3.1 has it"}
	errAssertion           = &httpError{status: http.StatusUnauthorized, code: string(issuer.InvalidClient), description: "client assertions are not supported"}
)

// clientAuth reads how the client authenticates (RFC 6749 §2.3): by HTTP
// Basic, by its secret in the form, or, a public client, by naming itself. An
// empty secret is no secret (§2.3.1: a client may leave it out).
func clientAuth(r *http.Request, f form) (issuer.ClientAuth, error) {
	header, headers := authorizationHeader(r)
	asserted := f["client_assertion"] != "" || f["client_assertion_type"] != ""
	switch {
	case headers > 1:
		return issuer.ClientAuth{}, errMultipleAuthHeaders
	case countTrue(headers == 1, f["client_secret"] != "", asserted) > 1:
		return issuer.ClientAuth{}, errMultipleAuthMethods
	case asserted:
		return issuer.ClientAuth{}, errAssertion
	case headers == 1:
		return basicAuth(header, f["client_id"])
	}
	return newClientAuth(f["client_id"], f["client_secret"], issuer.AuthPost), nil
}

// authorizationHeader returns the last Authorization header that holds something, and how
// many do: some libraries send an empty one where they have no credentials.
func authorizationHeader(r *http.Request) (header string, n int) {
	for _, h := range r.Header.Values("Authorization") {
		if h != "" {
			header, n = h, n+1
		}
	}
	return header, n
}

func countTrue(used ...bool) int {
	n := 0
	for _, u := range used {
		if u {
			n++
		}
	}
	return n
}

func newClientAuth(id, secret string, method issuer.AuthMethod) issuer.ClientAuth {
	if secret == "" {
		method = issuer.AuthNone
	}
	return issuer.ClientAuth{ID: id, Secret: issuer.Secret(secret), Method: method}
}

// basicAuth reads the header of client_secret_basic. A client_id in the form
// beside it is redundant, and must agree.
func basicAuth(header, clientID string) (issuer.ClientAuth, error) {
	id, secret, ok := parseBasic(header)
	if !ok {
		return issuer.ClientAuth{}, errBasicHeader
	}
	if clientID != "" && clientID != id {
		return issuer.ClientAuth{}, errClientIDMismatch
	}
	return newClientAuth(id, secret, issuer.AuthBasic), nil
}

// parseBasic returns the id and the secret of the header: strict base64 (RFC 7617) of
// form-encoded values (RFC 6749 §2.3.1).
func parseBasic(header string) (id, secret string, ok bool) {
	scheme, credentials, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(credentials)
	if err != nil {
		return "", "", false
	}
	user, password, found := strings.Cut(string(raw), ":")
	if !found {
		return "", "", false
	}
	id, errID := url.QueryUnescape(user)
	secret, errSecret := url.QueryUnescape(password)
	ok = errID == nil && errSecret == nil && id != "" && validText(id, false) && validText(secret, false)
	return id, secret, ok
}
