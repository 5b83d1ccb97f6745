package issuer

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"example.org/signet/issuer/password"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Code is an error code of RFC 6749 §5.2, RFC 8707 §2 or RFC 6750 §3.1, or one
// of the two answers that those leave to HTTP.
type Code string

// The codes that package issuer answers with.
const (
	InvalidRequest       Code = "invalid_request"
	InvalidClient        Code = "invalid_client"
	InvalidGrant         Code = "invalid_grant"
	UnauthorizedClient   Code = "unauthorized_client"
	UnsupportedGrantType Code = "unsupported_grant_type"
	InvalidScope         Code = "invalid_scope"
	InvalidTarget        Code = "invalid_target"
	InvalidToken         Code = "invalid_token"
	InsufficientScope    Code = "insufficient_scope"
	// InsufficientAuthentication: the user must sign in again, with more (RFC 9470 §3).
	InsufficientAuthentication Code = "insufficient_user_authentication"
	AccessDenied               Code = "access_denied" // RFC 6749 §4.1.2.1: who asks is known, and may not

	AuthorizationPending Code = "authorization_pending" // RFC 8628 §3.5
	SlowDown             Code = "slow_down"
	ExpiredToken         Code = "expired_token"

	// TooManyAttempts: the caller is throttled (429).
	TooManyAttempts Code = "too_many_attempts"
	// Unavailable: the outcome is unknown. The store or the keyring could not answer, or
	// the queue for password hashing is full (503).
	Unavailable Code = "temporarily_unavailable"
)

// Error may be shown to the client: Code and Description are fixed, and Description ends
// with the name of what was refused where it is safe to repeat. The cause, if there is
// one, is for the log only.
type Error struct {
	Code        Code
	Description string
	RetryAfter  time.Duration // for TooManyAttempts and Unavailable
	Scope       string        // for InsufficientScope: what is needed
	ACRValues   string        // for InsufficientAuthentication: likewise
	Event       string        // what metrics count: the audit event that it caused, or a word like it; "" for none
	ClientID    string        // for InvalidClient, for the log only: the stored client that was refused; "" for none
	Cause       error

	refused string // what Description names at its end; "" for nothing
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Description, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Description)
}

func (e *Error) Unwrap() error { return e.Cause }

// Is tells whether both are the same refusal, whatever they name.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.refused == "" && t.Code == e.Code && t.Description == strings.TrimSuffix(e.Description, e.refused)
}

// Bounds of what an error names.
const (
	maxNamed      = 3   // values
	maxNamedBytes = 128 // of each
)

// nameable matches scopes, grant types and URIs. Anything else, such as a secret in the
// wrong field, is not repeated.
var nameable = regexp.MustCompile(`^[a-z][a-z0-9+]*(?:[:._~/-]+[a-z0-9]+)*/?$`)

// Naming returns the error with the values that were refused at the end of its
// description, as far as they may be repeated.
func (e *Error) Naming(values ...string) *Error {
	var names []string
	for _, v := range values {
		if len(names) < maxNamed && len(v) <= maxNamedBytes && nameable.MatchString(v) {
			names = append(names, v)
		}
	}
	if len(names) == 0 {
		return e
	}
	named := *e
	named.refused = ": " + strings.Join(names, " ")
	named.Description += named.refused
	return &named
}

func newError(code Code, description string) *Error {
	return &Error{Code: code, Description: description}
}

// unavailableRetryAfter is what a 503 tells the client to wait.
const unavailableRetryAfter = 2 * time.Second

// OutcomeUnknown turns a failure of a lower layer into an Error with Unavailable. Every error
// that is not definitive ends here, so that a failure never becomes a wrong rejection.
func OutcomeUnknown(cause error) *Error {
	e := &Error{Code: Unavailable, RetryAfter: unavailableRetryAfter, Cause: cause}
	switch {
	case errors.Is(cause, password.ErrBusy):
		e.Description = "too many logins at once, try again shortly"
		e.RetryAfter = time.Second
	case errors.Is(cause, context.Canceled), errors.Is(cause, context.DeadlineExceeded):
		e.Description = "the request took too long, try again"
	case errors.Is(cause, keys.ErrStale), errors.Is(cause, keys.ErrNoKey):
		e.Description = "no signing key at hand, try again"
	case errors.Is(cause, storage.ErrUnavailable):
		e.Description = "the store cannot be reached, try again"
	default:
		e.Description = "the request could not be completed, try again"
	}
	return e
}

func unavailable(cause error) *Error { return OutcomeUnknown(cause) }

// unavailableOrNil is OutcomeUnknown, but nil stays nil.
func unavailableOrNil(err error) error {
	if err == nil {
		return nil
	}
	return OutcomeUnknown(err)
}

// StoreError passes the store's definitive errors and nil on, and turns the rest into
// OutcomeUnknown.
func StoreError(err error) error {
	if err == nil || isDefinitive(err) {
		return err
	}
	return OutcomeUnknown(err)
}

// isDefinitive tells whether err is a definitive answer (not found, conflict), as opposed to a
// failure.
func isDefinitive(err error) bool {
	return errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrConflict)
}
