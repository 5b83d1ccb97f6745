// Package storage holds the records that Signet keeps and the interfaces by
// which it reaches them. It knows no driver and decides no policy: who may do
// what is package issuer's business, which key signs is package keys'.
//
// Every method is one atomic step on one record, of the kind that a single
// MongoDB document or a single SQL row gives without a multi-record
// transaction. A step that depends on what the record says now carries that
// condition itself (compare-and-swap), so no caller reads and then writes.
// The few methods over many records ([Sessions.RevokeAll], the sweeps) are a
// row of such steps: each record changes atomically, the whole may be cut in
// the middle and can be repeated. A sweep whose limit is below 1 deletes nothing.
//
// Three answers exist, never two. A method that returns nil or one of
// [ErrNotFound], [ErrConflict] is certain. Anything else wraps
// [ErrUnavailable]: the outcome is unknown, a write may have been applied.
//
// A context that has ended is an unknown outcome too: the error wraps both
// ErrUnavailable and the context's own. A call that was given one that had
// ended already does nothing.
//
// Times are kept in UTC with millisecond precision; see [Time]. They are compared
// as they are kept: what lies between two milliseconds is the earlier one.
// Strings are values: whatever they hold, no backend may read them as syntax. They
// are compared and ordered byte by byte. An empty list or byte string and none are
// the same, and are returned as nil.
package storage
