package audit

import (
	"context"
	"time"

	"example.org/signet/storage"
)

// batchWrite is one write of entries. A store may still be at it when the writer has given it
// up: so it touches nothing of the log's, and nothing of its entries before it has succeeded.
type batchWrite struct {
	batch   []*entry
	next    chain // as it is after the write
	at      time.Time
	pending []storage.AuditEvent
	macKey  macKey

	events   []storage.AuditEvent // by the index of their entry; of logins the zero event
	written  []storage.AuditEvent
	outcomes []storage.LoginOutcome // in the order of the logins
}

// send writes the batch.
func (w *batchWrite) send(ctx context.Context, store Store) (err error) {
	var records []storage.LoginRecord
	for _, e := range w.batch {
		if e.login != nil {
			records = append(records, e.login.record)
		}
	}
	if len(records) > 0 {
		w.outcomes, err = store.RecordLogins(ctx, records, w.chain)
		return err
	}
	events, err := w.chain(nil)
	if err != nil {
		return err
	}
	return store.AppendAudit(ctx, events...)
}

// chain returns the events of all entries, chained.
func (w *batchWrite) chain(outcomes []storage.LoginOutcome) ([]storage.AuditEvent, error) {
	w.events = make([]storage.AuditEvent, len(w.batch))
	for n, e := range w.batch {
		events := []storage.AuditEvent{e.event}
		if e.login != nil {
			events = nil
			if outcomes[0].Full == nil {
				events = e.login.events(outcomes[0])
			}
			outcomes = outcomes[1:]
		}
		for _, event := range events {
			chained, err := w.next.add(event, w.at, w.pending, w.macKey)
			if err != nil {
				return nil, err
			}
			w.pending, w.written = nil, append(w.written, chained)
			if e.login == nil {
				w.events[n] = chained
			}
		}
	}
	return w.written, nil
}

// answer gives each entry what was written of it.
func (w *batchWrite) answer() {
	outcomes := w.outcomes
	for n, e := range w.batch {
		if e.login == nil {
			e.event = w.events[n]
			continue
		}
		e.login.outcome, outcomes = outcomes[0], outcomes[1:]
	}
}
