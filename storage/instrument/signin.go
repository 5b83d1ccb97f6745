package instrument

import (
	"context"
	"time"

	"example.org/signet/storage"
)

// codes also tells that a session began: with the redemption of its code.
type codes struct {
	store   storage.Codes
	calls   *calls
	metrics Metrics
}

var _ storage.Codes = (*codes)(nil)

func (w *codes) SessionInEpoch(ctx context.Context, id string) (_ storage.Session, _ storage.User, _ storage.Epoch, err error) {
	defer w.calls.end("session_in_epoch", w.calls.begin(), &err)
	return w.store.SessionInEpoch(ctx, id)
}

func (w *codes) RedeemSession(ctx context.Context, r storage.Redemption) (s storage.Session, err error) {
	defer w.calls.end("redeem_session", w.calls.begin(), &err)
	if s, err = w.store.RedeemSession(ctx, r); err == nil {
		w.metrics.SessionStarted()
	}
	return s, err
}

func (w *codes) CountCodeFailure(ctx context.Context, sessionID string) (_ storage.Session, err error) {
	defer w.calls.end("count_code_failure", w.calls.begin(), &err)
	return w.store.CountCodeFailure(ctx, sessionID)
}

// browserSessions also tells how many of them began and are gone.
type browserSessions struct {
	store   storage.BrowserSessions
	calls   *calls
	metrics Metrics
}

var _ storage.BrowserSessions = (*browserSessions)(nil)

func (w *browserSessions) CreateBrowserSession(ctx context.Context, b storage.BrowserSession) (err error) {
	defer w.calls.end("create_browser_session", w.calls.begin(), &err)
	if err = w.store.CreateBrowserSession(ctx, b); err == nil {
		w.metrics.BrowserSessionStarted()
	}
	return err
}

func (w *browserSessions) BrowserSession(ctx context.Context, id string) (_ storage.BrowserSession, err error) {
	defer w.calls.end("browser_session", w.calls.begin(), &err)
	return w.store.BrowserSession(ctx, id)
}

func (w *browserSessions) BrowserSessionInEpoch(ctx context.Context, id string) (_ storage.BrowserSession, _ storage.User, _ storage.Epoch, err error) {
	defer w.calls.end("browser_session_in_epoch", w.calls.begin(), &err)
	return w.store.BrowserSessionInEpoch(ctx, id)
}

func (w *browserSessions) TouchBrowserSession(ctx context.Context, id string, seen, idleAt time.Time) (err error) {
	defer w.calls.end("touch_browser_session", w.calls.begin(), &err)
	return w.store.TouchBrowserSession(ctx, id, seen, idleAt)
}

func (w *browserSessions) ListBrowserSessions(ctx context.Context, f storage.BrowserSessionFilter, p storage.Page) (_ storage.BrowserSessionPage, err error) {
	defer w.calls.end("list_browser_sessions", w.calls.begin(), &err)
	return w.store.ListBrowserSessions(ctx, f, p)
}

func (w *browserSessions) RevokeBrowserSession(ctx context.Context, id string, at time.Time, reason string) (err error) {
	defer w.calls.end("revoke_browser_session", w.calls.begin(), &err)
	return w.store.RevokeBrowserSession(ctx, id, at, reason)
}

func (w *browserSessions) EndedBrowserSessions(ctx context.Context, by time.Time, limit int) (_ []storage.BrowserSession, err error) {
	defer w.calls.end("ended_browser_sessions", w.calls.begin(), &err)
	return w.store.EndedBrowserSessions(ctx, by, limit)
}

func (w *browserSessions) DeleteBrowserSessions(ctx context.Context, ids ...string) (err error) {
	defer w.calls.end("delete_browser_sessions", w.calls.begin(), &err)
	if err = w.store.DeleteBrowserSessions(ctx, ids...); err == nil {
		w.metrics.BrowserSessionsDeleted(int64(len(ids)))
	}
	return err
}

type consents struct {
	store storage.Consents
	calls *calls
}

var _ storage.Consents = (*consents)(nil)

func (w *consents) Consent(ctx context.Context, userID, clientID string) (_ storage.Consent, err error) {
	defer w.calls.end("consent", w.calls.begin(), &err)
	return w.store.Consent(ctx, userID, clientID)
}

func (w *consents) SwapConsent(ctx context.Context, c storage.Consent) (_ storage.Consent, err error) {
	defer w.calls.end("swap_consent", w.calls.begin(), &err)
	return w.store.SwapConsent(ctx, c)
}

func (w *consents) DeleteConsents(ctx context.Context, f storage.ConsentFilter) (_ int64, err error) {
	defer w.calls.end("delete_consents", w.calls.begin(), &err)
	return w.store.DeleteConsents(ctx, f)
}

