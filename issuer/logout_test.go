package issuer_test

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

func splitToken(token string) []string { return strings.Split(token, ".") }

func expectStep(t *testing.T, what string, o issuer.LogoutOutcome, step issuer.LogoutStep, redirect string) {
	t.Helper()
	if o.Step != step || o.RedirectURL != redirect {
		t.Errorf("%s: got %s %q %+v, want %s %q", what, o.Step, o.RedirectURL, o.Refusal, step, redirect)
	}
	if done := step == issuer.LogoutSignedOut || step == issuer.LogoutRedirect; done != (o.Cookie != nil && o.Cookie.Clear) {
		t.Errorf("%s: the cookie is %+v", what, o.Cookie)
	}
}

// O01, O06, O11: the browser session ends with the login-bound sessions born in it, in every
// client. One with offline_access, and those of another browser, live on.
func TestLogout_ValidHintAndURI_EndsAndRedirects(t *testing.T) {
	f := newLogoutFixture(t)
	b, elsewhere := f.signIn(f.alice), f.signIn(f.alice)
	web, hint := f.child(b, "web")
	other, _ := f.child(b, "other")
	offline, _ := f.child(b, "web", withOfflineAccess)
	foreign, _ := f.child(elsewhere, "web")
	state := strings.Repeat("s", 126) + `"&`
	o := f.logout(b, url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {byeURI}, "state": {state}})
	expectStep(t, "logout", o, issuer.LogoutRedirect, byeURI+"&state="+strings.Repeat("s", 126)+"%22%26")
	if f.signedIn(b) || f.alive(web) || f.alive(other) {
		t.Error("something lives on that should have ended")
	}
	if !f.signedIn(elsewhere) || !f.alive(offline) || !f.alive(foreign) {
		t.Error("something ended that should live on")
	}
	o = f.logout(b, url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {byeURI}})
	expectStep(t, "again, without state", o, issuer.LogoutRedirect, byeURI)
}

// O02: no redirect to a URI that is not registered for this client, byte for byte. Whoever is
// signed in is asked, and then stays on our page.
func TestLogout_URINotRegistered_AsksAndDoesNotRedirect(t *testing.T) {
	f := newLogoutFixture(t)
	for _, uri := range []string{
		"https://evil.example.org/", byeURI + "&c=d", byeURI + "/", "https://WEB.example.org/bye?a=b", "https://other.example.org/bye?a=b", "https://web.example.org/bye", "javascript:alert(1)",
	} {
		b := f.signIn(f.alice)
		_, hint := f.child(b, "web")
		o := f.logout(b, url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {uri}, "state": {"x"}})
		expectStep(t, uri, o, issuer.LogoutConfirm, "")
		if !f.signedIn(b) {
			t.Errorf("%s: signed out unasked", uri)
		}
		expectStep(t, uri+" confirmed", f.confirm(b, o), issuer.LogoutSignedOut, "")
		if f.signedIn(b) {
			t.Errorf("%s: still signed in", uri)
		}
	}
}

// O03: a hint that is not ours vouches for nothing, also when the person confirms.
func TestLogout_InvalidHint_AsksAndDoesNotRedirect(t *testing.T) {
	f := newLogoutFixture(t)
	b := f.signIn(f.alice)
	s, hint := f.child(b, "web")
	parts := splitToken(hint)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	access, err := f.keys.Sign(f.ctx, "at+jwt", map[string]any{"iss": issuerURL, "sub": s.UserID, "aud": "web", "sid": s.ID})
	must(t, err)
	foreign := newLogoutFixture(t)
	for name, invalid := range map[string]string{
		"alg none": none + "." + parts[1] + ".", "alg none with signature": none + "." + parts[1] + "." + parts[2],
		"altered":     parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+issuerURL+`","sub":"x","aud":"web"}`)) + "." + parts[2],
		"foreign key": foreign.idToken(s), "no token": "abc", "an access token": access, "another issuer": f.idToken(s, func(c map[string]any) { c["iss"] = "https://evil.example" }),
		"two audiences": f.idToken(s, func(c map[string]any) { c["aud"] = []string{"web", "other"} }),
	} {
		o := f.logout(b, url.Values{"id_token_hint": {invalid}, "client_id": {"web"}, "post_logout_redirect_uri": {byeURI}})
		expectStep(t, name, o, issuer.LogoutConfirm, "")
		expectStep(t, name+", nobody signed in", f.logout(signedBrowser{}, url.Values{"id_token_hint": {invalid}, "post_logout_redirect_uri": {byeURI}}), issuer.LogoutSignedOut, "")
		if !f.signedIn(b) || !f.alive(s) {
			t.Fatalf("%s: signed out unasked", name)
		}
	}
	o := f.logout(b, url.Values{"id_token_hint": {none + "." + parts[1] + "."}, "client_id": {"web"}, "post_logout_redirect_uri": {byeURI}})
	expectStep(t, "confirmed", f.confirm(b, o), issuer.LogoutSignedOut, "")
	if f.signedIn(b) {
		t.Error("still signed in")
	}
}

