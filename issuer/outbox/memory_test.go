package outbox_test

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"example.org/signet/storage"
)

// memoryStore is an outbox in memory. The backends have a suite of their own.
type memoryStore struct {
	mu       sync.Mutex
	messages map[string]storage.Message
	failing  error // of every call; nil for none
}

var _ storage.Outbox = (*memoryStore)(nil)

func newMemoryStore() *memoryStore { return &memoryStore{messages: map[string]storage.Message{}} }

func (s *memoryStore) Enqueue(_ context.Context, messages ...storage.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		if _, exists := s.messages[m.ID]; !exists && s.failing == nil {
			s.messages[m.ID] = m
		}
	}
	return s.failing
}

func (s *memoryStore) LeaseMessages(_ context.Context, l storage.Lease) ([]storage.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != nil {
		return nil, s.failing
	}
	var due []storage.Message
	for _, m := range s.sorted() {
		if len(due) < l.Limit && !m.DueAt.After(l.Now) && !m.LeasedTo.After(l.Now) && l.Now.Before(m.ExpiresAt) {
			m.Owner, m.LeasedTo, m.Attempts = l.Owner, l.Until, m.Attempts+1
			s.messages[m.ID] = m
			due = append(due, m)
		}
	}
	return due, nil
}

func (s *memoryStore) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.messages)
}

// sorted returns the messages, the longest due first.
func (s *memoryStore) sorted() []storage.Message {
	all := make([]storage.Message, 0, len(s.messages))
	for _, m := range s.messages {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b storage.Message) int { return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID)) })
	return all
}

func (s *memoryStore) held(id, owner string, attempt int64) (storage.Message, error) {
	m, ok := s.messages[id]
	switch {
	case s.failing != nil:
		return m, s.failing
	case !ok || m.Owner != owner || m.Attempts != attempt:
		return m, storage.ErrConflict
	}
	return m, nil
}

func (s *memoryStore) FinishMessage(_ context.Context, id, owner string, attempt int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.held(id, owner, attempt)
	if err == nil {
		delete(s.messages, id)
	}
	return err
}

func (s *memoryStore) PostponeMessage(_ context.Context, id, owner string, attempt int64, due time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.held(id, owner, attempt)
	if err == nil {
		m.Owner, m.LeasedTo, m.DueAt = "", time.Time{}, due
		s.messages[id] = m
	}
	return err
}

func (s *memoryStore) ListMessages(context.Context, storage.Page) (storage.MessagePage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return storage.MessagePage{Messages: s.sorted()}, s.failing
}

func (s *memoryStore) SweepMessages(_ context.Context, before time.Time, limit int) (swept []storage.Message, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.sorted() {
		if len(swept) < limit && m.ExpiresAt.Before(before) {
			swept = append(swept, m)
			delete(s.messages, m.ID)
		}
	}
	return swept, s.failing
}

func (s *memoryStore) message(id string) (storage.Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.messages[id]
	return m, ok
}

func (s *memoryStore) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = err
}
