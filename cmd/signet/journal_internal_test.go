package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// auditLog keeps what is appended, or fails.
type auditLog struct {
	storage.Audit
	events []storage.AuditEvent
	fault  error
}

func (a *auditLog) AppendAudit(_ context.Context, events ...storage.AuditEvent) error {
	if a.fault == nil {
		a.events = append(a.events, events...)
	}
	return a.fault
}

func (a *auditLog) ListAudit(context.Context, storage.AuditFilter, storage.Page) (storage.AuditPage, error) {
	return storage.AuditPage{}, nil
}

func TestJournal(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	audit := &auditLog{}
	master, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{now: func() time.Time { return at }, random: rand.Reader}
	j := p.newJournal(zerolog.New(&log), audit, master, "tester")
	j.note(keys.Event{Kind: keys.EventRotated, KID: "k1", At: at.Add(time.Hour)})
	j.note(keys.Event{Kind: keys.EventRevoked, KID: "k0", At: at, By: "user-1"})
	j.note(keys.Event{Kind: keys.EventRefreshFailed, Err: errors.New("store is away")})
	j.note(keys.Event{Kind: keys.EventRefreshed})
	if err := j.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(audit.events) != 2 || audit.events[1].Actor != "user-1" {
		t.Fatalf("audited: %v", audit.events)
	}
	e := audit.events[0]
	if e.Type != "key.rotated" || e.Target != "k1" || e.Actor != "tester" || !e.At.Equal(at) || e.Detail != "takes effect at 2026-11-22T13:00:00.000Z" || e.ID == "" {
		t.Errorf("audited: %+v", e)
	}
	for _, want := range []string{`"event":"key.rotated","kid":"k1"`, "store is away", "can be read again"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s is not in the log: %s", want, &log)
		}
	}

	audit.fault = storage.ErrUnavailable
	j.note(keys.Event{Kind: keys.EventRevoked, KID: "k2"})
	if err := j.flush(t.Context()); !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "k2") {
		t.Errorf("got %v", err)
	}
	for range unwritten + 1 { // the keyring is never held up
		j.note(keys.Event{Kind: keys.EventCreated, KID: "k3"})
	}
	if !strings.Contains(log.String(), "too many key events") {
		t.Errorf("an event was lost without a word: %s", &log)
	}
}
