package verify

import (
	"errors"
	"fmt"
	"time"
)

// ErrInvalidToken refuses a token: every error of [Verifier.Verify] that is about the
// token is one. Errors never contain any part of the token.
var ErrInvalidToken = errors.New("invalid token")

// Why a token is not valid. Each is also an [ErrInvalidToken].
var (
	// ErrMalformed: not three parts of strict base64url, too long, or a header or
	// payload that is not one JSON object without repeated members.
	ErrMalformed = invalid("malformed")
	// ErrTokenType: the header's typ is not at+jwt (RFC 9068 §2.1).
	ErrTokenType = invalid("not an access token")
	// ErrAlgorithm: alg is not accepted here, or is not the named key's own.
	ErrAlgorithm = invalid("algorithm not accepted")
	// ErrUnknownKey: the issuer's key set holds no key with this kid.
	ErrUnknownKey = invalid("unknown key")
	// ErrSignature: the signature is not by the named key over this text.
	ErrSignature = invalid("bad signature")
	// ErrIssuer: iss is not the configured issuer, byte for byte.
	ErrIssuer = invalid("wrong issuer")
	// ErrAudience: no member of aud is one of the configured audiences.
	ErrAudience = invalid("wrong audience")
	// ErrExpired: exp lies in the past by at least the leeway.
	ErrExpired = invalid("expired")
	// ErrNotYetValid: nbf or iat lies in the future by more than the leeway.
	ErrNotYetValid = invalid("not valid yet")
	// ErrClaim: a claim is missing or has the wrong form; see [ClaimError].
	ErrClaim = invalid("bad claim")
)

// ErrKeysUnavailable means outcome unknown: the keys that the token needs could
// not be fetched. It is never an [ErrInvalidToken]. See [UnavailableError].
var ErrKeysUnavailable = errors.New("signing keys unavailable")

// Why the middleware refuses a request, apart from its token; given to Config.OnError
// only.
var (
	// ErrNoToken: the request carries no bearer token (401 without an error code).
	ErrNoToken = errors.New("no bearer token")
	// ErrInvalidRequest: the token is carried in a wrong way or twice (400).
	ErrInvalidRequest = errors.New("invalid request")
	// ErrInsufficientScope: the token lacks a scope or a role (403); see [InsufficientError].
	ErrInsufficientScope = errors.New("insufficient scope")
	// ErrInsufficientAuthentication: the user must sign in again, or with more (401); see
	// [AuthenticationError].
	ErrInsufficientAuthentication = errors.New("insufficient user authentication")
)

func invalid(why string) error { return fmt.Errorf("%w: %s", ErrInvalidToken, why) }

// ClaimError names the claim that is missing or ill-formed. It is an [ErrClaim].
type ClaimError struct {
	Claim   string // the claim's name, such as "exp"
	Problem string // such as "missing" or "not a string"; never its value
}

func (e *ClaimError) Error() string {
	return fmt.Sprintf("%v: %s: %s", ErrClaim, e.Claim, e.Problem)
}

// Unwrap makes the error an [ErrClaim] and an [ErrInvalidToken].
func (e *ClaimError) Unwrap() error { return ErrClaim }

// UnavailableError says why the keys could not be fetched. It is an
// [ErrKeysUnavailable], and also its cause, such as context.Canceled where the caller's
// context ended.
type UnavailableError struct {
	// RetryAfter is when the next fetch may be tried, counted from now; 0 is at once.
	RetryAfter time.Duration
	Err        error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("%v: %v", ErrKeysUnavailable, e.Err)
}

// Unwrap returns [ErrKeysUnavailable] and the cause.
func (e *UnavailableError) Unwrap() []error { return []error{ErrKeysUnavailable, e.Err} }

// InsufficientError lists what a route requires and a token lacks. It is an
// [ErrInsufficientScope].
type InsufficientError struct {
	Scopes []string // all scopes that the route demands, where one is missing
	Roles  []string // all roles that the route names, where they are missing
}

func (e *InsufficientError) Error() string {
	if len(e.Scopes) > 0 {
		return fmt.Sprintf("%v: needs scopes %q", ErrInsufficientScope, e.Scopes)
	}
	return fmt.Sprintf("%v: needs roles %q", ErrInsufficientScope, e.Roles)
}

// Unwrap makes the error an [ErrInsufficientScope].
func (e *InsufficientError) Unwrap() error { return ErrInsufficientScope }

var (
	_ error = (*ClaimError)(nil)
	_ error = (*UnavailableError)(nil)
	_ error = (*InsufficientError)(nil)
)
