// Package sqlite keeps Signet's records in one SQLite file: the store that needs
// nothing but the binary. It implements [storage.Store].
//
// All writes go through one goroutine. It takes what is waiting, runs it in one
// transaction and commits once for all, so that the callers who wait for a disk
// share its price; a lone caller pays for one commit and waits for no timer.
//
//	             +--------- the caller's context ends ----------> cancelled
//	             |
//	waiting -----+--> running --> committed: each gets its own answer
//	                     |
//	                     +------> rolled back: all get ErrUnavailable
//
// A step that fails by itself (a conflict, nothing found) is undone alone and
// does not touch the others in its transaction.
//
// The file is in WAL mode with synchronous=FULL: what was answered survives a
// power cut. Readers have connections of their own, see what was committed
// before they began, and never wait for the writer. Other processes may have
// the file open at the same time.
//
// The schema is made by the numbered files in migrations, each in one
// transaction that also moves the file's user_version on. A file that belongs to
// another program ([ErrForeign]), comes from a newer one ([storage.SchemaError])
// or is broken ([ErrDamaged]) is refused as it is, nothing is written to it.
package sqlite
