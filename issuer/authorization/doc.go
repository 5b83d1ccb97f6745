// Package authorization decides about authorization requests (RFC 6749 §4.1, OpenID
// Connect Core §3.1.2): which are valid, which step is due, and what the client is
// answered. It has no store, no HTTP and no clock.
//
//	ParseQuery ──► CheckClient ──► Params.Request ──► NextStep ──► Response
//	    │               │               │                 │
//	    └───── *Refusal: an error page ─┴─ or an answer ───┘
//
// A request is its URL: nothing of it is stored, and every step validates it anew.
// [Request.Canonical] is the query that means the same request; beside it the URL carries
// a [Stamp], which says which steps the user has done.
package authorization
