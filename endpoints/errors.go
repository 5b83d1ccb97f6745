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

// statuses is the one table from the codes of package issuer to HTTP.
var statuses = map[issuer.Code]int{
	issuer.InvalidRequest:       http.StatusBadRequest, // RFC 6749 §5.2
	issuer.InvalidClient:        http.StatusUnauthorized,
	issuer.InvalidGrant:         http.StatusBadRequest,
	issuer.UnauthorizedClient:   http.StatusBadRequest,
	issuer.UnsupportedGrantType: http.StatusBadRequest,
	issuer.InvalidScope:         http.StatusBadRequest,
	issuer.InvalidTarget:        http.StatusBadRequest,   // RFC 8707 §2
	issuer.InvalidToken:         http.StatusUnauthorized, // RFC 6750 §3.1
	issuer.InsufficientScope:    http.StatusForbidden,    // RFC 6750 §3.1
	issuer.AccessDenied:         http.StatusForbidden,
	issuer.TooManyAttempts:      http.StatusTooManyRequests, // RFC 6585 §4
	issuer.Unavailable:          http.StatusServiceUnavailable,
}

// afterAuthentication are the refusals that only an authenticated client gets.
var afterAuthentication = map[issuer.Code]bool{
	issuer.InvalidGrant: true, issuer.UnauthorizedClient: true, issuer.UnsupportedGrantType: true,
	issuer.InvalidScope: true, issuer.InvalidTarget: true,
}

// A fault is a refusal of the HTTP layer itself, before the issuer was asked.
type fault struct {
	status      int
	code        string // "" says nothing in the body
	description string
	allow       string // of a 405
	closes      bool   // the rest of the request is not worth reading
}

func (f *fault) Error() string { return f.code + ": " + f.description }

func badRequest(description string) *fault {
	return &fault{status: http.StatusBadRequest, code: string(issuer.InvalidRequest), description: description}
}

// failure is an error as the client will see it, with what only the log may.
type failure struct {
	status      int
	code        string
	description string
	scope       string       // of insufficient_scope
	fields      []fieldFault // of a problem
	allow       string
	retryAfter  time.Duration
	closes      bool
	cause       error
}

// failureOf renders any error. Of what is neither a fault nor an issuer's
// refusal the client learns nothing.
func failureOf(err error) failure {
	var f *fault
	var refusal *issuer.Error
	switch {
	case errors.As(err, &f):
		return failure{status: f.status, code: f.code, description: f.description, allow: f.allow, closes: f.closes}
	case errors.As(err, &refusal) && statuses[refusal.Code] != 0:
		return refused(refusal)
	}
	if f, known := recordFailure(err); known {
		return f
	}
	return failure{
		status: http.StatusInternalServerError, code: codeServerError,
		description: "the server failed on this request", cause: err,
	}
}

func refused(e *issuer.Error) failure {
	f := failure{
		status: statuses[e.Code], code: string(e.Code), description: e.Description,
		scope: e.Scope, cause: e.Cause,
	}
	switch e.Code {
	case issuer.TooManyAttempts:
		// RFC 6749 has no word for a throttled client; this one, of §4.1.2.1,
		// tells libraries to come back later.
		f.code, f.retryAfter = codeUnavailable, max(e.RetryAfter, time.Second)
	case issuer.Unavailable:
		f.retryAfter = max(e.RetryAfter, time.Second)
	}
	return f
}

// errorBody is the error answer of RFC 6749 §5.2.
type errorBody struct {
	Error       string `json:"error,omitempty"`
	Description string `json:"error_description,omitempty"`
}

func (f failure) body() errorBody {
	return errorBody{Error: f.code, Description: printable(f.description)}
}

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

// side is whose error rules a route follows.
type side int

const (
	oauthSide    side = iota // RFC 6749 §5.2
	resourceSide             // RFC 6750 §3
	problemSide              // RFC 9457, with the challenges of both
)

// challenge is the WWW-Authenticate header that belongs to the failure, or "".
func (f failure) challenge(s side) string {
	switch {
	case s != resourceSide && f.code == string(issuer.InvalidClient):
		return `Basic realm="signet"`
	case s == oauthSide:
		return ""
	case f.status != http.StatusUnauthorized && f.status != http.StatusForbidden && f.status != http.StatusBadRequest:
		return ""
	case f.code == "":
		return `Bearer realm="signet"` // RFC 6750 §3.1: nothing is said of an absent token
	case s == problemSide && f.code != string(issuer.InvalidToken) && f.code != string(issuer.InsufficientScope):
		return "" // nothing is wrong with the token
	}
	c := `Bearer realm="signet", error="` + printable(f.code) + `", error_description="` + printable(f.description) + `"`
	if f.scope != "" {
		c += `, scope="` + printable(f.scope) + `"`
	}
	return c
}
