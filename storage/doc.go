// Package storage holds the records that Signet keeps and the interfaces by
// which it reaches them. It knows no driver and decides no policy: who may do
// what is package issuer's business, which key signs is package keys'.
//
// Every method is one atomic step on one record, of the kind that a single
// MongoDB document or a single SQL row gives without a multi-record
// transaction. A step that depends on what the record says now carries that
// condition itself (compare-and-swap), so no caller reads first and then writes.
// The few methods over many records ([SessionRevocations.RevokeAll], the sweeps) are a
// series of such steps: each record changes atomically, the whole may stop in the
// middle and can be repeated. A sweep whose limit is below 1 deletes nothing.
//
// A method has one of three outcomes: done (nil), refused for certain
// ([ErrNotFound], [ErrConflict]), or outcome unknown. The last is every other
// error, wraps [ErrUnavailable], and means that a write may have been applied or
// not.
//
// The outcome is unknown too where the context ended during the call: the error
// wraps both ErrUnavailable and the context's own. A call with a context that had
// ended before does nothing.
//
// Times are kept in UTC with millisecond precision; see [Time]. They are compared
// as they are kept: what lies between two milliseconds is the earlier one.
// Strings are values: whatever they hold, no backend may read them as syntax. They
// are compared and ordered byte by byte. An empty list or byte string and none are
// the same, and are returned as nil.
package storage
