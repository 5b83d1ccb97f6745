package mongo_test

import (
	"context"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage/mongo"
)

// A sweep finds ids alone, in the order of the index that its condition goes by, so
// that the server reads its portion and does not sort the backlog.
func TestSweepReadsItsPortion(t *testing.T) {
	var w commandLog
	s := open(t, mongotest.URI(t), w.monitor())
	for name, c := range map[string]struct {
		field string
		sweep func(context.Context, *mongo.Store) (int64, error)
	}{
		"sessions": {"expires_at", func(ctx context.Context, s *mongo.Store) (int64, error) { return s.SweepSessions(ctx, start, 10) }},
		"device_requests": {"expires_at", func(ctx context.Context, s *mongo.Store) (int64, error) {
			return s.SweepDeviceRequests(ctx, start, 10)
		}},
		"revocations": {"expires_at", func(ctx context.Context, s *mongo.Store) (int64, error) { return s.SweepRevocations(ctx, start, 10) }},
		"counters":    {"reset_at", func(ctx context.Context, s *mongo.Store) (int64, error) { return s.SweepCounters(ctx, start, 10) }},
		"audit":       {"_id", func(ctx context.Context, s *mongo.Store) (int64, error) { return s.SweepAudit(ctx, "x", 10) }},
	} {
		w.take()
		if _, err := c.sweep(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		found := w.sent()[0]
		sort, _ := found.Lookup("sort").Document().Elements()
		if len(sort) != 1 || sort[0].Key() != c.field {
			t.Errorf("%s: sorted by %v, want %s", name, sort, c.field)
		}
		fields, _ := found.Lookup("projection").Document().Elements()
		if len(fields) != 1 || fields[0].Key() != "_id" {
			t.Errorf("%s: reads %v, want ids alone", name, fields)
		}
		if n := found.Lookup("limit").AsInt64(); n != 10 {
			t.Errorf("%s: limit %d, want 10", name, n)
		}
	}
}

// The earliest go first, and what is over the limit stays.
func TestSweepTakesTheEarliest(t *testing.T) {
	s := open(t, mongotest.URI(t))
	for id, after := range map[string]time.Duration{"a": 3 * time.Hour, "b": time.Hour, "c": 2 * time.Hour} {
		session := testSession(id)
		session.ExpiresAt = start.Add(after)
		if err := s.CreateSession(t.Context(), session); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.SweepSessions(t.Context(), start.Add(24*time.Hour), 2); n != 2 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if _, err := s.Session(t.Context(), "a"); err != nil {
		t.Errorf("the last to expire: %v", err)
	}
}

// sent returns the commands seen since the last call of take.
func (w *commandLog) sent() []bson.Raw {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.commands
}
