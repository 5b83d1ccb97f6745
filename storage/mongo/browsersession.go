package mongo

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

var _ storage.BrowserSessions = (*Store)(nil)

// browserSessionDoc is a [storage.BrowserSession] as it lies in the collection
// browser_sessions. EndsAt follows from the others, for the index by which ended ones are
// found: the earlier of IdleAt and ExpiresAt, and no time at all for a revoked one.
type browserSessionDoc struct {
	ID         string    `bson:"_id"`
	RootID     string    `bson:"root_id"`
	UserID     string    `bson:"user_id"`
	CreatedAt  time.Time `bson:"created_at"`
	AuthTime   time.Time `bson:"auth_time"`
	AMR        []string  `bson:"amr,omitempty"`
	LastSeen   time.Time `bson:"last_seen"`
	IdleAt     time.Time `bson:"idle_at"`
	ExpiresAt  time.Time `bson:"expires_at"`
	EndsAt     time.Time `bson:"ends_at"`
	Remembered bool      `bson:"remembered,omitempty"`
	UserEpoch  int64     `bson:"user_epoch"`
	Device     string    `bson:"device,omitempty"`
	Network    string    `bson:"network,omitempty"`
	RevokedAt  time.Time `bson:"revoked_at"`
	Reason     string    `bson:"reason,omitempty"`
}

func newBrowserSessionDoc(s storage.BrowserSession) browserSessionDoc {
	d := browserSessionDoc{
		ID: s.ID, RootID: s.RootID, UserID: s.UserID, CreatedAt: storage.Time(s.CreatedAt), AuthTime: storage.Time(s.AuthTime), AMR: nilIfEmpty(s.AMR),
		LastSeen: storage.Time(s.LastSeen), IdleAt: storage.Time(s.IdleAt), ExpiresAt: storage.Time(s.ExpiresAt), Remembered: s.Remembered,
		UserEpoch: s.UserEpoch, Device: s.Device, Network: s.Network, RevokedAt: storage.Time(s.RevokedAt), Reason: s.Reason,
	}
	if d.RevokedAt.IsZero() {
		d.EndsAt = earlier(d.IdleAt, d.ExpiresAt)
	}
	return d
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (d browserSessionDoc) record() storage.BrowserSession {
	return storage.BrowserSession{
		ID: d.ID, RootID: d.RootID, UserID: d.UserID, CreatedAt: d.CreatedAt, AuthTime: d.AuthTime, AMR: d.AMR, LastSeen: d.LastSeen, IdleAt: d.IdleAt, ExpiresAt: d.ExpiresAt,
		Remembered: d.Remembered, UserEpoch: d.UserEpoch, Device: d.Device, Network: d.Network, RevokedAt: d.RevokedAt, Reason: d.Reason,
	}
}

// CreateBrowserSession implements [storage.BrowserSessions] by one insert.
func (s *Store) CreateBrowserSession(ctx context.Context, session storage.BrowserSession) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.insertUnique(ctx, browserSessions, "id", newBrowserSessionDoc(session))
}

// BrowserSession implements [storage.BrowserSessions].
func (s *Store) BrowserSession(ctx context.Context, id string) (storage.BrowserSession, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[browserSessionDoc](ctx, s, browserSessions, byID(id))
	return doc.record(), err
}

// BrowserSessionInEpoch implements [storage.BrowserSessions] by two finds: of the session,
// then of the user and the epoch.
func (s *Store) BrowserSessionInEpoch(ctx context.Context, id string) (storage.BrowserSession, storage.User, storage.Epoch, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[browserSessionDoc](ctx, s, browserSessions, byID(id))
	if err != nil {
		return storage.BrowserSession{}, storage.User{}, storage.Epoch{}, err
	}
	user, epoch, err := s.UserInEpoch(ctx, doc.UserID)
	if err != nil {
		return storage.BrowserSession{}, storage.User{}, storage.Epoch{}, err
	}
	return doc.record(), user, epoch, nil
}

// absoluteEndDoc is the part of a [browserSessionDoc] that a touch may have to read.
type absoluteEndDoc struct {
	ExpiresAt time.Time `bson:"expires_at"`
}

