package instrument

import (
	"context"

	"example.org/signet/storage"
)

type factors struct {
	store storage.Factors
	calls *calls
}

var _ storage.Factors = (*factors)(nil)

func (w *factors) UserFactors(ctx context.Context, userID string) (_ storage.UserFactors, err error) {
	defer w.calls.end("user_factors", w.calls.begin(), &err)
	return w.store.UserFactors(ctx, userID)
}

func (w *factors) UserFactorsByHandle(ctx context.Context, handle string) (_ storage.UserFactors, err error) {
	defer w.calls.end("user_factors_by_handle", w.calls.begin(), &err)
	return w.store.UserFactorsByHandle(ctx, handle)
}

func (w *factors) PutUserFactors(ctx context.Context, f storage.UserFactors) (_ storage.UserFactors, err error) {
	defer w.calls.end("put_user_factors", w.calls.begin(), &err)
	return w.store.PutUserFactors(ctx, f)
}

func (w *factors) DeleteUserFactors(ctx context.Context, userID string, version int64) (err error) {
	defer w.calls.end("delete_user_factors", w.calls.begin(), &err)
	return w.store.DeleteUserFactors(ctx, userID, version)
}

func (w *factors) ListUserFactors(ctx context.Context, p storage.Page) (_ storage.UserFactorsPage, err error) {
	defer w.calls.end("list_user_factors", w.calls.begin(), &err)
	return w.store.ListUserFactors(ctx, p)
}
