package issuer

import (
	"context"

	"example.org/signet/storage"
)

// Types of audit events. They are names that operators filter by.
const (
	EventLoginSucceeded   = "login.succeeded"
	EventLoginFailed      = "login.failed"
	EventLoginThrottled   = "login.throttled"
	EventPasswordRehashed = "password.rehashed"
	EventRefreshReplayed  = "refresh.replayed"
	EventRefreshReused    = "refresh.reused"
	EventRefreshForeign   = "refresh.foreign_client"
	EventTokenRevoked     = "token.revoked"
	EventRefreshCapped    = "refresh.replays_capped"
	EventSessionRevoked   = "session.revoked"
	EventSessionDisplaced = "session.displaced"
	EventStoreRestored    = "store.restored"
	EventUserRegistered   = "user.registered"
	EventUserCreated      = "user.created"
	EventUserUpdated      = "user.updated"
	EventUserDisabled     = "user.disabled"
	EventUserEnabled      = "user.enabled"
	EventUserDeleted      = "user.deleted"
	EventPasswordSet      = "user.password_set"
	EventRoleCreated      = "role.created"
	EventRoleUpdated      = "role.updated"
	EventRoleDeleted      = "role.deleted"
	EventClientCreated    = "client.created"
	EventClientUpdated    = "client.updated"
	EventClientDeleted    = "client.deleted"
	EventSecretRotated    = "client.secret_rotated"
)

// audit appends an event. Its failure is *don't know* like any store failure.
func (i *Issuer) audit(ctx context.Context, src Source, e storage.AuditEvent) error {
	e.At = i.now()
	id, err := newID(e.At, i.cfg.Rand)
	if err != nil {
		return unknown(err)
	}
	e.ID, e.RequestID = id, src.RequestID
	if e.Actor == "" {
		e.Actor = src.Actor
	}
	if src.Address.IsValid() {
		e.Address = src.Address.String()
	}
	if err := i.store.AppendAudit(ctx, e); err != nil {
		return unknown(err)
	}
	return nil
}
