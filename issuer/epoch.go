package issuer

import (
	"context"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// EndAllSessions ends every session of everybody, and the tokens that clients
// got for themselves, by one step on the epoch of the store: every instance
// knows at its next request. It returns how many sessions were marked; the marks
// only make it visible.
func (i *Issuer) EndAllSessions(ctx context.Context, info RequestInfo) (int64, error) {
	if err := i.recordPendingRevocation(ctx, storage.PendingRevocation{Reason: reasonAdmin}, true); err != nil {
		return 0, err
	}
	if err := i.audit(ctx, info, storage.AuditEvent{Type: audit.EventSessionRevoked, Target: "all", Detail: reasonAdmin}); err != nil {
		return 0, err
	}
	e, err := i.store.RaiseEpoch(ctx, storage.EpochRaise{At: i.now()})
	if err != nil {
		return 0, storeError(err)
	}
	n, err := i.store.RevokeAll(ctx, epoch.EndedByStore(e), e.Since, reasonAdmin)
	return n, unavailableOrNil(err)
}

// AuditRestore audits that the store was filled from a backup of that time.
func (i *Issuer) AuditRestore(ctx context.Context, backedUpAt time.Time, info RequestInfo) error {
	return i.audit(ctx, info, storage.AuditEvent{Type: audit.EventStoreRestored, Detail: "backup of " + backedUpAt.UTC().Format(time.RFC3339)})
}
