package authorization

import "fmt"

// Problem says which kind of fault an error page explains. The pages' catalog has a phrase
// for each.
type Problem string

// The kinds of faults that are told on a page, since nobody can be redirected.
const (
	ProblemRequest  Problem = "invalid_request"       // it cannot be read
	ProblemTooLarge Problem = "request_too_large"     // over MaxRequest
	ProblemClient   Problem = "unknown_client"        // missing, doubled, unknown or disabled
	ProblemMissing  Problem = "redirect_uri_missing"  // or doubled
	ProblemMismatch Problem = "redirect_uri_mismatch" // not registered
	ProblemDevice   Problem = "device"                // of a device, and not pending any more
)

// Error codes of authorization responses: RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6,
// RFC 8707 §2, OpenID Connect Core Unmet Authentication Requirements 1.0.
const (
	InvalidRequest           = "invalid_request"
	UnauthorizedClient       = "unauthorized_client"
	AccessDenied             = "access_denied"
	UnsupportedResponseType  = "unsupported_response_type"
	InvalidScope             = "invalid_scope"
	InvalidTarget            = "invalid_target"
	TemporarilyUnavailable   = "temporarily_unavailable"
	LoginRequired            = "login_required"
	ConsentRequired          = "consent_required"
	InteractionRequired      = "interaction_required"
	RequestNotSupported      = "request_not_supported"
	RequestURINotSupported   = "request_uri_not_supported"
	RegistrationNotSupported = "registration_not_supported"
	UnmetAuthentication      = "unmet_authentication_requirements"
)

// A Refusal is an authorization request that is refused. It is no failure: don't-know is
// an error, and not this.
type Refusal struct {
	Code        string // as an authorization response says it
	Description string // fixed words; nothing of the request
	Param       string // the parameter that is wrong; "" for none in particular

	// Redirect tells whether the client is answered. Otherwise there is an error page of
	// the kind Problem, and no link to anything that the request names.
	Redirect bool
	Problem  Problem

	// Request holds what was found valid so far: with Redirect the client, the redirect
	// URI, the mode and the state.
	Request Request

	// URI is what to show of a redirect URI that is not registered.
	URI *Mismatch
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Code, r.Description) }

// Response returns the error response of a refusal with Redirect.
func (r *Refusal) Response(issuer string) Response {
	return r.Request.ErrorResponse(issuer, r.Code, r.Description)
}

// Refuse returns a refusal of this request that the client is told.
func (r Request) Refuse(code, param, description string) *Refusal {
	return &Refusal{Code: code, Description: description, Param: param, Redirect: true, Request: r}
}

func pageRefusal(p Problem, param, description string) *Refusal {
	return &Refusal{Code: InvalidRequest, Description: description, Param: param, Problem: p}
}

var (
	errTooLarge  = pageRefusal(ProblemTooLarge, "", "the request is larger than 16 KiB")
	errMalformed = pageRefusal(ProblemRequest, "", "the request is not well-formed")
)

// Mismatch compares a redirect URI with the registered one that is most like it.
type Mismatch struct {
	Received string // at most maxShown bytes, the values of its query cut
	Nearest  string // "" where none is registered
	At       int    // where they begin to differ, in bytes of Received
}