// TouchBrowserSession implements [storage.BrowserSessions] by one conditional update. Only
// where that meets nothing it reads the absolute end, which never changes, and makes the
// update for a session that is to be idle after it.
func (s *Store) TouchBrowserSession(ctx context.Context, id string, seen, idleAt time.Time) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	seen, idleAt = storage.Time(seen), storage.Time(idleAt)
	touch := func(end bson.E, endsAt time.Time) (bool, error) {
		filter := bson.D{eq("_id", id), notRevoked(), lt("last_seen", seen), lt("idle_at", idleAt), end}
		return s.update(ctx, browserSessions, filter, bson.D{set(value("last_seen", seen), value("idle_at", idleAt), value("ends_at", endsAt))}, nil)
	}
	done, err := touch(gte("expires_at", idleAt), idleAt)
	if done || err != nil {
		return err
	}
	end, err := findOne[absoluteEndDoc](ctx, s, browserSessions, byID(id))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil:
		return err
	case end.ExpiresAt.Before(idleAt):
		_, err = touch(eq("expires_at", end.ExpiresAt), end.ExpiresAt)
	}
	return err
}

// RevokeBrowserSession implements [storage.BrowserSessions] by one conditional update. Where
// it meets nothing, a read tells a revoked session from none.
func (s *Store) RevokeBrowserSession(ctx context.Context, id string, at time.Time, reason string) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	done, err := s.update(ctx, browserSessions, bson.D{eq("_id", id), notRevoked()},
		bson.D{set(value("revoked_at", storage.Time(at)), value("reason", reason), value("ends_at", time.Time{}))}, nil)
	if done || err != nil {
		return err
	}
	return requireFound(s.exists(ctx, browserSessions, byID(id)))
}

// ListBrowserSessions implements [storage.BrowserSessions].
func (s *Store) ListBrowserSessions(ctx context.Context, f storage.BrowserSessionFilter, p storage.Page) (storage.BrowserSessionPage, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	records, next, err := page(ctx, s, browserSessions, browserSessionFilter(f), p, browserSessionDoc.record, func(r storage.BrowserSession) string { return r.ID })
	return storage.BrowserSessionPage{Sessions: records, Next: next}, err
}

// browserSessionFilter goes by ends_at, which is no time at all for revoked sessions.
func browserSessionFilter(f storage.BrowserSessionFilter) bson.D {
	filter := bson.D{}
	if f.UserID != "" {
		filter = append(filter, eq("user_id", f.UserID))
	}
	if f.RootID != "" {
		filter = append(filter, eq("root_id", f.RootID))
	}
	if !f.AliveAt.IsZero() {
		filter = append(filter, gt("ends_at", storage.Time(f.AliveAt)))
	}
	return filter
}

// EndedBrowserSessions implements [storage.BrowserSessions], in the order of the index.
func (s *Store) EndedBrowserSessions(ctx context.Context, by time.Time, limit int) ([]storage.BrowserSession, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	if limit <= 0 {
		return nil, nil
	}
	docs, err := findListed[browserSessionDoc](ctx, s, listing{
		collection: browserSessions, filter: bson.D{lte("ends_at", storage.Time(by))}, order: bson.D{rising("ends_at")}, limit: limit,
	})
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	return convert(docs, browserSessionDoc.record), nil
}

// DeleteBrowserSessions implements [storage.BrowserSessions] batch by batch.
func (s *Store) DeleteBrowserSessions(ctx context.Context, ids ...string) error {
	for batch := range slices.Chunk(ids, batchSize) {
		if err := s.deleteRevokedBrowserSessions(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) deleteRevokedBrowserSessions(ctx context.Context, ids []string) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	revoked := bson.D{in("_id", ids), gt("revoked_at", time.Time{})}
	_, err := s.db.Collection(browserSessions).DeleteMany(ctx, revoked)
	if inDoubt(ctx, err) { // repeating it does what is left
		_, err = s.db.Collection(browserSessions).DeleteMany(ctx, revoked)
	}
	return s.unavailable("delete from "+browserSessions, err)
}
