package sqlite

import (
	"context"
	"errors"
	"testing"

	"example.org/signet/storage"
)

// While listings have all of their connections, and more wait for one, what requests read does
// not wait; a listing ends with its context.
func TestListingsLeaveRequestsTheirReaders(t *testing.T) {
	s := openTest(t)
	for range maxListers { // each a listing that goes on and on
		c, err := s.listers.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.listers.release(c)
	}
	ended, end := context.WithCancel(t.Context())
	calls := map[string]func(context.Context) error{
		"users": func(ctx context.Context) error {
			_, err := s.ListUsers(ctx, storage.UserFilter{}, storage.Page{})
			return err
		},
		"sessions": func(ctx context.Context) error {
			_, err := s.ListSessions(ctx, storage.SessionFilter{}, storage.Page{})
			return err
		},
		"audit events": func(ctx context.Context) error {
			_, err := s.ListAudit(ctx, storage.AuditFilter{}, storage.Page{})
			return err
		},
		"clients": func(ctx context.Context) error { _, err := s.ListClients(ctx, storage.Page{}); return err },
		"browser sessions": func(ctx context.Context) error {
			_, err := s.ListBrowserSessions(ctx, storage.BrowserSessionFilter{}, storage.Page{})
			return err
		},
		"ended browsers": func(ctx context.Context) error { _, err := s.EndedBrowserSessions(ctx, start, 1); return err },
		"consents": func(ctx context.Context) error {
			_, err := s.ListConsents(ctx, storage.ConsentFilter{}, storage.Page{})
			return err
		},
		"messages":    func(ctx context.Context) error { _, err := s.ListMessages(ctx, storage.Page{}); return err },
		"revocations": func(ctx context.Context) error { _, err := s.ListRevocations(ctx, storage.Page{}); return err },
		"logos":       func(ctx context.Context) error { _, err := s.ListClientLogos(ctx, storage.Page{}); return err },
		"revoking all": func(ctx context.Context) error {
			_, err := s.RevokeAll(ctx, storage.SessionFilter{}, start, "test")
			return err
		},
	}
	results := make(chan error, len(calls))
	for _, call := range calls {
		go func() { results <- call(ended) }()
	}
	for range 20 {
		if _, err := s.Session(t.Context(), "none"); !errors.Is(err, storage.ErrNotFound) {
			t.Fatalf("Session while listings wait: %v", err)
		}
		if _, err := s.ListRoles(t.Context()); err != nil {
			t.Fatalf("ListRoles while listings wait: %v", err)
		}
	}
	select {
	case err := <-results:
		t.Errorf("a listing did not wait for a connection of its own: %v", err)
	default:
	}
	end()
	for range calls {
		if err := <-results; !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("a listing whose context ended: %v", err)
		}
	}
}
