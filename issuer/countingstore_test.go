package issuer_test

import (
	"context"
	"sync/atomic"
	"time"

	"example.org/signet/storage"
)

// countingStore counts what a request costs, and can be cut off.
type countingStore struct {
	storage.Store
	reads, writes atomic.Int64
	failing       atomic.Bool
	marking       func()       // runs before sessions are marked as ended
	clearing      func() error // runs before the marks of ended sessions are cleared
	enqueuing     func() error // runs before messages are enqueued
	recording     func()       // runs before a login is recorded
	rounds        *rounds      // of writes; nil counts none
}

func (s *countingStore) reset() { s.reads.Store(0); s.writes.Store(0) }

func (s *countingStore) step(n *atomic.Int64) error {
	n.Add(1)
	if n == &s.writes {
		s.rounds.enter()
	}
	if s.failing.Load() {
		return storage.Unavailable("test", context.DeadlineExceeded)
	}
	return nil
}

func (s *countingStore) Client(ctx context.Context, id string) (storage.Client, error) {
	if err := s.step(&s.reads); err != nil {
		return storage.Client{}, err
	}
	return s.Store.Client(ctx, id)
}

func (s *countingStore) User(ctx context.Context, id string) (storage.User, error) {
	if err := s.step(&s.reads); err != nil {
		return storage.User{}, err
	}
	return s.Store.User(ctx, id)
}

func (s *countingStore) UserInEpoch(ctx context.Context, id string) (storage.User, storage.Epoch, error) {
	if err := s.step(&s.reads); err != nil {
		return storage.User{}, storage.Epoch{}, err
	}
	return s.Store.UserInEpoch(ctx, id)
}

func (s *countingStore) UserByLogin(ctx context.Context, name string) (storage.User, error) {
	if err := s.step(&s.reads); err != nil {
		return storage.User{}, err
	}
	return s.Store.UserByLogin(ctx, name)
}

func (s *countingStore) ListRoles(ctx context.Context) ([]storage.Role, error) {
	if err := s.step(&s.reads); err != nil {
		return nil, err
	}
	return s.Store.ListRoles(ctx)
}

func (s *countingStore) Session(ctx context.Context, id string) (storage.Session, error) {
	if err := s.step(&s.reads); err != nil {
		return storage.Session{}, err
	}
	return s.Store.Session(ctx, id)
}

func (s *countingStore) TokenRevoked(ctx context.Context, jti string) (bool, error) {
	if err := s.step(&s.reads); err != nil {
		return false, err
	}
	return s.Store.TokenRevoked(ctx, jti)
}

func (s *countingStore) CreateSession(ctx context.Context, r storage.Session) error {
	if err := s.step(&s.writes); err != nil {
		return err
	}
	return s.Store.CreateSession(ctx, r)
}

func (s *countingStore) SessionState(ctx context.Context, id string) (storage.SessionState, error) {
	if err := s.step(&s.reads); err != nil {
		return storage.SessionState{}, err
	}
	return s.Store.SessionState(ctx, id)
}

func (s *countingStore) RotateSession(ctx context.Context, r storage.Rotation) (storage.RotatedSession, error) {
	if err := s.step(&s.writes); err != nil {
		return storage.RotatedSession{}, err
	}
	return s.Store.RotateSession(ctx, r)
}

func (s *countingStore) RevokeSession(ctx context.Context, id string, at time.Time, reason string) error {
	if err := s.step(&s.writes); err != nil {
		return err
	}
	return s.Store.RevokeSession(ctx, id, at, reason)
}

func (s *countingStore) RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error) {
	if s.marking != nil {
		s.marking()
	}
	return s.Store.RevokeAll(ctx, f, at, reason)
}

func (s *countingStore) ClearPendingStatus(ctx context.Context, settled []storage.Session) error {
	if s.clearing != nil {
		if err := s.clearing(); err != nil {
			return err
		}
	}
	return s.Store.ClearPendingStatus(ctx, settled)
}

func (s *countingStore) Enqueue(ctx context.Context, messages ...storage.Message) error {
	if s.enqueuing != nil {
		if err := s.enqueuing(); err != nil {
			return err
		}
	}
	return s.Store.Enqueue(ctx, messages...)
}

func (s *countingStore) RevokeToken(ctx context.Context, jti string, until time.Time) error {
	if err := s.step(&s.writes); err != nil {
		return err
	}
	return s.Store.RevokeToken(ctx, jti, until)
}

