package keys

import (
	"context"
	"errors"
	"fmt"

	"example.org/signet/internal/failpoint"
	"example.org/signet/storage"
)

// Revoke withdraws a key for ever: it leaves the JWKS at once and its tokens
// verify no more. If it was the signing key, the standby takes over at once; in
// any case a standby is at hand afterwards. Doing it again is no error. An
// unknown kid is [storage.ErrNotFound]. Where the key is revoked but the rest
// failed the error says so; the next refresh of any instance makes up for it.
//
// The record's private key is then replaced by the sealed time of the revocation:
// taking RevokedAt out of the record does not bring the key back.
func (m *Manager) Revoke(ctx context.Context, kid string, c Change) error {
	return m.changer.revoke(ctx, kid, c.By)
}

// revoke does the work of [Manager.Revoke]. The revocation itself does not wait for
// another change; what follows it does.
func (c *changer) revoke(ctx context.Context, kid, by string) error {
	at := storage.Time(c.cfg.Now())
	if err := failpoint.Hit(failpoint.KeyRevoking); err != nil {
		return storage.Unavailable("revoke key", err)
	}
	if err := c.store.RevokeKey(ctx, kid, at); err != nil {
		return fmt.Errorf("revoke key %q: %w", kid, err)
	}
	if err := failpoint.Hit(failpoint.KeyRevoked); err != nil {
		return storage.Unavailable("revoke key", err)
	}
	c.cfg.report(Event{Kind: EventRevoked, KID: kid, At: at, By: by})
	err := c.snapshots.revoke(kid, at)
	if err == nil {
		err = c.withLock(ctx, func() error { return c.completeRevocation(ctx, by) })
	}
	if err != nil {
		return fmt.Errorf("key %q is revoked, but: %w", kid, err)
	}
	return nil
}

// completeRevocation reads the records, makes a standby where none is left, and seals
// the revocation.
func (c *changer) completeRevocation(ctx context.Context, by string) error {
	if err := c.snapshots.reload(ctx); err != nil {
		return err
	}
	if err := c.ensureStandby(ctx, by); err != nil {
		return err
	}
	return c.sealRevocations(ctx)
}

// sealRevocations replaces the private key of every revoked record by the time of
// its revocation, where that is not done yet.
func (c *changer) sealRevocations(ctx context.Context) error {
	s, changed := c.snapshots.current.Load(), false
	for _, k := range s.line.keys {
		if k.RevokedAt.IsZero() || s.pairs[k.KID].isRevoked() {
			continue
		}
		sealed, err := c.sealer.sealRevocation(ctx, k)
		if err != nil {
			return err
		}
		err = c.store.ResealKey(ctx, k.KID, k.Sealed, sealed)
		if err != nil && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) { // another instance changed or removed it
			return fmt.Errorf("seal the revocation of key %s: %w", k.KID, err)
		}
		changed = true
	}
	if !changed {
		return nil
	}
	return c.snapshots.reload(ctx)
}
