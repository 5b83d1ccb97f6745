// Package factor holds the second factors of users: authenticator apps and recovery codes. It
// enrols, uses and removes them, each by one compare-and-swap on the one record that a user has.
// It decides nothing about logins, counts no attempts and audits nothing: that is its callers'.
//
//	nothing --Begin--> a seed, sealed in a form --Confirm(code)--> TOTP and recovery codes
//	TOTP or recovery codes --Use(code)--> the step, or the recovery code, is used up
//	TOTP --RemoveTOTP--> nothing
//
// A factor that is not confirmed is nowhere but in the form, so no crash leaves half of one.
package factor
