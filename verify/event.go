package verify

import (
	"errors"
	"time"
)

// EventKind says what an [Event] is about.
type EventKind string

const (
	// EventToken is one call of [Verifier.Verify], by the middleware too.
	EventToken EventKind = "token"
	// EventRequest is a request that the middleware refuses for another reason than
	// an invalid token: no_token, invalid_request, insufficient_scope or
	// insufficient_user_authentication.
	EventRequest EventKind = "request"
	// EventKeys is a fetch of the key set, and of the metadata where that was needed.
	EventKeys EventKind = "keys"
	// EventStatus is a fetch of a status list.
	EventStatus EventKind = "status"
)

// Event is something that a Verifier did, to be counted: Kind and Outcome take few
// values, and no field holds any part of a token.
type Event struct {
	Kind EventKind
	// Outcome is accepted, or why not: malformed, token_type, algorithm,
	// unknown_key, signature, issuer, audience, expired, not_yet_valid, claim,
	// revoked, keys_unavailable, status_unavailable, no_token, invalid_request,
	// insufficient_scope, insufficient_user_authentication. Of a fetch it is fetched, not_modified (the cached copy is
	// still valid) or failed.
	Outcome string
	// Took is how long it took, by Config.Now; 0 for an EventRequest. A token for
	// which nothing had to be fetched takes about as long as its signature check.
	Took time.Duration
	// Err is the error of Verify, of the request or of the fetch; nil for success.
	Err error
}

const (
	outcomeAccepted    = "accepted"
	outcomeFetched     = "fetched"
	outcomeNotModified = "not_modified"
	outcomeFailed      = "failed"
)

// outcomes lists the names of errors. Those that may wrap another come first.
var outcomes = []struct {
	err  error
	name string
}{
	{ErrStatusUnavailable, "status_unavailable"},
	{ErrKeysUnavailable, "keys_unavailable"},
	{ErrMalformed, "malformed"},
	{ErrTokenType, "token_type"},
	{ErrAlgorithm, "algorithm"},
	{ErrUnknownKey, "unknown_key"},
	{ErrSignature, "signature"},
	{ErrIssuer, "issuer"},
	{ErrAudience, "audience"},
	{ErrExpired, "expired"},
	{ErrNotYetValid, "not_yet_valid"},
	{ErrClaim, "claim"},
	{ErrRevoked, "revoked"},
	{ErrNoToken, "no_token"},
	{ErrInvalidRequest, "invalid_request"},
	{ErrInsufficientScope, "insufficient_scope"},
	{ErrInsufficientAuthentication, "insufficient_user_authentication"},
}

func outcomeOf(err error) string {
	if err == nil {
		return outcomeAccepted
	}
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			return o.name
		}
	}
	return outcomeFailed
}

// fetchEvent returns the event of a fetch.
func fetchEvent(kind EventKind, took time.Duration, notModified bool, err error) Event {
	e := Event{kind, outcomeFetched, took, err}
	switch {
	case err != nil:
		e.Outcome = outcomeFailed
	case notModified:
		e.Outcome = outcomeNotModified
	}
	return e
}
