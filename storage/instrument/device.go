package instrument

import (
	"context"
	"time"

	"example.org/signet/storage"
)

type deviceRequests struct {
	store storage.DeviceRequests
	calls *calls
}

var _ storage.DeviceRequests = (*deviceRequests)(nil)

func (w *deviceRequests) CreateDeviceRequest(ctx context.Context, r storage.DeviceRequest) (err error) {
	defer w.calls.end("create_device_request", w.calls.begin(), &err)
	return w.store.CreateDeviceRequest(ctx, r)
}

func (w *deviceRequests) DeviceRequest(ctx context.Context, id string) (_ storage.DeviceRequest, err error) {
	defer w.calls.end("device_request", w.calls.begin(), &err)
	return w.store.DeviceRequest(ctx, id)
}

func (w *deviceRequests) DecideDeviceRequest(ctx context.Context, d storage.DeviceDecision) (_ storage.DeviceRequest, err error) {
	defer w.calls.end("decide_device_request", w.calls.begin(), &err)
	return w.store.DecideDeviceRequest(ctx, d)
}

func (w *deviceRequests) SweepDeviceRequests(ctx context.Context, before time.Time, limit int) (_ int64, err error) {
	defer w.calls.end("sweep_device_requests", w.calls.begin(), &err)
	return w.store.SweepDeviceRequests(ctx, before, limit)
}
