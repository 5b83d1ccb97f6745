package issuer_test

import (
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

func asksOnce(c *storage.Client) { c.Consent = "once" }

func scopesOf(o issuer.Outcome) string {
	var names []string
	for _, s := range o.Consent.Scopes {
		names = append(names, s.Name)
	}
	return strings.Join(names, " ")
}

// N01, N07: asked first, remembered, and asked again for more only.
func TestConsent_Once_IsRememberedByScopesAndResources(t *testing.T) {
	f, b := newSignInFixture(t, asksOnce)
	must(t, f.store.PutScopeText(f.ctx, storage.ScopeText{Scope: "items:read", Texts: map[string]string{"en": "See your items", "de": "Ihre Dinge sehen"}}))
	o := b.logIn(request("resource", apiURL))
	query := page(t, "first", o, authorization.StepConsent)
	if scopesOf(o) != "openid items:read" || o.Consent.Scopes[1].Texts["de"] == "" || !o.Consent.Remembered || len(o.Consent.Audiences) != 1 {
		t.Errorf("the page shows %+v", o.Consent)
	}
	wantCodeOf(t, "allow", b.consent(query, true))
	for name, q := range map[string]string{
		"the same": request("resource", apiURL), "fewer scopes": request("scope", "openid", "resource", apiURL), "another order": request("scope", "items:read openid", "resource", apiURL),
	} {
		wantCodeOf(t, name, b.authorize(q))
		wantCodeOf(t, name, b.authorize(q+"&prompt=none"))
	}
	for name, q := range map[string]string{
		"another scope": request("scope", "openid items:write", "resource", apiURL), "another resource": request("resource", apiURL+"/other"),
		"offline_access": request("scope", "openid offline_access", "resource", apiURL),
	} {
		query = page(t, name, b.authorize(q), authorization.StepConsent)
		wantError(t, name, b.authorize(q+"&prompt=none"), "consent_required")
		wantCodeOf(t, name, b.consent(query, true))
		wantCodeOf(t, name, b.authorize(q+"&prompt=none"))
	}
	wantCodeOf(t, "the first again", b.authorize(request("resource", apiURL)))
	f.wantEvents(audit.EventConsentGranted, 4)
	sessions := f.pending("alice")
	unbound := 0
	for _, s := range sessions {
		if !s.LoginBound {
			unbound++
		}
	}
	if unbound != 2 {
		t.Errorf("%d sessions of %d outlive the browser's, want those with offline_access", unbound, len(sessions))
	}
}

// Asked again where the client, or the person, is not the one of then.
func TestConsent_IsAskedAgain_WhereWhatWasShownChanged(t *testing.T) {
	for name, change := range map[string]func(*storage.Client){
		"name": func(c *storage.Client) { c.Name = "Bank" }, "logo": func(c *storage.Client) { c.LogoURI = "https://app.example.org/2.png" },
		"redirect hosts": func(c *storage.Client) {
			c.RedirectURIs = append(c.RedirectURIs, "https://evil.example.net/cb")
		},
	} {
		f, b := newSignInFixture(t, asksOnce)
		query := page(t, name, b.logIn(request()), authorization.StepConsent)
		wantCodeOf(t, name, b.consent(query, true))
		c, err := f.store.Store.Client(f.ctx, "app")
		must(t, err)
		change(&c)
		_, err = f.store.UpdateClient(f.ctx, c)
		must(t, err)
		f.InvalidateClient("app")
		page(t, name, b.authorize(request()), authorization.StepConsent)
	}
	f, b := newSignInFixture(t, asksOnce)
	query := page(t, "login", b.logIn(request()), authorization.StepConsent)
	wantCodeOf(t, "allow", b.consent(query, true))
	must(t, f.store.DeleteClient(f.ctx, "app", 0))
	f.advance(time.Second)
	f.withApp(asksOnce)
	f.InvalidateClient("app")
	page(t, "another client of the same id", b.authorize(request()), authorization.StepConsent)
}

// N02: always asks, and does not loop.
func TestConsent_PromptConsentAndPolicyAlways_AskEachTime(t *testing.T) {
	for name, policy := range map[string]string{"never": "prompt", "once": "prompt", "always": ""} {
		_, b := newSignInFixture(t, func(c *storage.Client) { c.Consent = name })
		q := request("prompt", map[string]string{"prompt": "consent"}[policy])
		query := page(t, name, b.logIn(q), authorization.StepConsent)
		wantCodeOf(t, name, b.consent(query, true))
		query = page(t, name+", again", b.authorize(q), authorization.StepConsent)
		page(t, name+", reload of the decided page", b.authorize(query), authorization.StepConsent)
		wantCodeOf(t, name, b.consent(query, true))
	}
}

// N03.
func TestConsent_Denied_StoresNothing(t *testing.T) {
	f, b := newSignInFixture(t, asksOnce)
	query := page(t, "login", b.logIn(request()), authorization.StepConsent)
	o := b.consent(query, false)
	wantError(t, "deny", o, "access_denied")
	if answer(o, "state") != "s1" || answer(o, "iss") != issuerURL {
		t.Errorf("%v", o.Response.Params)
	}
	consents, err := f.store.ListConsents(f.ctx, storage.ConsentFilter{}, storage.Page{})
	must(t, err)
	if len(consents.Consents) != 0 || len(f.pending("alice")) != 0 {
		t.Errorf("%d consents, %d sessions", len(consents.Consents), len(f.pending("alice")))
	}
	f.wantEvents(audit.EventConsentDenied, 1)
	page(t, "the next request", b.authorize(request()), authorization.StepConsent)
}

// N04: any program on the computer can have the redirect URI of a native client.
func TestConsent_NativeClientThatNobodyDecidedAbout_IsAskedFor(t *testing.T) {
	for uri, want := range map[string]authorization.StepKind{
		"com.example.app:/cb": authorization.StepConsent, "http://127.0.0.1:8000/cb": authorization.StepConsent, appURI: authorization.StepRespond,
	} {
		for policy, want := range map[string]authorization.StepKind{"": want, "never": authorization.StepRespond} {
			_, b := newSignInFixture(t, func(c *storage.Client) { c.RedirectURIs, c.Consent = []string{uri}, policy })
			if o := b.logIn(request("redirect_uri", uri)); o.Step.Kind != want {
				t.Errorf("%s, policy %q: %s, want %s", uri, policy, o.Step.Kind, want)
			}
		}
	}
}

// N06: the answer counts with the stamp of this session and request alone.
func TestConsent_AnswerFromElsewhere_IsIgnored(t *testing.T) {
	f, b := newSignInFixture(t, asksOnce)
	query := page(t, "login", b.logIn(request()), authorization.StepConsent)
	other := f.browser(b.signIn)
	mine := page(t, "another browser", other.logIn(request()), authorization.StepConsent)
	if i := strings.Index(query, "&t="); i < 0 {
		t.Fatal(query)
	}
	for name, q := range map[string]string{
		"a stamp of another session": mine, "no stamp": request(), "another request": strings.Replace(query, "items%3Aread", "items%3Awrite", 1),
	} {
		for _, allow := range []bool{true, false} {
			if o := b.consent(q, allow); o.Response != nil || o.Step.Kind != authorization.StepConsent && o.Step.Kind != authorization.StepLogin {
				t.Errorf("%s, allow %t: %s", name, allow, o.Step.Kind)
			}
		}
	}
	nobody := f.browser(b.signIn)
	page(t, "nobody", nobody.consent(query, true), authorization.StepLogin)
	consents, err := f.store.ListConsents(f.ctx, storage.ConsentFilter{}, storage.Page{})
	must(t, err)
	if len(consents.Consents) != 0 {
		t.Errorf("%+v", consents.Consents)
	}
	f.advance(61 * time.Minute)
	query = page(t, "an hour later it is shown again", b.consent(query, true), authorization.StepConsent)
	wantCodeOf(t, "and counts then", b.consent(query, true))
}

// N08: the client's sessions of the user end, those with offline_access included.
func TestConsent_Revoked_EndsTheClientsSessions(t *testing.T) {
	f, b := newSignInFixture(t, asksOnce)
	query := page(t, "login", b.logIn(request("scope", "openid offline_access")), authorization.StepConsent)
	wantCodeOf(t, "allow", b.consent(query, true))
	tokens := f.mustLogin() // of another client
	must(t, b.OwnBrowsers().RevokeConsent(f.ctx, f.userID("alice"), "app", b.info))
	for _, s := range f.pending("alice") {
		if s.RevokedAt.IsZero() || !s.StatusPending && s.StatusIndex > 0 {
			t.Errorf("alive: %+v", s)
		}
	}
	if !f.active(tokens.AccessToken) || !b.alive() {
		t.Error("the session of another client, or the browser's, has ended")
	}
	f.wantEvents(audit.EventConsentRevoked, 1)
	page(t, "the next request", b.authorize(request()), authorization.StepConsent)
}
