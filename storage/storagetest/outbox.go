package storagetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/storage"
)

var outboxContracts = []contract{
	{"EnqueueAndList", outboxEnqueueAndList},
	{"EnqueueAgain", outboxEnqueueAgain},
	{"Lease", outboxLease},
	{"LeaseBorders", outboxLeaseBorders},
	{"LeaseOrder", outboxLeaseOrder},
	{"LeaseIsBounded", outboxLeaseIsBounded},
	{"LeaseRace", outboxLeaseRace},
	{"LapsedLeaseRace", outboxLapsedLeaseRace},
	{"Finish", outboxFinish},
	{"Postpone", outboxPostpone},
	{"OnlyTheOwner", outboxOnlyTheOwner},
	{"FinishRace", outboxFinishRace},
	{"Sweep", outboxSweep},
	{"SweepRace", outboxSweepRace},
	{"Injection", outboxInjection},
}

func enqueue(t *testing.T, s storage.Store, messages ...storage.Message) {
	t.Helper()
	noErr(t, "Enqueue", s.Enqueue(t.Context(), messages...))
}

// wantMessages demands all messages, by rising id.
func wantMessages(t *testing.T, s storage.Store, want ...storage.Message) {
	t.Helper()
	page, err := s.ListMessages(t.Context(), storage.Page{Limit: storage.MaxPage})
	noErr(t, "ListMessages", err)
	wantEqual(t, "the messages", page.Messages, want)
}

// leaseOf asks for ten messages at the time, for a minute.
func leaseOf(owner string, now time.Time) storage.Lease {
	return storage.Lease{Owner: owner, Now: now, Until: now.Add(time.Minute), Limit: 10}
}

// leased is m as the lease leaves it.
func leased(m storage.Message, l storage.Lease) storage.Message {
	m.Owner, m.LeasedTo, m.Attempts = l.Owner, storage.Time(l.Until), m.Attempts+1
	return m
}

func wantLeased(t *testing.T, s storage.Store, l storage.Lease, want ...storage.Message) {
	t.Helper()
	got, err := s.LeaseMessages(t.Context(), l)
	noErr(t, "LeaseMessages", err)
	wantEqual(t, "the leased messages", got, want)
}

func outboxEnqueueAndList(t *testing.T, s storage.Store) {
	enqueue(t, s)
	wantMessages(t, s)
	full := newMessage(3)
	full.Attempts, full.Owner, full.LeasedTo = 7, "instance", start.Add(time.Minute)
	full.Body = bytes.Repeat([]byte{0, 0xff, '"', '$'}, storage.MaxMessage/4)
	enqueue(t, s, full, newMessage(1), storage.Message{ID: "empty", Body: []byte{}})
	enqueue(t, s, newMessage(2))
	wantMessages(t, s, storage.Message{ID: "empty"}, newMessage(1), newMessage(2), full)
	wantEqual(t, "the messages in pages", listAll(t, 3, func(p storage.Page) ([]string, string, error) {
		page, err := s.ListMessages(t.Context(), p)
		return idsOf(page.Messages, func(m storage.Message) string { return m.ID }), page.Next, err
	}), []string{"empty", newMessage(1).ID, newMessage(2).ID, newMessage(3).ID})
}

func outboxEnqueueAgain(t *testing.T, s storage.Store) {
	m := newMessage(1)
	enqueue(t, s, m)
	again := newMessage(2)
	again.ID = m.ID
	enqueue(t, s, newMessage(4), again, newMessage(5))
	wantMessages(t, s, m, newMessage(4), newMessage(5))
	for _, err := range race(racers, func(i int) error { return s.Enqueue(t.Context(), newMessage(6), newMessage(7)) }) {
		noErr(t, "Enqueue", err)
	}
	wantMessages(t, s, m, newMessage(4), newMessage(5), newMessage(6), newMessage(7))
}

