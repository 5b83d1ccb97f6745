// Package password hashes passwords and checks them, within a bound on how much
// work and memory that may take at once.
//
// Hashes are strings in the form their makers write them, so that an imported one is
// kept as it came. Each kind has its own file: argon2id.go, bcrypt.go.
//
// Hashing is made slow on purpose, and a login page is open to everyone. The [Pool]
// therefore runs a few evaluations at a time, lets a short queue wait, and turns the
// rest away at once:
//
//	                 caller holds half of the queue, or queue full ──► ErrBusy
//	                 │
//	Hash, Verify ──► queue (first in, first out) ──► one evaluation ──► answer
//	                 │
//	                 caller gives up ──► left the queue, never hashed
//
// Every Verify and VerifyDummy that is run costs exactly one evaluation,
// whatever is wrong: no such user, no hash stored, a hash that cannot be read, a
// password that bcrypt cannot tell apart from another. How long a refusal takes says
// nothing about its reason.
package password
