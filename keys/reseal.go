package keys

import (
	"context"
	"errors"
	"fmt"

	"example.org/signet/internal/failpoint"
	"example.org/signet/storage"
)

// Resealing tells what [Manager.Reseal] did.
type Resealing struct {
	Resealed []string // kids of the keys that it sealed anew
	Fresh    int      // keys that were sealed under the present master key already
}

// Reseal seals every private key under the present master key, whichever key of
// the [Ring] it lies under. Each record changes by one compare-and-swap, in its
// envelope alone; instances that hold both master keys notice nothing. Where it
// was cut off, by an error or the end of the process, some records are done and
// doing it again does the rest. On an error it returns what was done before.
func (m *Manager) Reseal(ctx context.Context) (Resealing, error) { return m.As("").Reseal(ctx) }

// Reseal is [Manager.Reseal].
func (h Hand) Reseal(ctx context.Context) (done Resealing, err error) {
	m := h.manager
	err = m.taking(ctx, func() error {
		for range attempts { // a record may be made meanwhile, by an instance that seals as before
			fresh, err := h.resealAll(ctx, &done)
			if err != nil {
				return err
			}
			if err := m.reload(ctx); err != nil {
				return err
			}
			if fresh {
				return nil
			}
		}
		return fmt.Errorf("some instance goes on sealing under another master key: %w", storage.ErrConflict)
	})
	if err != nil {
		return done, fmt.Errorf("reseal the keys: %w", err)
	}
	return done, nil
}

// resealAll goes through all records once, and tells whether none was left to
// do.
func (h Hand) resealAll(ctx context.Context, done *Resealing) (fresh bool, err error) {
	m := h.manager
	records, err := m.store.ListKeys(ctx)
	if err != nil {
		return false, err
	}
	fresh, done.Fresh = true, 0
	for _, k := range records {
		if m.sealer.vault.Fresh(k.Sealed) {
			done.Fresh++
			continue
		}
		fresh = false
		sealed, err := m.sealer.reseal(ctx, k)
		if err != nil {
			return false, err
		}
		if err := failpoint.Hit(failpoint.KeyResealing); err != nil {
			return false, storage.Unavailable("reseal key", err)
		}
		switch err := m.store.ResealKey(ctx, k.KID, k.Sealed, sealed); {
		case err == nil:
			done.Resealed = append(done.Resealed, k.KID)
			h.report(Event{Kind: EventResealed, KID: k.KID, At: m.cfg.Now()})
		case errors.Is(err, storage.ErrConflict), errors.Is(err, storage.ErrNotFound): // somebody else did it, or removed it
		default:
			return false, fmt.Errorf("key %s: %w", k.KID, err)
		}
	}
	done.Fresh -= len(done.Resealed)
	return fresh, nil
}