// O04, O05: without a hint whoever is signed in is asked, whatever else is sent.
func TestLogout_NoHint_Asks(t *testing.T) {
	f := newLogoutFixture(t)
	for name, c := range map[string]struct {
		params   url.Values
		redirect string // after the confirmation
	}{
		"nothing": {url.Values{}, ""}, "state": {url.Values{"state": {"x"}}, ""}, "URI": {url.Values{"post_logout_redirect_uri": {byeURI}}, ""},
		"client": {url.Values{"client_id": {"web"}}, ""}, "client and URI": {url.Values{"client_id": {"web"}, "post_logout_redirect_uri": {byeURI}, "state": {"x"}}, byeURI + "&state=x"},
		"logout_hint": {url.Values{"logout_hint": {"alice"}, "ui_locales": {"de"}}, ""},
	} {
		b := f.signIn(f.alice)
		s, _ := f.child(b, "web")
		o := f.logout(b, c.params)
		expectStep(t, name, o, issuer.LogoutConfirm, "")
		if o.User == nil || o.User.Username != "alice" || !f.signedIn(b) {
			t.Errorf("%s: %+v", name, o)
		}
		after := issuer.LogoutSignedOut
		if c.redirect != "" {
			after = issuer.LogoutRedirect
		}
		expectStep(t, name+" confirmed", f.confirm(b, o), after, c.redirect)
		if f.signedIn(b) || f.alive(s) {
			t.Errorf("%s: still signed in", name)
		}
		expectStep(t, name+", nobody signed in", f.logout(b, c.params), issuer.LogoutSignedOut, "")
	}
}

// O07: a hint is good after it expired, after its key was retired, and after that key left
// the JWKS. A key that was revoked vouches for nothing.
func TestLogout_HintByAnOldKey(t *testing.T) {
	f := newLogoutFixture(t)
	b := f.signIn(f.alice, func(s *storage.BrowserSession) {
		s.IdleAt, s.ExpiresAt = s.IdleAt.Add(10000*time.Hour), s.ExpiresAt.Add(10000*time.Hour)
	})
	_, hint := f.child(b, "web", func(s *storage.Session) { s.ExpiresAt = s.ExpiresAt.Add(10000 * time.Hour) })
	kid, _, err := f.keys.Active()
	must(t, err)
	params := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {byeURI + "x"}, "client_id": {"other"}}
	rotate := func() {
		_, err := f.keys.Rotate(f.ctx, keys.Change{Force: true})
		must(t, err)
	}
	rotate()
	for range 2 {
		// With a client_id that is not the hint's a valid hint is refused, an invalid one is not.
		expectStep(t, "old key", f.logout(b, params), issuer.LogoutRefused, "")
		f.advance(26 * time.Hour)
	}
	must(t, f.keys.Revoke(f.ctx, kid, keys.Change{}))
	expectStep(t, "revoked key", f.logout(b, params), issuer.LogoutConfirm, "")
}

// O08: a hint of another session, or of another user, than the browser's asks first.
func TestLogout_HintOfAnotherSession_Asks(t *testing.T) {
	f := newLogoutFixture(t)
	_, err := f.operator().Users().Create(f.ctx, admin.NewUser{Username: "bob", Email: "bob@example.org", Password: alicePass})
	must(t, err)
	b, elsewhere, bob := f.signIn(f.alice), f.signIn(f.alice), f.signIn(f.user("bob"))
	mine, _ := f.child(b, "web")
	own, hintElsewhere := f.child(elsewhere, "web")
	theirs, hintBob := f.child(bob, "web")
	unknown := f.idToken(storage.Session{ID: "unknown", UserID: f.alice.ID, ClientID: "web"})
	withoutSID := f.idToken(mine, func(c map[string]any) { delete(c, "sid") })
	for name, hint := range map[string]string{"another browser": hintElsewhere, "another user": hintBob, "unknown session": unknown, "no sid": withoutSID} {
		o := f.logout(b, url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {byeURI}})
		expectStep(t, name, o, issuer.LogoutConfirm, "")
	}
	if !f.signedIn(b) || !f.signedIn(elsewhere) || !f.signedIn(bob) {
		t.Fatal("somebody was signed out unasked")
	}
	o := f.confirm(b, f.logout(b, url.Values{"id_token_hint": {hintBob}, "post_logout_redirect_uri": {byeURI}}))
	expectStep(t, "confirmed", o, issuer.LogoutRedirect, byeURI)
	if f.signedIn(b) || f.alive(mine) || !f.alive(theirs) || !f.alive(own) {
		t.Error("the confirmation ended something else than this browser's session")
	}
}

