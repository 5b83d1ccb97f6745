package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

var _ storage.DeviceRequests = (*Store)(nil)

// deviceRequestDoc is a [storage.DeviceRequest] as it lies in the collection device_requests.
type deviceRequestDoc struct {
	ID          string    `bson:"_id"`
	SessionID   string    `bson:"session_id"`
	ClientID    string    `bson:"client_id"`
	ClientEpoch int64     `bson:"client_epoch,omitempty"`
	Scopes      []string  `bson:"scopes,omitempty"`
	Resource    string    `bson:"resource,omitempty"`
	CreatedAt   time.Time `bson:"created_at"`
	ExpiresAt   time.Time `bson:"expires_at"`
	Device      string    `bson:"device,omitempty"`
	Network     string    `bson:"network,omitempty"`
	DecidedAt   time.Time `bson:"decided_at"`
	Approved    bool      `bson:"approved,omitempty"`
	UserID      string    `bson:"user_id,omitempty"`
}

func newDeviceRequestDoc(r storage.DeviceRequest) deviceRequestDoc {
	return deviceRequestDoc{
		ID: r.ID, SessionID: r.SessionID, ClientID: r.ClientID, ClientEpoch: r.ClientEpoch, Scopes: nilIfEmpty(r.Scopes), Resource: r.Resource,
		CreatedAt: storage.Time(r.CreatedAt), ExpiresAt: storage.Time(r.ExpiresAt), Device: r.Device, Network: r.Network,
		DecidedAt: storage.Time(r.DecidedAt), Approved: r.Approved, UserID: r.UserID,
	}
}

func (d deviceRequestDoc) record() storage.DeviceRequest {
	return storage.DeviceRequest{
		ID: d.ID, SessionID: d.SessionID, ClientID: d.ClientID, ClientEpoch: d.ClientEpoch, Scopes: d.Scopes, Resource: d.Resource,
		CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt, Device: d.Device, Network: d.Network, DecidedAt: d.DecidedAt,
		Approved: d.Approved, UserID: d.UserID,
	}
}

// CreateDeviceRequest implements [storage.DeviceRequests].
func (s *Store) CreateDeviceRequest(ctx context.Context, r storage.DeviceRequest) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.insertUnique(ctx, deviceRequests, "id", newDeviceRequestDoc(r))
}

// DeviceRequest implements [storage.DeviceRequests].
func (s *Store) DeviceRequest(ctx context.Context, id string) (storage.DeviceRequest, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[deviceRequestDoc](ctx, s, deviceRequests, byID(id))
	return doc.record(), err
}

// DecideDeviceRequest implements [storage.DeviceRequests] by one findAndModify. It is never
// repeated: where the answer is lost, the record tells whether it holds this decision, which is as
// good whoever made it.
func (s *Store) DecideDeviceRequest(ctx context.Context, d storage.DeviceDecision) (storage.DeviceRequest, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	at := storage.Time(d.At)
	doc, err := findAndMark[deviceRequestDoc](ctx, s, deviceRequests,
		bson.D{eq("_id", d.ID), eq("decided_at", time.Time{}), gt("expires_at", at)},
		bson.D{set(value("decided_at", at), value("approved", d.Approved), value("user_id", d.UserID))},
		bson.D{eq("_id", d.ID), eq("decided_at", at), eq("approved", d.Approved), eq("user_id", d.UserID)})
	if errors.Is(err, storage.ErrNotFound) {
		return storage.DeviceRequest{}, storage.ErrConflict
	}
	return doc.record(), err
}

// SweepDeviceRequests implements [storage.DeviceRequests].
func (s *Store) SweepDeviceRequests(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, deviceRequests, "expires_at", before, limit)
}
