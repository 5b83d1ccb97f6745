package status

import (
	"context"
	"errors"
	"time"

	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

const (
	// maxPendingRevocations bounds the pending revocations that are read at once.
	maxPendingRevocations = 5000

	// pendingRevocationDelay is how long a pending revocation is left to those who recorded it.
	// Whatever began before the epoch moved, such as a login, is over by then.
	pendingRevocationDelay = time.Minute
)

// pendingState is what this instance knows of a pending revocation.
type pendingState struct {
	seenAt time.Time // when it was first seen here

	// Of PendingRights: the pass over the sessions that is under way.
	began  time.Time // zero for none
	cursor string
	passed bool // one pass has ended
}

func (st pendingState) due(at time.Time) bool { return at.Sub(st.seenAt) >= pendingRevocationDelay }

// finishPendingRevocations marks the sessions that a change has ended or that have lost
// rights by it, and that nobody marked: because whoever made it crashed, or a login was under
// way. It trusts no time in a record: a pending revocation is due when it has been seen here
// for long enough. Where rights are concerned the sessions are looked at when it is first seen
// too, for whoever changes a record looks at a bounded number of them. It returns whether there
// is more to do at once.
func (ls *Lists) finishPendingRevocations(ctx context.Context, now time.Time) (more bool, err error) {
	pending, err := ls.store.PendingRevocations(ctx, maxPendingRevocations)
	if err != nil {
		return false, err
	}
	seen := make(map[string]*pendingState, len(pending))
	for _, e := range pending {
		st := ls.seen[e.ID]
		if st == nil {
			st = &pendingState{seenAt: now}
		}
		seen[e.ID] = st
	}
	ls.seen = seen
	for _, e := range pending {
		again, err := ls.finishPending(ctx, e, seen[e.ID], now)
		if err != nil {
			return false, err
		}
		more = more || again
	}
	return more, nil
}

// finishPending does what is to be done now about one of them.
func (ls *Lists) finishPending(ctx context.Context, e storage.PendingRevocation, st *pendingState, now time.Time) (more bool, err error) {
	switch {
	case e.Kind == storage.PendingRights && (!st.passed || st.due(now)):
		return ls.finishRights(ctx, e, st, now)
	case !st.due(now):
		return false, nil
	case e.Kind == storage.PendingAssignment:
		err = ls.finishAssignment(ctx, e)
	case e.Kind == storage.PendingEnd:
		err = ls.finishRevocation(ctx, e, now)
	}
	return false, err
}

// finishRights goes on with a pass over the sessions. The record leaves after a pass that
// began when it was due.
func (ls *Lists) finishRights(ctx context.Context, e storage.PendingRevocation, st *pendingState, now time.Time) (more bool, err error) {
	if st.began.IsZero() {
		st.began = now
	}
	if st.cursor, err = ls.cfg.Reduce(ctx, e, st.cursor); err != nil || st.cursor != "" {
		return err == nil, err
	}
	final := st.due(st.began)
	st.began, st.passed = time.Time{}, true
	if !final {
		return false, nil
	}
	return false, ls.store.RemovePendingRevocation(ctx, e.ID)
}

// finishAssignment raises the version of a user who was about to get a role, so that a change
// that has been under way since cannot be made any more.
func (ls *Lists) finishAssignment(ctx context.Context, e storage.PendingRevocation) error {
	user, err := ls.store.User(ctx, e.UserID)
	if err == nil {
		_, err = ls.store.UpdateUser(ctx, user)
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) && !errors.Is(err, storage.ErrConflict) {
		return err
	}
	return ls.store.RemovePendingRevocation(ctx, e.ID)
}

func (ls *Lists) finishRevocation(ctx context.Context, e storage.PendingRevocation, now time.Time) error {
	f, err := ls.revocationFilter(ctx, e)
	if err != nil {
		return err
	}
	if f != (storage.SessionFilter{}) { // which would mean everybody
		if _, err := ls.store.RevokeAll(ctx, f, now, e.Reason); err != nil {
			return err
		}
	}
	return ls.store.RemovePendingRevocation(ctx, e.ID)
}

// revocationFilter selects the sessions that the pending revocation has ended, by what the user, the
// client or the store's epoch says now; all where user or client are gone, and
// nothing where no epoch moved.
func (ls *Lists) revocationFilter(ctx context.Context, e storage.PendingRevocation) (f storage.SessionFilter, err error) {
	switch {
	case e.UserID != "":
		var user storage.User
		var storeEpoch storage.Epoch
		user, storeEpoch, err = ls.store.UserInEpoch(ctx, e.UserID)
		f = epoch.EndedByUser(user, storeEpoch)
	case e.ClientID != "":
		var client storage.Client
		client, err = ls.store.Client(ctx, e.ClientID)
		f = epoch.EndedByClient(client)
	default:
		var storeEpoch storage.Epoch
		storeEpoch, err = ls.store.Epoch(ctx)
		f = epoch.EndedByStore(storeEpoch)
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return storage.SessionFilter{UserID: e.UserID, ClientID: e.ClientID}, nil
	case err != nil, f.UserEpochBelow <= 0 && f.ClientEpochBelow <= 0:
		return storage.SessionFilter{}, err
	}
	return f, nil
}
