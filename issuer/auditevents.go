package issuer

import (
	"cmp"
	"context"
	"errors"

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
	EventBootstrapped     = "super_admin.bootstrapped"
	EventUserRegistered   = "user.registered"
	EventUserCreated      = "user.created"
	EventUserUpdated      = "user.updated"
	EventUserDisabled     = "user.disabled"
	EventUserEnabled      = "user.enabled"
	EventUserDeleted      = "user.deleted"
	EventPasswordSet      = "user.password_set"
	EventUsersExported    = "users.exported"
	EventRoleCreated      = "role.created"
	EventRoleUpdated      = "role.updated"
	EventRoleDeleted      = "role.deleted"
	EventClientCreated    = "client.created"
	EventClientUpdated    = "client.updated"
	EventClientDeleted    = "client.deleted"
	EventSecretRotated    = "client.secret_rotated"

	// EventKeysOrdered says that somebody told the signing keys to change. What then
	// changed is a key's own event.
	EventKeysOrdered = "keys.change_ordered"

	// EventChangeFailed says that the change of the event that it targets was not
	// made: that one was written first, as every administrative change's is.
	EventChangeFailed = "change.failed"
)

// audit appends an event. Its failure is *don't know* like any store failure.
func (i *Issuer) audit(ctx context.Context, src Source, e storage.AuditEvent) error {
	_, err := i.record(ctx, src, e)
	return err
}

func (i *Issuer) record(ctx context.Context, src Source, e storage.AuditEvent) (id string, err error) {
	e.RequestID, e.Actor = src.RequestID, cmp.Or(e.Actor, src.Actor)
	if src.Address.IsValid() {
		e.Address = src.Address.String()
	}
	id, err = i.journal.Append(ctx, e)
	if err != nil {
		return "", unknown(err)
	}
	return id, nil
}

// intent is the event of a change that is about to be made. It is written before
// the change, so that none is made that the log does not know of.
type intent struct {
	issuer *Issuer
	source Source
	event  storage.AuditEvent
	id     string // of the event, once it is written
}

func (i *Issuer) intend(src Source, e storage.AuditEvent) *intent {
	return &intent{issuer: i, source: src, event: e}
}

// declare writes the event, once.
func (n *intent) declare(ctx context.Context) (err error) {
	if n.id == "" {
		n.id, err = n.issuer.record(ctx, n.source, n.event)
	}
	return err
}

// end passes on what became of the change. One that was certainly not made is
// written down too; of one whose outcome is unknown nothing can be said.
func (n *intent) end(ctx context.Context, err error) error {
	var refused *Error
	if err == nil || n.id == "" || errors.Is(err, storage.ErrUnavailable) || errors.As(err, &refused) && refused.Code == Unavailable {
		return err
	}
	unmade := storage.AuditEvent{Type: EventChangeFailed, Actor: n.event.Actor, Target: n.id, ClientID: n.event.ClientID, Detail: n.event.Type}
	if fault := n.issuer.audit(ctx, n.source, unmade); fault != nil {
		return fault
	}
	return err
}

// make declares the change and makes it.
func (n *intent) make(ctx context.Context, change func() error) error {
	if err := n.declare(ctx); err != nil {
		return err
	}
	return n.end(ctx, change())
}

// WitnessAudit reads what other writers have added to the audit log, so that the next
// event of this one attests it. It is to be called from time to time.
func (i *Issuer) WitnessAudit(ctx context.Context) error { return adminError(i.journal.Look(ctx)) }

// OrderKeyChange writes down that a change of the signing keys is going to be made,
// which its maker then makes: rotate, rollback or revoke.
func (i *Issuer) OrderKeyChange(ctx context.Context, change, kid string, src Source) error {
	return i.audit(ctx, src, storage.AuditEvent{Type: EventKeysOrdered, Target: kid, Detail: change})
}

// OrderKeyChange is [Issuer.OrderKeyChange] for an administrator.
func (a *Administrator) OrderKeyChange(ctx context.Context, change, kid string) error {
	return a.issuer.OrderKeyChange(ctx, change, kid, a.src)
}
