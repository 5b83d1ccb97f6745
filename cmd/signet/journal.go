package main

import (
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// journal writes down what happens to the keys: everything in the log, and
// what changed them in the store's audit log.
type journal struct {
	log    zerolog.Logger
	audit  storage.Audit
	actor  string
	random io.Reader
	events chan keys.Event
}

// unwritten bounds the events that wait to be written; there are a few a month.
const unwritten = 256

func newJournal(log zerolog.Logger, audit storage.Audit, actor string, random io.Reader) *journal {
	return &journal{log: log, audit: audit, actor: actor, random: random, events: make(chan keys.Event, unwritten)}
}

// note takes an event from the keyring, which must not be held up.
func (j *journal) note(e keys.Event) {
	select {
	case j.events <- e:
	default:
		j.log.Error().Str("event", string(e.Kind)).Str("kid", e.KID).Msg("too many key events at once, this one is not in the audit log")
	}
}

// run writes events as they come, until ctx ends.
func (j *journal) run(ctx context.Context) {
	for {
		select {
		case e := <-j.events:
			if err := j.write(ctx, e); err != nil {
				j.log.Error().Err(err).Str("event", string(e.Kind)).Str("kid", e.KID).Msg("a key event is not in the audit log")
			}
		case <-ctx.Done():
			return
		}
	}
}

// flush writes the events that wait.
func (j *journal) flush(ctx context.Context) error {
	for {
		select {
		case e := <-j.events:
			if err := j.write(ctx, e); err != nil {
				return err
			}
		default:
			return nil
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
	j.log.Info().Str("event", string(e.Kind)).Str("kid", e.KID).Time("at", e.At).Msg("signing keys")
	id, err := uuid.NewV7FromReader(j.random)
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Kind, err)
	}
	return j.audit.AppendAudit(ctx, storage.AuditEvent{
		ID: id.String(), At: storage.Time(e.At), Type: string(e.Kind), Actor: j.actor, Target: e.KID,
	})
}
