package protocoltest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// relyingParty is the server of clients' back-channel logout URIs.
type relyingParty struct {
	*httptest.Server
	mu       sync.Mutex
	status   int
	requests []receivedLogout
}

// receivedLogout is one request that was answered by 200.
type receivedLogout struct {
	path, contentType, token string
	fields                   int
}

func newRelyingParty(t *testing.T) *relyingParty {
	t.Helper()
	rp := &relyingParty{status: http.StatusOK}
	rp.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rp.mu.Lock()
		defer rp.mu.Unlock()
		if rp.status == http.StatusOK && r.Method == http.MethodPost && r.ParseForm() == nil {
			rp.requests = append(rp.requests, receivedLogout{r.URL.Path[1:], r.Header.Get("Content-Type"), r.PostForm.Get("logout_token"), len(r.PostForm)})
		}
		w.WriteHeader(rp.status)
	}))
	t.Cleanup(rp.Close)
	return rp
}

func (rp *relyingParty) answer(status int) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	rp.status = status
}

// received returns the requests since the last call.
func (rp *relyingParty) received() []receivedLogout {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	all := rp.requests
	rp.requests = nil
	return all
}

// expectTold fails the test unless exactly these applications were told since the last call.
func (rp *relyingParty) expectTold(t *testing.T, apps ...signedInApp) {
	t.Helper()
	var got, want []string
	for _, r := range rp.received() {
		sid, _ := claims(t, r.token)["sid"].(string)
		got = append(got, r.path+" "+sid)
	}
	for _, a := range apps {
		want = append(want, a.client.ID+" "+a.sid)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("told: %v\nwant: %v", got, want)
	}
}

// deliver does what the background of the instance does.
func (s *Signet) deliver(t *testing.T) {
	t.Helper()
	s.RefreshStatus(t)
	s.Clock.Advance(time.Second)
	_, err := s.Service.Outbox().DeliverDue(context.Background())
	must(t, err)
}

func testBackchannel(t *testing.T, s *Signet) {
	o := s.Get(Discovery).Object(t)
	if o["end_session_endpoint"] != s.Issuer+Logout || o["backchannel_logout_supported"] != true || o["backchannel_logout_session_supported"] != true {
		t.Errorf("discovery: %v %v %v", o["end_session_endpoint"], o["backchannel_logout_supported"], o["backchannel_logout_session_supported"])
	}
	if _, listed := o["frontchannel_logout_supported"]; listed {
		t.Error("discovery lists front-channel logout")
	}
	rp := newRelyingParty(t)
	web := s.addLogoutClient(t, "logout-web", rp)
	b := s.NewBrowser()
	a := b.enter(t, web, s.Alice)
	b.Open(logoutURL("id_token_hint", a.ID, "post_logout_redirect_uri", Goodbye)).redirected(t, Goodbye)
	s.deliver(t)
	all := rp.received()
	if len(all) != 1 || all[0].path != web.ID || all[0].contentType != "application/x-www-form-urlencoded" || all[0].fields != 1 {
		t.Fatalf("received %+v", all)
	}
	s.Log.MarkSecret(all[0].token)
	payload, header, err := s.Keys.Verify(context.Background(), all[0].token)
	must(t, err)
	if kid, _, _ := s.Keys.Active(); header.Typ != "logout+jwt" || header.KID != kid {
		t.Errorf("header %+v of %s", header, payload)
	}
	c, now := claims(t, all[0].token), float64(s.Clock.Now().Unix())
	events, _ := c["events"].(map[string]any)
	event, isObject := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	if c["iss"] != s.Issuer || c["aud"] != web.ID || c["sub"] != s.Alice.ID || c["sid"] != a.sid || c["iat"] != now || c["exp"].(float64) > now+120 ||
		len(c["jti"].(string)) < 22 || len(events) != 1 || !isObject || len(event) != 0 {
		t.Errorf("claims %v", c)
	}
	if _, given := c["nonce"]; given || len(c) != 8 {
		t.Errorf("claims %v", c)
	}
	// It passes nowhere as another kind of token.
	if r := s.PostAs(web, Introspect, Form("token", all[0].token)).Object(t); r["active"] != false {
		t.Error("it introspects as active")
	}
	s.UserInfo(all[0].token).ExpectStatus(t, http.StatusUnauthorized)
	b.enter(t, web, s.Alice)
	b.Open(logoutURL("id_token_hint", all[0].token, "post_logout_redirect_uri", Goodbye)).asks(t)
	s.deliver(t)
	rp.expectTold(t)
}

// Down, the client is told nothing; back, it is told once, by whichever instance, also
// by one that was started since.
func testBackchannelDown(t *testing.T, s *Signet) {
	rp := newRelyingParty(t)
	web := s.addLogoutClient(t, "logout-web", rp)
	b := s.NewBrowser()
	apps := []signedInApp{b.enter(t, web, s.Alice), b.enter(t, web, s.Alice), b.enter(t, web, s.Alice)}
	rp.answer(http.StatusServiceUnavailable)
	b.Open(logoutURL("id_token_hint", apps[0].ID)).signedOut(t)
	second := s.StartInstance(t)
	s.deliver(t)
	second.deliver(t)
	rp.expectTold(t)
	third := s.StartInstance(t)
	rp.answer(http.StatusOK)
	for range 8 {
		s.Clock.Advance(10 * time.Second)
		var both sync.WaitGroup
		for _, i := range []*Signet{second, third} {
			both.Go(func() { _, _ = i.Service.Outbox().DeliverDue(context.Background()) })
		}
		both.Wait()
	}
	rp.expectTold(t, apps...)
	must(t, s.Service.RefreshStatus(context.Background()))
	third.deliver(t)
	rp.expectTold(t)

	// One that refuses is not asked again: one event.
	refused := b.enter(t, web, s.Alice)
	rp.answer(http.StatusBadRequest)
	b.Open(logoutURL("id_token_hint", refused.ID)).signedOut(t)
	s.deliver(t)
	rp.answer(http.StatusOK)
	s.Clock.Advance(time.Hour)
	s.deliver(t)
	rp.expectTold(t)
	page, err := s.backend.ListAudit(context.Background(), storage.AuditFilter{Type: audit.EventDeliveryFailed}, storage.Page{})
	must(t, err)
	if len(page.Events) != 1 || page.Events[0].Target != refused.sid || page.Events[0].ClientID != web.ID {
		t.Errorf("events %+v", page.Events)
	}
}

