// Package account decides how the names of users, clients, roles and scopes are
// written, and gives each login name its one canonical form.
//
// A person may type Alice, ALICE or, on a keyboard for East Asian text, full-width
// letters, and means one account. So every place that touches a login name goes
// through this package first: creating a user, logging in, counting failed logins,
// the unique index, the administrator's search. Nothing is compared that has not
// been made canonical.
//
//	what was typed ──► UsernameCaseMapped (RFC 8265 §3.3), until stable
//	                   width folded, lower case, NFC, bidi rule, no space or control
//	               ──► no word that mixes look-alike alphabets
//	               ──► the field's own length and shape
//	               ──► canonical form, or *Error naming the field
//
// Two names are the same account exactly when their canonical forms are the same
// bytes. Composed and decomposed accents, full-width letters and letter case
// therefore do not matter. A space, also a trailing one, is refused rather than
// dropped. The dotless i (U+0131) is a letter of its own and never an i. A word
// that mixes Latin, Greek, Cyrillic and other look-alike alphabets is refused, so
// that a Cyrillic letter cannot hide in a Latin name; a name wholly in one of them
// is a different name.
//
// Canonical forms are stable: the canonical form of a canonical form is itself.
package account
