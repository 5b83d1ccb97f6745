package issuer

import (
	"cmp"
	"context"
	"errors"

	"example.org/signet/storage"
)

// Types of audit events. They are names that operators filter by.
const (
	EventLoginSucceeded     = "login.succeeded"
	EventLoginFailed        = "login.failed"
	EventLoginThrottled     = "login.throttled"
	EventPasswordRehashed   = "password.rehashed"
	EventRefreshReplayed    = "refresh.replayed"
	EventRefreshReused      = "refresh.reused"
	EventRefreshForeign     = "refresh.foreign_client"
	EventTokenRevoked       = "token.revoked"
	EventRefreshReplayLimit = "refresh.replay_limit"
	EventSessionRevoked     = "session.revoked"
	EventSessionDisplaced   = "session.displaced"
	EventStoreRestored      = "store.restored"
	EventBootstrapped       = "super_admin.bootstrapped"
	EventUserRegistered     = "user.registered"
	EventUserCreated        = "user.created"
	EventUserUpdated        = "user.updated"
	EventUserDisabled       = "user.disabled"
	EventUserEnabled        = "user.enabled"
	EventUserDeleted        = "user.deleted"
	EventPasswordSet        = "user.password_set"
	EventUsersExported      = "users.exported"
	EventRoleCreated        = "role.created"
	EventRoleUpdated        = "role.updated"
	EventRoleDeleted        = "role.deleted"
	EventClientCreated      = "client.created"
	EventClientUpdated      = "client.updated"
	EventClientDeleted      = "client.deleted"
	EventSecretRotated      = "client.secret_rotated"

	// EventKeyChangeRequested says that somebody requested a change of the signing keys. What
	// changes is the key's own event.
	EventKeyChangeRequested = "keys.change_requested"

	// EventChangeFailed says that the change of the event that it targets was not
	// made: that one was written first, as every administrative change's is.
	EventChangeFailed = "change.failed"
)

// audit appends an event. Its failure leaves the outcome unknown, like any store failure.
func (i *Issuer) audit(ctx context.Context, info RequestInfo, e storage.AuditEvent) error {
	_, err := i.appendEvent(ctx, info, e)
	return err
}

func (i *Issuer) appendEvent(ctx context.Context, info RequestInfo, e storage.AuditEvent) (id string, err error) {
	e.RequestID, e.Actor = info.RequestID, cmp.Or(e.Actor, info.Actor)
	if info.Address.IsValid() {
		e.Address = info.Address.String()
	}
	id, err = i.auditLog.Append(ctx, e)
	if err != nil {
		return "", unavailable(err)
	}
	return id, nil
}

// auditedChange is the event of a change that is about to be made. It is written before
// the change, so that none is made that the log does not know of.
type auditedChange struct {
	issuer *Issuer
	info   RequestInfo
	event  storage.AuditEvent
	id     string // of the event, once it is written
}

func (i *Issuer) newAuditedChange(info RequestInfo, e storage.AuditEvent) *auditedChange {
	return &auditedChange{issuer: i, info: info, event: e}
}

// auditBefore writes the event, once.
func (c *auditedChange) auditBefore(ctx context.Context) (err error) {
	if c.id == "" {
		c.id, err = c.issuer.appendEvent(ctx, c.info, c.event)
	}
	return err
}

// auditFailed returns err, and audits that the change was not made if that is certain.
// Of a change whose outcome is unknown nothing is audited.
func (c *auditedChange) auditFailed(ctx context.Context, err error) error {
	var refused *Error
	if err == nil || c.id == "" || errors.Is(err, storage.ErrUnavailable) || errors.As(err, &refused) && refused.Code == Unavailable {
		return err
	}
	failed := storage.AuditEvent{Type: EventChangeFailed, Actor: c.event.Actor, Target: c.id, ClientID: c.event.ClientID, Detail: c.event.Type}
	if auditErr := c.issuer.audit(ctx, c.info, failed); auditErr != nil {
		return auditErr
	}
	return err
}

// run audits the change and makes it.
func (c *auditedChange) run(ctx context.Context, change func() error) error {
	if err := c.auditBefore(ctx); err != nil {
		return err
	}
	return c.auditFailed(ctx, change())
}

// ObserveOtherChains reads what other writers have added to the audit log, so that the next
// event of this one attests it. It is to be called from time to time.
func (i *Issuer) ObserveOtherChains(ctx context.Context) error {
	return storeError(i.auditLog.Observe(ctx))
}

// RequestKeyChange audits that a change of the signing keys was requested, before it is
// made: rotate, rollback or revoke.
func (i *Issuer) RequestKeyChange(ctx context.Context, change, kid string, info RequestInfo) error {
	return i.audit(ctx, info, storage.AuditEvent{Type: EventKeyChangeRequested, Target: kid, Detail: change})
}

// RequestKeyChange is [Issuer.RequestKeyChange] for an administrator.
func (a *Administrator) RequestKeyChange(ctx context.Context, change, kid string) error {
	return a.issuer.RequestKeyChange(ctx, change, kid, a.info)
}
