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

	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// fakeAuditStore stores the appended events, or fails.
type fakeAuditStore struct {
	audit.Store
	events []storage.AuditEvent
	err    error
}

func (a *fakeAuditStore) AppendAudit(_ context.Context, events ...storage.AuditEvent) error {
	if a.err == nil {
		a.events = append(a.events, events...)
	}
	return a.err
}

func (a *fakeAuditStore) ListAudit(context.Context, storage.AuditFilter, storage.Page) (storage.AuditPage, error) {
	return storage.AuditPage{}, nil
}

func TestKeyAudit_KeyChangesAreAudited(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	store := &fakeAuditStore{}
	master, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	recorder := newKeyAudit(zerolog.New(&log), audit.New(store, master, func() time.Time { return at }, rand.Reader), "tester")
	recorder.record(keys.Event{Kind: keys.EventRotated, KID: "k1", At: at.Add(time.Hour)})
	recorder.record(keys.Event{Kind: keys.EventRevoked, KID: "k0", At: at, By: "user-1"})
	recorder.record(keys.Event{Kind: keys.EventRefreshFailed, Err: errors.New("store is away")})
	recorder.record(keys.Event{Kind: keys.EventRefreshed})
	recorder.record(keys.Event{Kind: keys.EventRefusal, KID: "k4", Err: errors.New("three primes")})
	if err := recorder.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(store.events) != 2 || store.events[1].Actor != "user-1" {
		t.Fatalf("audited: %v", store.events)
	}
	e := store.events[0]
	if e.Type != "key.rotated" || e.Target != "k1" || e.Actor != "tester" || !e.At.Equal(at) || e.Detail != "takes effect at 2026-11-22T13:00:00.000Z" || e.ID == "" {
		t.Errorf("audited: %+v", e)
	}
	for _, want := range []string{`"event":"key.rotated","kid":"k1"`, "store is away", "works again", `"error":"three primes","kid":"k4"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s is not in the log: %s", want, &log)
		}
	}

	store.err = storage.ErrUnavailable
	recorder.record(keys.Event{Kind: keys.EventRevoked, KID: "k2"})
	if err := recorder.flush(t.Context()); !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "k2") {
		t.Errorf("got %v", err)
	}
	for range maxPendingKeyEvents + 1 { // the keyring is never held up
		recorder.record(keys.Event{Kind: keys.EventCreated, KID: "k3"})
	}
	if !strings.Contains(log.String(), "too many key events") {
		t.Errorf("an event was lost without a word: %s", &log)
	}
}
