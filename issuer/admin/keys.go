package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Keys are the operations on the signing keys. Each needs a super_admin or an operator. A
// change that is refused, as [keys.Manager] documents, is refused before any event where the
// keys say so beforehand, and else audited as failed.
type Keys struct{ admin *Admin }

// Key is a signing key as administrators see it.
type Key struct {
	KID           string           `json:"kid"`
	Alg           string           `json:"alg"`
	State         keys.State       `json:"state"`
	AgeSeconds    int64            `json:"age_seconds"`
	CreatedAt     time.Time        `json:"created_at"`
	ActivatesAt   *time.Time       `json:"activates_at,omitempty"`   // when it started or will start to sign
	RetiresAt     *time.Time       `json:"retires_at,omitempty"`     // when another takes over
	UnpublishedAt *time.Time       `json:"unpublished_at,omitempty"` // when it leaves the JWKS
	RevokedAt     *time.Time       `json:"revoked_at,omitempty"`
	Next          *keys.Transition `json:"next_change,omitempty"`
}

// KeyList is all keys, by the order in which they were made.
type KeyList struct {
	Items []Key `json:"items"`
}

// Active returns the kid of the key that signs, "" where none does.
func (l KeyList) Active() string {
	for _, k := range l.Items {
		if k.State == keys.Active {
			return k.KID
		}
	}
	return ""
}

// KeyPlan is what will happen to the keys.
type KeyPlan struct {
	At      time.Time         `json:"at"`
	Changes []keys.Transition `json:"changes"`
}

// KeyRotation is what a rotation or a rollback does.
type KeyRotation struct {
	Activates  string    `json:"activates"` // the kid that signs from At on
	At         time.Time `json:"at"`
	NewStandby string    `json:"new_standby"`
}

// KeyReseal lists the kids of the keys that were resealed.
type KeyReseal struct {
	Resealed        []string `json:"resealed"`
	AlreadyResealed int      `json:"already_resealed"`
	Seeds           int      `json:"resealed_seeds"` // of second factors

	ConnectorSecrets int `json:"resealed_connector_secrets"`
}

// KeyImport is an imported key and the state that it got.
type KeyImport struct {
	KID string     `json:"kid"`
	As  keys.State `json:"as"`
}

// List returns all keys, each with what happens to it next.
func (k Keys) List() (KeyList, error) {
	if err := k.admin.actor.mayDoEverything(); err != nil {
		return KeyList{}, err
	}
	plan, err := k.admin.service.keys.Plan(keys.PlanRequest{})
	if err != nil {
		return KeyList{}, err
	}
	list := KeyList{Items: make([]Key, len(plan.Keys))}
	for n, i := range plan.Keys {
		list.Items[n] = toKey(i, plan)
	}
	return list, nil
}

func toKey(i keys.Info, plan keys.Plan) Key {
	k := Key{
		KID: i.KID, Alg: i.Alg, State: i.State, AgeSeconds: int64(max(0, plan.At.Sub(i.CreatedAt)) / time.Second), CreatedAt: i.CreatedAt,
		ActivatesAt: optTime(i.ActivatesAt), RetiresAt: optTime(i.RetiresAt), UnpublishedAt: optTime(i.UnpublishedAt), RevokedAt: optTime(i.RevokedAt),
	}
	if next, ok := plan.Next(i.KID); ok {
		k.Next = &next
	}
	return k
}

// optTime returns nil for the zero time.
func optTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// KeyTimeline is what the keys were, are and will be.
type KeyTimeline struct {
	At    time.Time   `json:"at"`
	Items []keys.Life `json:"items"`
}

// Timeline returns the states of all keys over time: of those on record, and of those to come.
func (k Keys) Timeline() (KeyTimeline, error) {
	if err := k.admin.actor.mayDoEverything(); err != nil {
		return KeyTimeline{}, err
	}
	plan, err := k.admin.service.keys.Plan(keys.PlanRequest{})
	if err != nil {
		return KeyTimeline{}, err
	}
	return KeyTimeline{At: plan.At, Items: k.admin.service.keys.Lives(plan)}, nil
}

// Plan returns what will happen to the keys, or what the change that is named would do. It
// changes nothing.
func (k Keys) Plan(req keys.PlanRequest) (KeyPlan, error) {
	if err := k.admin.actor.mayDoEverything(); err != nil {
		return KeyPlan{}, err
	}
	plan, err := k.admin.service.keys.Plan(req)
	if err != nil {
		return KeyPlan{}, err
	}
	return KeyPlan{At: plan.At, Changes: append([]keys.Transition{}, plan.Transitions...)}, nil
}

// Rotate makes the standby the signing key: as soon as it has been published for long enough,
// or at once by force.
func (k Keys) Rotate(ctx context.Context, force bool) (KeyRotation, error) {
	return k.decide(ctx, "rotate", keys.PlanRequest{Rotate: true, Force: force}, func(c keys.Change) (keys.Rotation, error) {
		c.Force = force
		return k.admin.service.keys.Rotate(ctx, c)
	})
}

