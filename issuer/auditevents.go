package issuer

import (
	"cmp"
	"context"
	"errors"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// audit appends an event. Its failure leaves the outcome unknown, like any store failure.
func (i *Issuer) audit(ctx context.Context, info RequestInfo, e storage.AuditEvent) error {
	return eventLog{i.auditLog}.append(ctx, info, e)
}

// Event returns the event with what the request says of itself: its id, its address and,
// where the event names nobody, its actor.
func (s RequestInfo) Event(e storage.AuditEvent) storage.AuditEvent {
	e.RequestID, e.Actor = s.RequestID, cmp.Or(e.Actor, s.Actor)
	if s.Address.IsValid() {
		e.Address = s.Address.String()
	}
	return e
}

func (i *Issuer) newAuditedChange(info RequestInfo, e storage.AuditEvent) *audit.Change {
	return i.auditLog.NewChange(info.Event(e))
}

// auditFailed returns err, and audits that the change was not made if that is certain.
func (i *Issuer) auditFailed(ctx context.Context, c *audit.Change, err error) error {
	var refused *Error
	if err == nil || errors.Is(err, storage.ErrUnavailable) || errors.As(err, &refused) && refused.Code == Unavailable {
		return err
	}
	if auditErr := c.Failed(ctx); auditErr != nil {
		return unavailable(auditErr)
	}
	return err
}

// runAudited audits the change and makes it.
func (i *Issuer) runAudited(ctx context.Context, c *audit.Change, change func() error) error {
	if err := c.Before(ctx); err != nil {
		return unavailable(err)
	}
	return i.auditFailed(ctx, c, change())
}

// ObserveOtherChains reads what other writers have added to the audit log, so that the next
// event of this one attests it. It is to be called from time to time.
func (i *Issuer) ObserveOtherChains(ctx context.Context) error {
	return storeError(i.auditLog.Observe(ctx))
}

// RequestKeyChange audits that a change of the signing keys was requested, before it is
// made: rotate, rollback or revoke.
func (i *Issuer) RequestKeyChange(ctx context.Context, change, kid string, info RequestInfo) error {
	return i.audit(ctx, info, storage.AuditEvent{Type: audit.EventKeyChangeRequested, Target: kid, Detail: change})
}

// RequestKeyChange is [Issuer.RequestKeyChange] for an administrator.
func (a *Administrator) RequestKeyChange(ctx context.Context, change, kid string) error {
	return a.issuer.RequestKeyChange(ctx, change, kid, a.info)
}
