package endpointstest

import (
	"context"
	"errors"
	"sync"
	"time"

	"example.org/signet/storage"
)

// Store counts the calls of another store, and fails where it is told to.
type Store struct {
	inner storage.Store

	mu     sync.Mutex
	rests  bool
	calls  []string
	before func(ctx context.Context, n int, method string) error
	after  func(n int, method string) error
}

var _ storage.Store = (*Store)(nil)

// NewStore wraps a store; it fails nowhere yet.
func NewStore(inner storage.Store) *Store { return &Store{inner: inner} }

// Forget starts the count anew and removes every fault.
func (s *Store) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rests, s.calls, s.before, s.after = false, nil, nil, nil
}

// Rest stops counting and failing until the next Forget, for benchmarks.
func (s *Store) Rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rests, s.calls, s.before, s.after = true, nil, nil, nil
}

// Calls are the methods called since the last Forget, in order.
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

var errCut = errors.New("connection reset by peer")

// FailAt makes the n-th call fail before it reaches the store; 0 makes all fail.
func (s *Store) FailAt(n int) {
	s.Before(func(_ context.Context, call int, method string) error {
		if n == 0 || call == n {
			return storage.Unavailable(method, errCut)
		}
		return nil
	})
}

// LoseAt makes the answer of the n-th call get lost after the store has done it.
func (s *Store) LoseAt(n int) {
	s.After(func(call int, method string) error {
		if call == n {
			return storage.Unavailable(method, errCut)
		}
		return nil
	})
}

// HangAt makes the n-th call hang until its context ends; 0 makes all hang.
func (s *Store) HangAt(n int) {
	s.Before(func(ctx context.Context, call int, method string) error {
		if n != 0 && call != n {
			return nil
		}
		<-ctx.Done()
		return storage.Unavailable(method, ctx.Err())
	})
}

func (s *Store) enter(ctx context.Context, method string) (n int, err error) {
	s.mu.Lock()
	if !s.rests {
		s.calls = append(s.calls, method)
	}
	n, before := len(s.calls), s.before
	s.mu.Unlock()
	if before != nil {
		err = before(ctx, n, method)
	}
	return n, err
}

