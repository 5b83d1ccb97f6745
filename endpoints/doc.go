// Package endpoints is Signet over HTTP: it turns requests into the typed
// requests of package issuer, and what comes back into answers. It decides
// nothing about the protocol.
//
// A request's way:
//
//	Handler ─┬─ JWKS, discovery: bytes from memory, and nothing else
//	         └─ router ─ routeHandler (one a route) ─ endpoint (one file each) ─ issuer
//
// A routeHandler is the middleware of a route. It sets the request id and the
// client address, checks the method, applies CORS, recovers panics, renders
// the endpoint's value or error, counts it, and writes the one log event that
// a request gets. An endpoint reads its form or header, calls one method of the
// issuer, and returns what that said. Errors become HTTP in one table
// (errors.go).
//
// Every URL that is published comes from the configured issuer, never from a
// request's Host header or a proxy's.
package endpoints