func outboxLease(t *testing.T, s storage.Store) {
	now := start.Add(time.Second)
	wantLeased(t, s, leaseOf("a", now))
	late := newMessage(2)
	late.DueAt = start.Add(30 * time.Minute)
	enqueue(t, s, newMessage(0), newMessage(1), late)
	first := leaseOf("a", now)
	zero, one := leased(newMessage(0), first), leased(newMessage(1), first)
	wantLeased(t, s, first, zero, one)
	wantMessages(t, s, zero, one, late)
	for _, owner := range []string{"a", "b"} { // neither who has them nor anybody else gets them again
		wantLeased(t, s, leaseOf(owner, now))
	}
	wantLeased(t, s, leaseOf("b", first.Until.Add(-time.Millisecond)))
	later := leaseOf("b", first.Until)
	wantLeased(t, s, later, leased(zero, later), leased(one, later))
}

// outboxLeaseBorders: due, leased and expired to the millisecond.
func outboxLeaseBorders(t *testing.T, s storage.Store) {
	m := newMessage(0)
	m.ExpiresAt = start.Add(10 * time.Second)
	enqueue(t, s, m)
	wantLeased(t, s, leaseOf("a", m.DueAt.Add(-1)))
	wantLeased(t, s, leaseOf("a", m.ExpiresAt))
	wantLeased(t, s, leaseOf("a", m.ExpiresAt.Add(time.Hour)))
	l := leaseOf("a", m.DueAt)
	l.Until = subMillisecond.Add(2 * time.Second)
	m = leased(m, l)
	wantLeased(t, s, l, m)
	wantEqual(t, "the end of the lease", m.LeasedTo, start.Add(2*time.Second))
	wantLeased(t, s, leaseOf("b", m.LeasedTo.Add(-1)))
	l = leaseOf("b", m.LeasedTo.Add(1))
	wantLeased(t, s, l, leased(m, l))
}

// outboxLeaseOrder: the longest due first, and of those due at one time the lowest id.
func outboxLeaseOrder(t *testing.T, s storage.Store) {
	var want []storage.Message
	for n, id := range []string{"e", "d", "c", "a", "b"} {
		m := newMessage(min(n, 3))
		m.ID = id
		want = append(want, m)
	}
	enqueue(t, s, want[4], want[1], want[3], want[0], want[2])
	l := leaseOf("a", start.Add(time.Minute))
	l.Limit = 2
	for n := 0; n < 4; n += 2 {
		wantLeased(t, s, l, leased(want[n], l), leased(want[n+1], l))
	}
	wantLeased(t, s, l, leased(want[4], l))
}

func outboxLeaseIsBounded(t *testing.T, s storage.Store) {
	for n := range 6 {
		enqueue(t, s, newMessage(n))
	}
	l := leaseOf("a", start.Add(time.Minute))
	for _, c := range []struct{ limit, want int }{{0, 0}, {-1, 0}, {1, 1}, {2, 2}, {100, 3}, {100, 0}} {
		l.Limit = c.limit
		got, err := s.LeaseMessages(t.Context(), l)
		noErr(t, "LeaseMessages", err)
		wantEqual(t, fmt.Sprint("how many at the limit ", c.limit), len(got), c.want)
	}
}

// leaseAll lets many instances lease until none gets anything, and returns who got what.
func leaseAll(t *testing.T, s storage.Store, now time.Time) map[string]string {
	t.Helper()
	got := race(16, func(i int) []storage.Message {
		l := leaseOf(fmt.Sprint("owner-", i), now)
		l.Limit = 3
		var mine []storage.Message
		for {
			some, err := s.LeaseMessages(t.Context(), l)
			if err != nil {
				t.Errorf("LeaseMessages: %v", err)
			}
			if len(some) == 0 {
				return mine
			}
			mine = append(mine, some...)
		}
	})
	owners := map[string]string{}
	for i, mine := range got {
		for _, m := range mine {
			if other, taken := owners[m.ID]; taken {
				t.Errorf("%s was leased to owner-%d and to %s", m.ID, i, other)
			}
			wantEqual(t, "the owner of "+m.ID, m.Owner, fmt.Sprint("owner-", i))
			owners[m.ID] = m.Owner
		}
	}
	return owners
}

// outboxLeaseRace: each message goes to exactly one, and none is left out.
func outboxLeaseRace(t *testing.T, s storage.Store) {
	const messages = 40
	for n := range messages {
		enqueue(t, s, newMessage(n))
	}
	owners := leaseAll(t, s, start.Add(time.Minute))
	wantEqual(t, "how many messages were leased", len(owners), messages)
	page, err := s.ListMessages(t.Context(), storage.Page{})
	noErr(t, "ListMessages", err)
	for _, m := range page.Messages {
		wantEqual(t, "the owner of "+m.ID, m.Owner, owners[m.ID])
		wantEqual(t, "the attempts of "+m.ID, m.Attempts, 1)
	}
}

