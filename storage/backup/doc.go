// Package backup writes the whole of a store to a stream and reads it back, into
// any backend. It holds one page of records at a time, whatever the store's size.
//
// A backup is text, one JSON value a line:
//
//	{"signet_backup":4,"created_at":"…","epoch":3}     the head: format, time, epoch of the store
//	{"role":{…}} {"user":{…}} {"client":{…}} …         a record each, with the fields of package storage
//	{"end":{"records":42,"sha256":"…","mac":"…"}}      the tail
//
// SHA-256 and HMAC-SHA-256 (under a key from the master key) cover every byte before the
// tail. The hash detects damage, the MAC changes and files made under another master key. Signing keys and the seeds of second factors stay sealed;
// passwords and client secrets are hashes; no refresh token can be made from it.
//
// Rate counters are left out: their windows end within the hour. So are the leases of
// messages: where the backup is restored nobody delivers them yet.
package backup