func (w *consents) ListConsents(ctx context.Context, f storage.ConsentFilter, p storage.Page) (_ storage.ConsentPage, err error) {
	defer w.calls.end("list_consents", w.calls.begin(), &err)
	return w.store.ListConsents(ctx, f, p)
}

type scopeTexts struct {
	store storage.ScopeTexts
	calls *calls
}

var _ storage.ScopeTexts = (*scopeTexts)(nil)

func (w *scopeTexts) PutScopeText(ctx context.Context, t storage.ScopeText) (err error) {
	defer w.calls.end("put_scope_text", w.calls.begin(), &err)
	return w.store.PutScopeText(ctx, t)
}

func (w *scopeTexts) DeleteScopeText(ctx context.Context, scope string) (err error) {
	defer w.calls.end("delete_scope_text", w.calls.begin(), &err)
	return w.store.DeleteScopeText(ctx, scope)
}

func (w *scopeTexts) ListScopeTexts(ctx context.Context) (_ []storage.ScopeText, err error) {
	defer w.calls.end("list_scope_texts", w.calls.begin(), &err)
	return w.store.ListScopeTexts(ctx)
}

type attributeSchemas struct {
	store storage.AttributeSchemas
	calls *calls
}

var _ storage.AttributeSchemas = (*attributeSchemas)(nil)

func (w *attributeSchemas) AttributeSchema(ctx context.Context) (_ storage.AttributeSchema, err error) {
	defer w.calls.end("attribute_schema", w.calls.begin(), &err)
	return w.store.AttributeSchema(ctx)
}

func (w *attributeSchemas) SwapAttributeSchema(ctx context.Context, a storage.AttributeSchema) (_ storage.AttributeSchema, err error) {
	defer w.calls.end("swap_attribute_schema", w.calls.begin(), &err)
	return w.store.SwapAttributeSchema(ctx, a)
}

type clientLogos struct {
	store storage.ClientLogos
	calls *calls
}

var _ storage.ClientLogos = (*clientLogos)(nil)

func (w *clientLogos) PutClientLogo(ctx context.Context, l storage.ClientLogo) (err error) {
	defer w.calls.end("put_client_logo", w.calls.begin(), &err)
	return w.store.PutClientLogo(ctx, l)
}

func (w *clientLogos) ClientLogo(ctx context.Context, clientID string) (_ storage.ClientLogo, err error) {
	defer w.calls.end("client_logo", w.calls.begin(), &err)
	return w.store.ClientLogo(ctx, clientID)
}

func (w *clientLogos) DeleteClientLogo(ctx context.Context, clientID string) (err error) {
	defer w.calls.end("delete_client_logo", w.calls.begin(), &err)
	return w.store.DeleteClientLogo(ctx, clientID)
}

func (w *clientLogos) ListClientLogos(ctx context.Context, p storage.Page) (_ storage.ClientLogoPage, err error) {
	defer w.calls.end("list_client_logos", w.calls.begin(), &err)
	return w.store.ListClientLogos(ctx, p)
}

type outbox struct {
	store storage.Outbox
	calls *calls
}

var _ storage.Outbox = (*outbox)(nil)

func (w *outbox) Enqueue(ctx context.Context, messages ...storage.Message) (err error) {
	defer w.calls.end("enqueue", w.calls.begin(), &err)
	return w.store.Enqueue(ctx, messages...)
}

func (w *outbox) LeaseMessages(ctx context.Context, l storage.Lease) (_ []storage.Message, err error) {
	defer w.calls.end("lease_messages", w.calls.begin(), &err)
	return w.store.LeaseMessages(ctx, l)
}

func (w *outbox) FinishMessage(ctx context.Context, id, owner string, attempt int64) (err error) {
	defer w.calls.end("finish_message", w.calls.begin(), &err)
	return w.store.FinishMessage(ctx, id, owner, attempt)
}

func (w *outbox) PostponeMessage(ctx context.Context, id, owner string, attempt int64, due time.Time) (err error) {
	defer w.calls.end("postpone_message", w.calls.begin(), &err)
	return w.store.PostponeMessage(ctx, id, owner, attempt, due)
}

func (w *outbox) ListMessages(ctx context.Context, p storage.Page) (_ storage.MessagePage, err error) {
	defer w.calls.end("list_messages", w.calls.begin(), &err)
	return w.store.ListMessages(ctx, p)
}

func (w *outbox) SweepMessages(ctx context.Context, before time.Time, limit int) (_ []storage.Message, err error) {
	defer w.calls.end("sweep_messages", w.calls.begin(), &err)
	return w.store.SweepMessages(ctx, before, limit)
}
