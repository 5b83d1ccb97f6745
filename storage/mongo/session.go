package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// notRevoked holds of a session or key without a time of revocation. The zero
// time is stored as what it is, the first moment of the year 1.
func notRevoked() bson.E { return eq("revoked_at", time.Time{}) }

// unsetReplays takes the count of replays away; no count is a count of none.
func unsetReplays() bson.E { return unset("replays") }

// revocationUpdate is the update that ends a session.
func revocationUpdate(at time.Time, reason string) bson.D {
	return bson.D{set(value("revoked_at", storage.Time(at)), value("reason", reason), value("due", true)), unsetReplays()}
}

// CreateSession implements [storage.Sessions] by one insert.
func (s *Store) CreateSession(ctx context.Context, session storage.Session) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.insertUnique(ctx, sessions, "id", newSessionDoc(session))
}

// Session implements [storage.Sessions].
func (s *Store) Session(ctx context.Context, id string) (storage.Session, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[sessionDoc](ctx, s, sessions, byID(id))
	return doc.record(), err
}

// RotateSession implements [storage.Sessions] by one findAndModify, and one find of the user
// and the epoch.
func (s *Store) RotateSession(ctx context.Context, r storage.Rotation) (rotated storage.RotatedSession, err error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	if rotated.Session, err = s.rotate(ctx, r); err != nil {
		return storage.RotatedSession{}, err
	}
	user, epoch, err := s.UserInEpoch(ctx, rotated.UserID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return storage.RotatedSession{}, err
	}
	rotated.User, rotated.StoreEpoch = user.State(), epoch.Number
	return rotated, nil
}

// rotate makes the conditional update. Its filter is the whole condition. It is never
// repeated: where the answer is lost, the session tells by its generation and time whether
// this rotation was carried out; otherwise the outcome is unknown, and the client's retry
// learns it.
func (s *Store) rotate(ctx context.Context, r storage.Rotation) (storage.Session, error) {
	if r.From < 0 {
		return storage.Session{}, storage.ErrConflict // a code is not a refresh token
	}
	at := storage.Time(r.At)
	doc, err := findAndMark[sessionDoc](ctx, s, sessions, bson.D{
		eq("_id", r.SessionID),
		eq("client_id", r.ClientID),
		eq("generation", r.From),
		notRevoked(),
		gt("expires_at", at),
		gt("rotated_at", storage.Time(r.IdleSince)),
	}, bson.D{set(value("generation", r.From+1), value("rotated_at", at)), unsetReplays()},
		bson.D{eq("_id", r.SessionID), eq("client_id", r.ClientID), eq("generation", r.From+1), eq("rotated_at", at)})
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Session{}, storage.ErrConflict
	}
	return doc.record(), err
}

// CountReplay implements [storage.Sessions] by one findAndModify, whose filter
// is the whole condition. Equality with null is also that of an absent field.
func (s *Store) CountReplay(ctx context.Context, r storage.Replay) (storage.Session, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	if r.Limit < 1 {
		return storage.Session{}, storage.ErrConflict // the filter takes none for below any limit
	}
	doc, err := findAndUpdate[sessionDoc](ctx, s, sessions, bson.D{
		eq("_id", r.SessionID),
		eq("client_id", r.ClientID),
		eq("generation", r.Generation),
		notRevoked(),
		gt("expires_at", storage.Time(r.At)),
		both(both(gte("rotated_at", storage.Time(r.Since)), gt("rotated_at", storage.Time(r.IdleSince))), lte("rotated_at", storage.Time(r.Until))),
		or(bson.D{eq[any]("replays", nil)}, bson.D{lt("replays", r.Limit)}),
	}, bson.D{inc("replays", 1)})
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Session{}, storage.ErrConflict
	}
	return doc.record(), err
}

// RevokeSession implements [storage.Sessions] by one conditional update. Where
// it meets nothing, a read tells an ended session from none.
func (s *Store) RevokeSession(ctx context.Context, id string, at time.Time, reason string) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	done, err := s.update(ctx, sessions, bson.D{eq("_id", id), notRevoked()}, revocationUpdate(at, reason), nil)
	if done || err != nil {
		return err
	}
	return requireFound(s.exists(ctx, sessions, byID(id)))
}

