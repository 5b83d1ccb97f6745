// Package totp makes and checks the codes of authenticator apps (RFC 6238): HMAC-SHA-1, six
// digits, a new code every 30 seconds, as all apps do them. It is pure: it keeps nothing, and
// knows no clock.
//
// A code is accepted for its own step and for one step afterwards, since people type slowly and
// clocks drift. RFC 6238 §5.2 forbids to accept a code twice: Check returns the step, which the
// caller keeps by a compare-and-swap, and refuses every step up to the one that was kept.
package totp
