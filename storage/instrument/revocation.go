package instrument

import (
	"context"
	"time"

	"example.org/signet/storage"
)

type statusLists struct {
	store storage.StatusLists
	calls *calls
}

var _ storage.StatusLists = (*statusLists)(nil)

func (w *statusLists) LeaseStatus(ctx context.Context, size int64, until time.Time) (_ int64, err error) {
	defer w.calls.end("lease_status", w.calls.begin(), &err)
	return w.store.LeaseStatus(ctx, size, until)
}

func (w *statusLists) AddStatusList(ctx context.Context, id int64) (err error) {
	defer w.calls.end("add_status_list", w.calls.begin(), &err)
	return w.store.AddStatusList(ctx, id)
}

func (w *statusLists) StatusLists(ctx context.Context) (_ []storage.StatusList, err error) {
	defer w.calls.end("status_lists", w.calls.begin(), &err)
	return w.store.StatusLists(ctx)
}

func (w *statusLists) StatusList(ctx context.Context, id int64) (_ storage.StatusList, err error) {
	defer w.calls.end("status_list", w.calls.begin(), &err)
	return w.store.StatusList(ctx, id)
}

func (w *statusLists) SetStatus(ctx context.Context, id, version int64, bits []byte) (err error) {
	defer w.calls.end("set_status", w.calls.begin(), &err)
	return w.store.SetStatus(ctx, id, version, bits)
}

func (w *statusLists) SweepStatusLists(ctx context.Context, before time.Time, limit int) (_ int64, err error) {
	defer w.calls.end("sweep_status_lists", w.calls.begin(), &err)
	return w.store.SweepStatusLists(ctx, before, limit)
}

type pendingRevocations struct {
	store storage.PendingRevocations
	calls *calls
}

var _ storage.PendingRevocations = (*pendingRevocations)(nil)

func (w *pendingRevocations) AddPendingRevocation(ctx context.Context, e storage.PendingRevocation) (err error) {
	defer w.calls.end("add_pending_revocation", w.calls.begin(), &err)
	return w.store.AddPendingRevocation(ctx, e)
}

func (w *pendingRevocations) PendingRevocations(ctx context.Context, limit int) (_ []storage.PendingRevocation, err error) {
	defer w.calls.end("pending_revocations", w.calls.begin(), &err)
	return w.store.PendingRevocations(ctx, limit)
}

func (w *pendingRevocations) RemovePendingRevocation(ctx context.Context, id string) (err error) {
	defer w.calls.end("remove_pending_revocation", w.calls.begin(), &err)
	return w.store.RemovePendingRevocation(ctx, id)
}

type revocations struct {
	store storage.Revocations
	calls *calls
}

var _ storage.Revocations = (*revocations)(nil)

func (w *revocations) RevokeToken(ctx context.Context, jti string, expiresAt time.Time) (err error) {
	defer w.calls.end("revoke_token", w.calls.begin(), &err)
	return w.store.RevokeToken(ctx, jti, expiresAt)
}

func (w *revocations) TokenRevoked(ctx context.Context, jti string) (_ bool, err error) {
	defer w.calls.end("token_revoked", w.calls.begin(), &err)
	return w.store.TokenRevoked(ctx, jti)
}

func (w *revocations) ListRevocations(ctx context.Context, p storage.Page) (_ storage.RevocationPage, err error) {
	defer w.calls.end("list_revocations", w.calls.begin(), &err)
	return w.store.ListRevocations(ctx, p)
}

func (w *revocations) SweepRevocations(ctx context.Context, before time.Time, limit int) (_ int64, err error) {
	defer w.calls.end("sweep_revocations", w.calls.begin(), &err)
	return w.store.SweepRevocations(ctx, before, limit)
}
