package endpoints

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"example.org/signet/issuer"
)

// Codes that RFC 6749 leaves to HTTP.
const (
	codeServerError = "server_error"
	codeNotFound    = "not_found"
	codeUnavailable = "temporarily_unavailable"
)

// statusByCode maps the codes of package issuer to HTTP.
var statusByCode = map[issuer.Code]int{
	issuer.InvalidRequest:             http.StatusBadRequest, // RFC 6749 §5.2
	issuer.InvalidClient:              http.StatusUnauthorized,
	issuer.InvalidGrant:               http.StatusBadRequest,
	issuer.UnauthorizedClient:         http.StatusBadRequest,
	issuer.UnsupportedGrantType:       http.StatusBadRequest,
	issuer.InvalidScope:               http.StatusBadRequest,
	issuer.InvalidTarget:              http.StatusBadRequest, // RFC 8707 §2
	issuer.AuthorizationPending:       http.StatusBadRequest, // RFC 8628 §3.5
	issuer.SlowDown:                   http.StatusBadRequest,
	issuer.ExpiredToken:               http.StatusBadRequest,
	issuer.InvalidToken:               http.StatusUnauthorized, // RFC 6750 §3.1
	issuer.InsufficientScope:          http.StatusForbidden,    // RFC 6750 §3.1
	issuer.InsufficientAuthentication: http.StatusUnauthorized, // RFC 9470 §3
	issuer.AccessDenied:               http.StatusForbidden,
	issuer.TooManyAttempts:            http.StatusTooManyRequests, // RFC 6585 §4
	issuer.Unavailable:                http.StatusServiceUnavailable,
}

// authenticatedCodes are the errors that only an authenticated client gets.
var authenticatedCodes = map[issuer.Code]bool{
	issuer.InvalidGrant: true, issuer.UnauthorizedClient: true, issuer.UnsupportedGrantType: true,
	issuer.InvalidScope: true, issuer.InvalidTarget: true,
	issuer.AuthorizationPending: true, issuer.SlowDown: true, issuer.ExpiredToken: true,
}

// httpError is an error of the HTTP layer itself, before the issuer is called.
type httpError struct {
	status          int
	code            string // "" says nothing in the body
	description     string
	allow           string // of a 405
	closeConnection bool   // the rest of the request is not worth reading
}

func (f *httpError) Error() string { return f.code + ": " + f.description }

func badRequest(description string) *httpError {
	return &httpError{status: http.StatusBadRequest, code: string(issuer.InvalidRequest), description: description}
}

// errorResponse is an error as the client will see it, and its cause for the log.
type errorResponse struct {
	status          int
	code            string
	description     string
	scope           string         // of insufficient_scope
	acrValues       string         // of insufficient_user_authentication
	fields          []problemField // of a problem
	allow           string
	retryAfter      time.Duration
	closeConnection bool
	cause           error
}

// newErrorResponse returns the response to any error. One that is neither an httpError nor
// an issuer.Error is reported to the client by a fixed sentence.
func newErrorResponse(err error) errorResponse {
	var f *httpError
	var issuerErr *issuer.Error
	switch {
	case errors.As(err, &f):
		return errorResponse{status: f.status, code: f.code, description: f.description, allow: f.allow, closeConnection: f.closeConnection}
	case errors.As(err, &issuerErr) && statusByCode[issuerErr.Code] != 0:
		return issuerErrorResponse(issuerErr)
	}
	if f, ok := recordErrorResponse(err); ok {
		return f
	}
	return errorResponse{
		status: http.StatusInternalServerError, code: codeServerError,
		description: "the server failed on this request", cause: err,
	}
}

func issuerErrorResponse(e *issuer.Error) errorResponse {
	f := errorResponse{
		status: statusByCode[e.Code], code: string(e.Code), description: e.Description,
		scope: e.Scope, acrValues: e.ACRValues, cause: e.Cause,
	}
	switch e.Code {
	case issuer.TooManyAttempts:
		// RFC 6749 §5.2 has no code for a throttled client. Libraries retry later on
		// this one of §4.1.2.1.
		f.code, f.retryAfter = codeUnavailable, max(e.RetryAfter, time.Second)
	case issuer.Unavailable:
		f.retryAfter = max(e.RetryAfter, time.Second)
	}
	return f
}

// oauthErrorBody is the error answer of RFC 6749 §5.2.
type oauthErrorBody struct {
	Error       string `json:"error,omitempty"`
	Description string `json:"error_description,omitempty"`
	RequestID   string `json:"request_id,omitempty"` // of page endpoints
}

// oauthBody describes no error that has no code (RFC 6750 §3.1).
func (f errorResponse) oauthBody() oauthErrorBody {
	if f.code == "" {
		return oauthErrorBody{}
	}
	return oauthErrorBody{Error: f.code, Description: printable(truncate(f.description, maxDescription))}
}

// maxDescription bounds an error_description, in bytes.
const maxDescription = 512

// printable keeps a text within the characters that RFC 6749 §5.2 and
// RFC 6750 §3 allow: %x20-21 / %x23-5B / %x5D-7E.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '\''
		}
		return r
	}, s)
}

// errorFormat is the error format of a route.
type errorFormat int

const (
	oauthErrors   errorFormat = iota // RFC 6749 §5.2
	bearerErrors                     // RFC 6750 §3
	problemErrors                    // RFC 9457, with the challenges of both
	pageErrors                       // HTML; JSON for those that accept nothing else
)

// challenge is the WWW-Authenticate header of the error, or "".
func (f errorResponse) challenge(s errorFormat) string {
	switch {
	case s != bearerErrors && f.code == string(issuer.InvalidClient):
		return `Basic realm="signet"`
	case s == oauthErrors, s == pageErrors:
		return ""
	case f.status != http.StatusUnauthorized && f.status != http.StatusForbidden && f.status != http.StatusBadRequest:
		return ""
	case f.code == "":
		return `Bearer realm="signet"` // RFC 6750 §3.1: nothing is said of an absent token
	case s == problemErrors && f.code != string(issuer.InvalidToken) && f.code != string(issuer.InsufficientScope) && f.code != string(issuer.InsufficientAuthentication):
		return "" // nothing is wrong with the token
	}
	c := `Bearer realm="signet", error="` + printable(f.code) + `", error_description="` + printable(f.description) + `"`
	if f.scope != "" {
		c += `, scope="` + printable(f.scope) + `"`
	}
	if f.acrValues != "" {
		c += `, acr_values="` + printable(f.acrValues) + `"`
	}
	return c
}
