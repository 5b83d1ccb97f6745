// Package failpoint marks the places in the code where a test may stop the
// process, make a step fail or hold it up.
//
// Only a binary built with the tag `failpoint` has them: without it [Hit] is
// an empty function that the compiler removes, and nothing reads the
// environment. With the tag, the environment says what happens where:
//
//	SIGNET_FAILPOINTS=refresh.updated=kill@3;token.signing=sleep:50ms
//
// A point acts at each hit, or with @n at its n-th only. The actions are
//
//	kill       the process kills itself with SIGKILL: nothing is cleaned up
//	error      Hit returns an error that wraps [ErrInjected]
//	sleep:50ms Hit takes that long
//
// A binary that has failpoints says so on stderr when it starts, and refuses to
// start with a setting that it cannot read or a name that no point has.
package failpoint

import "errors"

// ErrInjected is the failure that a point was told to make.
var ErrInjected = errors.New("failpoint: injected failure")

// Point is a place in the code.
type Point string

// The points of a refresh, in the order in which a request meets them.
const (
	RefreshUpdating Point = "refresh.updating" // the session is about to be moved on
	RefreshUpdated  Point = "refresh.updated"  // it has been, nobody knows yet
	RefreshRead     Point = "refresh.read"     // user, client and roles have been read
	TokenSigning    Point = "token.signing"    // also of the other grants
	TokenAnswering  Point = "token.answering"  // all is done, the answer is not written
)

// The points of a reused token, a login and of what ends sessions.
const (
	ReuseRevoking  Point = "reuse.revoking"   // the reuse is known, the session lives
	ReuseRevoked   Point = "reuse.revoked"    // the session is dead, the event not audited
	LoginInserting Point = "login.inserting"  // the password was right
	LoginInserted  Point = "login.inserted"   // the session is there, nobody has a token
	RevokeUpdating Point = "revoke.updating"  // of a session by a token
	RevokeUpdated  Point = "revoke.updated"   // not answered yet
	UserUpdating   Point = "user.updating"    // any change to a user
	UserUpdated    Point = "user.updated"     // done, sessions that it ends are not marked yet
	UserRevokedAll Point = "user.revoked-all" // all done, the event not audited
	UserDeleted    Point = "user.deleted"     // gone, sessions are not marked yet
)

// The points of an authorization code.
const (
	CodeInserting Point = "code.inserting" // the user has signed in
	CodeInserted  Point = "code.inserted"  // the pending session is there, nobody has the code
	CodeRedeeming Point = "code.redeeming" // all checks were passed, the session is pending
	CodeRedeemed  Point = "code.redeemed"  // the session lives, nobody has a token
	CodeRevoking  Point = "code.revoking"  // a replay is known, the session lives
	CodeRevoked   Point = "code.revoked"   // the session is dead, not answered yet
)

// The points of a change of the signing keys.
const (
	KeyInserting Point = "key.inserting" // of a rotation, a rollback, a standby: made, not stored
	KeyInserted  Point = "key.inserted"  // stored, nobody knows yet
	KeyRevoking  Point = "key.revoking"  // about to be revoked
	KeyRevoked   Point = "key.revoked"   // it is, and there may be no standby
	KeyResealing Point = "key.resealing" // the next key is about to get its new envelope
)

// The points of a sign-in at another provider that makes a user.
const (
	LinkInserting Point = "link.inserting" // also of a user who exists
	LinkInserted  Point = "link.inserted"  // the link is there, its user not yet
	LinkUserMade  Point = "link.user-made" // the user is there, the link says that it is being made
	LinkUsed      Point = "link.used"      // all is there, nobody is signed in
)

// The points of a message, such as a mail.
const (
	MailStoring    Point = "mail.storing"    // it is asked for, not in the outbox yet
	MailStored     Point = "mail.stored"     // it is, and nobody knows
	MessageSending Point = "message.sending" // of any kind: it is leased
	MessageSent    Point = "message.sent"    // the receiver has it, and it is in the outbox still
)

// The points of second factors.
const (
	FactorStoring Point = "factor.storing" // set up, used or removed: not stored yet
	FactorStored  Point = "factor.stored"  // stored, and nobody knows
)

// Points are all there are.
var Points = []Point{
	RefreshUpdating, RefreshUpdated, RefreshRead, TokenSigning, TokenAnswering,
	ReuseRevoking, ReuseRevoked, LoginInserting, LoginInserted, RevokeUpdating, RevokeUpdated,
	UserUpdating, UserUpdated, UserRevokedAll, UserDeleted,
	CodeInserting, CodeInserted, CodeRedeeming, CodeRedeemed, CodeRevoking, CodeRevoked,
	KeyInserting, KeyInserted, KeyRevoking, KeyRevoked, KeyResealing,
	LinkInserting, LinkInserted, LinkUserMade, LinkUsed,
	MailStoring, MailStored, MessageSending, MessageSent, FactorStoring, FactorStored,
}
