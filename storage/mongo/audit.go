package mongo

import (
	"context"
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

	// The chain, which events of earlier versions have none of.
	Writer string `bson:"writer,omitempty"`
	Seq    int64  `bson:"seq,omitempty"`
	Prev   string `bson:"prev,omitempty"`
	Seen   string `bson:"seen,omitempty"`
	KeyID  string `bson:"key_id,omitempty"`
	MAC    string `bson:"mac,omitempty"`
}

func (d auditDoc) record() storage.AuditEvent { return storage.AuditEvent(d) }

// AppendAudit implements [storage.Audit] by one insert; of several events it
// stops at the first that fails.
func (s *Store) AppendAudit(ctx context.Context, events ...storage.AuditEvent) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs := make([]any, len(events))
	for n, e := range events {
		e.At = storage.Time(e.At)
		docs[n] = auditDoc(e)
	}
	return s.insertAll(ctx, audit, docs)
}

// ListAudit implements [storage.Audit].
func (s *Store) ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (storage.AuditPage, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	l := listing{collection: audit, filter: auditFilter(f, p), order: byRisingID, limit: f.Examined(p.Size())}
	if f.Newest {
		l.order = byFallingID
	}
	records, next, err := examinedPage(ctx, s, l, p.Size(), auditDoc.record, f.Selects, func(e storage.AuditEvent) string { return e.ID })
	return storage.AuditPage{Events: records, Next: next}, err
}

// SweepAudit implements [storage.Audit].
func (s *Store) SweepAudit(ctx context.Context, before string, limit int) (int64, error) {
	return s.sweepWhere(ctx, audit, lt("_id", before), limit)
}

// auditFields are the names of the fields that have an index.
var auditFields = map[storage.AuditField]string{
	storage.AuditRequestID: "request_id", storage.AuditTarget: "target", storage.AuditActor: "actor", storage.AuditClientID: "client_id", storage.AuditType: "type",
}

// auditFilter selects by what indexes serve, so that what a page examines is bounded: the server
// merges the ranges of several, which come by id.
func auditFilter(f storage.AuditFilter, p storage.Page) bson.D {
	filter := bson.D{}
	switch ranges := f.IndexRanges(); {
	case len(ranges) == 1:
		filter = append(filter, eq(auditFields[ranges[0].Field], ranges[0].Value))
	case len(ranges) == 0 && f.Types == nil:
	case f.Types != nil && (len(ranges) == 0 || ranges[0].Field == storage.AuditType):
		filter = append(filter, in("type", f.Types))
	default:
		either := make([]bson.D, len(ranges))
		for n, r := range ranges {
			either[n] = bson.D{eq(auditFields[r.Field], r.Value)}
		}
		filter = append(filter, or(either...))
	}
	low, high := gte("_id", f.FromID), lt("_id", f.BeforeID)
	switch {
	case p.After == "":
	case f.Newest && (f.BeforeID == "" || p.After < f.BeforeID):
		high = lt("_id", p.After)
	case !f.Newest && p.After >= f.FromID:
		low = gt("_id", p.After)
	}
	if f.BeforeID == "" && !(f.Newest && p.After != "") {
		return append(filter, low)
	}
	return append(filter, both(low, high))
}
