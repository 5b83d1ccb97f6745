package protocoltest

import (
	"context"
	"time"

	"example.org/signet/storage"
)

// The calls of the device flow.

func (s *Store) CreateDeviceRequest(ctx context.Context, r storage.DeviceRequest) error {
	return callError(ctx, s, "CreateDeviceRequest", func() error { return s.inner.CreateDeviceRequest(ctx, r) })
}

func (s *Store) DeviceRequest(ctx context.Context, id string) (storage.DeviceRequest, error) {
	return callValue(ctx, s, "DeviceRequest", func() (storage.DeviceRequest, error) { return s.inner.DeviceRequest(ctx, id) })
}

func (s *Store) DecideDeviceRequest(ctx context.Context, d storage.DeviceDecision) (storage.DeviceRequest, error) {
	return callValue(ctx, s, "DecideDeviceRequest", func() (storage.DeviceRequest, error) { return s.inner.DecideDeviceRequest(ctx, d) })
}

func (s *Store) SweepDeviceRequests(ctx context.Context, before time.Time, limit int) (int64, error) {
	return callValue(ctx, s, "SweepDeviceRequests", func() (int64, error) { return s.inner.SweepDeviceRequests(ctx, before, limit) })
}
