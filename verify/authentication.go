package verify

import (
	"fmt"
	"net/http"
	"time"
)

// Authentication is what a route requires of the sign-in behind a token (RFC 9470). Zero fields
// require nothing.
type Authentication struct {
	// ACR is the lowest authentication context class. Those of Signet are ordered: urn:signet:1fa,
	// urn:signet:2fa, urn:signet:phr; "1", "2", "phr" and "phrh" name them too. Any other value is
	// met by itself alone.
	ACR string
	// MaxAge is how long ago the user may have signed in, in whole seconds: by the token's
	// auth_time, without leeway.
	MaxAge time.Duration
}

// acrLevels orders the values of Signet, and those by which others name the same.
var acrLevels = map[string]int{
	"urn:signet:1fa": 1, "1": 1,
	"urn:signet:2fa": 2, "2": 2,
	"urn:signet:phr": 3, "phr": 3, "phrh": 3,
}

// Check returns nil where the token's sign-in meets the requirement, else an
// [*AuthenticationError]. A token without acr or auth_time does not meet one about it. It is for
// what is no net/http handler; see [Verifier.RequireAuthentication].
func (a Authentication) Check(c *Claims, now time.Time) error {
	if a.ACR != "" && !meetsACR(c.ACR, a.ACR) {
		return &AuthenticationError{Required: a}
	}
	if a.MaxAge > 0 && (c.AuthTime.IsZero() || now.Sub(c.AuthTime) > a.MaxAge) {
		return &AuthenticationError{Required: a}
	}
	return nil
}

func meetsACR(have, want string) bool {
	level := acrLevels[want]
	return have == want || level > 0 && acrLevels[have] >= level
}

// RequireAuthentication is like [Verifier.RequireScope] for the sign-in behind the token: else
// 401 insufficient_user_authentication, whose acr_values and max_age the client sends with a new
// authorization request (RFC 9470 §3). It panics on a requirement that is empty, or that no header
// can name.
func (v *Verifier) RequireAuthentication(a Authentication) func(http.Handler) http.Handler {
	switch {
	case a == Authentication{}:
		panic("verify: RequireAuthentication: requires nothing")
	case a.MaxAge < 0 || a.MaxAge%time.Second != 0:
		panic("verify: RequireAuthentication: MaxAge is not in whole seconds")
	case isInvalidScope(a.ACR):
		panic("verify: RequireAuthentication: not an acr value")
	}
	return v.require(func(c *Claims) error { return a.Check(c, v.now()) })
}

// AuthenticationError says what sign-in a route requires. It is an
// [ErrInsufficientAuthentication].
type AuthenticationError struct{ Required Authentication }

func (e *AuthenticationError) Error() string {
	return fmt.Sprintf("%v: needs acr %q, max age %s", ErrInsufficientAuthentication, e.Required.ACR, e.Required.MaxAge)
}

// Unwrap makes the error an [ErrInsufficientAuthentication].
func (e *AuthenticationError) Unwrap() error { return ErrInsufficientAuthentication }

var _ error = (*AuthenticationError)(nil)
