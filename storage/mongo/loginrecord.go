package mongo

import (
	"context"
	"errors"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

var _ storage.LoginRecorder = (*Store)(nil)

// RecordLogins implements [storage.LoginRecorder]. There is no transaction: the counters come
// first, then the sessions, and the events last, each collection by one command for all logins
// but for what few logins have. A stop in between leaves a session that nobody has a token of.
func (s *Store) RecordLogins(ctx context.Context, logins []storage.LoginRecord, events func([]storage.LoginOutcome) ([]storage.AuditEvent, error)) ([]storage.LoginOutcome, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	settlements := make([]*storage.Settlement, len(logins))
	for n, l := range logins {
		settlements[n] = s.held.Begin(l.Settle)
	}
	outcomes := make([]storage.LoginOutcome, len(logins))
	err := atOnce(len(logins), func(n int) error {
		err := s.recordCounters(ctx, logins[n], settlements[n].Keeps, &outcomes[n])
		if err != nil || outcomes[n].Full != nil {
			settlements[n].Undone()
		} else {
			settlements[n].Done()
		}
		return err
	})
	if err == nil {
		err = s.recordRecords(ctx, logins, outcomes)
	}
	if err != nil {
		return nil, err
	}
	all, err := events(outcomes)
	if err != nil {
		return nil, err
	}
	return outcomes, s.AppendAudit(ctx, all...)
}

// recordRecords writes all but the counters and the events, of those logins that found no counter
// full.
func (s *Store) recordRecords(ctx context.Context, logins []storage.LoginRecord, outcomes []storage.LoginOutcome) (err error) {
	written := make([]storage.LoginRecord, 0, len(logins))
	for n, l := range logins {
		if outcomes[n].Full == nil {
			written = append(written, l)
			if outcomes[n].PasswordReplaced, err = s.recordPassword(ctx, l.Password); err != nil {
				return err
			}
		}
	}
	if err := s.recordBrowserSessions(ctx, written); err != nil {
		return err
	}
	if err := s.recordSessions(ctx, written); err != nil {
		return err
	}
	return atOnce(len(logins), func(n int) (err error) {
		if l := logins[n]; outcomes[n].Full == nil && l.Session != nil && l.Limit != nil {
			outcomes[n].Ended, err = s.endExcess(ctx, l)
		}
		return err
	})
}

// atOnce runs n steps at the same time, and returns their errors when all have ended.
func atOnce(n int, step func(int) error) error {
	errs := make([]error, n)
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { errs[i] = step(i) })
	}
	running.Wait()
	return errors.Join(errs...)
}

// recordCounters reads the counters, if there is anything to do with them, and counts by one
// command at most. A count of which a counter is full, or which lost a race for it, is left out.
func (s *Store) recordCounters(ctx context.Context, l storage.LoginRecord, keeps []storage.KeptPlace, o *storage.LoginOutcome) error {
	keys := append(storage.LimitedKeys(l.Settle), storage.ClaimedKeys(l.Count)...)
	stored, err := s.readCounters(ctx, append(keys, placeKeys(keeps)...))
	if err != nil {
		return err
	}
	at := storage.Time(l.At)
	if o.Full = storage.FullCounter(stored, at, l.Settle); o.Full != nil {
		return nil
	}
	places := keeps
	if storage.Reserve(stored, at, 0, l.Count).Full == nil {
		places = append(places, claimedPlaces(stored, at, l.Count)...)
	}
	full, err := s.countPlaces(ctx, places, clearedKeys(l.Settle), stored)
	if err != nil || len(keeps) == 0 {
		return err
	}
	if o.Full = full; full == nil {
		o.Kept, err = s.countersIn(ctx, placeKeys(keeps))
	}
	return err
}

func (s *Store) recordPassword(ctx context.Context, p *storage.PasswordReplacement) (replaced bool, err error) {
	if p == nil {
		return false, nil
	}
	err = s.ReplacePasswordHash(ctx, p.UserID, p.Old, p.New)
	if errors.Is(err, storage.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

func (s *Store) recordBrowserSessions(ctx context.Context, logins []storage.LoginRecord) error {
	var docs []any
	for _, l := range logins {
		if l.BrowserSession != nil {
			docs = append(docs, newBrowserSessionDoc(*l.BrowserSession))
		}
	}
	if err := s.insertAll(ctx, browserSessions, docs); err != nil {
		return err
	}
	for _, l := range logins {
		if l.Replaced == nil {
			continue
		}
		if err := s.RevokeBrowserSession(ctx, l.Replaced.ID, l.At, l.Replaced.Reason); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
	}
	return nil
}

func (s *Store) recordSessions(ctx context.Context, logins []storage.LoginRecord) error {
	var docs []any
	for _, l := range logins {
		if l.Session != nil {
			docs = append(docs, newSessionDoc(*l.Session))
		}
	}
	return s.insertAll(ctx, sessions, docs)
}

// insertAll inserts documents by one command. *DuplicateError "id".
func (s *Store) insertAll(ctx context.Context, collection string, docs []any) (err error) {
	switch len(docs) {
	case 0:
	case 1:
		err = s.insert(ctx, collection, docs[0])
	default:
		err = s.insertInOrder(ctx, collection, docs)
	}
	if errors.Is(err, errDuplicate) {
		return &storage.DuplicateError{Field: "id"}
	}
	return err
}

// endExcess ends the sessions beyond the limit, by a find and, if there are any, one update.
func (s *Store) endExcess(ctx context.Context, l storage.LoginRecord) ([]string, error) {
	owner := storage.SessionOwner{UserID: l.Session.UserID, ClientID: l.Session.ClientID}
	ids, err := s.ExcessSessions(ctx, owner, l.Session.CreatedAt, l.Limit.IdleSince, l.Limit.Keep, l.Limit.Most)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	_, err = s.db.Collection(sessions).UpdateMany(ctx, bson.D{in("_id", ids), notRevoked()}, revocationUpdate(l.At, l.Limit.Reason))
	return ids, s.unavailable("update in "+sessions, err)
}
