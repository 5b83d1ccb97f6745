package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

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

// statusHeadDoc is a statusDoc without its bits.
type statusHeadDoc struct {
	ID      int64     `bson:"_id"`
	Leased  int64     `bson:"leased"`
	Until   time.Time `bson:"until"`
	Version int64     `bson:"version"`
}

var headProjection = projectionOf[statusHeadDoc]()

func (statusHeadDoc) projection() bson.D { return headProjection }

func (d statusHeadDoc) record() storage.StatusList {
	return storage.StatusList{ID: d.ID, Leased: d.Leased, Until: d.Until, Version: d.Version}
}

// maxLeaseTries bounds how often a lease starts over because others took the
// list that it had found or added.
const maxLeaseTries = 8

var errLeaseContended = errors.New("the lists were full at every step")

// LeaseStatus implements [storage.StatusLists] by one findAndModify. Only where
// no list has room it adds one first.
func (s *Store) LeaseStatus(ctx context.Context, size int64, until time.Time) (int64, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	room := bson.D{lte("leased", storage.StatusListSize-size)}
	take := bson.D{inc("leased", size), raise("until", storage.Time(until))}
	for range maxLeaseTries {
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
	return 0, s.unavailable("update in "+statusLists, errLeaseContended)
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
	lists, err := s.listsWithoutBits(ctx)
	if err != nil || len(lists) == 0 {
		return 0, err
	}
	return lists[len(lists)-1].ID, nil
}

// AddStatusList implements [storage.StatusLists] by one insert.
func (s *Store) AddStatusList(ctx context.Context, id int64) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	err := s.insert(ctx, statusLists, statusDoc{ID: id})
	if errors.Is(err, errDuplicate) {
		return &storage.DuplicateError{Field: "id"}
	}
	return err
}

// StatusLists implements [storage.StatusLists].
func (s *Store) StatusLists(ctx context.Context) ([]storage.StatusList, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := s.listsWithoutBits(ctx)
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	return convert(docs, statusHeadDoc.record), nil
}

func (s *Store) listsWithoutBits(ctx context.Context) ([]statusHeadDoc, error) {
	return find[statusHeadDoc](ctx, s, listing{collection: statusLists, filter: bson.D{}, order: byRisingID})
}

// StatusList implements [storage.StatusLists].
func (s *Store) StatusList(ctx context.Context, id int64) (storage.StatusList, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[statusDoc](ctx, s, statusLists, byID(id))
	return doc.record(), err
}

// SetStatus implements [storage.StatusLists] by one conditional update.
func (s *Store) SetStatus(ctx context.Context, id, version int64, bits []byte) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	done, err := s.update(ctx, statusLists, bson.D{eq("_id", id), eq("version", version)}, bson.D{set(value("bits", bits), value("version", version+1))},
		bson.D{eq("_id", id), eq("version", version+1), eq("bits", bits)})
	if err == nil && !done {
		return storage.ErrConflict
	}
	return err
}

// SweepStatusLists implements [storage.StatusLists]. A list that is unused has
// the zero time, which is earlier than all others.
func (s *Store) SweepStatusLists(ctx context.Context, before time.Time, limit int) (int64, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	heads, err := s.listsWithoutBits(ctx)
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
		gone, err := s.delete(ctx, statusLists, bson.D{eq("_id", l.ID), eq("until", l.Until)})
		if err != nil {
			return deleted, err
		}
		if gone {
			deleted++
		}
	}
	return deleted, nil
}

// UpdateRights implements [storage.SessionStatus] by one findAndModify.
func (s *Store) UpdateRights(ctx context.Context, r storage.RightsUpdate) (storage.Session, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findAndUpdate[sessionDoc](ctx, s, sessions, bson.D{eq("_id", r.SessionID), atRightsVersion(r.From), notRevoked()}, rightsUpdate(r))
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Session{}, storage.ErrConflict
	}
	return doc.record(), err
}

