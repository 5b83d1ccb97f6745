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
	at := storage.Time(m.cfg.Now())
	if err := failpoint.Hit(failpoint.KeyRevoking); err != nil {
		return storage.Unavailable("revoke key", err)
	}
	if err := m.store.RevokeKey(ctx, kid, at); err != nil {
		return fmt.Errorf("revoke key %q: %w", kid, err)
	}
	if err := failpoint.Hit(failpoint.KeyRevoked); err != nil {
		return storage.Unavailable("revoke key", err)
	}
	m.report(Event{Kind: EventRevoked, KID: kid, At: at, By: c.By})
	err := m.replace(func(s snapshot) snapshot {
		s.generation, s.line = m.generations.Add(1), s.line.withRevoked(kid, at)
		return s
	})
	if err == nil {
		err = m.withChangeLock(ctx, func() error { return m.completeRevocation(ctx, c.By) })
	}
	if err != nil {
		return fmt.Errorf("key %q is revoked, but: %w", kid, err)
	}
	return nil
}

// completeRevocation does what follows a revocation. The caller holds the change
// lock.
func (m *Manager) completeRevocation(ctx context.Context, by string) error {
	if err := m.reload(ctx); err != nil {
		return err
	}
	if err := m.ensureStandby(ctx, by); err != nil {
		return err
	}
	return m.sealRevocations(ctx)
}

// sealRevocations replaces the private key of every revoked record by the time of
// its revocation, where that is not done yet. The caller holds the change lock.
func (m *Manager) sealRevocations(ctx context.Context) error {
	s, changed := m.current.Load(), false
	for _, k := range s.line.keys {
		if k.RevokedAt.IsZero() || s.pairs[k.KID].isRevoked() {
			continue
		}
		sealed, err := m.sealer.sealRevocation(ctx, k)
		if err != nil {
			return err
		}
		err = m.store.ResealKey(ctx, k.KID, k.Sealed, sealed)
		if err != nil && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) { // another instance changed or removed it
			return fmt.Errorf("seal the revocation of key %s: %w", k.KID, err)
		}
		changed = true
	}
	if !changed {
		return nil
	}
	return m.reload(ctx)
}
