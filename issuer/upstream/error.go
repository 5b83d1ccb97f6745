package upstream

import (
	"context"
	"errors"

	"golang.org/x/oauth2"

	"example.org/signet/internal/safehttp"
)

// Problem is why nobody is signed in. The pages have a text for each.
type Problem string

// The problems.
const (
	ProblemUnavailable   Problem = "upstream_unavailable"   // the provider cannot be reached, or answers with an error of its own: later may help
	ProblemDenied        Problem = "upstream_denied"        // the person, or the provider, has refused
	ProblemRejected      Problem = "upstream_rejected"      // what the provider sent proves nothing
	ProblemMisconfigured Problem = "upstream_misconfigured" // the provider refuses this issuer's client
	ProblemNotFresh      Problem = "upstream_not_fresh"     // the person has signed in there too long ago
)

// Error is a sign-in that did not succeed. Its text holds nothing that the provider sent but
// error codes, and is for the log and the audit.
type Error struct {
	Problem Problem
	Reason  string
	cause   error
}

func (e *Error) Error() string { return "sign in at another provider: " + e.Reason }

func (e *Error) Unwrap() error { return e.cause }

func rejected(reason string) *Error { return &Error{Problem: ProblemRejected, Reason: reason} }

// transportError brings the failure of a request to a problem. Whoever asked may have gone
// away, which is no fault of the provider's.
func transportError(what string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
		return tokenError(refused)
	}
	return &Error{Problem: ProblemUnavailable, Reason: what + ": " + safehttp.Cause(err).Error(), cause: err}
}

// tokenError is an error of the token endpoint (RFC 6749 §5.2).
func tokenError(refused *oauth2.RetrieveError) error {
	reason := "the token endpoint answered with " + knownCode(refused.ErrorCode)
	switch refused.ErrorCode {
	case "invalid_client", "unauthorized_client", "redirect_uri_mismatch", "incorrect_client_credentials":
		return &Error{Problem: ProblemMisconfigured, Reason: reason, cause: refused}
	case "temporarily_unavailable", "server_error":
		return &Error{Problem: ProblemUnavailable, Reason: reason, cause: refused}
	}
	return &Error{Problem: ProblemRejected, Reason: reason, cause: refused}
}

// maxCode bounds an error code that is repeated, in bytes.
const maxCode = 64

// knownCode returns an error code that is safe to repeat, or words for one that is not.
func knownCode(code string) string {
	if code == "" || len(code) > maxCode {
		return "an error"
	}
	for _, c := range code {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return "an error"
		}
	}
	return "error " + code
}
