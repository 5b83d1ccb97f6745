package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.DeviceRequests = (*Store)(nil)

var deviceRequestTable = newTable("device_requests",
	plain("id", func(r *storage.DeviceRequest) *string { return &r.ID }),
	plain("session_id", func(r *storage.DeviceRequest) *string { return &r.SessionID }),
	plain("client_id", func(r *storage.DeviceRequest) *string { return &r.ClientID }),
	plain("client_epoch", func(r *storage.DeviceRequest) *int64 { return &r.ClientEpoch }),
	words("scopes", func(r *storage.DeviceRequest) *[]string { return &r.Scopes }),
	plain("resource", func(r *storage.DeviceRequest) *string { return &r.Resource }),
	timestamp("created_at", func(r *storage.DeviceRequest) *time.Time { return &r.CreatedAt }),
	timestamp("expires_at", func(r *storage.DeviceRequest) *time.Time { return &r.ExpiresAt }),
	plain("device", func(r *storage.DeviceRequest) *string { return &r.Device }),
	plain("network", func(r *storage.DeviceRequest) *string { return &r.Network }),
	nullableTimestamp("decided_at", func(r *storage.DeviceRequest) *time.Time { return &r.DecidedAt }),
	plain("approved", func(r *storage.DeviceRequest) *bool { return &r.Approved }),
	plain("user_id", func(r *storage.DeviceRequest) *string { return &r.UserID }),
)

var (
	decideDeviceRequest = "UPDATE device_requests SET decided_at = ?1, approved = ?2, user_id = ?3" +
		" WHERE id = ?4 AND decided_at IS NULL AND expires_at > ?1 RETURNING " + deviceRequestTable.list
	sweepDeviceRequests = query("DELETE FROM device_requests WHERE id IN (SELECT id FROM device_requests WHERE expires_at < ? ORDER BY expires_at LIMIT ? + 0)")
)

// CreateDeviceRequest implements [storage.DeviceRequests].
func (s *Store) CreateDeviceRequest(ctx context.Context, r storage.DeviceRequest) error {
	return s.exec(ctx, "create device request", &storage.DuplicateError{Field: "id"}, deviceRequestTable.insert, deviceRequestTable.insertValues(&r)...)
}

// DeviceRequest implements [storage.DeviceRequests].
func (s *Store) DeviceRequest(ctx context.Context, id string) (storage.DeviceRequest, error) {
	return readOne(ctx, s, "read device request", deviceRequestTable.byKey, deviceRequestTable.scan, id)
}

// DecideDeviceRequest implements [storage.DeviceRequests].
func (s *Store) DecideDeviceRequest(ctx context.Context, d storage.DeviceDecision) (storage.DeviceRequest, error) {
	return write(ctx, s, "decide device request", func(t *tx) (storage.DeviceRequest, error) {
		r, err := queryOne(t, decideDeviceRequest, deviceRequestTable.scan, millis(d.At), d.Approved, d.UserID, d.ID)
		if notFound(err) {
			err = storage.ErrConflict
		}
		return r, err
	})
}

// SweepDeviceRequests implements [storage.DeviceRequests].
func (s *Store) SweepDeviceRequests(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, "sweep device requests", sweepDeviceRequests, millis(before), limit)
}
