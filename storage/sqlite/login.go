package sqlite

import (
	"context"

	"example.org/signet/storage"
)

var _ storage.LoginRecorder = (*Store)(nil)

// loginEvents returns the audit events of logins by their outcomes.
type loginEvents = func([]storage.LoginOutcome) ([]storage.AuditEvent, error)

// RecordLogins implements [storage.LoginRecorder] in one transaction: all of it or nothing.
// Where no login changes anything, it reads, and writes the events alone.
func (s *Store) RecordLogins(ctx context.Context, logins []storage.LoginRecord, events func([]storage.LoginOutcome) ([]storage.AuditEvent, error)) ([]storage.LoginOutcome, error) {
	settlements, writes := make([]*storage.Settlement, len(logins)), false
	for n, l := range logins {
		settlements[n] = s.held.Begin(l.Settle)
		writes = writes || l.Writes(settlements[n].Keeps)
	}
	record := s.checkLogins
	if writes {
		record = func(ctx context.Context, logins []storage.LoginRecord, events loginEvents) ([]storage.LoginOutcome, error) {
			return writeMulti(ctx, s, "record logins", func(t *tx) ([]storage.LoginOutcome, error) {
				return recordLogins(t, logins, settlements, events)
			})
		}
	}
	outcomes, err := record(ctx, logins, events)
	for n, settlement := range settlements {
		if err != nil || outcomes[n].Full != nil {
			settlement.Undone()
		} else {
			settlement.Done()
		}
	}
	return outcomes, err
}

// checkLogins is RecordLogins of what changes nothing.
func (s *Store) checkLogins(ctx context.Context, logins []storage.LoginRecord, events loginEvents) ([]storage.LoginOutcome, error) {
	outcomes := make([]storage.LoginOutcome, len(logins))
	for n, l := range logins {
		stored, err := s.readCounters(ctx, storage.LimitedKeys(l.Settle))
		if err != nil {
			return nil, err
		}
		outcomes[n].Full = storage.FullCounter(stored, storage.Time(l.At), l.Settle)
	}
	all, err := events(outcomes)
	if err == nil && len(all) > 0 {
		err = s.AppendAudit(ctx, all...)
	}
	return outcomes, err
}

func recordLogins(t *tx, logins []storage.LoginRecord, settlements []*storage.Settlement, events loginEvents) ([]storage.LoginOutcome, error) {
	outcomes := make([]storage.LoginOutcome, len(logins))
	for n, l := range logins {
		var err error
		if outcomes[n], err = recordLogin(t, l, settlements[n].Keeps); err != nil {
			return nil, err
		}
	}
	all, err := events(outcomes)
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		if err := insertRecord(t, auditTable, &e, duplicate("id")); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

func recordLogin(t *tx, l storage.LoginRecord, keeps []storage.KeptPlace) (o storage.LoginOutcome, err error) {
	if o.Full, err = fullCounter(t, l); err != nil || o.Full != nil {
		return o, err
	}
	if o.Kept, err = settleCounters(t, keeps, l.Settle); err != nil {
		return o, err
	}
	if len(l.Count) > 0 {
		if _, err = reserve(t, storage.Time(l.At), l.Count); err != nil {
			return o, err
		}
	}
	if p := l.Password; p != nil {
		changed, err := t.exec("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?", p.New, p.UserID, p.Old)
		if err != nil {
			return o, err
		}
		o.PasswordReplaced = changed > 0
	}
	if err := recordBrowserSession(t, l); err != nil {
		return o, err
	}
	if l.Session != nil {
		if err := insertRecord(t, sessionTable, l.Session, duplicate("id")); err != nil {
			return o, err
		}
		o.Ended, err = endExcess(t, l)
	}
	return o, err
}

func fullCounter(t *tx, l storage.LoginRecord) (*storage.RateCounter, error) {
	stored, err := countersOf(t, storage.LimitedKeys(l.Settle))
	return storage.FullCounter(stored, storage.Time(l.At), l.Settle), err
}

func recordBrowserSession(t *tx, l storage.LoginRecord) error {
	if l.BrowserSession != nil {
		if err := insertRecord(t, browserSessionTable, l.BrowserSession, duplicate("id")); err != nil {
			return err
		}
	}
	if end := l.Replaced; end != nil {
		_, err := t.exec(revokeBrowserSession, millis(l.At), end.Reason, end.ID)
		return err
	}
	return nil
}

// endExcess ends the sessions beyond the limit.
func endExcess(t *tx, l storage.LoginRecord) ([]string, error) {
	if l.Limit == nil {
		return nil, nil
	}
	owner := storage.SessionOwner{UserID: l.Session.UserID, ClientID: l.Session.ClientID}
	q := excessQuery(owner, l.Session.CreatedAt, l.Limit.IdleSince, l.Limit.Keep, l.Limit.Most)
	ids, err := queryAll(t, q.query, scanString, q.args...)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	_, err = revokeSessions(t, ids, l.At, l.Limit.Reason)
	return ids, err
}
