package issuer

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.org/signet/storage"
)

// oneClient is a store with one client, or none, that counts reads.
type oneClient struct {
	storage.Clients
	client storage.Client
	err    error
	reads  int
}

func (s *oneClient) Client(context.Context, string) (storage.Client, error) {
	s.reads++
	return s.client, s.err
}

var errNo, errBusy = newError(InvalidScope, "no"), newError(TooManyAttempts, "throttled")

func TestClientCheck(t *testing.T) {
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	rejectFirst := func(c storage.Client) error {
		if c.Version == 1 && c.CreatedAt.Equal(created) {
			return errNo
		}
		return nil
	}
	always := func(err error) func(storage.Client) error { return func(storage.Client) error { return err } }
	next := storage.Client{ID: "web", Version: 2, CreatedAt: created}
	for name, tt := range map[string]struct {
		cold   bool // the client is not cached
		stored storage.Client
		err    error // of the store
		judge  func(storage.Client) error
		want   error
		reads  int
		judged int
	}{
		"cached, accepted":                        {judge: always(nil), judged: 1},
		"cached, rejected, unchanged":             {judge: rejectFirst, want: errNo, reads: 1, judged: 1},
		"cached, rejected, changed":               {stored: next, judge: rejectFirst, reads: 1, judged: 2},
		"cached, rejected, deleted and recreated": {stored: storage.Client{ID: "web", Version: 1, CreatedAt: created.Add(1)}, judge: rejectFirst, reads: 1, judged: 2},
		"cached, rejected, changed, rejected":     {stored: next, judge: always(errNo), want: errNo, reads: 1, judged: 2},
		"cached, rejected, deleted":               {err: storage.ErrNotFound, judge: rejectFirst, want: storage.ErrNotFound, reads: 1, judged: 1},
		"cached, rejected, store down":            {err: storage.ErrUnavailable, judge: rejectFirst, want: storage.ErrUnavailable, reads: 1, judged: 1},
		"cached, throttled":                       {stored: next, judge: always(errBusy), want: errBusy, judged: 1},
		"cached, outcome unknown":                 {stored: next, judge: always(unavailable(storage.ErrUnavailable)), want: storage.ErrUnavailable, judged: 1},
		"read, accepted":                          {cold: true, judge: always(nil), reads: 1, judged: 1},
		"read, rejected":                          {cold: true, judge: rejectFirst, want: errNo, reads: 1, judged: 1},
		"not found":                               {cold: true, err: storage.ErrNotFound, judge: always(nil), want: storage.ErrNotFound, reads: 1},
		"store down":                              {cold: true, err: storage.ErrUnavailable, judge: always(nil), want: storage.ErrUnavailable, reads: 1},
	} {
		t.Run(name, func(t *testing.T) {
			store := &oneClient{client: storage.Client{ID: "web", Version: 1, CreatedAt: created}}
			cache := newClientCache(store, time.Minute, func() time.Time { return created })
			if !tt.cold {
				if err := cache.check(t.Context(), "web", func(storage.Client) error { return nil }); err != nil {
					t.Fatal(err)
				}
			}
			store.reads, store.err = 0, tt.err
			if tt.stored.ID != "" {
				store.client = tt.stored
			}
			judged := 0
			err := cache.check(t.Context(), "web", func(c storage.Client) error { judged++; return tt.judge(c) })
			if !errors.Is(err, tt.want) || store.reads != tt.reads || judged != tt.judged {
				t.Errorf("check = %v after %d reads and %d calls of judge; want %v, %d, %d", err, store.reads, judged, tt.want, tt.reads, tt.judged)
			}
		})
	}
}
