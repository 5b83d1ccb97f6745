// Package mail sends mails about accounts, by the outbox and a sender.
//
//	asked for ──► Request, sealed, in the outbox ──► rendered and sent at delivery
//
// A message in the outbox is a sealed request: whom it is for, what about, in which language. The
// user is looked up, and links and codes are made, when it is delivered, so that no secret is ever
// stored and asking takes the same time whether there is such a user or not. A notice that is about
// a change is stored before the change and sent only where it was made: a crash between the two
// loses none and tells of nothing that has not happened.
package mail