// outboxLapsedLeaseRace: a lease that lapsed is taken over by exactly one.
func outboxLapsedLeaseRace(t *testing.T, s storage.Store) {
	for n := range 20 {
		enqueue(t, s, newMessage(n))
	}
	now := start.Add(time.Minute)
	wantEqual(t, "how many messages were leased", len(leaseAll(t, s, now)), 20)
	wantEqual(t, "how many within the leases", len(leaseAll(t, s, now.Add(time.Second))), 0)
	wantEqual(t, "how many after the leases", len(leaseAll(t, s, now.Add(time.Minute))), 20)
}

// leaseOne enqueues and leases message n.
func leaseOne(t *testing.T, s storage.Store, n int, owner string) storage.Message {
	t.Helper()
	enqueue(t, s, newMessage(n))
	l := leaseOf(owner, newMessage(n).DueAt)
	m := leased(newMessage(n), l)
	wantLeased(t, s, l, m)
	return m
}

func outboxFinish(t *testing.T, s storage.Store) {
	m := leaseOne(t, s, 1, "a")
	enqueue(t, s, newMessage(2))
	noErr(t, "FinishMessage", s.FinishMessage(t.Context(), m.ID, "a", 1))
	wantErr(t, "FinishMessage again", s.FinishMessage(t.Context(), m.ID, "a", 1), storage.ErrConflict)
	wantErr(t, "PostponeMessage after it", s.PostponeMessage(t.Context(), m.ID, "a", 1, start), storage.ErrConflict)
	wantMessages(t, s, newMessage(2))
	enqueue(t, s, newMessage(1)) // its id is free again
	wantMessages(t, s, newMessage(1), newMessage(2))
}

func outboxPostpone(t *testing.T, s storage.Store) {
	m := leaseOne(t, s, 1, "a")
	due := m.DueAt.Add(time.Second)
	noErr(t, "PostponeMessage", s.PostponeMessage(t.Context(), m.ID, "a", 1, due))
	m.Owner, m.LeasedTo, m.DueAt = "", time.Time{}, due
	wantMessages(t, s, m)
	wantErr(t, "PostponeMessage again", s.PostponeMessage(t.Context(), m.ID, "a", 1, start), storage.ErrConflict)
	wantErr(t, "PostponeMessage of what nobody has", s.PostponeMessage(t.Context(), m.ID, "", 1, start), storage.ErrConflict)
	wantErr(t, "FinishMessage of what nobody has", s.FinishMessage(t.Context(), m.ID, "", 1), storage.ErrConflict)
	wantLeased(t, s, leaseOf("b", due.Add(-time.Millisecond)))
	l := leaseOf("b", due)
	m = leased(m, l)
	wantLeased(t, s, l, m)
	wantEqual(t, "the attempts", m.Attempts, 2)
}

// outboxOnlyTheOwner: of the attempt, whatever the time.
func outboxOnlyTheOwner(t *testing.T, s storage.Store) {
	ctx := t.Context()
	m := leaseOne(t, s, 1, "a")
	refused := func(m storage.Message, id, owner string, attempt int64) {
		t.Helper()
		wantErr(t, "FinishMessage", s.FinishMessage(ctx, id, owner, attempt), storage.ErrConflict)
		wantErr(t, "PostponeMessage", s.PostponeMessage(ctx, id, owner, attempt, start), storage.ErrConflict)
		wantMessages(t, s, m)
	}
	refused(m, "message-404", "a", 1)
	refused(m, m.ID, "b", 1)
	refused(m, m.ID, "", 1)
	refused(m, m.ID, "a", 0)
	refused(m, m.ID, "a", 2)
	l := leaseOf("a", m.LeasedTo) // the same owner, after the lease lapsed
	m = leased(m, l)
	wantLeased(t, s, l, m)
	refused(m, m.ID, "a", 1)
	noErr(t, "FinishMessage in the newest attempt", s.FinishMessage(ctx, m.ID, "a", 2))
	wantMessages(t, s)
}

