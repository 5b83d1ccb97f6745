package storagetest_test

import (
	"context"
	"errors"
	"time"

	"example.org/signet/storage"
)

// Faults of stores in what sign-in in a browser keeps.

// redeemsAgain answers whoever comes second with the redeemed session.
type redeemsAgain struct{ storage.Store }

func (s redeemsAgain) RedeemSession(ctx context.Context, r storage.Redemption) (storage.Session, error) {
	got, err := s.Store.RedeemSession(ctx, r)
	if errors.Is(err, storage.ErrConflict) {
		if now, readErr := s.Session(ctx, r.SessionID); readErr == nil && now.Generation == 0 {
			return now, nil
		}
	}
	return got, err
}

type keepsCode struct{ storage.Store }

func (s keepsCode) RedeemSession(ctx context.Context, r storage.Redemption) (storage.Session, error) {
	before, err := s.Session(ctx, r.SessionID)
	if err != nil {
		return before, err
	}
	got, err := s.Store.RedeemSession(ctx, r)
	got.Code = before.Code
	return got, err
}

type redeemsLate struct{ storage.Store }

func (s redeemsLate) RedeemSession(ctx context.Context, r storage.Redemption) (storage.Session, error) {
	at := storage.Time(r.At)
	r.At = r.At.Add(-time.Millisecond)
	got, err := s.Store.RedeemSession(ctx, r)
	got.CreatedAt, got.RotatedAt = at, at
	return got, err
}

type ignoresBrowser struct{ storage.Store }

func (s ignoresBrowser) RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error) {
	f.BrowserID = ""
	return s.Store.RevokeAll(ctx, f, at, reason)
}

type losesFailures struct{ storage.Store }

func (s losesFailures) CountCodeFailure(ctx context.Context, id string) (storage.Session, error) {
	got, err := s.Store.CountCodeFailure(ctx, id)
	if got.Code.Failures == 40 {
		got.Code.Failures = 39 // read by two before either wrote
	}
	return got, err
}

type touchesBack struct{ storage.Store }

func (s touchesBack) TouchBrowserSession(ctx context.Context, id string, seen, idleAt time.Time) error {
	if b, err := s.BrowserSession(ctx, id); err == nil && idleAt.After(b.IdleAt) && !seen.After(b.LastSeen) {
		seen = b.LastSeen.Add(time.Millisecond)
	}
	return s.Store.TouchBrowserSession(ctx, id, seen, idleAt)
}

type deletesLiving struct{ storage.Store }

func (s deletesLiving) DeleteBrowserSessions(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		if err := s.RevokeBrowserSession(ctx, id, time.Now(), ""); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
	}
	return s.Store.DeleteBrowserSessions(ctx, ids...)
}

type overwritesConsent struct{ storage.Store }

func (s overwritesConsent) SwapConsent(ctx context.Context, c storage.Consent) (storage.Consent, error) {
	for {
		got, err := s.Store.SwapConsent(ctx, c)
		if !errors.Is(err, storage.ErrConflict) {
			return got, err
		}
		now, err := s.Consent(ctx, c.UserID, c.ClientID)
		if err != nil {
			return got, err
		}
		c.Version = now.Version
	}
}

type overwritesFactors struct{ storage.Store }

func (s overwritesFactors) PutUserFactors(ctx context.Context, f storage.UserFactors) (storage.UserFactors, error) {
	for {
		got, err := s.Store.PutUserFactors(ctx, f)
		if !errors.Is(err, storage.ErrConflict) {
			return got, err
		}
		now, err := s.UserFactors(ctx, f.UserID)
		if err != nil {
			return got, err
		}
		f.Version = now.Version
	}
}

type overwritesLink struct{ storage.Store }

func (s overwritesLink) UpdateUserLink(ctx context.Context, l storage.UserLink) (storage.UserLink, error) {
	for {
		got, err := s.Store.UpdateUserLink(ctx, l)
		if !errors.Is(err, storage.ErrConflict) {
			return got, err
		}
		now, err := s.UserLink(ctx, l.ID)
		if err != nil {
			return got, err
		}
		l.Version = now.Version
	}
}

type deletesAll struct{ storage.Store }

func (s deletesAll) DeleteConsents(ctx context.Context, f storage.ConsentFilter) (int64, error) {
	if f == (storage.ConsentFilter{}) {
		return s.Store.DeleteConsents(ctx, storage.ConsentFilter{UserID: "a"})
	}
	return s.Store.DeleteConsents(ctx, f)
}

// leasesTwice leases what one instance got first to the one that comes next, too.
type leasesTwice struct {
	storage.Store
	first chan []storage.Message // has room for one
}

func (s leasesTwice) LeaseMessages(ctx context.Context, l storage.Lease) ([]storage.Message, error) {
	due, err := s.Store.LeaseMessages(ctx, l)
	if err != nil || len(due) == 0 {
		return due, err
	}
	select {
	case s.first <- due:
		return due, nil
	case first := <-s.first:
		for _, m := range first {
			m.Owner = l.Owner
			due = append(due, m)
		}
		return due, nil
	}
}

type finishesAny struct{ storage.Store }

func (s finishesAny) FinishMessage(ctx context.Context, id, _ string, attempt int64) error {
	page, err := s.ListMessages(ctx, storage.Page{})
	for _, m := range page.Messages {
		if m.ID == id {
			return s.Store.FinishMessage(ctx, id, m.Owner, attempt)
		}
	}
	return errors.Join(err, storage.ErrConflict)
}
