package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"example.org/signet/storage"
)

// statusDoc is a [storage.StatusList] in the collection status_lists.
type statusDoc struct {
	ID      int64     `bson:"_id"`
	Leased  int64     `bson:"leased"`
	Until   time.Time `bson:"until"`
	Version int64     `bson:"version"`
	Bits    []byte    `bson:"bits,omitempty"`
}

func (d statusDoc) record() storage.StatusList { return storage.StatusList(d) }

// leaseRounds bounds how often a lease starts over because others took the
// list that it had found or added.
const leaseRounds = 8

var errLeaseContended = errors.New("the lists were full at every step")

// LeaseStatus implements [storage.StatusLists] by one findAndModify. Only where
// no list has room it adds one first.
func (s *Store) LeaseStatus(ctx context.Context, size int64, until time.Time) (int64, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	room := bson.D{compare("leased", "$lte", storage.StatusListSize-size)}
	take := bson.D{is("$inc", bson.D{is("leased", size)}), is("$max", bson.D{is("until", storage.Time(until))})}
	for range leaseRounds {
		l, err := findAndUpdate[statusDoc](ctx, s, statusLists, room, take, byRisingID)
		if err == nil {
			return l.ID*storage.StatusListSize + l.Leased - size, nil
		}
		if !errors.Is(err, storage.ErrNotFound) {
			return 0, err
		}
		if err := s.addNextList(ctx); err != nil {
			return 0, err
		}
	}
	return 0, s.unknown("update in "+statusLists, errLeaseContended)
}

// addNextList adds the list after the newest; that another did so is as good.
func (s *Store) addNextList(ctx context.Context) error {
	newest, err := s.newestList(ctx)
	if err != nil {
		return err
	}
	if err := s.insert(ctx, statusLists, statusDoc{ID: newest + 1}); !errors.Is(err, errDuplicate) {
		return err
	}
	return nil
}

// newestList is the highest id; 0 where there is no list.
func (s *Store) newestList(ctx context.Context) (int64, error) {
	lists, err := s.listHeads(ctx)
	if err != nil || len(lists) == 0 {
		return 0, err
	}
	return lists[len(lists)-1].ID, nil
}

// AddStatusList implements [storage.StatusLists] by one insert.
func (s *Store) AddStatusList(ctx context.Context, id int64) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	err := s.insert(ctx, statusLists, statusDoc{ID: id})
	if errors.Is(err, errDuplicate) {
		return &storage.DuplicateError{Field: "id"}
	}
	return err
}

// StatusLists implements [storage.StatusLists].
func (s *Store) StatusLists(ctx context.Context) ([]storage.StatusList, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	docs, err := s.listHeads(ctx)
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	return convert(docs, statusDoc.record), nil
}

func (s *Store) listHeads(ctx context.Context) ([]statusDoc, error) {
	opts := options.Find().SetSort(bson.D{is("_id", 1)}).SetProjection(bson.D{is("bits", 0)})
	cursor, err := s.db.Collection(statusLists).Find(ctx, bson.D{}, opts)
	if err != nil {
		return nil, s.unknown("find in "+statusLists, err)
	}
	var docs []statusDoc
	return docs, s.unknown("find in "+statusLists, cursor.All(ctx, &docs))
}

// StatusList implements [storage.StatusLists].
func (s *Store) StatusList(ctx context.Context, id int64) (storage.StatusList, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	doc, err := find[statusDoc](ctx, s, statusLists, byID(id))
	return doc.record(), err
}

// SetStatus implements [storage.StatusLists] by one conditional update.
func (s *Store) SetStatus(ctx context.Context, id, version int64, bits []byte) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	done, err := s.update(ctx, statusLists, bson.D{is("_id", id), is("version", version)}, set(is("bits", bits), is("version", version+1)))
	if err == nil && !done {
		return storage.ErrConflict
	}
	return err
}

// SweepStatusLists implements [storage.StatusLists]. A list that is unused has
// the zero time, which is earlier than all others.
func (s *Store) SweepStatusLists(ctx context.Context, before time.Time, limit int) (int64, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	heads, err := s.listHeads(ctx)
	if err != nil || len(heads) == 0 {
		return 0, err
	}
	var deleted int64
	for _, l := range heads[:len(heads)-1] {
		if deleted >= int64(limit) {
			break
		}
		if l.Until.IsZero() || !l.Until.Before(storage.Time(before)) {
			continue
		}
		gone, err := s.delete(ctx, statusLists, bson.D{is("_id", l.ID), is("until", l.Until)})
		if err != nil {
			return deleted, err
		}
		if gone {
			deleted++
		}
	}
	return deleted, nil
}

