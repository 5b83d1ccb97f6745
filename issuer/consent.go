package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// Policies of consent, as storage.Client.Consent has them.
const (
	consentNever  = "never"  // an administrator has made the client, and vouches for it
	consentOnce   = "once"   // asked, and remembered
	consentAlways = "always" // asked each time
)

// consentStore keeps what people have allowed.
type consentStore interface {
	Consent(ctx context.Context, userID, clientID string) (storage.Consent, error)
	SwapConsent(ctx context.Context, c storage.Consent) (storage.Consent, error)
	DeleteConsents(ctx context.Context, f storage.ConsentFilter) (int64, error)
	ListScopeTexts(ctx context.Context) ([]storage.ScopeText, error)
}

// consents decides whether people are asked, and keeps their answers.
type consents struct {
	store consentStore
	log   eventLog
}

// consentPolicy returns the client's policy for this request. A public client that nobody has
// decided about is asked for where its redirect URI is one that any program on the same
// computer can have (RFC 8252 §8.6).
func consentPolicy(c storage.Client, redirectURI string) string {
	if c.Consent != "" {
		return c.Consent
	}
	if c.Public && authorization.IsNative(redirectURI) {
		return consentOnce
	}
	return consentNever
}

// asked is what a person is asked to allow.
type asked struct {
	user      storage.User
	client    storage.Client
	policy    string
	scopes    []string
	audiences []string
}

// state says what is known of the consent. It reads nothing where the policy needs no record.
func (c consents) state(ctx context.Context, a asked) (authorization.ConsentState, error) {
	switch a.policy {
	case consentNever:
		return authorization.ConsentGiven, nil
	case consentAlways:
		return authorization.ConsentUnless, nil
	}
	record, err := c.store.Consent(ctx, a.user.ID, a.client.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return authorization.ConsentDue, nil
	case err != nil:
		return authorization.ConsentDue, unavailable(err)
	case covers(record, a):
		return authorization.ConsentGiven, nil
	}
	return authorization.ConsentDue, nil
}

// covers tells whether the record allows all that is asked for, of the client as it was shown.
func covers(record storage.Consent, a asked) bool {
	return record.Shown == shownHash(a) && len(without(a.scopes, record.Scopes)) == 0 && len(without(a.audiences, record.Audiences)) == 0
}

// shownHash is the hash of what the person was shown of the client, and of when client and
// user were made: one who comes later under the same id has allowed nothing.
func shownHash(a asked) string {
	hosts := make([]string, 0, len(a.client.RedirectURIs))
	for _, uri := range a.client.RedirectURIs {
		if host := redirectHost(uri); !contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	slices.Sort(hosts)
	text, err := json.Marshal([]any{
		"signet consent v1", a.client.Name, a.client.LogoURI, hosts, a.client.CreatedAt.UnixMilli(), a.user.CreatedAt.UnixMilli(),
	})
	if err != nil {
		panic("consent: " + err.Error()) // texts and numbers always encode
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// redirectHost is the host of a redirect URI, or its scheme where that is private-use.
func redirectHost(uri string) string {
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return uri
	case u.Host == "":
		return u.Scheme + ":"
	}
	return u.Hostname()
}

// mark is what a stamp knows the consent page by that shows it.
func (a asked) mark() [16]byte {
	text, err := json.Marshal([]any{"signet consent page v1", shownHash(a), a.scopes, a.audiences})
	if err != nil {
		panic("consent: " + err.Error()) // texts always encode
	}
	sum := sha256.Sum256(text)
	return [16]byte(sum[:16])
}

// maxConsentAttempts bounds how often a lost compare-and-swap is tried again.
const maxConsentAttempts = 10

// grant stores what the person has allowed, beside what they had allowed before of the client
// as it is now. changed is false where that was all.
func (c consents) grant(ctx context.Context, a asked, now time.Time) (changed bool, err error) {
	for range maxConsentAttempts {
		if changed, err = c.add(ctx, a, now); !errors.Is(err, storage.ErrConflict) {
			return changed, unavailableOrNil(err)
		}
	}
	return false, unavailable(errConsentContended)
}

var errConsentContended = errors.New("the consent changed at every step")

// add makes one try. storage.ErrConflict where somebody else was faster.
func (c consents) add(ctx context.Context, a asked, now time.Time) (changed bool, err error) {
	record, err := c.store.Consent(ctx, a.user.ID, a.client.ID)
	if errors.Is(err, storage.ErrNotFound) {
		record, err = storage.Consent{UserID: a.user.ID, ClientID: a.client.ID, CreatedAt: now}, nil
	}
	if err != nil || covers(record, a) {
		return false, err
	}
	if shown := shownHash(a); record.Shown != shown {
		record.Scopes, record.Audiences, record.Shown = nil, nil, shown
	}
	record.Scopes, record.Audiences = sortedUnion(record.Scopes, a.scopes), sortedUnion(record.Audiences, a.audiences)
	record.UpdatedAt = now
	_, err = c.store.SwapConsent(ctx, record)
	return err == nil, err
}

func sortedUnion(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// event is what is audited of an answer.
func (a asked) event(kind string) storage.AuditEvent {
	return storage.AuditEvent{Type: kind, Actor: a.user.ID, Target: a.user.ID, ClientID: a.client.ID, Detail: joinScope(a.scopes)}
}

// auditRevoked audits that a consent is about to be deleted.
func (c consents) auditRevoked(ctx context.Context, userID, clientID string, info RequestInfo) error {
	return c.log.append(ctx, info, storage.AuditEvent{Type: audit.EventConsentRevoked, Target: userID, ClientID: clientID})
}

// remove deletes a consent.
func (c consents) remove(ctx context.Context, userID, clientID string) error {
	_, err := c.store.DeleteConsents(ctx, storage.ConsentFilter{UserID: userID, ClientID: clientID})
	return unavailableOrNil(err)
}

// view returns what the consent page shows.
func (c consents) view(ctx context.Context, a asked) (*ConsentView, error) {
	texts, err := c.store.ListScopeTexts(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	return &ConsentView{Scopes: scopeViews(a.scopes, texts), Audiences: a.audiences, Remembered: a.policy != consentAlways}, nil
}

// scopeViews returns the scopes with their texts.
func scopeViews(scopes []string, texts []storage.ScopeText) []ScopeView {
	var views []ScopeView
	for _, scope := range scopes {
		v := ScopeView{Name: scope}
		if n := slices.IndexFunc(texts, func(t storage.ScopeText) bool { return t.Scope == scope }); n >= 0 {
			v.Texts = texts[n].Texts
		}
		views = append(views, v)
	}
	return views
}
