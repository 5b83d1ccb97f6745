// Package verify checks OAuth 2.0 access tokens in the form of RFC 9068 (signed
// JWTs) in a resource server, offline: without asking the issuer about each request.
//
//	v, err := verify.New(verify.Config{
//		Issuer:   "https://id.example.com",
//		Audience: []string{"https://api.example.com"},
//	})
//	http.Handle("GET /items", v.RequireScope("items:read")(items))
//
// A Verifier learns the issuer's public keys from its JWK Set and keeps them. A
// token then costs one signature check and no network. It is safe for concurrent
// use; make one and share it. The package imports go-jose, for JWKs, and the
// standard library.
//
// # Three outcomes
//
// Verify accepts a token (claims and no error), refuses it (an error that is
// [ErrInvalidToken]), or cannot tell (outcome unknown, an error that is
// [ErrKeysUnavailable]: the keys could not be fetched, so nothing is known about the
// token). The middleware calls the handler, answers 401, and answers 503. Claims are
// never returned beside an error.
//
// # Life of the key set
//
//	          first use, Warm
//	(empty) ────────────────────► FRESH ◄───────────────┐
//	   │                            │ 4/5 of the TTL:    │ fetched, or
//	   │ fetch failed               │ refreshed in the   │ 304 Not Modified
//	   ▼                            │ background         │
//	UNAVAILABLE                     ▼ TTL over           │
//	   ▲                          STALE ─────────────────┘
//	   │ older than StaleIfError    │ fetch failed
//	   └────────────────────────────┘ still served, while a fetch is retried
//
// The TTL is the response's Cache-Control max-age within bounds. An unknown kid starts
// one more fetch, shared by all callers that wait, at most one in MinRefetchInterval,
// so invented kids cause few requests. A key that the issuer withdraws is dropped at
// the latest when the TTL ends.
//
// # Logout before expiry
//
// With [Config].Status the Verifier reads the issuer's status lists
// (draft-ietf-oauth-status-list), to which tokens point: signed lists of bits that
// say which sessions have ended. A list is fetched when a first token names it and
// then, from half of its time to live on, in the background; one older than its
// time to live is fetched before it is used. So a token whose session has ended is
// refused within that time ([ErrRevoked]), a minute with Signet's default.
// [StatusFailOpen] and [StatusFailClosed] say what happens where a list cannot be
// fetched. Lists are fetched from the issuer's own host alone.
//
// # What is refused
//
// Anything that RFC 9068 §4 and RFC 8725 say to refuse, and whatever two parsers
// could read differently: repeated JSON members at any depth, base64url with
// padding, spare bits or white space, times that are not whole seconds. The header
// is used for three things: alg and kid pick a key that is bound to that very
// algorithm, typ must say at+jwt. Keys or addresses of keys inside a token (jwk,
// jku, x5c, x5u) are never looked at; a token with crit is refused, as no
// extension is known here.
package verify