func (s *countingStore) ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...storage.CounterClaim) (storage.Reservation, error) {
	if err := s.step(&s.writes); err != nil {
		return storage.Reservation{}, err
	}
	return s.Store.ReserveCounters(ctx, now, hold, claims...)
}

func (s *countingStore) RecordLogins(ctx context.Context, logins []storage.LoginRecord, events func([]storage.LoginOutcome) ([]storage.AuditEvent, error)) ([]storage.LoginOutcome, error) {
	if err := s.step(&s.writes); err != nil {
		return nil, err
	}
	if s.recording != nil {
		s.recording()
	}
	return s.Store.RecordLogins(ctx, logins, events)
}

func (s *countingStore) SettleCounters(ctx context.Context, actions ...storage.CounterSettlement) ([]storage.RateCounter, error) {
	if err := s.step(&s.writes); err != nil {
		return nil, err
	}
	return s.Store.SettleCounters(ctx, actions...)
}

func (s *countingStore) AppendAudit(ctx context.Context, events ...storage.AuditEvent) error {
	if err := s.step(&s.writes); err != nil {
		return err
	}
	return s.Store.AppendAudit(ctx, events...)
}

func (s *countingStore) BrowserSessionInEpoch(ctx context.Context, id string) (storage.BrowserSession, storage.User, storage.Epoch, error) {
	if err := s.step(&s.reads); err != nil {
		return storage.BrowserSession{}, storage.User{}, storage.Epoch{}, err
	}
	return s.Store.BrowserSessionInEpoch(ctx, id)
}

func (s *countingStore) CreateBrowserSession(ctx context.Context, r storage.BrowserSession) error {
	if err := s.step(&s.writes); err != nil {
		return err
	}
	return s.Store.CreateBrowserSession(ctx, r)
}

func (s *countingStore) TouchBrowserSession(ctx context.Context, id string, seen, idleAt time.Time) error {
	if err := s.step(&s.writes); err != nil {
		return err
	}
	return s.Store.TouchBrowserSession(ctx, id, seen, idleAt)
}

func (s *countingStore) RevokeBrowserSession(ctx context.Context, id string, at time.Time, reason string) error {
	if err := s.step(&s.writes); err != nil {
		return err
	}
	return s.Store.RevokeBrowserSession(ctx, id, at, reason)
}

func (s *countingStore) Consent(ctx context.Context, userID, clientID string) (storage.Consent, error) {
	if err := s.step(&s.reads); err != nil {
		return storage.Consent{}, err
	}
	return s.Store.Consent(ctx, userID, clientID)
}

func (s *countingStore) SwapConsent(ctx context.Context, c storage.Consent) (storage.Consent, error) {
	if err := s.step(&s.writes); err != nil {
		return storage.Consent{}, err
	}
	return s.Store.SwapConsent(ctx, c)
}

func (s *countingStore) ListScopeTexts(ctx context.Context) ([]storage.ScopeText, error) {
	if err := s.step(&s.reads); err != nil {
		return nil, err
	}
	return s.Store.ListScopeTexts(ctx)
}

func (s *countingStore) AttributeSchema(ctx context.Context) (storage.AttributeSchema, error) {
	if err := s.step(&s.reads); err != nil {
		return storage.AttributeSchema{}, err
	}
	return s.Store.AttributeSchema(ctx)
}

func (s *countingStore) Epoch(ctx context.Context) (storage.Epoch, error) {
	if err := s.step(&s.reads); err != nil {
		return storage.Epoch{}, err
	}
	return s.Store.Epoch(ctx)
}

func (s *countingStore) SessionInEpoch(ctx context.Context, id string) (storage.Session, storage.User, storage.Epoch, error) {
	if err := s.step(&s.reads); err != nil {
		return storage.Session{}, storage.User{}, storage.Epoch{}, err
	}
	return s.Store.SessionInEpoch(ctx, id)
}

func (s *countingStore) ExcessSessions(ctx context.Context, owner storage.SessionOwner, at, idleSince time.Time, keep, limit int) ([]string, error) {
	if err := s.step(&s.reads); err != nil {
		return nil, err
	}
	return s.Store.ExcessSessions(ctx, owner, at, idleSince, keep, limit)
}

func (s *countingStore) RedeemSession(ctx context.Context, r storage.Redemption) (storage.Session, error) {
	if err := s.step(&s.writes); err != nil {
		return storage.Session{}, err
	}
	return s.Store.RedeemSession(ctx, r)
}
