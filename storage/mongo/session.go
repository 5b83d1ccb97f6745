package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// sessionDoc is a [storage.Session] as it lies in the collection sessions.
type sessionDoc struct {
	ID          string    `bson:"_id"`
	UserID      string    `bson:"user_id"`
	ClientID    string    `bson:"client_id"`
	Scopes      []string  `bson:"scopes,omitempty"`
	Audience    []string  `bson:"audience,omitempty"`
	Generation  int64     `bson:"generation"`
	RotatedAt   time.Time `bson:"rotated_at"`
	CreatedAt   time.Time `bson:"created_at"`
	ExpiresAt   time.Time `bson:"expires_at"`
	AuthTime    time.Time `bson:"auth_time"`
	UserEpoch   int64     `bson:"user_epoch"`
	ClientEpoch int64     `bson:"client_epoch"`
	StatusIndex int64     `bson:"status_index"`
	RevokedAt   time.Time `bson:"revoked_at"`
	Reason      string    `bson:"reason"`
}

func newSessionDoc(s storage.Session) sessionDoc {
	s.RotatedAt, s.CreatedAt, s.ExpiresAt = storage.Time(s.RotatedAt), storage.Time(s.CreatedAt), storage.Time(s.ExpiresAt)
	s.AuthTime, s.RevokedAt = storage.Time(s.AuthTime), storage.Time(s.RevokedAt)
	return sessionDoc(s)
}

func (d sessionDoc) record() storage.Session { return storage.Session(d) }

// notRevoked holds of a session or key without a time of revocation. The zero
// time is stored as what it is, the first moment of the year 1.
func notRevoked() bson.E { return is("revoked_at", time.Time{}) }

// revoke is the update that ends a session.
func revoke(at time.Time, reason string) bson.D {
	return set(is("revoked_at", storage.Time(at)), is("reason", reason))
}

// CreateSession implements [storage.Sessions] by one insert.
func (s *Store) CreateSession(ctx context.Context, session storage.Session) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	err := s.insert(ctx, sessions, newSessionDoc(session))
	if errors.Is(err, errDuplicate) {
		return &storage.DuplicateError{Field: "id"}
	}
	return err
}

// Session implements [storage.Sessions].
func (s *Store) Session(ctx context.Context, id string) (storage.Session, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	doc, err := find[sessionDoc](ctx, s, sessions, byID(id))
	return doc.record(), err
}

// RotateSession implements [storage.Sessions] by one findAndModify, whose
// filter is the whole condition. It is never repeated: where the answer is
// lost, the client's retry learns what became of it.
func (s *Store) RotateSession(ctx context.Context, r storage.Rotation) (storage.Session, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	at := storage.Time(r.At)
	doc, err := findAndUpdate[sessionDoc](ctx, s, sessions, bson.D{
		is("_id", r.SessionID),
		is("client_id", r.ClientID),
		is("generation", r.From),
		notRevoked(),
		compare("expires_at", "$gt", at),
		compare("rotated_at", "$gt", storage.Time(r.IdleSince)),
	}, set(is("generation", r.From+1), is("rotated_at", at)))
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Session{}, storage.ErrConflict
	}
	return doc.record(), err
}

// RevokeSession implements [storage.Sessions] by one conditional update. Where
// it meets nothing, a read tells an ended session from none.
func (s *Store) RevokeSession(ctx context.Context, id string, at time.Time, reason string) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	done, err := s.update(ctx, sessions, bson.D{is("_id", id), notRevoked()}, revoke(at, reason))
	if done || err != nil {
		return err
	}
	return found(s.exists(ctx, sessions, byID(id)))
}

// RevokeAll implements [storage.Sessions] portion by portion, so that any
// number of sessions stays within the time of a command. It may be cut between
// two sessions; calling it again does the rest.
func (s *Store) RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error) {
	var revoked int64
	for after := ""; ; {
		n, last, err := s.revokePortion(ctx, f, after, revoke(at, reason))
		revoked += n
		if err != nil || last == "" {
			return revoked, err
		}
		after = last
	}
}

// revokePortion revokes the next sessions in the order of ids and returns the
// last of them, "" at the end.
func (s *Store) revokePortion(ctx context.Context, f storage.SessionFilter, after string, change bson.D) (n int64, last string, err error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	filter := append(sessionFilter(f), notRevoked())
	if after != "" {
		filter = append(filter, compare("_id", "$gt", after))
	}
	docs, err := first[idOnly](ctx, s, sessions, filter, portion)
	if err != nil || len(docs) == 0 {
		return 0, "", err
	}
	result, err := s.db.Collection(sessions).UpdateMany(ctx, bson.D{compare("_id", "$in", idsOf(docs)), notRevoked()}, change)
	if err != nil {
		return 0, "", s.unknown("update in "+sessions, err)
	}
	if len(docs) == portion {
		last = docs[portion-1].ID
	}
	return result.ModifiedCount, last, nil
}

// ListSessions implements [storage.Sessions].
func (s *Store) ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (storage.SessionPage, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	records, next, err := page(ctx, s, sessions, sessionFilter(f), p, sessionDoc.record, func(r storage.Session) string { return r.ID })
	return storage.SessionPage{Sessions: records, Next: next}, err
}

// SweepSessions implements [storage.Sessions].
func (s *Store) SweepSessions(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, sessions, "expires_at", before, limit)
}

func sessionFilter(f storage.SessionFilter) bson.D {
	filter := bson.D{}
	if f.UserID != "" {
		filter = append(filter, is("user_id", f.UserID))
	}
	if f.ClientID != "" {
		filter = append(filter, is("client_id", f.ClientID))
	}
	return filter
}
