// Package status tells offline verifiers which sessions have ended: it gives
// each session a place in a list of bits, sees to it that the bit of an ended
// session is set, and publishes the lists as signed tokens
// (draft-ietf-oauth-status-list, "Token Status List").
//
// A status list says which sessions have ended as of its `iat`. Here iat is the moment at which the
// reading of the store began, so nothing that ended before it is missing.
//
//	session ends ──► record: StatusPending one write, the one that ends it
//	                     │ every instance, every few seconds
//	                     ▼
//	                 bit set in the list's record (compare-and-swap, idempotent)
//	                     │
//	                     ▼
//	                 Config.Ended is told (it enqueues the back-channel logout)
//	                     │
//	                     ▼
//	                 record: StatusPending cleared
//
// Each step may be repeated, and whoever stops in the middle leaves a record
// from which any instance goes on. The order makes the snapshot of every instance
// complete after one Refresh of its own: what is not pending any more is in
// the lists, which are read last. No clock is compared with another's.
//
// Sessions that an epoch ends are marked one by one after it (see
// [storage.PendingRevocation]); Refresh finishes what a crash left undone.
package status
