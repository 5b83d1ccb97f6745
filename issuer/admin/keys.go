package admin

import (
	"context"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// RequestKeyChange audits that a change of the signing keys was requested, before it is made.
func (a *Admin) RequestKeyChange(ctx context.Context, change, kid string) error {
	if err := a.actor.mayDoEverything(); err != nil {
		return err
	}
	return a.record(ctx, storage.AuditEvent{Type: audit.EventKeyChangeRequested, Target: kid, Detail: change})
}
