// Package upstream signs people in at another provider: by OpenID Connect Core §3.1 with PKCE
// (RFC 7636), a nonce and, where the provider has it, the issuer in the response (RFC 9207); or
// at GitHub, which has OAuth alone. It finds out who somebody is there. Which user that is here
// is decided by its callers, with the pure functions of decision.go.
//
//	Begin   the URL at the provider to send the browser to
//	Finish  who has signed in there, by what the browser brought back
//
// Nothing is kept in between but in the browser: the state parameter is sealed by the caller,
// and nonce and verifier follow from the secret of a cookie, see [Proof]. What the provider
// sends is bounded in length and time, and fetched from public addresses only.
package upstream
