package keys

import (
	"context"
	"errors"
	"fmt"

	"example.org/signet/internal/failpoint"
	"example.org/signet/storage"
)

// ResealResult tells what [Manager.Reseal] did.
type ResealResult struct {
	Resealed        []string // kids of the keys that it sealed anew
	AlreadyResealed int      // keys that were sealed under the present master key already
}

// Reseal seals every private key under the present master key, whichever key of
// the [MasterKeys] it lies under. Each record changes by one compare-and-swap, in its
// envelope alone; instances that hold both master keys notice nothing. Where it is
// interrupted, by an error or the end of the process, some records are done, and
// another run does the rest. On an error it returns what was done before.
func (m *Manager) Reseal(ctx context.Context, c Change) (done ResealResult, err error) {
	err = m.changer.withLock(ctx, func() (err error) {
		done, err = m.changer.reseal(ctx, c.By)
		return err
	})
	if err != nil {
		return done, fmt.Errorf("reseal the keys: %w", err)
	}
	return done, nil
}

// reseal seals all records until a reading finds none that is sealed under another
// master key: meanwhile an instance that still seals under that one may make some.
func (c *changer) reseal(ctx context.Context, by string) (done ResealResult, err error) {
	for range maxAttempts {
		complete, err := c.resealAll(ctx, &done, by)
		if err != nil {
			return done, err
		}
		if err := c.snapshots.reload(ctx); err != nil {
			return done, err
		}
		if complete {
			return done, nil
		}
	}
	return done, fmt.Errorf("another instance still seals under another master key: %w", storage.ErrConflict)
}

// resealAll seals all records once, and reports whether none had to be sealed.
func (c *changer) resealAll(ctx context.Context, done *ResealResult, by string) (complete bool, err error) {
	records, err := c.store.ListKeys(ctx)
	if err != nil {
		return false, err
	}
	complete, done.AlreadyResealed = true, 0
	for _, k := range records {
		if c.sealer.wrapper.IsCurrent(k.Sealed) {
			done.AlreadyResealed++
			continue
		}
		complete = false
		sealed, err := c.sealer.reseal(ctx, k)
		if err != nil {
			return false, err
		}
		if err := failpoint.Hit(failpoint.KeyResealing); err != nil {
			return false, storage.Unavailable("reseal key", err)
		}
		switch err := c.store.ResealKey(ctx, k.KID, k.Sealed, sealed); {
		case err == nil:
			done.Resealed = append(done.Resealed, k.KID)
			c.cfg.report(Event{Kind: EventResealed, KID: k.KID, At: c.cfg.Now(), By: by})
		case errors.Is(err, storage.ErrConflict), errors.Is(err, storage.ErrNotFound): // another instance did it, or removed it
		default:
			return false, fmt.Errorf("key %s: %w", k.KID, err)
		}
	}
	done.AlreadyResealed -= len(done.Resealed)
	return complete, nil
}