func (s *Store) leave(n int, method string, err error) error {
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

// get and do make one call of the inner store.
func get[T any](ctx context.Context, s *Store, method string, call func() (T, error)) (T, error) {
	var none T
	n, err := s.enter(ctx, method)
	if err != nil {
		return none, err
	}
	v, err := call()
	if err = s.leave(n, method, err); err != nil {
		return none, err
	}
	return v, nil
}

func do(ctx context.Context, s *Store, method string, call func() error) error {
	_, err := get(ctx, s, method, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

func (s *Store) CreateUser(ctx context.Context, u storage.User) error {
	return do(ctx, s, "CreateUser", func() error { return s.inner.CreateUser(ctx, u) })
}

func (s *Store) User(ctx context.Context, id string) (storage.User, error) {
	return get(ctx, s, "User", func() (storage.User, error) { return s.inner.User(ctx, id) })
}

func (s *Store) UserByLogin(ctx context.Context, name string) (storage.User, error) {
	return get(ctx, s, "UserByLogin", func() (storage.User, error) { return s.inner.UserByLogin(ctx, name) })
}

func (s *Store) UpdateUser(ctx context.Context, u storage.User) (storage.User, error) {
	return get(ctx, s, "UpdateUser", func() (storage.User, error) { return s.inner.UpdateUser(ctx, u) })
}

func (s *Store) ReplacePasswordHash(ctx context.Context, id, old, new string) error {
	return do(ctx, s, "ReplacePasswordHash", func() error { return s.inner.ReplacePasswordHash(ctx, id, old, new) })
}

func (s *Store) DeleteUser(ctx context.Context, id string, version int64) error {
	return do(ctx, s, "DeleteUser", func() error { return s.inner.DeleteUser(ctx, id, version) })
}

func (s *Store) SharedSet(ctx context.Context, name string) (storage.SharedSet, error) {
	return get(ctx, s, "SharedSet", func() (storage.SharedSet, error) { return s.inner.SharedSet(ctx, name) })
}

func (s *Store) SwapSharedSet(ctx context.Context, g storage.SharedSet) (storage.SharedSet, error) {
	return get(ctx, s, "SwapSharedSet", func() (storage.SharedSet, error) { return s.inner.SwapSharedSet(ctx, g) })
}

func (s *Store) ListUsers(ctx context.Context, f storage.UserFilter, p storage.Page) (storage.UserPage, error) {
	return get(ctx, s, "ListUsers", func() (storage.UserPage, error) { return s.inner.ListUsers(ctx, f, p) })
}

func (s *Store) CreateRole(ctx context.Context, r storage.Role) error {
	return do(ctx, s, "CreateRole", func() error { return s.inner.CreateRole(ctx, r) })
}

func (s *Store) Role(ctx context.Context, name string) (storage.Role, error) {
	return get(ctx, s, "Role", func() (storage.Role, error) { return s.inner.Role(ctx, name) })
}

func (s *Store) UpdateRole(ctx context.Context, r storage.Role) (storage.Role, error) {
	return get(ctx, s, "UpdateRole", func() (storage.Role, error) { return s.inner.UpdateRole(ctx, r) })
}

func (s *Store) DeleteRole(ctx context.Context, name string) error {
	return do(ctx, s, "DeleteRole", func() error { return s.inner.DeleteRole(ctx, name) })
}

func (s *Store) ListRoles(ctx context.Context) ([]storage.Role, error) {
	return get(ctx, s, "ListRoles", func() ([]storage.Role, error) { return s.inner.ListRoles(ctx) })
}

func (s *Store) CreateClient(ctx context.Context, c storage.Client) error {
	return do(ctx, s, "CreateClient", func() error { return s.inner.CreateClient(ctx, c) })
}

func (s *Store) Client(ctx context.Context, id string) (storage.Client, error) {
	return get(ctx, s, "Client", func() (storage.Client, error) { return s.inner.Client(ctx, id) })
}

func (s *Store) UpdateClient(ctx context.Context, c storage.Client) (storage.Client, error) {
	return get(ctx, s, "UpdateClient", func() (storage.Client, error) { return s.inner.UpdateClient(ctx, c) })
}

func (s *Store) DeleteClient(ctx context.Context, id string) error {
	return do(ctx, s, "DeleteClient", func() error { return s.inner.DeleteClient(ctx, id) })
}

func (s *Store) ListClients(ctx context.Context, p storage.Page) (storage.ClientPage, error) {
	return get(ctx, s, "ListClients", func() (storage.ClientPage, error) { return s.inner.ListClients(ctx, p) })
}

func (s *Store) AnyClient(ctx context.Context, q storage.ClientQuery) (bool, error) {
	return get(ctx, s, "AnyClient", func() (bool, error) { return s.inner.AnyClient(ctx, q) })
}

func (s *Store) CreateSession(ctx context.Context, v storage.Session) error {
	return do(ctx, s, "CreateSession", func() error { return s.inner.CreateSession(ctx, v) })
}

func (s *Store) Session(ctx context.Context, id string) (storage.Session, error) {
	return get(ctx, s, "Session", func() (storage.Session, error) { return s.inner.Session(ctx, id) })
}

func (s *Store) RotateSession(ctx context.Context, r storage.Rotation) (storage.Session, error) {
	return get(ctx, s, "RotateSession", func() (storage.Session, error) { return s.inner.RotateSession(ctx, r) })
}

func (s *Store) ListRevocations(ctx context.Context, p storage.Page) (storage.RevocationPage, error) {
	return get(ctx, s, "ListRevocations", func() (storage.RevocationPage, error) { return s.inner.ListRevocations(ctx, p) })
}

func (s *Store) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	return get(ctx, s, "Snapshot", func() (storage.Snapshot, error) { return s.inner.Snapshot(ctx) })
}

func (s *Store) Clear(ctx context.Context) error {
	return do(ctx, s, "Clear", func() error { return s.inner.Clear(ctx) })
}

func (s *Store) Epoch(ctx context.Context) (storage.Epoch, error) {
	return get(ctx, s, "Epoch", func() (storage.Epoch, error) { return s.inner.Epoch(ctx) })
}

func (s *Store) RaiseEpoch(ctx context.Context, r storage.EpochRaise) (storage.Epoch, error) {
	return get(ctx, s, "RaiseEpoch", func() (storage.Epoch, error) { return s.inner.RaiseEpoch(ctx, r) })
}

func (s *Store) UserInEpoch(ctx context.Context, id string) (u storage.User, e storage.Epoch, err error) {
	err = do(ctx, s, "UserInEpoch", func() (err error) {
		u, e, err = s.inner.UserInEpoch(ctx, id)
		return err
	})
	return u, e, err
}

func (s *Store) CountReplay(ctx context.Context, r storage.Replay) (storage.Session, error) {
	return get(ctx, s, "CountReplay", func() (storage.Session, error) { return s.inner.CountReplay(ctx, r) })
}

func (s *Store) ExcessSessions(ctx context.Context, owner storage.SessionOwner, at, idleSince time.Time, keep, limit int) ([]string, error) {
	return get(ctx, s, "ExcessSessions", func() ([]string, error) {
		return s.inner.ExcessSessions(ctx, owner, at, idleSince, keep, limit)
	})
}

func (s *Store) RevokeSession(ctx context.Context, id string, at time.Time, reason string) error {
	return do(ctx, s, "RevokeSession", func() error { return s.inner.RevokeSession(ctx, id, at, reason) })
}

func (s *Store) RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error) {
	return get(ctx, s, "RevokeAll", func() (int64, error) { return s.inner.RevokeAll(ctx, f, at, reason) })
}

func (s *Store) ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (storage.SessionPage, error) {
	return get(ctx, s, "ListSessions", func() (storage.SessionPage, error) { return s.inner.ListSessions(ctx, f, p) })
}

func (s *Store) SweepSessions(ctx context.Context, before time.Time, limit int) (int64, error) {
	return get(ctx, s, "SweepSessions", func() (int64, error) { return s.inner.SweepSessions(ctx, before, limit) })
}

func (s *Store) LeaseStatus(ctx context.Context, size int64, until time.Time) (int64, error) {
	return get(ctx, s, "LeaseStatus", func() (int64, error) { return s.inner.LeaseStatus(ctx, size, until) })
}

func (s *Store) AddStatusList(ctx context.Context, id int64) error {
	return do(ctx, s, "AddStatusList", func() error { return s.inner.AddStatusList(ctx, id) })
}

func (s *Store) StatusLists(ctx context.Context) ([]storage.StatusList, error) {
	return get(ctx, s, "StatusLists", func() ([]storage.StatusList, error) { return s.inner.StatusLists(ctx) })
}

func (s *Store) StatusList(ctx context.Context, id int64) (storage.StatusList, error) {
	return get(ctx, s, "StatusList", func() (storage.StatusList, error) { return s.inner.StatusList(ctx, id) })
}

func (s *Store) SetStatus(ctx context.Context, id, version int64, bits []byte) error {
	return do(ctx, s, "SetStatus", func() error { return s.inner.SetStatus(ctx, id, version, bits) })
}

func (s *Store) SweepStatusLists(ctx context.Context, before time.Time, limit int) (int64, error) {
	return get(ctx, s, "SweepStatusLists", func() (int64, error) { return s.inner.SweepStatusLists(ctx, before, limit) })
}

func (s *Store) UpdateRights(ctx context.Context, r storage.RightsUpdate) (storage.Session, error) {
	return get(ctx, s, "UpdateRights", func() (storage.Session, error) { return s.inner.UpdateRights(ctx, r) })
}

func (s *Store) PendingStatus(ctx context.Context, limit int) ([]storage.Session, error) {
	return get(ctx, s, "PendingStatus", func() ([]storage.Session, error) { return s.inner.PendingStatus(ctx, limit) })
}

func (s *Store) ClearPendingStatus(ctx context.Context, settled []storage.Session) error {
	return do(ctx, s, "ClearPendingStatus", func() error { return s.inner.ClearPendingStatus(ctx, settled) })
}

func (s *Store) AddPendingRevocation(ctx context.Context, e storage.PendingRevocation) error {
	return do(ctx, s, "AddPendingRevocation", func() error { return s.inner.AddPendingRevocation(ctx, e) })
}

func (s *Store) PendingRevocations(ctx context.Context, limit int) ([]storage.PendingRevocation, error) {
	return get(ctx, s, "PendingRevocations", func() ([]storage.PendingRevocation, error) { return s.inner.PendingRevocations(ctx, limit) })
}

func (s *Store) RemovePendingRevocation(ctx context.Context, id string) error {
	return do(ctx, s, "RemovePendingRevocation", func() error { return s.inner.RemovePendingRevocation(ctx, id) })
}

func (s *Store) RevokeToken(ctx context.Context, jti string, expiresAt time.Time) error {
	return do(ctx, s, "RevokeToken", func() error { return s.inner.RevokeToken(ctx, jti, expiresAt) })
}

func (s *Store) TokenRevoked(ctx context.Context, jti string) (bool, error) {
	return get(ctx, s, "TokenRevoked", func() (bool, error) { return s.inner.TokenRevoked(ctx, jti) })
}

func (s *Store) SweepRevocations(ctx context.Context, before time.Time, limit int) (int64, error) {
	return get(ctx, s, "SweepRevocations", func() (int64, error) { return s.inner.SweepRevocations(ctx, before, limit) })
}

func (s *Store) IncrementCounter(ctx context.Context, key string, now time.Time, window time.Duration) (storage.RateCounter, error) {
	return get(ctx, s, "IncrementCounter", func() (storage.RateCounter, error) { return s.inner.IncrementCounter(ctx, key, now, window) })
}

func (s *Store) DecrementCounter(ctx context.Context, key string) error {
	return do(ctx, s, "DecrementCounter", func() error { return s.inner.DecrementCounter(ctx, key) })
}

func (s *Store) DeleteCounter(ctx context.Context, key string) error {
	return do(ctx, s, "DeleteCounter", func() error { return s.inner.DeleteCounter(ctx, key) })
}

func (s *Store) SweepCounters(ctx context.Context, before time.Time, limit int) (int64, error) {
	return get(ctx, s, "SweepCounters", func() (int64, error) { return s.inner.SweepCounters(ctx, before, limit) })
}

func (s *Store) InsertKey(ctx context.Context, k storage.Key) error {
	return do(ctx, s, "InsertKey", func() error { return s.inner.InsertKey(ctx, k) })
}

func (s *Store) ListKeys(ctx context.Context) ([]storage.Key, error) {
	return get(ctx, s, "ListKeys", func() ([]storage.Key, error) { return s.inner.ListKeys(ctx) })
}

func (s *Store) RevokeKey(ctx context.Context, kid string, at time.Time) error {
	return do(ctx, s, "RevokeKey", func() error { return s.inner.RevokeKey(ctx, kid, at) })
}

func (s *Store) ResealKey(ctx context.Context, kid string, was, sealed []byte) error {
	return do(ctx, s, "ResealKey", func() error { return s.inner.ResealKey(ctx, kid, was, sealed) })
}

func (s *Store) DeleteKey(ctx context.Context, kid string) error {
	return do(ctx, s, "DeleteKey", func() error { return s.inner.DeleteKey(ctx, kid) })
}

func (s *Store) AppendAudit(ctx context.Context, events ...storage.AuditEvent) error {
	return do(ctx, s, "AppendAudit", func() error { return s.inner.AppendAudit(ctx, events...) })
}

func (s *Store) ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (storage.AuditPage, error) {
	return get(ctx, s, "ListAudit", func() (storage.AuditPage, error) { return s.inner.ListAudit(ctx, f, p) })
}

func (s *Store) SweepAudit(ctx context.Context, before string, limit int) (int64, error) {
	return get(ctx, s, "SweepAudit", func() (int64, error) { return s.inner.SweepAudit(ctx, before, limit) })
}

func (s *Store) Ping(ctx context.Context) error {
	return do(ctx, s, "Ping", func() error { return s.inner.Ping(ctx) })
}

func (s *Store) Close() error { return s.inner.Close() }