// RevokeAll implements [storage.Sessions] batch by batch, so that any
// number of sessions stays within the time of a command. It may be cut between
// two sessions; calling it again does the rest.
func (s *Store) RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error) {
	var revoked int64
	for after := ""; ; {
		n, last, err := s.revokeBatch(ctx, f, after, revocationUpdate(at, reason))
		revoked += n
		if err != nil || last == "" {
			return revoked, err
		}
		after = last
	}
}

// revokeBatch revokes the next sessions in the order of ids and returns the
// last of them, "" at the end.
func (s *Store) revokeBatch(ctx context.Context, f storage.SessionFilter, after string, change bson.D) (n int64, last string, err error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	filter := sessionFilter(f)
	if f.AliveAt.IsZero() {
		filter = append(filter, notRevoked())
	}
	if after != "" {
		filter = append(filter, gt("_id", after))
	}
	docs, err := findListed[idOnly](ctx, s, listing{collection: sessions, filter: filter, order: byRisingID, limit: batchSize})
	if err != nil || len(docs) == 0 {
		return 0, "", err
	}
	result, err := s.db.Collection(sessions).UpdateMany(ctx, bson.D{in("_id", idsOf(docs)), notRevoked()}, change)
	if err != nil {
		return 0, "", s.unavailable("update in "+sessions, err)
	}
	if len(docs) == batchSize {
		last = docs[batchSize-1].ID
	}
	return result.ModifiedCount, last, nil
}

// ListSessions implements [storage.Sessions].
func (s *Store) ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (storage.SessionPage, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	filter := sessionFilter(f.Owner())
	if p.After != "" {
		filter = append(filter, gt("_id", p.After))
	}
	l := listing{collection: sessions, filter: filter, order: byRisingID, limit: f.Examined(p.Size())}
	records, next, err := examinedPage(ctx, s, l, p.Size(), sessionDoc.record, f.Selects, func(r storage.Session) string { return r.ID })
	return storage.SessionPage{Sessions: records, Next: next}, err
}

// SweepSessions implements [storage.Sessions].
func (s *Store) SweepSessions(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, sessions, "expires_at", before, limit)
}

func sessionFilter(f storage.SessionFilter) bson.D {
	filter := bson.D{}
	if f.UserID != "" {
		filter = append(filter, eq("user_id", f.UserID))
	}
	if f.ClientID != "" {
		filter = append(filter, eq("client_id", f.ClientID))
	}
	if f.Except != "" {
		filter = append(filter, or(bson.D{lt("_id", f.Except)}, bson.D{gt("_id", f.Except)}))
	}
	if !f.AliveAt.IsZero() {
		filter = append(filter, notRevoked(), gt("expires_at", storage.Time(f.AliveAt)))
	}
	if f.UserEpochBelow != 0 {
		filter = append(filter, lt("user_epoch", f.UserEpochBelow))
	}
	if f.ClientEpochBelow != 0 {
		filter = append(filter, lt("client_epoch", f.ClientEpochBelow))
	}
	if f.BrowserID != "" {
		filter = append(filter, eq("browser", *newBrowserRef(f.BrowserID)))
	}
	if f.LoginBound {
		filter = append(filter, eq("bound", true))
	}
	return filter
}

// ExcessSessions implements [storage.Sessions]. A session has a code as long as it is pending: such
// ones the index sessions_living has elsewhere, so that they are not visited.
func (s *Store) ExcessSessions(ctx context.Context, owner storage.SessionOwner, at, idleSince time.Time, keep, limit int) ([]string, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	filter := bson.D{
		eq("user_id", owner.UserID), eq("client_id", owner.ClientID), notRevoked(), eq[any]("code", nil), gte("generation", int64(0)),
		gt("expires_at", storage.Time(at)), gt("rotated_at", storage.Time(idleSince)),
	}
	docs, err := find[idOnly](ctx, s, listing{
		collection: sessions, filter: filter, order: bson.D{falling("created_at"), falling("_id")}, skip: keep, limit: limit,
	})
	return nilIfEmpty(idsOf(docs)), err
}