// RollBack makes the previous key sign again.
func (k Keys) RollBack(ctx context.Context) (KeyRotation, error) {
	return k.decide(ctx, "rollback", keys.PlanRequest{Rollback: true}, func(c keys.Change) (keys.Rotation, error) {
		return k.admin.service.keys.Rollback(ctx, c)
	})
}

func (k Keys) decide(ctx context.Context, change string, req keys.PlanRequest, do func(keys.Change) (keys.Rotation, error)) (KeyRotation, error) {
	if err := k.precheck(ctx, change, req); err != nil {
		return KeyRotation{}, err
	}
	var r keys.Rotation
	err := k.run(ctx, change, "", func(c keys.Change) (err error) {
		r, err = do(c)
		return err
	})
	return KeyRotation{Activates: r.Activates, At: r.At, NewStandby: r.NewStandby}, err
}

// Revoke withdraws a key for ever, and returns all keys as they are then. Revoking it again
// changes nothing.
func (k Keys) Revoke(ctx context.Context, kid string) (KeyList, error) {
	if err := k.precheck(ctx, "revoke", keys.PlanRequest{Revoke: kid}); err != nil {
		return KeyList{}, err
	}
	err := k.run(ctx, "revoke", kid, func(c keys.Change) error { return k.admin.service.keys.Revoke(ctx, kid, c) })
	if err != nil {
		return KeyList{}, err
	}
	return k.List()
}

// Reseal seals the private keys under the present master key. On an error it returns what was
// done before.
func (k Keys) Reseal(ctx context.Context) (KeyReseal, error) {
	if err := k.admin.actor.mayDoEverything(); err != nil {
		return KeyReseal{}, err
	}
	var done keys.ResealResult
	err := k.run(ctx, "reseal", "", func(c keys.Change) (err error) {
		done, err = k.admin.service.keys.Reseal(ctx, c)
		return err
	})
	seeds := 0
	if err == nil {
		seeds, err = k.admin.service.factors.Reseal(ctx)
	}
	secrets := 0
	if err == nil {
		secrets, err = k.admin.service.resealConnectors(ctx)
	}
	return KeyReseal{Resealed: append([]string{}, done.Resealed...), AlreadyResealed: done.AlreadyResealed, Seeds: seeds, ConnectorSecrets: secrets}, err
}

// Import takes over another issuer's key.
func (k Keys) Import(ctx context.Context, key keys.ImportedKey) (KeyImport, error) {
	if err := k.admin.actor.mayDoEverything(); err != nil {
		return KeyImport{}, err
	}
	done := KeyImport{As: keys.Active}
	if key.VerifyFor > 0 {
		done.As = keys.Retired
	}
	err := k.run(ctx, "import", key.KID, func(c keys.Change) (err error) {
		done.KID, err = k.admin.service.keys.Import(ctx, key, c)
		return err
	})
	return done, err
}

// keyChanges are the changes in the words of their errors.
var keyChanges = map[string]string{"rotate": "rotate the keys", "rollback": "roll the keys back", "revoke": "revoke a key"}

// precheck refuses an actor who may not change the keys, and a change that the keyring would
// refuse. It reads the keys again before it does: it never refuses by a cached snapshot.
func (k Keys) precheck(ctx context.Context, change string, req keys.PlanRequest) error {
	if err := k.admin.actor.mayDoEverything(); err != nil {
		return err
	}
	manager := k.admin.service.keys
	if _, err := manager.Plan(req); err == nil {
		return nil
	}
	if err := manager.Refresh(ctx); err != nil {
		return fmt.Errorf("%s: %w", keyChanges[change], err)
	}
	if _, err := manager.Plan(req); err != nil {
		return fmt.Errorf("%s: %w", keyChanges[change], errors.Unwrap(err))
	}
	return nil
}

// run audits that a change of the keys was requested, and makes it. What then changes is the
// key's own event.
func (k Keys) run(ctx context.Context, change, kid string, do func(keys.Change) error) error {
	audited := k.admin.newChange(storage.AuditEvent{Type: audit.EventKeyChangeRequested, Target: kid, Detail: change})
	if err := audited.Before(ctx); err != nil {
		return issuer.OutcomeUnknown(err)
	}
	err := do(keys.Change{By: k.admin.info.Actor})
	if !isKeyRefusal(err) {
		return err
	}
	return k.admin.reportFailed(ctx, audited, err)
}

// isKeyRefusal tells whether the keys were certainly not changed.
func isKeyRefusal(err error) bool {
	var unavailable *keys.RollbackUnavailableError
	return errors.Is(err, keys.ErrRotated) || errors.Is(err, keys.ErrKeyExists) || errors.Is(err, storage.ErrNotFound) || errors.As(err, &unavailable)
}
