package mongo

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"example.org/signet/storage"
)

// sessionDoc is a [storage.Session] as it lies in the collection sessions. It
// leaves out what most sessions do not have, or have from elsewhere: there are
// many, and each is to stay under 500 bytes.
type sessionDoc struct {
	ID          string         `bson:"_id"`
	UserID      string         `bson:"user_id"`
	ClientID    string         `bson:"client_id"`
	Scopes      []string       `bson:"scopes,omitempty"`
	Audience    []string       `bson:"audience,omitempty"`
	Generation  int64          `bson:"generation"`
	RotatedAt   time.Time      `bson:"rotated_at"`
	CreatedAt   time.Time      `bson:"created_at"`
	ExpiresAt   time.Time      `bson:"expires_at"`
	AuthTime    *bson.DateTime `bson:"auth_time,omitempty"` // absent: CreatedAt
	UserEpoch   int64          `bson:"user_epoch"`
	ClientEpoch int64          `bson:"client_epoch"`
	StatusIndex int64          `bson:"status_index"`
	RevokedAt   time.Time      `bson:"revoked_at"`
	Reason      string         `bson:"reason,omitempty"`
	Replays     int64          `bson:"replays,omitempty"`
	Device      string         `bson:"device,omitempty"`
	Network     string         `bson:"network,omitempty"`

	RightsVersion int64    `bson:"grade,omitempty"`
	Roles         *string  `bson:"roles,omitempty"` // with blanks between them; absent: defaultRole
	DeniedScopes  []string `bson:"withheld,omitempty"`
	StatusPending bool     `bson:"due,omitempty"`
	RetiredIndex  int64    `bson:"retired_index,omitempty"`
}

func newSessionDoc(s storage.Session) sessionDoc {
	d := sessionDoc{
		ID: s.ID, UserID: s.UserID, ClientID: s.ClientID, Scopes: nilIfEmpty(s.Scopes), Audience: nilIfEmpty(s.Audience), Generation: s.Generation,
		RotatedAt: storage.Time(s.RotatedAt), CreatedAt: storage.Time(s.CreatedAt), ExpiresAt: storage.Time(s.ExpiresAt),
		UserEpoch: s.UserEpoch, ClientEpoch: s.ClientEpoch, StatusIndex: s.StatusIndex, RevokedAt: storage.Time(s.RevokedAt),
		Reason: s.Reason, Replays: s.Replays, Device: s.Device, Network: s.Network,
		RightsVersion: s.RightsVersion, Roles: encodeRoles(s.Roles), DeniedScopes: nilIfEmpty(s.DeniedScopes), StatusPending: s.StatusPending, RetiredIndex: s.RetiredIndex,
	}
	if login := storage.Time(s.AuthTime); !login.Equal(d.CreatedAt) {
		at := bson.NewDateTimeFromTime(login)
		d.AuthTime = &at
	}
	return d
}

func (d sessionDoc) record() storage.Session {
	s := storage.Session{
		ID: d.ID, UserID: d.UserID, ClientID: d.ClientID, Scopes: d.Scopes, Audience: d.Audience, Generation: d.Generation,
		RotatedAt: d.RotatedAt, CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt, AuthTime: d.CreatedAt,
		UserEpoch: d.UserEpoch, ClientEpoch: d.ClientEpoch, StatusIndex: d.StatusIndex, RevokedAt: d.RevokedAt,
		Reason: d.Reason, Replays: d.Replays, Device: d.Device, Network: d.Network,
		RightsVersion: d.RightsVersion, Roles: decodeRoles(d.Roles), DeniedScopes: d.DeniedScopes, StatusPending: d.StatusPending, RetiredIndex: d.RetiredIndex,
	}
	if d.AuthTime != nil {
		s.AuthTime = d.AuthTime.Time().UTC()
	}
	return s
}

// defaultRole is the only one that most people have.
const defaultRole = "user"

// encodeRoles relies on the names of roles having no blanks in them.
func encodeRoles(roles []string) *string {
	text := strings.Join(roles, " ")
	if text == defaultRole {
		return nil
	}
	return &text
}

func decodeRoles(text *string) []string {
	switch {
	case text == nil:
		return []string{defaultRole}
	case *text == "":
		return nil
	}
	return strings.Split(*text, " ")
}

// notRevoked holds of a session or key without a time of revocation. The zero
// time is stored as what it is, the first moment of the year 1.
func notRevoked() bson.E { return elem("revoked_at", time.Time{}) }

// unsetReplays takes the count of replays away; no count is a count of none.
func unsetReplays() bson.E { return elem("$unset", bson.D{elem("replays", "")}) }