// RegradeSession implements [storage.SessionStatus] by one findAndModify.
func (s *Store) RegradeSession(ctx context.Context, r storage.Regrade) (storage.Session, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	doc, err := findAndUpdate[sessionDoc](ctx, s, sessions, bson.D{is("_id", r.SessionID), atGrade(r.From), notRevoked()}, regrade(r))
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Session{}, storage.ErrConflict
	}
	return doc.record(), err
}

// regrade leaves no field without a value.
func regrade(r storage.Regrade) bson.D {
	fields := bson.D{is("grade", r.From+1), is("status_index", r.StatusIndex)}
	none := bson.D{}
	if roles := encodeRoles(r.Roles); roles != nil {
		fields = append(fields, is("roles", *roles))
	} else {
		none = append(none, is("roles", ""))
	}
	if len(r.Withheld) > 0 {
		fields = append(fields, is("withheld", r.Withheld))
	} else {
		none = append(none, is("withheld", ""))
	}
	if r.RetiredIndex != 0 {
		fields = append(fields, is("retired_index", r.RetiredIndex), is("due", true))
	} else {
		none = append(none, is("retired_index", ""))
	}
	change := set(fields...)
	if len(none) > 0 {
		change = append(change, is("$unset", none))
	}
	return change
}

// atGrade holds of a session at that grade. The first has no such field.
func atGrade(grade int64) bson.E {
	if grade == 0 {
		return compare("grade", "$exists", false)
	}
	return is("grade", grade)
}

// DueSessions implements [storage.SessionStatus].
func (s *Store) DueSessions(ctx context.Context, limit int) ([]storage.Session, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	docs, err := first[sessionDoc](ctx, s, sessions, bson.D{is("due", true)}, max(limit, 1))
	if err != nil || limit <= 0 || len(docs) == 0 {
		return nil, err
	}
	return convert(docs, sessionDoc.record), nil
}

// settledStatus is the update that takes back what was due.
func settledStatus() bson.D {
	return bson.D{is("$unset", bson.D{is("due", ""), is("retired_index", "")})}
}

// SettleSessions implements [storage.SessionStatus]. A revoked session does not
// change any more, so those go together; the others one by one.
func (s *Store) SettleSessions(ctx context.Context, settled []storage.Session) error {
	var ended []string
	for _, session := range settled {
		if !session.RevokedAt.IsZero() {
			ended = append(ended, session.ID)
			continue
		}
		if err := s.settleLiving(ctx, session); err != nil {
			return err
		}
	}
	for len(ended) > 0 {
		some := ended[:min(len(ended), portion)]
		ended = ended[len(some):]
		if err := s.settleEnded(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) settleLiving(ctx context.Context, session storage.Session) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	_, err := s.update(ctx, sessions, bson.D{is("_id", session.ID), atGrade(session.Grade), notRevoked()}, settledStatus())
	return err
}

func (s *Store) settleEnded(ctx context.Context, ids []string) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	revoked := compare("revoked_at", "$gt", time.Time{})
	_, err := s.db.Collection(sessions).UpdateMany(ctx, bson.D{compare("_id", "$in", ids), revoked}, settledStatus())
	return s.unknown("update in "+sessions, err)
}

// endingDoc is a [storage.Ending] in the collection endings.
type endingDoc struct {
	ID       string `bson:"_id"`
	UserID   string `bson:"user_id"`
	ClientID string `bson:"client_id"`
	Reason   string `bson:"reason"`
}

func (d endingDoc) record() storage.Ending { return storage.Ending(d) }

// AddEnding implements [storage.Endings] by one insert.
func (s *Store) AddEnding(ctx context.Context, e storage.Ending) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	err := s.insert(ctx, endings, endingDoc(e))
	if errors.Is(err, errDuplicate) {
		return &storage.DuplicateError{Field: "id"}
	}
	return err
}

// Endings implements [storage.Endings].
func (s *Store) Endings(ctx context.Context, limit int) ([]storage.Ending, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	docs, err := first[endingDoc](ctx, s, endings, bson.D{}, max(limit, 1))
	if err != nil || limit <= 0 || len(docs) == 0 {
		return nil, err
	}
	return convert(docs, endingDoc.record), nil
}

// RemoveEnding implements [storage.Endings] by one delete.
func (s *Store) RemoveEnding(ctx context.Context, id string) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	_, err := s.delete(ctx, endings, byID(id))
	return err
}
