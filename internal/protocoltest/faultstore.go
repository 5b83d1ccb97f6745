package protocoltest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"example.org/signet/storage"
)

// Store wraps a store, records its calls and injects faults.
type Store struct {
	inner storage.Store

	mu     sync.Mutex
	paused bool
	calls  []string
	before func(ctx context.Context, n int, method string) error
	after  func(n int, method string) error

	unbounded []string
}

var _ storage.Store = (*Store)(nil)

// NewStore wraps a store; it fails nowhere yet.
func NewStore(inner storage.Store) *Store { return &Store{inner: inner} }

// Reset clears the recorded calls and removes every fault.
func (s *Store) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused, s.calls, s.before, s.after = false, nil, nil, nil
}

// StopRecording stops recording and faults until the next Reset, for benchmarks.
func (s *Store) StopRecording() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused, s.calls, s.before, s.after = true, nil, nil, nil
}

// Calls are the methods called since the last Reset, in order.
func (s *Store) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

// Before runs ahead of each call; its error takes the call's place. The number
// counts from 1.
func (s *Store) Before(f func(ctx context.Context, n int, method string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.before = nil, f
}

// After runs when the call has been made; its error replaces the outcome, as
// when the answer of a store is lost.
func (s *Store) After(f func(n int, method string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.after = nil, f
}

var errLeftOut = errors.New("the call is left out")

// LeaveOut makes every call of one method succeed without being made.
func (s *Store) LeaveOut(name string) {
	s.Before(func(_ context.Context, _ int, method string) error {
		if method == name {
			return errLeftOut
		}
		return nil
	})
}

var errConnectionReset = errors.New("connection reset by peer")

// FailAt makes the n-th call fail before it reaches the store; 0 makes all fail.
func (s *Store) FailAt(n int) {
	s.Before(func(_ context.Context, call int, method string) error {
		if n == 0 || call == n {
			return storage.Unavailable(method, errConnectionReset)
		}
		return nil
	})
}

// LoseResponseAt makes the answer of the n-th call get lost after the store has done it.
func (s *Store) LoseResponseAt(n int) {
	s.After(func(call int, method string) error {
		if call == n {
			return storage.Unavailable(method, errConnectionReset)
		}
		return nil
	})
}

// HangAt makes the n-th call hang until its deadline; 0 makes all hang. A call
// that has no deadline is a fault that WithoutDeadline returns.
func (s *Store) HangAt(n int) {
	s.Before(func(ctx context.Context, call int, method string) error {
		if n != 0 && call != n {
			return nil
		}
		if !hang(ctx) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.unbounded = append(s.unbounded, method)
		}
		return storage.Unavailable(method, context.DeadlineExceeded)
	})
}

// WithoutDeadline are the methods that would have hung for ever.
func (s *Store) WithoutDeadline() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unbounded)
}

func (s *Store) beforeCall(ctx context.Context, method string) (n int, err error) {
	s.mu.Lock()
	if !s.paused {
		s.calls = append(s.calls, method)
	}
	n, before := len(s.calls), s.before
	s.mu.Unlock()
	if before != nil {
		err = before(ctx, n, method)
	}
	return n, err
}

func (s *Store) afterCall(n int, method string, err error) error {
	s.mu.Lock()
	after := s.after
	s.mu.Unlock()
	if after == nil {
		return err
	}
	if lost := after(n, method); lost != nil {
		return lost
	}
	return err
}

// callValue and callError make one call of the inner store.
func callValue[T any](ctx context.Context, s *Store, method string, call func() (T, error)) (T, error) {
	var none T
	n, err := s.beforeCall(ctx, method)
	if errors.Is(err, errLeftOut) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	v, err := call()
	if err = s.afterCall(n, method, err); err != nil {
		return none, err
	}
	return v, nil
}

