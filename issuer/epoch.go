package issuer

import (
	"context"
	"time"

	"example.org/signet/storage"
)

// epochBits leaves a user 2^32 epochs of their own in each of the store's.
const epochBits = 32

// sessionEpoch is what a session of the user carries from the moment at which it
// begins: the store's epoch and the user's own. While neither moves the session
// may live; both only grow, so it is below every later one.
func sessionEpoch(u storage.User, e storage.Epoch) int64 { return e.Number<<epochBits + u.Epoch }

// sessionValid tells whether the user counts, and neither they nor anybody for the
// whole store has ended the session since it began.
func sessionValid(u storage.User, e storage.Epoch, s storage.Session) bool {
	kept := s.ID == u.KeptSession && e.Number == u.KeptEpoch
	return !u.Disabled && (s.UserEpoch == sessionEpoch(u, e) || kept)
}

// clientTokenValid tells whether a token without a session was issued in the epoch. A
// token tells the second of its issue only: one of the very second of the raise
// counts no more.
func clientTokenValid(e storage.Epoch, issuedAt int64) bool {
	return e.Since.IsZero() || time.Unix(issuedAt, 0).After(e.Since)
}

// EndAllSessions ends every session of everybody, and the tokens that clients
// got for themselves, by one step on the epoch of the store: every instance
// knows at its next request. It returns how many sessions were marked; the marks
// only make it visible.
func (i *Issuer) EndAllSessions(ctx context.Context, info RequestInfo) (int64, error) {
	if err := i.recordPendingRevocation(ctx, storage.PendingRevocation{Reason: reasonAdmin}, true); err != nil {
		return 0, err
	}
	if err := i.audit(ctx, info, storage.AuditEvent{Type: EventSessionRevoked, Target: "all", Detail: reasonAdmin}); err != nil {
		return 0, err
	}
	e, err := i.store.RaiseEpoch(ctx, storage.EpochRaise{At: i.now()})
	if err != nil {
		return 0, storeError(err)
	}
	n, err := i.store.RevokeAll(ctx, storage.SessionFilter{UserEpochBelow: e.Number << epochBits}, e.Since, reasonAdmin)
	return n, unavailableOrNil(err)
}

// AuditRestore audits that the store was filled from a backup of that time.
func (i *Issuer) AuditRestore(ctx context.Context, backedUpAt time.Time, info RequestInfo) error {
	return i.audit(ctx, info, storage.AuditEvent{Type: EventStoreRestored, Detail: "backup of " + backedUpAt.UTC().Format(time.RFC3339)})
}
