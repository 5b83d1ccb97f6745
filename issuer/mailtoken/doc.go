// Package mailtoken makes the links and codes of mails about accounts: a token says what it may
// be used for, whose it is, until when, and in which state its user was. It has no record.
//
//	asked for ──► sealed into a link ──► POST: the user is still in that state ──► the state changes
//
// What a token permits changes the state that it names, by one compare-and-swap on the user's
// record: a second use, of this or of any other token of that state, finds another one. A code
// to type is a MAC over the same state and a nonce that the browser that asked for it holds.
package mailtoken
