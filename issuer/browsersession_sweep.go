package issuer

import (
	"context"
	"time"

	"example.org/signet/storage"
)

// browserEndDelay is how long after its end a browser session is looked at: whatever was under
// way in it, such as a code being issued or redeemed, is over by then.
const browserEndDelay = 2 * time.Minute

// browserSweepStore keeps the records as the sweep needs them.
type browserSweepStore interface {
	browserEndStore
	EndedBrowserSessions(ctx context.Context, by time.Time, limit int) ([]storage.BrowserSession, error)
	DeleteBrowserSessions(ctx context.Context, ids ...string) error
}

// browserSweep clears ended browser sessions away: those that have expired, and those that
// were ended by somebody.
type browserSweep struct {
	store browserSweepStore
	ender browserSessionEnder
}

// sweep revokes what has expired by the given time and the login-bound sessions of what has
// ended, also those that were missed when it ended, and deletes the records. It returns how
// many it deleted.
func (b browserSweep) sweep(ctx context.Context, now time.Time) (deleted int64, err error) {
	for {
		ended, err := b.store.EndedBrowserSessions(ctx, now.Add(-browserEndDelay), sweepBatch)
		if err != nil {
			return deleted, err
		}
		ids, err := b.clear(ctx, ended, now)
		if err != nil {
			return deleted, err
		}
		if len(ids) > 0 {
			if err := b.store.DeleteBrowserSessions(ctx, ids...); err != nil {
				return deleted, err
			}
		}
		deleted += int64(len(ids))
		if len(ended) < sweepBatch || len(ids) == 0 {
			return deleted, nil
		}
	}
}

// clear ends what belongs to the sessions, and returns the ids of those that may be deleted.
func (b browserSweep) clear(ctx context.Context, ended []storage.BrowserSession, now time.Time) (deletable []string, err error) {
	for _, s := range ended {
		switch {
		case s.RevokedAt.IsZero():
			err = b.expire(ctx, s, now)
		case now.Sub(s.RevokedAt) < browserEndDelay:
			continue // the next sweep does it
		default:
			err = b.endChildren(ctx, s, now)
		}
		if err != nil {
			return nil, err
		}
		deletable = append(deletable, s.ID)
	}
	return deletable, nil
}

// expire ends a session that has passed its idle or its absolute end.
func (b browserSweep) expire(ctx context.Context, s storage.BrowserSession, now time.Time) error {
	alive, err := b.rootAlive(ctx, s.RootID, now)
	if err != nil {
		return err
	}
	if alive { // a newer record has taken its place
		return b.ender.revokeRecord(ctx, s.ID, now, reasonBrowserExpired)
	}
	return b.ender.endBrowserSession(ctx, s, reasonBrowserExpired, RequestInfo{Actor: actorSystem})
}

// endChildren revokes the login-bound sessions of a root of which no record is alive, also those
// that began while it ended.
func (b browserSweep) endChildren(ctx context.Context, s storage.BrowserSession, now time.Time) error {
	alive, err := b.rootAlive(ctx, s.RootID, now)
	if err != nil || alive {
		return err
	}
	return b.ender.revokeChildren(ctx, s.RootID, now, s.Reason)
}

func (b browserSweep) rootAlive(ctx context.Context, rootID string, now time.Time) (bool, error) {
	page, err := b.store.ListBrowserSessions(ctx, storage.BrowserSessionFilter{RootID: rootID, AliveAt: now}, storage.Page{Limit: 1})
	return len(page.Sessions) > 0, err
}