// outboxFinishRace: of finishing, postponing and taking over exactly one succeeds.
func outboxFinishRace(t *testing.T, s storage.Store) {
	for n := range 8 {
		m := leaseOne(t, s, 0, "a")
		errs := race(3, func(i int) error {
			switch i {
			case 0:
				return s.FinishMessage(t.Context(), m.ID, "a", 1)
			case 1:
				return s.PostponeMessage(t.Context(), m.ID, "a", 1, m.LeasedTo.Add(time.Hour))
			}
			got, err := s.LeaseMessages(t.Context(), leaseOf("b", m.LeasedTo))
			if err == nil && len(got) == 0 {
				err = storage.ErrConflict
			}
			return err
		})
		winner(t, errs, storage.ErrConflict)
		swept, err := s.SweepMessages(t.Context(), start.AddDate(1, 0, 0), 10)
		noErr(t, "SweepMessages", err)
		if finished := errs[0] == nil; finished != (len(swept) == 0) {
			t.Errorf("round %d: %d messages are left, outcomes %v", n, len(swept), errs)
		}
	}
}

func sweepMessages(t *testing.T, s storage.Store, before time.Time, limit int) []storage.Message {
	t.Helper()
	got, err := s.SweepMessages(t.Context(), before, limit)
	noErr(t, "SweepMessages", err)
	slices.SortFunc(got, func(a, b storage.Message) int { return strings.Compare(a.ID, b.ID) })
	return got
}

func outboxSweep(t *testing.T, s storage.Store) {
	for n := range 6 {
		enqueue(t, s, newMessage(n))
	}
	l := leaseOf("a", start)
	zero := leased(newMessage(0), l)
	wantLeased(t, s, l, zero)
	border := newMessage(2).ExpiresAt
	for _, limit := range []int{0, -1} {
		wantEqual(t, "the swept", sweepMessages(t, s, border, limit), nil)
	}
	wantEqual(t, "the swept", sweepMessages(t, s, time.Time{}, 10), nil)
	wantEqual(t, "the swept", sweepMessages(t, s, border.Add(1), 10), []storage.Message{zero, newMessage(1)})
	wantMessages(t, s, newMessage(2), newMessage(3), newMessage(4), newMessage(5))
	wantErr(t, "FinishMessage of one that was swept", s.FinishMessage(t.Context(), zero.ID, "a", 1), storage.ErrConflict)
	wantEqual(t, "how many of the rest within the limit", len(sweepMessages(t, s, start.AddDate(1, 0, 0), 3)), 3)
	wantEqual(t, "how many are left", len(sweepMessages(t, s, start.AddDate(1, 0, 0), 3)), 1)
}

// outboxSweepRace: each message is returned to exactly one.
func outboxSweepRace(t *testing.T, s storage.Store) {
	for n := range 24 {
		enqueue(t, s, newMessage(n))
	}
	seen := map[string]bool{}
	for _, swept := range race(8, func(int) []storage.Message {
		got, err := s.SweepMessages(t.Context(), start.AddDate(1, 0, 0), 24)
		if err != nil {
			t.Errorf("SweepMessages: %v", err)
		}
		return got
	}) {
		for _, m := range swept {
			if seen[m.ID] {
				t.Errorf("%s was swept twice", m.ID)
			}
			seen[m.ID] = true
		}
	}
	wantEqual(t, "how many were swept", len(seen), 24)
}

func outboxInjection(t *testing.T, s storage.Store) {
	for _, v := range sampledStrings() {
		m := storage.Message{ID: v, Kind: v, Target: v, Body: []byte(v), CreatedAt: start, DueAt: start, ExpiresAt: start.Add(time.Hour)}
		enqueue(t, s, m)
		l := leaseOf(v, start)
		wantLeased(t, s, l, leased(m, l))
		noErr(t, "PostponeMessage", s.PostponeMessage(t.Context(), v, v, 1, start))
		m.Attempts = 1
		wantLeased(t, s, l, leased(m, l))
		noErr(t, "FinishMessage", s.FinishMessage(t.Context(), v, v, 2))
	}
	wantMessages(t, s)
}
