package linear_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"example.org/signet/internal/linear"
	"example.org/signet/storage"
)

// memoryStore is a store whose sessions lie in memory, so that a rule of theirs can
// be broken.
type memoryStore struct {
	storage.Store
	rule       brokenRule
	redemption redemptionRule

	mu       sync.Mutex
	sessions map[string]storage.Session
}

// brokenRule is a rule that a memoryStore breaks.
type brokenRule int

const (
	unbroken       brokenRule = iota // the control: all is kept
	blindRotation                    // a refresh reads the session, and writes the whole of it back
	revokedRotates                   // its condition leaves out that the session is not revoked
	noRevocation                     // a revocation is answered and not carried out
	openWindow                       // the window is counted from the wrong moment: it never closes
	shutWindow                       // so that it is never open
	sameEpoch                        // what a change of the user should have ended goes on
)

func newMemoryStore(t testing.TB, broken brokenRule, redemption redemptionRule) storage.Store {
	return &memoryStore{Store: openSQLite(t), rule: broken, redemption: redemption, sessions: map[string]storage.Session{}}
}

func (l *memoryStore) CreateSession(_ context.Context, s storage.Session) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions[s.ID] = s
	return nil
}

// RecordLogins keeps the sessions of logins in memory too.
func (l *memoryStore) RecordLogins(ctx context.Context, logins []storage.LoginRecord, events func([]storage.LoginOutcome) ([]storage.AuditEvent, error)) ([]storage.LoginOutcome, error) {
	rest := slices.Clone(logins)
	for n, r := range rest {
		if r.Session != nil {
			_ = l.CreateSession(ctx, *r.Session)
			rest[n].Session = nil
		}
	}
	return l.Store.RecordLogins(ctx, rest, events)
}

func (l *memoryStore) Session(_ context.Context, id string) (storage.Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.sessions[id]
	if !ok {
		return s, storage.ErrNotFound
	}
	return l.skewed(s), nil
}

func (l *memoryStore) SessionState(ctx context.Context, id string) (storage.SessionState, error) {
	s, u, e, err := l.SessionInEpoch(ctx, id)
	return storage.NewSessionState(s, u, e), err
}

func (l *memoryStore) SessionInEpoch(ctx context.Context, id string) (storage.Session, storage.User, storage.Epoch, error) {
	s, err := l.Session(ctx, id)
	if err != nil {
		return s, storage.User{}, storage.Epoch{}, err
	}
	u, e, err := l.UserInEpoch(ctx, s.UserID)
	return s, u, e, err
}

// skewed is the session as it looks where the window is counted wrongly.
func (l *memoryStore) skewed(s storage.Session) storage.Session {
	switch l.rule {
	case openWindow:
		s.RotatedAt = s.RotatedAt.Add(time.Hour)
	case shutWindow:
		s.RotatedAt = s.RotatedAt.Add(-time.Hour)
	}
	return s
}

func (l *memoryStore) CountReplay(_ context.Context, r storage.Replay) (storage.Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.sessions[r.SessionID]
	if !ok || s.ClientID != r.ClientID || s.Generation != r.Generation || !s.RevokedAt.IsZero() || l.skewed(s).RotatedAt.Before(r.Since) || l.skewed(s).RotatedAt.After(r.Until) || s.Replays >= r.Limit {
		return storage.Session{}, storage.ErrConflict
	}
	s.Replays++
	l.sessions[r.SessionID] = s
	return s, nil
}

func (l *memoryStore) RotateSession(ctx context.Context, r storage.Rotation) (storage.RotatedSession, error) {
	s, err := l.rotate(r)
	if err != nil || l.Store == nil { // without users
		return storage.RotatedSession{Session: s}, err
	}
	u, e, err := l.UserInEpoch(ctx, s.UserID)
	if errors.Is(err, storage.ErrNotFound) {
		err = nil
	}
	return storage.RotatedSession{Session: s, User: u.State(), StoreEpoch: e.Number}, err
}

func (l *memoryStore) rotate(r storage.Rotation) (storage.Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.sessions[r.SessionID]
	if !ok || s.ClientID != r.ClientID || s.Generation != r.From || !s.RevokedAt.IsZero() && l.rule != revokedRotates {
		return storage.Session{}, storage.ErrConflict
	}
	if l.rule == blindRotation { // others come in between
		l.mu.Unlock()
		pause(500)
		l.mu.Lock()
	}
	s.Generation, s.RotatedAt, s.Replays = r.From+1, r.At, 0
	l.sessions[r.SessionID] = s
	return s, nil
}

func (l *memoryStore) RevokeSession(_ context.Context, id string, at time.Time, reason string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.sessions[id]
	switch {
	case !ok:
		return storage.ErrNotFound
	case !s.RevokedAt.IsZero(), l.rule == noRevocation:
		return nil
	}
	s.RevokedAt, s.Reason = at, reason
	l.sessions[id] = s
	return nil
}

// RevokeAll has nothing to do: it marks sessions that an epoch has ended.
func (l *memoryStore) RevokeAll(context.Context, storage.SessionFilter, time.Time, string) (int64, error) {
	return 0, nil
}

func (l *memoryStore) UpdateUser(ctx context.Context, u storage.User) (storage.User, error) {
	if l.rule == sameEpoch {
		u.Epoch = 0
	}
	return l.Store.UpdateUser(ctx, u)
}

// TestBrokenRulesAreFound: the check that finds nothing wrong with Signet finds
// every one of these within a few histories. The store keeps no session safer
// than they let it, and is else the same.
func TestBrokenRulesAreFound(t *testing.T) {
	for name, broken := range map[string]struct {
		rule       brokenRule
		redemption redemptionRule
	}{
		"blind update instead of compare-and-swap": {rule: blindRotation}, "a condition that leaves out revocation": {rule: revokedRotates}, "no revocation": {rule: noRevocation},
		"the window never closes": {rule: openWindow}, "the window is never open": {rule: shutWindow}, "the epoch is not raised": {rule: sameEpoch},
		"a code is redeemed by a read, then a write": {redemption: blindRedemption},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sum linear.Stats
			v := newCluster(t, newMemoryStore(t, broken.rule, broken.redemption), none, linear.Rules{})
			for sum.Histories < 5000 {
				for _, s := range v.runUsers(t, 4*len(workloads), none) {
					if sum.Check(&s.History, linear.Rules{}) == porcupine.Illegal {
						t.Logf("found in history %d:\n%s", sum.Histories, s)
						return
					}
				}
			}
			t.Errorf("not found in %d histories", sum.Histories)
		})
	}
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		var sum linear.Stats
		v := newCluster(t, newMemoryStore(t, unbroken, unbrokenRedemption), flaky, linear.Rules{})
		for sum.Histories < often(500) {
			check(t, &sum, v.runUsers(t, 4*len(workloads), flaky), linear.Rules{})
		}
		t.Log(&sum)
	})
}