// revocationUpdate is the update that ends a session.
func revocationUpdate(at time.Time, reason string) bson.D {
	return append(set(elem("revoked_at", storage.Time(at)), elem("reason", reason), elem("due", true)), unsetReplays())
}

// CreateSession implements [storage.Sessions] by one insert.
func (s *Store) CreateSession(ctx context.Context, session storage.Session) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	err := s.insert(ctx, sessions, newSessionDoc(session))
	if errors.Is(err, errDuplicate) {
		return &storage.DuplicateError{Field: "id"}
	}
	return err
}

// Session implements [storage.Sessions].
func (s *Store) Session(ctx context.Context, id string) (storage.Session, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[sessionDoc](ctx, s, sessions, byID(id))
	return doc.record(), err
}

// RotateSession implements [storage.Sessions] by one findAndModify, whose
// filter is the whole condition. It is never repeated: where the answer is
// lost, the client's retry learns what became of it.
func (s *Store) RotateSession(ctx context.Context, r storage.Rotation) (storage.Session, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	at := storage.Time(r.At)
	doc, err := findAndUpdate[sessionDoc](ctx, s, sessions, bson.D{
		elem("_id", r.SessionID),
		elem("client_id", r.ClientID),
		elem("generation", r.From),
		notRevoked(),
		compare("expires_at", "$gt", at),
		compare("rotated_at", "$gt", storage.Time(r.IdleSince)),
	}, append(set(elem("generation", r.From+1), elem("rotated_at", at)), unsetReplays()))
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
		elem("_id", r.SessionID),
		elem("client_id", r.ClientID),
		elem("generation", r.Generation),
		notRevoked(),
		compare("expires_at", "$gt", storage.Time(r.At)),
		elem("rotated_at", bson.D{elem("$gte", storage.Time(r.Since)), elem("$gt", storage.Time(r.IdleSince))}),
		elem("$or", bson.A{bson.D{elem[any]("replays", nil)}, bson.D{compare("replays", "$lt", r.Limit)}}),
	}, bson.D{elem("$inc", bson.D{elem("replays", int64(1))})})
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
	done, err := s.update(ctx, sessions, bson.D{elem("_id", id), notRevoked()}, revocationUpdate(at, reason))
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
		filter = append(filter, compare("_id", "$gt", after))
	}
	docs, err := findFirst[idOnly](ctx, s, sessions, filter, batchSize)
	if err != nil || len(docs) == 0 {
		return 0, "", err
	}
	result, err := s.db.Collection(sessions).UpdateMany(ctx, bson.D{compare("_id", "$in", idsOf(docs)), notRevoked()}, change)
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
		filter = append(filter, elem("user_id", f.UserID))
	}
	if f.ClientID != "" {
		filter = append(filter, elem("client_id", f.ClientID))
	}
	if f.Except != "" {
		filter = append(filter, elem("$or", bson.A{bson.D{compare("_id", "$lt", f.Except)}, bson.D{compare("_id", "$gt", f.Except)}}))
	}
	if !f.AliveAt.IsZero() {
		filter = append(filter, notRevoked(), compare("expires_at", "$gt", storage.Time(f.AliveAt)))
	}
	if f.UserEpochBelow != 0 {
		filter = append(filter, compare("user_epoch", "$lt", f.UserEpochBelow))
	}
	if f.ClientEpochBelow != 0 {
		filter = append(filter, compare("client_epoch", "$lt", f.ClientEpochBelow))
	}
	return filter
}

// ExcessSessions implements [storage.Sessions].
func (s *Store) ExcessSessions(ctx context.Context, owner storage.SessionOwner, at, idleSince time.Time, keep, limit int) ([]string, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	filter := bson.D{
		elem("user_id", owner.UserID), elem("client_id", owner.ClientID), notRevoked(),
		compare("expires_at", "$gt", storage.Time(at)), compare("rotated_at", "$gt", storage.Time(idleSince)),
	}
	opts := options.Find().SetSort(bson.D{elem("created_at", -1), elem("_id", -1)}).SetSkip(int64(keep)).SetLimit(int64(limit)).
		SetBatchSize(cursorBatchSize).SetProjection(bson.D{elem("_id", 1)})
	cursor, err := s.db.Collection(sessions).Find(ctx, filter, opts)
	if err != nil {
		return nil, s.unavailable("find in "+sessions, err)
	}
	var docs []idOnly
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, s.unavailable("find in "+sessions, err)
	}
	return nilIfEmpty(idsOf(docs)), nil
}
