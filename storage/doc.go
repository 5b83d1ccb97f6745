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
// the middle and can be repeated.
//
// Three answers exist, never two. A method that returns nil or one of
// [ErrNotFound], [ErrConflict] is certain. Anything else wraps
// [ErrUnavailable]: the outcome is unknown, a write may have been applied.
//
// Times are kept in UTC with millisecond precision; see [Time]. Strings are
// values: whatever they hold, no backend may read them as syntax.
package storage
