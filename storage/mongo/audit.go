package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// auditDoc is a [storage.AuditEvent] as it lies in the collection audit.
type auditDoc struct {
	ID        string    `bson:"_id"`
	At        time.Time `bson:"at"`
	Type      string    `bson:"type"`
	Actor     string    `bson:"actor"`
	Target    string    `bson:"target"`
	ClientID  string    `bson:"client_id"`
	Address   string    `bson:"address"`
	RequestID string    `bson:"request_id"`
	Detail    string    `bson:"detail"`
}

func (d auditDoc) record() storage.AuditEvent { return storage.AuditEvent(d) }

// AppendAudit implements [storage.Audit] by one insert.
func (s *Store) AppendAudit(ctx context.Context, e storage.AuditEvent) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	e.At = storage.Time(e.At)
	err := s.insert(ctx, audit, auditDoc(e))
	if errors.Is(err, errDuplicate) {
		return &storage.DuplicateError{Field: "id"}
	}
	return err
}

// ListAudit implements [storage.Audit].
func (s *Store) ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (storage.AuditPage, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	records, next, err := page(ctx, s, audit, auditFilter(f), p, auditDoc.record, func(e storage.AuditEvent) string { return e.ID })
	return storage.AuditPage{Events: records, Next: next}, err
}

// auditFilter selects events from Since on and before Until.
func auditFilter(f storage.AuditFilter) bson.D {
	filter := bson.D{}
	if f.Type != "" {
		filter = append(filter, is("type", f.Type))
	}
	if f.Target != "" {
		filter = append(filter, is("target", f.Target))
	}
	between := bson.D{}
	if !f.Since.IsZero() {
		between = append(between, is("$gte", storage.Time(f.Since)))
	}
	if !f.Until.IsZero() {
		between = append(between, is("$lt", storage.Time(f.Until)))
	}
	if len(between) > 0 {
		filter = append(filter, is("at", between))
	}
	return filter
}
