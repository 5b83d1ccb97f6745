package issuer_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// A login counts for the request for an hour, however often the page after it is loaded anew.
func TestStamp_ReloadingThePage_DoesNotExtendTheLogin(t *testing.T) {
	for _, prompt := range [][]string{{"prompt", "login consent"}, {"max_age", "60", "prompt", "consent"}} {
		f, b := newSignInFixture(t, asksOnce)
		query := page(t, "login", b.logIn(request(prompt...)), authorization.StepConsent)
		for range 4 {
			f.advance(40 * time.Minute)
			o := b.authorize(query)
			if query = o.Query; o.Step.Kind == authorization.StepLogin {
				break
			}
		}
		if o := b.consent(query, true); o.Step.Kind != authorization.StepLogin {
			t.Errorf("%v: %s after %s, want the login page", prompt, o.Step.Kind, f.clock.Now())
		}
	}
}

// The answer counts for what the page has shown, not for what the client may have by then.
func TestConsent_ClientChangedSinceThePage_IsShownAgain(t *testing.T) {
	for name, change := range map[string]func(*storage.Client){
		"a scope more": func(c *storage.Client) { c.Scopes = append(c.Scopes, "items:delete") },
		"another name": func(c *storage.Client) { c.Name = "Bank" },
	} {
		for _, policy := range []string{"once", "always"} {
			f, b := newSignInFixture(t, func(c *storage.Client) { c.Consent = policy })
			query := page(t, name, b.logIn(request("scope", "openid items:delete")), authorization.StepConsent)
			c, err := f.store.Store.Client(f.ctx, "app")
			must(t, err)
			change(&c)
			_, err = f.store.UpdateClient(f.ctx, c)
			must(t, err)
			f.InvalidateClient("app")
			query = page(t, name+", policy "+policy, b.consent(query, true), authorization.StepConsent)
			wantCodeOf(t, name+", what is shown now", b.consent(query, true))
		}
	}
}

// Whoever has an IPv6 /56 has 256 narrowest networks: the events of refused requests are
// bounded for all of them together, as attempts at passwords are.
func TestRefusal_FromManyNetworksOfOneOwner_IsAuditedWithinBounds(t *testing.T) {
	f, b := newSignInFixture(t)
	for n := range 3 {
		b.info.Address = netip.MustParseAddr(fmt.Sprintf("2001:db8:1:%x::1", n))
		for range 300 {
			b.authorize("client_id=nobody")
		}
	}
	if n := f.events(audit.EventAuthorizeRefused); n != 600 {
		t.Errorf("%d events from one /56, want twice those of a /64", n)
	}
}

// Somebody who is signed in can answer without end; only the first answers that change
// nothing are audited.
func TestConsent_AnsweredAgainAndAgain_IsAuditedWithinBounds(t *testing.T) {
	f, b := newSignInFixture(t, asksOnce)
	query := page(t, "login", b.logIn(request("prompt", "consent")), authorization.StepConsent)
	for range 50 {
		b.consent(query, false)
		b.consent(query, true)
	}
	for _, event := range []string{audit.EventConsentDenied, audit.EventConsentGranted} {
		if n := f.events(event); n > 11 {
			t.Errorf("%d events %s", n, event)
		}
	}
}