func callError(ctx context.Context, s *Store, method string, call func() error) error {
	_, err := callValue(ctx, s, method, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

func (s *Store) CreateSession(ctx context.Context, v storage.Session) error {
	return callError(ctx, s, "CreateSession", func() error { return s.inner.CreateSession(ctx, v) })
}

func (s *Store) Session(ctx context.Context, id string) (storage.Session, error) {
	return callValue(ctx, s, "Session", func() (storage.Session, error) { return s.inner.Session(ctx, id) })
}

func (s *Store) SessionState(ctx context.Context, id string) (storage.SessionState, error) {
	return callValue(ctx, s, "SessionState", func() (storage.SessionState, error) { return s.inner.SessionState(ctx, id) })
}

func (s *Store) RotateSession(ctx context.Context, r storage.Rotation) (storage.RotatedSession, error) {
	return callValue(ctx, s, "RotateSession", func() (storage.RotatedSession, error) { return s.inner.RotateSession(ctx, r) })
}

func (s *Store) ListRevocations(ctx context.Context, p storage.Page) (storage.RevocationPage, error) {
	return callValue(ctx, s, "ListRevocations", func() (storage.RevocationPage, error) { return s.inner.ListRevocations(ctx, p) })
}

func (s *Store) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	return callValue(ctx, s, "Snapshot", func() (storage.Snapshot, error) { return s.inner.Snapshot(ctx) })
}

func (s *Store) Clear(ctx context.Context) error {
	return callError(ctx, s, "Clear", func() error { return s.inner.Clear(ctx) })
}

func (s *Store) Epoch(ctx context.Context) (storage.Epoch, error) {
	return callValue(ctx, s, "Epoch", func() (storage.Epoch, error) { return s.inner.Epoch(ctx) })
}

func (s *Store) RaiseEpoch(ctx context.Context, r storage.EpochRaise) (storage.Epoch, error) {
	return callValue(ctx, s, "RaiseEpoch", func() (storage.Epoch, error) { return s.inner.RaiseEpoch(ctx, r) })
}

func (s *Store) UserInEpoch(ctx context.Context, id string) (u storage.User, e storage.Epoch, err error) {
	err = callError(ctx, s, "UserInEpoch", func() (err error) {
		u, e, err = s.inner.UserInEpoch(ctx, id)
		return err
	})
	return u, e, err
}

func (s *Store) CountReplay(ctx context.Context, r storage.Replay) (storage.Session, error) {
	return callValue(ctx, s, "CountReplay", func() (storage.Session, error) { return s.inner.CountReplay(ctx, r) })
}

func (s *Store) ExcessSessions(ctx context.Context, owner storage.SessionOwner, at, idleSince time.Time, keep, limit int) ([]string, error) {
	return callValue(ctx, s, "ExcessSessions", func() ([]string, error) {
		return s.inner.ExcessSessions(ctx, owner, at, idleSince, keep, limit)
	})
}

func (s *Store) RevokeSession(ctx context.Context, id string, at time.Time, reason string) error {
	return callError(ctx, s, "RevokeSession", func() error { return s.inner.RevokeSession(ctx, id, at, reason) })
}

func (s *Store) RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error) {
	return callValue(ctx, s, "RevokeAll", func() (int64, error) { return s.inner.RevokeAll(ctx, f, at, reason) })
}

func (s *Store) ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (storage.SessionPage, error) {
	return callValue(ctx, s, "ListSessions", func() (storage.SessionPage, error) { return s.inner.ListSessions(ctx, f, p) })
}

func (s *Store) SweepSessions(ctx context.Context, before time.Time, limit int) (int64, error) {
	return callValue(ctx, s, "SweepSessions", func() (int64, error) { return s.inner.SweepSessions(ctx, before, limit) })
}

func (s *Store) LeaseStatus(ctx context.Context, size int64, until time.Time) (int64, error) {
	return callValue(ctx, s, "LeaseStatus", func() (int64, error) { return s.inner.LeaseStatus(ctx, size, until) })
}

func (s *Store) AddStatusList(ctx context.Context, id int64) error {
	return callError(ctx, s, "AddStatusList", func() error { return s.inner.AddStatusList(ctx, id) })
}

func (s *Store) StatusLists(ctx context.Context) ([]storage.StatusList, error) {
	return callValue(ctx, s, "StatusLists", func() ([]storage.StatusList, error) { return s.inner.StatusLists(ctx) })
}

func (s *Store) StatusList(ctx context.Context, id int64) (storage.StatusList, error) {
	return callValue(ctx, s, "StatusList", func() (storage.StatusList, error) { return s.inner.StatusList(ctx, id) })
}

func (s *Store) SetStatus(ctx context.Context, id, version int64, bits []byte) error {
	return callError(ctx, s, "SetStatus", func() error { return s.inner.SetStatus(ctx, id, version, bits) })
}

func (s *Store) SweepStatusLists(ctx context.Context, before time.Time, limit int) (int64, error) {
	return callValue(ctx, s, "SweepStatusLists", func() (int64, error) { return s.inner.SweepStatusLists(ctx, before, limit) })
}

func (s *Store) UpdateRights(ctx context.Context, r storage.RightsUpdate) (storage.Session, error) {
	return callValue(ctx, s, "UpdateRights", func() (storage.Session, error) { return s.inner.UpdateRights(ctx, r) })
}

func (s *Store) PendingStatus(ctx context.Context, limit int) ([]storage.Session, error) {
	return callValue(ctx, s, "PendingStatus", func() ([]storage.Session, error) { return s.inner.PendingStatus(ctx, limit) })
}

func (s *Store) ClearPendingStatus(ctx context.Context, settled []storage.Session) error {
	return callError(ctx, s, "ClearPendingStatus", func() error { return s.inner.ClearPendingStatus(ctx, settled) })
}

