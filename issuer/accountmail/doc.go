// Package accountmail is what people do about their accounts by mail: choose a new password, accept
// an invitation, confirm an address, and be told of changes.
//
//	forgotten:  ask ──► mail with link and code ──► link, or code in the browser that asked ──► new password
//	invited:    an administrator makes the user ──► link ──► first password
//	address:    ask, register or change it ──► link ──► confirmed
//
// Asking reads no user: the outbox finds out at delivery whether there is one, so that the answer
// and its time are the same for every name. A link is used up by what it does, see package
// mailtoken.
package accountmail
