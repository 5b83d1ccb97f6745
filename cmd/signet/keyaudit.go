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

// keyAudit logs all events of the keys and appends those that change keys to the
// audit log.
type keyAudit struct {
	log    zerolog.Logger
	audit  *audit.Log
	actor  string             // default actor
	count  func(event string) // nil without metrics
	events chan keys.Event
}

// maxPendingKeyEvents bounds the queue of events to write; there are a few a month.
const maxPendingKeyEvents = 256

func newKeyAudit(log zerolog.Logger, auditLog *audit.Log, actor string) *keyAudit {
	return &keyAudit{log: log, audit: auditLog, actor: actor, events: make(chan keys.Event, maxPendingKeyEvents)}
}

// record queues an event of the keyring. It never blocks.
func (a *keyAudit) record(e keys.Event) {
	select {
	case a.events <- e:
	default:
		a.log.Error().Str("event", string(e.Kind)).Str("kid", e.KID).Msg("too many key events at once, this one is not in the audit log")
	}
}

// run writes events as they come, until ctx ends. The write in progress is
// completed.
func (a *keyAudit) run(ctx context.Context) {
	for {
		select {
		case e := <-a.events:
			a.write(context.WithoutCancel(ctx), e)
		case <-ctx.Done():
			return
		}
	}
}

// flush writes the queued events, and returns the errors joined.
func (a *keyAudit) flush(ctx context.Context) error {
	var errs []error
	for {
		select {
		case e := <-a.events:
			errs = append(errs, a.write(ctx, e))
		default:
			return errors.Join(errs...)
		}
	}
}

func (a *keyAudit) write(ctx context.Context, e keys.Event) error {
	switch e.Kind {
	case keys.EventRefreshFailed:
		a.log.Warn().Err(e.Err).Msg("refreshing the signing keys failed: the cached keys stay in use")
		return nil
	case keys.EventRefreshed:
		a.log.Info().Msg("refreshing the signing keys works again")
		return nil
	case keys.EventRefusal:
		a.log.Warn().Err(e.Err).Str("kid", e.KID).Msg("OpenSSL refused a signing key: Go signs with it")
		return nil
	}
	if a.count != nil {
		a.count(string(e.Kind))
	}
	a.log.Info().Str("event", string(e.Kind)).Str("kid", e.KID).Str("from", e.At.UTC().Format(logTimeFormat)).Msg("signing keys")
	if err := a.append(ctx, e); err != nil {
		a.log.Error().Err(err).Str("event", string(e.Kind)).Str("kid", e.KID).Msg("this key event is not in the audit log")
		return fmt.Errorf("audit %s of key %s: %w", e.Kind, e.KID, err)
	}
	return nil
}

func (a *keyAudit) append(ctx context.Context, e keys.Event) error {
	_, err := a.audit.Append(ctx, storage.AuditEvent{
		Type: string(e.Kind), Actor: cmp.Or(e.By, a.actor), Target: e.KID, Detail: "takes effect at " + e.At.UTC().Format(logTimeFormat),
	})
	return err
}
