package protocoltest

import (
	"context"
	"time"

	"example.org/signet/storage"
)

// The calls of sign-in in a browser.

func (s *Store) RedeemSession(ctx context.Context, r storage.Redemption) (storage.Session, error) {
	return callValue(ctx, s, "RedeemSession", func() (storage.Session, error) { return s.inner.RedeemSession(ctx, r) })
}

func (s *Store) CountCodeFailure(ctx context.Context, sessionID string) (storage.Session, error) {
	return callValue(ctx, s, "CountCodeFailure", func() (storage.Session, error) { return s.inner.CountCodeFailure(ctx, sessionID) })
}

func (s *Store) CreateBrowserSession(ctx context.Context, b storage.BrowserSession) error {
	return callError(ctx, s, "CreateBrowserSession", func() error { return s.inner.CreateBrowserSession(ctx, b) })
}

func (s *Store) BrowserSession(ctx context.Context, id string) (storage.BrowserSession, error) {
	return callValue(ctx, s, "BrowserSession", func() (storage.BrowserSession, error) { return s.inner.BrowserSession(ctx, id) })
}

func (s *Store) SessionInEpoch(ctx context.Context, id string) (v storage.Session, u storage.User, e storage.Epoch, err error) {
	err = callError(ctx, s, "SessionInEpoch", func() (err error) {
		v, u, e, err = s.inner.SessionInEpoch(ctx, id)
		return err
	})
	return v, u, e, err
}

func (s *Store) BrowserSessionInEpoch(ctx context.Context, id string) (b storage.BrowserSession, u storage.User, e storage.Epoch, err error) {
	err = callError(ctx, s, "BrowserSessionInEpoch", func() (err error) {
		b, u, e, err = s.inner.BrowserSessionInEpoch(ctx, id)
		return err
	})
	return b, u, e, err
}

func (s *Store) TouchBrowserSession(ctx context.Context, id string, seen, idleAt time.Time) error {
	return callError(ctx, s, "TouchBrowserSession", func() error { return s.inner.TouchBrowserSession(ctx, id, seen, idleAt) })
}

func (s *Store) ListBrowserSessions(ctx context.Context, f storage.BrowserSessionFilter, p storage.Page) (storage.BrowserSessionPage, error) {
	return callValue(ctx, s, "ListBrowserSessions", func() (storage.BrowserSessionPage, error) { return s.inner.ListBrowserSessions(ctx, f, p) })
}

func (s *Store) RevokeBrowserSession(ctx context.Context, id string, at time.Time, reason string) error {
	return callError(ctx, s, "RevokeBrowserSession", func() error { return s.inner.RevokeBrowserSession(ctx, id, at, reason) })
}

func (s *Store) EndedBrowserSessions(ctx context.Context, by time.Time, limit int) ([]storage.BrowserSession, error) {
	return callValue(ctx, s, "EndedBrowserSessions", func() ([]storage.BrowserSession, error) { return s.inner.EndedBrowserSessions(ctx, by, limit) })
}

func (s *Store) DeleteBrowserSessions(ctx context.Context, ids ...string) error {
	return callError(ctx, s, "DeleteBrowserSessions", func() error { return s.inner.DeleteBrowserSessions(ctx, ids...) })
}

func (s *Store) Consent(ctx context.Context, userID, clientID string) (storage.Consent, error) {
	return callValue(ctx, s, "Consent", func() (storage.Consent, error) { return s.inner.Consent(ctx, userID, clientID) })
}

func (s *Store) SwapConsent(ctx context.Context, c storage.Consent) (storage.Consent, error) {
	return callValue(ctx, s, "SwapConsent", func() (storage.Consent, error) { return s.inner.SwapConsent(ctx, c) })
}

func (s *Store) DeleteConsents(ctx context.Context, f storage.ConsentFilter) (int64, error) {
	return callValue(ctx, s, "DeleteConsents", func() (int64, error) { return s.inner.DeleteConsents(ctx, f) })
}