// O09, and other requests that are refused: an error page, and nothing ends.
func TestLogout_Refused(t *testing.T) {
	f := newLogoutFixture(t)
	b := f.signIn(f.alice)
	_, hint := f.child(b, "web")
	for name, params := range map[string]string{
		"another client_id": url.Values{"id_token_hint": {hint}, "client_id": {"other"}, "post_logout_redirect_uri": {byeURI}}.Encode(),
		"unknown client_id": "client_id=nobody", "doubled": "state=1&state=2", "escape": "state=%", "large": "state=" + strings.Repeat("s", 20000),
	} {
		o, err := f.Logout(f.ctx, issuer.LogoutRequest{Params: params, Cookie: b.cookie, Info: f.info})
		must(t, err)
		expectStep(t, name, o, issuer.LogoutRefused, "")
		if o.Refusal == nil || o.Refusal.Description == "" || !f.signedIn(b) {
			t.Errorf("%s: %+v", name, o.Refusal)
		}
	}
}

// O10: without a cookie a good hint ends the session that it names, and nothing else.
func TestLogout_NoCookie_EndsTheClientSession(t *testing.T) {
	f := newLogoutFixture(t)
	b := f.signIn(f.alice)
	web, hint := f.child(b, "web")
	other, _ := f.child(b, "other")
	offline, hintOffline := f.child(b, "web", withOfflineAccess)
	expectStep(t, "no cookie", f.logout(signedBrowser{cookie: "1.garbage"}, url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {byeURI}}), issuer.LogoutRedirect, byeURI)
	if f.alive(web) || !f.alive(other) || !f.signedIn(b) {
		t.Error("not exactly the session of the hint has ended")
	}
	expectStep(t, "URI not registered", f.logout(signedBrowser{}, url.Values{"id_token_hint": {hintOffline}, "post_logout_redirect_uri": {"https://evil.example"}}), issuer.LogoutSignedOut, "")
	if !f.alive(offline) {
		t.Error("a session with offline_access has ended")
	}
}

// A client that has revoked its tokens before the logout is of this browser nevertheless.
func TestLogout_TokensRevokedBefore_DoesNotAsk(t *testing.T) {
	f := newLogoutFixture(t)
	b := f.signIn(f.alice)
	s, hint := f.child(b, "web")
	must(t, f.store.RevokeSession(f.ctx, s.ID, f.clock.Now(), "token revoked"))
	expectStep(t, "logout", f.logout(b, url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {byeURI}}), issuer.LogoutRedirect, byeURI)
	if f.signedIn(b) {
		t.Error("still signed in")
	}
}

// A second authentication makes a new cookie. A logout with it ends the sessions from before.
func TestLogout_AfterASecondAuthentication_EndsAll(t *testing.T) {
	f := newLogoutFixture(t)
	first := f.signIn(f.alice)
	web, hint := f.child(first, "web")
	second := f.signIn(f.alice, func(s *storage.BrowserSession) { s.RootID = first.session.RootID })
	other, _ := f.child(second, "other")
	expectStep(t, "logout", f.logout(second, url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {byeURI}}), issuer.LogoutRedirect, byeURI)
	if f.signedIn(first) || f.signedIn(second) || f.alive(web) || f.alive(other) {
		t.Error("something lives on")
	}
}