// rightsUpdate leaves no field without a value.
func rightsUpdate(r storage.RightsUpdate) bson.D {
	fields := bson.D{value("grade", r.From+1), value("status_index", r.StatusIndex)}
	var none []string
	if roles := encodeRoles(r.Roles); roles != nil {
		fields = append(fields, value("roles", *roles))
	} else {
		none = append(none, "roles")
	}
	if len(r.DeniedScopes) > 0 {
		fields = append(fields, value("withheld", r.DeniedScopes))
	} else {
		none = append(none, "withheld")
	}
	if len(r.DeniedAudiences) > 0 {
		fields = append(fields, value("denied_audiences", r.DeniedAudiences))
	} else {
		none = append(none, "denied_audiences")
	}
	if r.RetiredIndex != 0 {
		fields = append(fields, value("retired_index", r.RetiredIndex))
	} else {
		none = append(none, "retired_index")
	}
	if r.StatusRetired {
		fields = append(fields, value("status_retired", true))
	} else {
		none = append(none, "status_retired")
	}
	if r.RetiredIndex != 0 || r.StatusRetired {
		fields = append(fields, value("due", true))
	}
	if len(none) == 0 {
		return bson.D{set(fields...)}
	}
	return bson.D{set(fields...), unset(none...)}
}

// atRightsVersion holds of a session at that RightsVersion. The first has no such field.
func atRightsVersion(version int64) bson.E {
	if version == 0 {
		return absent("grade")
	}
	return eq("grade", version)
}

// PendingStatus implements [storage.SessionStatus].
func (s *Store) PendingStatus(ctx context.Context, limit int) ([]storage.Session, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := findListed[sessionDoc](ctx, s, listing{collection: sessions, filter: bson.D{eq("due", true)}, limit: max(limit, 1)})
	if err != nil || limit <= 0 || len(docs) == 0 {
		return nil, err
	}
	return convert(docs, sessionDoc.record), nil
}

// clearPendingUpdate is the update that clears the pending status.
func clearPendingUpdate() bson.D {
	return bson.D{unset("due", "retired_index")}
}

// ClearPendingStatus implements [storage.SessionStatus]. A revoked session does not
// change any more, so those go together; the others one by one.
func (s *Store) ClearPendingStatus(ctx context.Context, settled []storage.Session) error {
	var ended []string
	for _, session := range settled {
		if !session.RevokedAt.IsZero() {
			ended = append(ended, session.ID)
			continue
		}
		if err := s.clearPendingActive(ctx, session); err != nil {
			return err
		}
	}
	for len(ended) > 0 {
		some := ended[:min(len(ended), batchSize)]
		ended = ended[len(some):]
		if err := s.clearPendingRevoked(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) clearPendingActive(ctx context.Context, session storage.Session) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	_, err := s.update(ctx, sessions, bson.D{eq("_id", session.ID), atRightsVersion(session.RightsVersion), notRevoked()}, clearPendingUpdate(), nil)
	return err
}

func (s *Store) clearPendingRevoked(ctx context.Context, ids []string) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	revoked := gt("revoked_at", time.Time{})
	_, err := s.db.Collection(sessions).UpdateMany(ctx, bson.D{in("_id", ids), revoked}, clearPendingUpdate())
	return s.unavailable("update in "+sessions, err)
}

// pendingRevocationDoc is a [storage.PendingRevocation] in the collection endings.
type pendingRevocationDoc struct {
	ID       string              `bson:"_id"`
	UserID   string              `bson:"user_id"`
	ClientID string              `bson:"client_id"`
	Reason   string              `bson:"reason"`
	Kind     storage.PendingKind `bson:"kind,omitempty"`
}

func (d pendingRevocationDoc) record() storage.PendingRevocation { return storage.PendingRevocation(d) }

// AddPendingRevocation implements [storage.PendingRevocations] by one insert.
func (s *Store) AddPendingRevocation(ctx context.Context, e storage.PendingRevocation) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	err := s.insert(ctx, pendingRevocations, pendingRevocationDoc(e))
	if errors.Is(err, errDuplicate) {
		return &storage.DuplicateError{Field: "id"}
	}
	return err
}

// PendingRevocations implements [storage.PendingRevocations].
func (s *Store) PendingRevocations(ctx context.Context, limit int) ([]storage.PendingRevocation, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := findListed[pendingRevocationDoc](ctx, s, listing{collection: pendingRevocations, filter: bson.D{}, order: byRisingID, limit: max(limit, 1)})
	if err != nil || limit <= 0 || len(docs) == 0 {
		return nil, err
	}
	return convert(docs, pendingRevocationDoc.record), nil
}

// RemovePendingRevocation implements [storage.PendingRevocations] by one delete.
func (s *Store) RemovePendingRevocation(ctx context.Context, id string) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.remove(ctx, pendingRevocations, byID(id))
}