func (s *Store) ListConsents(ctx context.Context, f storage.ConsentFilter, p storage.Page) (storage.ConsentPage, error) {
	return callValue(ctx, s, "ListConsents", func() (storage.ConsentPage, error) { return s.inner.ListConsents(ctx, f, p) })
}

func (s *Store) PutScopeText(ctx context.Context, t storage.ScopeText) error {
	return callError(ctx, s, "PutScopeText", func() error { return s.inner.PutScopeText(ctx, t) })
}

func (s *Store) DeleteScopeText(ctx context.Context, scope string) error {
	return callError(ctx, s, "DeleteScopeText", func() error { return s.inner.DeleteScopeText(ctx, scope) })
}

func (s *Store) ListScopeTexts(ctx context.Context) ([]storage.ScopeText, error) {
	return callValue(ctx, s, "ListScopeTexts", func() ([]storage.ScopeText, error) { return s.inner.ListScopeTexts(ctx) })
}

func (s *Store) AttributeSchema(ctx context.Context) (storage.AttributeSchema, error) {
	return callValue(ctx, s, "AttributeSchema", func() (storage.AttributeSchema, error) { return s.inner.AttributeSchema(ctx) })
}

func (s *Store) SwapAttributeSchema(ctx context.Context, a storage.AttributeSchema) (storage.AttributeSchema, error) {
	return callValue(ctx, s, "SwapAttributeSchema", func() (storage.AttributeSchema, error) { return s.inner.SwapAttributeSchema(ctx, a) })
}

func (s *Store) PutClientLogo(ctx context.Context, l storage.ClientLogo) error {
	return callError(ctx, s, "PutClientLogo", func() error { return s.inner.PutClientLogo(ctx, l) })
}

func (s *Store) ClientLogo(ctx context.Context, clientID string) (storage.ClientLogo, error) {
	return callValue(ctx, s, "ClientLogo", func() (storage.ClientLogo, error) { return s.inner.ClientLogo(ctx, clientID) })
}

func (s *Store) DeleteClientLogo(ctx context.Context, clientID string) error {
	return callError(ctx, s, "DeleteClientLogo", func() error { return s.inner.DeleteClientLogo(ctx, clientID) })
}

func (s *Store) ListClientLogos(ctx context.Context, p storage.Page) (storage.ClientLogoPage, error) {
	return callValue(ctx, s, "ListClientLogos", func() (storage.ClientLogoPage, error) { return s.inner.ListClientLogos(ctx, p) })
}

func (s *Store) Enqueue(ctx context.Context, messages ...storage.Message) error {
	return callError(ctx, s, "Enqueue", func() error { return s.inner.Enqueue(ctx, messages...) })
}

func (s *Store) LeaseMessages(ctx context.Context, l storage.Lease) ([]storage.Message, error) {
	return callValue(ctx, s, "LeaseMessages", func() ([]storage.Message, error) { return s.inner.LeaseMessages(ctx, l) })
}

func (s *Store) FinishMessage(ctx context.Context, id, owner string, attempt int64) error {
	return callError(ctx, s, "FinishMessage", func() error { return s.inner.FinishMessage(ctx, id, owner, attempt) })
}

func (s *Store) PostponeMessage(ctx context.Context, id, owner string, attempt int64, due time.Time) error {
	return callError(ctx, s, "PostponeMessage", func() error { return s.inner.PostponeMessage(ctx, id, owner, attempt, due) })
}

func (s *Store) ListMessages(ctx context.Context, p storage.Page) (storage.MessagePage, error) {
	return callValue(ctx, s, "ListMessages", func() (storage.MessagePage, error) { return s.inner.ListMessages(ctx, p) })
}

func (s *Store) SweepMessages(ctx context.Context, before time.Time, limit int) ([]storage.Message, error) {
	return callValue(ctx, s, "SweepMessages", func() ([]storage.Message, error) { return s.inner.SweepMessages(ctx, before, limit) })
}
