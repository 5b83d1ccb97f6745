package admin_test

import (
	"errors"
	"testing"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

func TestRevokeConsent_EndsTheClientsSessionsOfTheUser(t *testing.T) {
	f := newFixture(t).withAlice()
	id := f.userID("alice")
	_, err := f.store.SwapConsent(f.ctx, storage.Consent{UserID: id, ClientID: "web", Scopes: []string{"items:read", "openid"}, Audiences: []string{apiURL}, CreatedAt: storage.Time(f.now()), UpdatedAt: storage.Time(f.now())})
	must(t, err)
	f.session("alice", "one")
	other := storage.Session{ID: "other", UserID: id, ClientID: "phone", CreatedAt: f.now(), RotatedAt: f.now(), ExpiresAt: f.now().Add(idleLife)}
	must(t, f.store.CreateSession(f.ctx, other))
	list, err := f.admin.Browsers().Consents(f.ctx, id, storage.Page{})
	must(t, err)
	if len(list.Items) != 1 || list.Items[0].ClientID != "web" || list.Items[0].Scope != "items:read openid" {
		t.Errorf("listed %+v", list)
	}
	must(t, f.admin.Browsers().RevokeConsent(f.ctx, id, "web"))
	if f.active("one") {
		t.Error("the client's session goes on")
	}
	if s, err := f.store.Session(f.ctx, "other"); err != nil || !s.RevokedAt.IsZero() {
		t.Errorf("another client's session: %+v, %v", s, err)
	}
	if err := f.admin.Browsers().RevokeConsent(f.ctx, id, "web"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
	if got := f.details(audit.EventConsentRevoked); len(got) != 1 {
		t.Errorf("audited %q", got)
	}
	if err := f.admin.Browsers().RevokeConsent(f.ctx, "nobody", "web"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("unknown user: %v", err)
	}
}
