package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// journal writes down what happens to the keys: everything in the log, and
// what changed them in the store's audit log.
type journal struct {
	log    zerolog.Logger
	audit  *audit.Log
	actor  string             // where an event names nobody
	count  func(event string) // nil for nobody who counts
	events chan keys.Event
}

// unwritten bounds the events that wait to be written; there are a few a month.
const unwritten = 256

func (p *process) newJournal(log zerolog.Logger, store storage.Audit, master keys.MasterKey, actor string) *journal {
	return &journal{log: log, audit: audit.New(store, master, p.now, p.random), actor: actor, events: make(chan keys.Event, unwritten)}
}

// note takes an event from the keyring, which must not be held up.
func (j *journal) note(e keys.Event) {
	select {
	case j.events <- e:
	default:
		j.log.Error().Str("event", string(e.Kind)).Str("kid", e.KID).Msg("too many key events at once, this one is not in the audit log")
	}
}

// run writes events as they come, until ctx ends. One that is being written
// then is written to its end.
func (j *journal) run(ctx context.Context) {
	for {
		select {
		case e := <-j.events:
			j.write(context.WithoutCancel(ctx), e)
		case <-ctx.Done():
			return
		}
	}
}

// flush writes the events that wait, and returns what could not be written.
func (j *journal) flush(ctx context.Context) error {
	var faults []error
	for {
		select {
		case e := <-j.events:
			faults = append(faults, j.write(ctx, e))
		default:
			return errors.Join(faults...)
		}
	}
}

func (j *journal) write(ctx context.Context, e keys.Event) error {
	switch e.Kind {
	case keys.EventRefreshFailed:
		j.log.Warn().Err(e.Err).Msg("the keys could not be read anew: those known go on for now")
		return nil
	case keys.EventRefreshed:
		j.log.Info().Msg("the keys can be read again")
		return nil
	}
	if j.count != nil {
		j.count(string(e.Kind))
	}
	j.log.Info().Str("event", string(e.Kind)).Str("kid", e.KID).Str("from", e.At.UTC().Format(logTime)).Msg("signing keys")
	if err := j.append(ctx, e); err != nil {
		j.log.Error().Err(err).Str("event", string(e.Kind)).Str("kid", e.KID).Msg("this key event is not in the audit log")
		return fmt.Errorf("audit %s of key %s: %w", e.Kind, e.KID, err)
	}
	return nil
}

func (j *journal) append(ctx context.Context, e keys.Event) error {
	_, err := j.audit.Append(ctx, storage.AuditEvent{
		Type: string(e.Kind), Actor: cmp.Or(e.By, j.actor), Target: e.KID, Detail: "takes effect at " + e.At.UTC().Format(logTime),
	})
	return err
}