// O12: a confirmation counts only as a form of this site, with the stamp of this request and
// this browser session.
func TestLogout_ConfirmationIsBound(t *testing.T) {
	f := newLogoutFixture(t)
	b, elsewhere := f.signIn(f.alice), f.signIn(f.alice)
	page := f.logout(b, url.Values{"client_id": {"web"}})
	foreign := f.logout(elsewhere, url.Values{"client_id": {"web"}})
	send := func(form bool, page issuer.LogoutOutcome, change func(url.Values)) issuer.LogoutOutcome {
		v := url.Values{"decision": {"sign-out"}}
		for _, p := range page.Fields {
			v.Set(p.Name, p.Value)
		}
		change(v)
		o, err := f.Logout(f.ctx, issuer.LogoutRequest{Params: v.Encode(), Form: form, Cookie: b.cookie, Info: f.info})
		must(t, err)
		return o
	}
	same := func(url.Values) {}
	for name, o := range map[string]issuer.LogoutOutcome{
		"no form of this site":   send(false, page, same),
		"another browser's page": send(true, foreign, same),
		"another request":        send(true, page, func(v url.Values) { v.Set("client_id", "other") }),
		"no stamp":               send(true, page, func(v url.Values) { v.Del("t") }),
		"no decision":            send(true, page, func(v url.Values) { v.Del("decision") }),
		"garbage":                send(true, page, func(v url.Values) { v.Set("t", "AAAA") }),
	} {
		expectStep(t, name, o, issuer.LogoutConfirm, "")
	}
	if !f.signedIn(b) {
		t.Fatal("signed out")
	}
	expectStep(t, "the page's own form", send(true, page, same), issuer.LogoutSignedOut, "")
}

// A store that fails leaves the outcome unknown: neither a wrong page nor a wrong refusal.
func TestLogout_StoreAway_IsUnavailable(t *testing.T) {
	f := newLogoutFixture(t)
	b := f.signIn(f.alice)
	_, hint := f.child(b, "web")
	f.store.failing.Store(true)
	_, err := f.Logout(f.ctx, issuer.LogoutRequest{Params: url.Values{"id_token_hint": {hint}}.Encode(), Cookie: b.cookie, Info: f.info})
	f.store.failing.Store(false)
	wantCode(t, "logout", err, issuer.Unavailable)
	expectStep(t, "again", f.logout(b, url.Values{"id_token_hint": {hint}}), issuer.LogoutSignedOut, "")
}

// S07, O15: a browser session that was not used, or that is too old, ends with its login-bound
// sessions; the clients hear of it.
func TestSweep_BrowserSessionExpired_EndsItsSessions(t *testing.T) {
	for name, change := range map[string]func(*storage.BrowserSession){
		"idle":     func(s *storage.BrowserSession) { s.IdleAt = s.CreatedAt.Add(time.Hour) },
		"absolute": func(s *storage.BrowserSession) { s.ExpiresAt = s.CreatedAt.Add(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newLogoutFixture(t)
			b, living := f.signIn(f.alice, change), f.signIn(f.alice)
			web, _ := f.child(b, "web")
			offline, _ := f.child(b, "web", withOfflineAccess)
			other, _ := f.child(living, "web")
			f.advance(59 * time.Minute)
			sweep(t, f)
			if !f.alive(web) {
				t.Error("a session ended before its browser session")
			}
			f.advance(5 * time.Minute)
			sweep(t, f)
			if f.alive(web) || !f.alive(offline) || !f.alive(other) || !f.signedIn(living) {
				t.Error("not exactly the login-bound session has ended")
			}
			if _, err := f.store.BrowserSession(f.ctx, b.session.ID); err == nil {
				t.Error("the record was not deleted")
			}
			f.deliver(f.Issuer)
			if told := f.rp.told(); !slices.Equal(told, []string{web.ID}) {
				t.Errorf("told of %v, want %s", told, web.ID)
			}
		})
	}
}

// A record whose place a newer one has taken goes without ending anything.
func TestSweep_ReplacedRecord_EndsNothing(t *testing.T) {
	f := newLogoutFixture(t)
	first := f.signIn(f.alice)
	web, _ := f.child(first, "web")
	f.signIn(f.alice, func(s *storage.BrowserSession) { s.RootID = first.session.RootID })
	must(t, f.store.RevokeBrowserSession(f.ctx, first.session.ID, f.clock.Now(), "replaced"))
	f.advance(10 * time.Minute)
	sweep(t, f)
	if _, err := f.store.BrowserSession(f.ctx, first.session.ID); err == nil || !f.alive(web) {
		t.Errorf("the record: %v, its session lives: %v", err, f.alive(web))
	}
}

// A session that began while its browser session ended is found, and so is one that a crash
// left alive.
func TestSweep_SessionMissedByTheLogout_Ends(t *testing.T) {
	f := newLogoutFixture(t)
	b := f.signIn(f.alice)
	must(t, f.store.RevokeBrowserSession(f.ctx, b.session.ID, f.clock.Now(), "signed out"))
	late, _ := f.child(b, "web")
	f.advance(10 * time.Minute)
	sweep(t, f)
	if f.alive(late) {
		t.Error("the session lives on")
	}
}

func sweep(t *testing.T, f *logoutFixture) {
	t.Helper()
	_, err := f.Sweep(f.ctx)
	must(t, err)
}