// Without a setting a private address is not connected to. The message waits.
func testBackchannelPrivate(t *testing.T, s *Signet) {
	rp := newRelyingParty(t)
	for n, uri := range []string{rp.URL, strings.Replace(rp.URL, "127.0.0.1", "localhost", 1), strings.Replace(rp.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)} {
		web := s.addLogoutClient(t, "logout-"+string(rune('a'+n)), nil, func(c *storage.Client) { c.BackchannelLogoutURI = uri })
		b := s.NewBrowser()
		b.Open(logoutURL("id_token_hint", b.enter(t, web, s.Alice).ID)).signedOut(t)
		s.deliver(t)
		page, err := s.backend.ListMessages(context.Background(), storage.Page{})
		must(t, err)
		if len(rp.received()) != 0 || len(page.Messages) != n+1 {
			t.Errorf("%s was reached, or the message is gone", uri)
		}
	}
}

func testBackchannelCauses(t *testing.T, s *Signet) {
	for name, end := range map[string]func(t *testing.T, a signedInApp, u User){
		"revoked by the client":  func(t *testing.T, a signedInApp, _ User) { s.Revoke(t, a.client, a.Refresh) },
		"revoked by an operator": func(t *testing.T, a signedInApp, _ User) { must(t, s.operator().Sessions().End(t.Context(), a.sid)) },
		"disabled": func(t *testing.T, _ signedInApp, u User) {
			_, err := s.operator().Users().Disable(t.Context(), u.ID)
			must(t, err)
		},
		"password changed": func(t *testing.T, _ signedInApp, u User) {
			_, err := s.operator().Users().SetPassword(t.Context(), u.ID, admin.NewPassword{Password: "correct battery staple"})
			must(t, err)
		},
		"signed out everywhere": func(t *testing.T, _ signedInApp, u User) {
			_, err := s.operator().Users().EndSessions(t.Context(), u.ID)
			must(t, err)
		},
		"refresh token reused": func(t *testing.T, a signedInApp, _ User) {
			s.Refresh(t, a.client, a.Refresh)
			s.Clock.Advance(time.Minute)
			s.TryRefresh(a.client, a.Refresh).expectInvalidGrant(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			rp := newRelyingParty(t)
			id := "logout-" + strings.ReplaceAll(name, " ", "-")
			web, u := s.addLogoutClient(t, id, rp), s.AddUser(t, id, "user")
			b := s.NewBrowser()
			a := b.enter(t, web, u)
			end(t, a, u)
			s.deliver(t)
			s.deliver(t)
			rp.expectTold(t, a)
			if strings.HasPrefix(name, "revoked") || strings.HasPrefix(name, "refresh") {
				return
			}
			if b.isSignedIn(t, web) {
				t.Error("the browser is still signed in")
			}
		})
	}
}

// The end of a browser session ends what is bound to it, also for a client that only signs
// people in and has no refresh token; and not before.
func testBrowserSessionEnd(t *testing.T, s *Signet) {
	rp := newRelyingParty(t)
	web := s.addLogoutClient(t, "logout-web", rp)
	plain := s.addLogoutClient(t, "logout-plain", rp, func(c *storage.Client) {
		c.Grants = slices.DeleteFunc(c.Grants, func(g string) bool { return g == "refresh_token" })
	})
	b := s.NewBrowser()
	apps := []signedInApp{b.enter(t, web, s.Alice), b.enter(t, plain, s.Alice)}
	staying := b.enter(t, web, s.Alice, "scope", "openid offline_access")
	pass := func(d time.Duration) {
		for ; d > 0; d -= 11 * time.Hour { // the keyring's staleness, and the sweep's trust in the clock
			s.Advance(min(d, 11*time.Hour))
			_, err := s.Service.Sweep(context.Background())
			must(t, err)
		}
		s.deliver(t)
	}
	pass(12*time.Hour - 10*time.Minute)
	rp.expectTold(t)
	if !b.Clone().isSignedIn(t, web) {
		t.Fatal("the browser session has ended early")
	}
	// That use, by a code, has moved the idle end.
	pass(11 * time.Hour)
	rp.expectTold(t)
	pass(3 * time.Hour) // past the absolute end
	rp.expectTold(t, apps...)
	if b.isSignedIn(t, web) {
		t.Error("still signed in")
	}
	stored, err := s.backend.Session(context.Background(), staying.sid)
	must(t, err)
	if !stored.RevokedAt.IsZero() {
		t.Error("offline access has ended")
	}
	page, err := s.backend.ListBrowserSessions(context.Background(), storage.BrowserSessionFilter{}, storage.Page{})
	must(t, err)
	if len(page.Sessions) != 0 {
		t.Errorf("records left: %+v", page.Sessions)
	}
}
