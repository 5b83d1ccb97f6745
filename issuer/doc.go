// Package issuer implements the protocol: it authenticates clients and users, issues
// tokens, and tells whether a token is still active. It imports no HTTP and no driver, and
// reads the clock that it was given.
//
// One method an endpoint: [Issuer.Token], [Issuer.Introspect], [Issuer.Revoke],
// [Issuer.UserInfo], [Issuer.Logout]. [Issuer.SignIn] is the authorization endpoint and the pages
// that lead on from it, a method a page; [BrowserAccounts] and [OwnBrowsers] are what
// administrators and users do about browser sessions and consents. What they do to other records
// is in packages admin and selfservice.
//
// The token endpoint is a pipeline that owns what every grant shares, so that
// none can forget it (token.go, rights.go; each grant has a file):
//
//	authenticate client → grant known → grant allowed → scope and resource within the client's
//	  → the grant says on whose behalf (grant.identify)
//	  → scope and audience by the grant's policy, client, session and roles
//	  → the grant records them (grant.complete) → tokens
//
// A session, from its first token to its end:
//
//	login ──► generation 0 ──refresh──► 1 ──refresh──► 2 ─ … ─► absolute or idle lifetime over
//	              │                     │              │
//	              └────── revoked: by a token's revocation, a reused refresh token, an
//	                      administrator; or outdated: its user or client moved to a new epoch
//
// A refresh token of generation g, presented while the session is at n:
//
//	g = n              one conditional update to n+1, then the pair of n+1
//	g = n-1, in grace  the refresh token of n again, with a fresh access token
//	any other g        the session is revoked: somebody else has used a copy
//	not genuine        refused, and nothing happens
//
// refresh_decision.go is this table as one function, with its boundaries; code_decision.go is
// that of authorization codes, logout_decision.go that of logout requests.
//
// Sign-in in a browser. A browser session is one record, with the hash of the browser's cookie:
//
//	login ──► alive ──────────► another record of the same root takes its place: at a login of
//	            │                 the same user, and when the user's sessions end but this one
//	            └── ended by: its user, an administrator, a logout, another user's login, its
//	                idle or absolute end, an epoch ──► so do the login-bound sessions of its root
//
//	authorization request ──► code: a session of generation -1, for a minute ──redeemed──► 0
package issuer
