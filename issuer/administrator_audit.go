package issuer

import (
	"context"

	"example.org/signet/storage"
)

// Audit returns one page of the audit log, oldest first.
func (a *Administrator) Audit(ctx context.Context, f storage.AuditFilter, p storage.Page) (AuditList, error) {
	return a.issuer.ListAudit(ctx, f, p)
}
