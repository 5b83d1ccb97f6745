// Package passkey speaks WebAuthn (Web Authentication Level 3) for one relying party, which is the
// issuer: it makes the options of a ceremony, and judges what the browser returns. It is the only
// package that knows the library.
//
//	BeginRegistration --navigator.credentials.create--> FinishRegistration: a passkey to be stored
//	BeginLogin        --navigator.credentials.get-----> FinishLogin: the passkey that was used
//
// It keeps nothing. Its caller makes each challenge, remembers what it is for and until when, and
// sees to it that it is used once.
package passkey
