package instrument

import (
	"context"
	"time"

	"example.org/signet/storage"
)

// sessions also tells how many sessions began and ended.
type sessions struct {
	store   storage.Sessions
	calls   *calls
	metrics Metrics
}

var _ storage.Sessions = (*sessions)(nil)

func (w *sessions) CreateSession(ctx context.Context, s storage.Session) (err error) {
	defer w.calls.end("create_session", w.calls.begin(), &err)
	if err = w.store.CreateSession(ctx, s); err == nil && s.Generation != storage.PendingGeneration {
		w.metrics.SessionStarted()
	}
	return err
}

func (w *sessions) Session(ctx context.Context, id string) (_ storage.Session, err error) {
	defer w.calls.end("session", w.calls.begin(), &err)
	return w.store.Session(ctx, id)
}

func (w *sessions) SessionState(ctx context.Context, id string) (_ storage.SessionState, err error) {
	defer w.calls.end("session_state", w.calls.begin(), &err)
	return w.store.SessionState(ctx, id)
}

func (w *sessions) ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (_ storage.SessionPage, err error) {
	defer w.calls.end("list_sessions", w.calls.begin(), &err)
	return w.store.ListSessions(ctx, f, p)
}

func (w *sessions) SweepSessions(ctx context.Context, before time.Time, limit int) (_ int64, err error) {
	defer w.calls.end("sweep_sessions", w.calls.begin(), &err)
	return w.store.SweepSessions(ctx, before, limit)
}

func (w *sessions) RotateSession(ctx context.Context, r storage.Rotation) (_ storage.RotatedSession, err error) {
	defer w.calls.end("rotate_session", w.calls.begin(), &err)
	return w.store.RotateSession(ctx, r)
}

func (w *sessions) CountReplay(ctx context.Context, r storage.Replay) (_ storage.Session, err error) {
	defer w.calls.end("count_replay", w.calls.begin(), &err)
	return w.store.CountReplay(ctx, r)
}

func (w *sessions) RevokeSession(ctx context.Context, id string, at time.Time, reason string) (err error) {
	defer w.calls.end("revoke_session", w.calls.begin(), &err)
	if err = w.store.RevokeSession(ctx, id, at, reason); err == nil {
		w.metrics.SessionsEnded(reason, 1)
	}
	return err
}

func (w *sessions) RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (n int64, err error) {
	defer w.calls.end("revoke_all", w.calls.begin(), &err)
	if n, err = w.store.RevokeAll(ctx, f, at, reason); n > 0 {
		w.metrics.SessionsEnded(reason, n)
	}
	return n, err
}

func (w *sessions) ExcessSessions(ctx context.Context, owner storage.SessionOwner, at, idleSince time.Time, keep, limit int) (_ []string, err error) {
	defer w.calls.end("excess_sessions", w.calls.begin(), &err)
	return w.store.ExcessSessions(ctx, owner, at, idleSince, keep, limit)
}

type epochs struct {
	store storage.Epochs
	calls *calls
}

var _ storage.Epochs = (*epochs)(nil)

func (w *epochs) Epoch(ctx context.Context) (_ storage.Epoch, err error) {
	defer w.calls.end("epoch", w.calls.begin(), &err)
	return w.store.Epoch(ctx)
}

func (w *epochs) RaiseEpoch(ctx context.Context, r storage.EpochRaise) (_ storage.Epoch, err error) {
	defer w.calls.end("raise_epoch", w.calls.begin(), &err)
	return w.store.RaiseEpoch(ctx, r)
}

func (w *epochs) UserInEpoch(ctx context.Context, id string) (_ storage.User, _ storage.Epoch, err error) {
	defer w.calls.end("user_in_epoch", w.calls.begin(), &err)
	return w.store.UserInEpoch(ctx, id)
}

type sessionStatus struct {
	store storage.SessionStatus
	calls *calls
}

var _ storage.SessionStatus = (*sessionStatus)(nil)

func (w *sessionStatus) UpdateRights(ctx context.Context, r storage.RightsUpdate) (_ storage.Session, err error) {
	defer w.calls.end("update_rights", w.calls.begin(), &err)
	return w.store.UpdateRights(ctx, r)
}

func (w *sessionStatus) PendingStatus(ctx context.Context, limit int) (_ []storage.Session, err error) {
	defer w.calls.end("pending_status", w.calls.begin(), &err)
	return w.store.PendingStatus(ctx, limit)
}

func (w *sessionStatus) ClearPendingStatus(ctx context.Context, settled []storage.Session) (err error) {
	defer w.calls.end("clear_pending_status", w.calls.begin(), &err)
	return w.store.ClearPendingStatus(ctx, settled)
}