func (s *Store) AddPendingRevocation(ctx context.Context, e storage.PendingRevocation) error {
	return callError(ctx, s, "AddPendingRevocation", func() error { return s.inner.AddPendingRevocation(ctx, e) })
}

func (s *Store) PendingRevocations(ctx context.Context, limit int) ([]storage.PendingRevocation, error) {
	return callValue(ctx, s, "PendingRevocations", func() ([]storage.PendingRevocation, error) { return s.inner.PendingRevocations(ctx, limit) })
}

func (s *Store) RemovePendingRevocation(ctx context.Context, id string) error {
	return callError(ctx, s, "RemovePendingRevocation", func() error { return s.inner.RemovePendingRevocation(ctx, id) })
}

func (s *Store) RevokeToken(ctx context.Context, jti string, expiresAt time.Time) error {
	return callError(ctx, s, "RevokeToken", func() error { return s.inner.RevokeToken(ctx, jti, expiresAt) })
}

func (s *Store) TokenRevoked(ctx context.Context, jti string) (bool, error) {
	return callValue(ctx, s, "TokenRevoked", func() (bool, error) { return s.inner.TokenRevoked(ctx, jti) })
}

func (s *Store) SweepRevocations(ctx context.Context, before time.Time, limit int) (int64, error) {
	return callValue(ctx, s, "SweepRevocations", func() (int64, error) { return s.inner.SweepRevocations(ctx, before, limit) })
}

func (s *Store) ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...storage.CounterClaim) (storage.Reservation, error) {
	return callValue(ctx, s, "ReserveCounters", func() (storage.Reservation, error) {
		return s.inner.ReserveCounters(ctx, now, hold, claims...)
	})
}

func (s *Store) RecordLogins(ctx context.Context, logins []storage.LoginRecord, events func([]storage.LoginOutcome) ([]storage.AuditEvent, error)) ([]storage.LoginOutcome, error) {
	return callValue(ctx, s, "RecordLogins", func() ([]storage.LoginOutcome, error) { return s.inner.RecordLogins(ctx, logins, events) })
}

func (s *Store) SettleCounters(ctx context.Context, actions ...storage.CounterSettlement) ([]storage.RateCounter, error) {
	return callValue(ctx, s, "SettleCounters", func() ([]storage.RateCounter, error) { return s.inner.SettleCounters(ctx, actions...) })
}

func (s *Store) Counters(ctx context.Context, now time.Time, prefix string) ([]storage.RateCounter, error) {
	return callValue(ctx, s, "Counters", func() ([]storage.RateCounter, error) { return s.inner.Counters(ctx, now, prefix) })
}

func (s *Store) SweepCounters(ctx context.Context, before time.Time, limit int) (int64, error) {
	return callValue(ctx, s, "SweepCounters", func() (int64, error) { return s.inner.SweepCounters(ctx, before, limit) })
}

func (s *Store) InsertKey(ctx context.Context, k storage.Key) error {
	return callError(ctx, s, "InsertKey", func() error { return s.inner.InsertKey(ctx, k) })
}

func (s *Store) ListKeys(ctx context.Context) ([]storage.Key, error) {
	return callValue(ctx, s, "ListKeys", func() ([]storage.Key, error) { return s.inner.ListKeys(ctx) })
}

func (s *Store) RevokeKey(ctx context.Context, kid string, at time.Time) error {
	return callError(ctx, s, "RevokeKey", func() error { return s.inner.RevokeKey(ctx, kid, at) })
}

func (s *Store) ResealKey(ctx context.Context, kid string, was, sealed []byte) error {
	return callError(ctx, s, "ResealKey", func() error { return s.inner.ResealKey(ctx, kid, was, sealed) })
}

func (s *Store) DeleteKey(ctx context.Context, kid string) error {
	return callError(ctx, s, "DeleteKey", func() error { return s.inner.DeleteKey(ctx, kid) })
}

func (s *Store) AppendAudit(ctx context.Context, events ...storage.AuditEvent) error {
	return callError(ctx, s, "AppendAudit", func() error { return s.inner.AppendAudit(ctx, events...) })
}

func (s *Store) ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (storage.AuditPage, error) {
	return callValue(ctx, s, "ListAudit", func() (storage.AuditPage, error) { return s.inner.ListAudit(ctx, f, p) })
}

func (s *Store) SweepAudit(ctx context.Context, before string, limit int) (int64, error) {
	return callValue(ctx, s, "SweepAudit", func() (int64, error) { return s.inner.SweepAudit(ctx, before, limit) })
}

func (s *Store) Ping(ctx context.Context) error {
	return callError(ctx, s, "Ping", func() error { return s.inner.Ping(ctx) })
}

func (s *Store) Close() error { return s.inner.Close() }
