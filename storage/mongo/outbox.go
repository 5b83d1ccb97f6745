package mongo

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"example.org/signet/storage"
)

var _ storage.Outbox = (*Store)(nil)

// messageDoc is a [storage.Message] as it lies in the collection outbox: field for field
// the same, so that each converts into the other.
type messageDoc struct {
	ID        string    `bson:"_id"`
	Kind      string    `bson:"kind"`
	Target    string    `bson:"target"`
	Body      []byte    `bson:"body,omitempty"`
	CreatedAt time.Time `bson:"created_at"`
	DueAt     time.Time `bson:"due_at"`
	ExpiresAt time.Time `bson:"expires_at"`
	Attempts  int64     `bson:"attempts"`
	Owner     string    `bson:"owner"`
	LeasedTo  time.Time `bson:"leased_to"`
}

func newMessageDoc(m storage.Message) messageDoc {
	m.CreatedAt, m.DueAt, m.ExpiresAt, m.LeasedTo = storage.Time(m.CreatedAt), storage.Time(m.DueAt), storage.Time(m.ExpiresAt), storage.Time(m.LeasedTo)
	m.Body = nilIfEmpty(m.Body)
	return messageDoc(m)
}

func (d messageDoc) record() storage.Message { return storage.Message(d) }

// Enqueue implements [storage.OutboxQueue] by one insert, of several messages in no order. If
// any of those fails, each is inserted by itself: those that are there stay as they are.
func (s *Store) Enqueue(ctx context.Context, messages ...storage.Message) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs := make([]any, len(messages))
	for n, m := range messages {
		docs[n] = newMessageDoc(m)
	}
	if len(docs) > 1 {
		if _, err := s.db.Collection(outbox).InsertMany(ctx, docs, options.InsertMany().SetOrdered(false)); err == nil {
			return nil
		}
	}
	for _, doc := range docs {
		if err := s.insert(ctx, outbox, doc); err != nil && !errors.Is(err, errDuplicate) {
			return err
		}
	}
	return nil
}

// leaseDoc is the part of a [messageDoc] that a lease depends on.
type leaseDoc struct {
	ID       string `bson:"_id"`
	Attempts int64  `bson:"attempts"`
}

var leaseProjection = projectionOf[leaseDoc]()

func (leaseDoc) projection() bson.D { return leaseProjection }

// maxLeaseRounds bounds how often a call looks for messages after others took those that it
// had found.
const maxLeaseRounds = 8

// LeaseMessages implements [storage.OutboxQueue]. It finds messages and leases each by one
// findAndModify that is conditional on the attempts that it found; where the answer is lost,
// the message tells by owner, attempt and end whether this lease was carried out.
func (s *Store) LeaseMessages(ctx context.Context, l storage.Lease) ([]storage.Message, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	free := bson.D{lte("due_at", storage.Time(l.Now)), lte("leased_to", storage.Time(l.Now)), gt("expires_at", storage.Time(l.Now))}
	var leased []storage.Message
	for range maxLeaseRounds {
		left := min(l.Limit, storage.MaxPage) - len(leased)
		if left <= 0 {
			break
		}
		found, err := find[leaseDoc](ctx, s, listing{collection: outbox, filter: free, order: bson.D{rising("due_at"), rising("_id")}, limit: left})
		if err != nil {
			return leased, err
		}
		taken := 0
		for _, m := range found {
			doc, err := s.leaseMessage(ctx, m, free, l)
			switch {
			case errors.Is(err, storage.ErrNotFound): // somebody else has it
				taken++
			case err != nil:
				return leased, err
			default:
				leased = append(leased, doc.record())
			}
		}
		if taken == 0 {
			break
		}
	}
	slices.SortFunc(leased, func(a, b storage.Message) int { return cmp.Or(a.DueAt.Compare(b.DueAt), strings.Compare(a.ID, b.ID)) })
	return leased, nil
}

func (s *Store) leaseMessage(ctx context.Context, m leaseDoc, free bson.D, l storage.Lease) (messageDoc, error) {
	until := storage.Time(l.Until)
	return findAndMark[messageDoc](ctx, s, outbox, append(bson.D{eq("_id", m.ID), eq("attempts", m.Attempts)}, free...),
		bson.D{set(value("owner", l.Owner), value("leased_to", until), value("attempts", m.Attempts+1))},
		bson.D{eq("_id", m.ID), eq("owner", l.Owner), eq("attempts", m.Attempts+1), eq("leased_to", until)})
}

// held selects the message while the owner holds its lease in that attempt.
func held(id, owner string, attempt int64) bson.D {
	return bson.D{eq("_id", id), eq("owner", owner), eq("attempts", attempt)}
}

// FinishMessage implements [storage.OutboxQueue] by one conditional delete.
func (s *Store) FinishMessage(ctx context.Context, id, owner string, attempt int64) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	if owner == "" {
		return storage.ErrConflict // nobody has it
	}
	return requireHeld(s.delete(ctx, outbox, held(id, owner, attempt)))
}

// PostponeMessage implements [storage.OutboxQueue] by one conditional update.
func (s *Store) PostponeMessage(ctx context.Context, id, owner string, attempt int64, due time.Time) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	if owner == "" {
		return storage.ErrConflict // nobody has it
	}
	due = storage.Time(due)
	return requireHeld(s.update(ctx, outbox, held(id, owner, attempt),
		bson.D{set(value("owner", ""), value("leased_to", time.Time{}), value("due_at", due))},
		bson.D{eq("_id", id), eq("owner", ""), eq("attempts", attempt), eq("due_at", due)}))
}

// requireHeld turns a step that met no message into ErrConflict.
func requireHeld(met bool, err error) error {
	if err == nil && !met {
		return storage.ErrConflict
	}
	return err
}

// ListMessages implements [storage.OutboxLists].
func (s *Store) ListMessages(ctx context.Context, p storage.Page) (storage.MessagePage, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	records, next, err := page(ctx, s, outbox, bson.D{}, p, messageDoc.record, func(m storage.Message) string { return m.ID })
	return storage.MessagePage{Messages: nilIfEmpty(records), Next: next}, err
}

// SweepMessages implements [storage.OutboxLists] by one findAndModify for each message,
// which deletes and returns it: of two sweeps at once one gets it. After an error it returns
// those that it deleted too.
func (s *Store) SweepMessages(ctx context.Context, before time.Time, limit int) ([]storage.Message, error) {
	var swept []storage.Message
	for len(swept) < limit {
		doc, err := s.sweepMessage(ctx, bson.D{lt("expires_at", storage.Time(before))})
		if errors.Is(err, storage.ErrNotFound) {
			return swept, nil
		}
		if err != nil {
			return swept, err
		}
		swept = append(swept, doc.record())
	}
	return swept, nil
}

func (s *Store) sweepMessage(ctx context.Context, expired bson.D) (doc messageDoc, err error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	first := options.FindOneAndDelete().SetSort(bson.D{rising("expires_at")})
	err = s.db.Collection(outbox).FindOneAndDelete(ctx, expired, first).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		return messageDoc{}, storage.ErrNotFound
	}
	return doc, s.unavailable("delete from "+outbox, err)
}
