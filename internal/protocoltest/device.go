package protocoltest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// deviceCases are about the page that people approve devices on (RFC 8628).
var deviceCases = []testCase{
	{name: "RFC8628 approve a device, and sign it in", run: testDeviceApproved},
	{name: "RFC8628 deny a device", run: testDeviceDenied},
	{name: "RFC8628 a code in the URL approves nothing by itself", run: testDeviceComplete},
	{name: "RFC8628 sign-in policies apply before the approval", run: testDeviceSecondFactor},
	{name: "RFC8628 wrong user codes are throttled", run: testDeviceGuesses},
	{name: "RFC8628 the approval page survives reloads and other tabs", run: testDevicePages},
	{name: "RFC8628 a user without rights can change the account", run: testDeviceRights},
	{name: "RFC8628 an account at another provider approves a device", configure: withUpstream, run: testDeviceByProvider},
	{name: "RFC8628 one public client administers, by a device", configure: mergedAdmin, run: testDeviceAdministers},
	{name: "RFC8628 an approval that is cut in two is made again", run: testDeviceCut},
}

// AddDeviceClient makes a public client of the device flow.
func (s *Signet) AddDeviceClient(t testing.TB, id string, change ...func(*admin.ClientChange)) Client {
	t.Helper()
	settings := admin.ClientChange{
		Grants: &[]string{issuer.GrantDeviceCode, issuer.GrantRefreshToken}, Scopes: &appScopes, Audiences: &[]string{API},
	}
	for _, f := range change {
		f(&settings)
	}
	_, err := s.operator().Clients().Create(t.Context(), admin.NewClient{ID: id, Public: true, Settings: settings})
	must(t, err)
	return Client{ID: id}
}

// DeviceCodes are the answer of the device authorization endpoint.
type DeviceCodes struct{ Device, User, URI, Complete string }

// AskDevice begins the request of a device.
func (s *Signet) AskDevice(t testing.TB, c Client, scope string) DeviceCodes {
	t.Helper()
	f := Form()
	if scope != "" {
		f.Set("scope", scope)
	}
	a := s.PostAs(c, DeviceAuthorization, f, Header("User-Agent", "Television/4")).ExpectStatus(t, http.StatusOK)
	a.expectNoStore(t)
	o := a.Object(t)
	if o["expires_in"] != 600.0 || o["interval"] != 5.0 {
		t.Errorf("expires_in %v, interval %v", o["expires_in"], o["interval"])
	}
	text := func(name string) string { v, _ := o[name].(string); return v }
	d := DeviceCodes{text("device_code"), text("user_code"), text("verification_uri"), text("verification_uri_complete")}
	s.Log.MarkSecret(d.Device)
	return d
}

// PollDevice presents a device code.
func (q *requester) PollDevice(c Client, d DeviceCodes) Response {
	return q.PostAs(c, Token, Form("grant_type", issuer.GrantDeviceCode, "device_code", d.Device))
}

// TypeCode types a user code into the page.
func (b *Browser) TypeCode(t testing.TB, code string) Page {
	t.Helper()
	return b.Send(t, b.Open(Device).expect(t, Device), Form("user_code", code))
}

// approvedDevice is a request that the user has approved.
func (s *Signet) approvedDevice(t testing.TB, c Client, u User) DeviceCodes {
	t.Helper()
	d := s.AskDevice(t, c, "")
	b := s.NewBrowser()
	p := b.SignIn(t, b.TypeCode(t, d.User), u).expect(t, Consent)
	b.Send(t, p, Form("decision", "allow")).expectDeviceDone(t, "approved", http.StatusOK)
	return d
}

func (p Page) expectDeviceDone(t testing.TB, what string, status int) Page {
	t.Helper()
	if p.Status != status || !strings.Contains(string(p.Body), `id="device-`+what+`"`) {
		t.Fatalf("%d at %.60s, want the page that says %s: %.600s", p.Status, p.Path, what, p.Body)
	}
	return p
}

// expectWrongCode expects the page for the code with the problem.
func (p Page) expectWrongCode(t testing.TB, status int) Page {
	t.Helper()
	if p.Status != status || !strings.Contains(string(p.Body), `id="user-code"`) || !strings.Contains(string(p.Body), `id="problem"`) {
		t.Fatalf("%d at %.60s, want the page for the code with a problem: %.600s", p.Status, p.Path, p.Body)
	}
	return p
}

func testDeviceApproved(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	d := s.AskDevice(t, tv, "openid profile items:read")
	if d.URI != s.Issuer+Device || d.Complete != d.URI+"?user_code="+d.User || len(d.User) != 9 || len(d.Device) > 128 {
		t.Errorf("codes %+v", d)
	}
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "authorization_pending")
	b := s.NewBrowser()
	page := b.TypeCode(t, strings.ToLower(strings.ReplaceAll(d.User, "-", " ")))
	s.Clock.Advance(20 * time.Second)
	page = b.SignIn(t, page, s.Alice).expect(t, Consent)
	for _, part := range []string{d.User, "Television 4", "127.0.0.0/24", "tv", "items:read"} {
		if !strings.Contains(string(page.Body), part) {
			t.Errorf("the page does not say %q", part)
		}
	}
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "authorization_pending")
	b.Send(t, page, Form("decision", "allow")).expectDeviceDone(t, "approved", http.StatusOK)
	s.Clock.Advance(5 * time.Second)
	tokens := s.PollDevice(tv, d).Tokens(t)
	if tokens.Scope != "openid profile items:read" {
		t.Errorf("scope %q", tokens.Scope)
	}
	id := claims(t, tokens.ID)
	if id["nonce"] != nil || id["auth_time"] == nil || id["acr"] == nil || id["amr"] == nil || id["sub"] != s.Alice.ID {
		t.Errorf("the ID token says %v", id)
	}
	s.Refresh(t, tv, tokens.Refresh)
	s.expectDeviceOnAccount(t, b)
	for _, event := range []string{`"device.approved"`, `"login.succeeded"`} {
		if !strings.Contains(auditLog(s), event) {
			t.Errorf("no event %s", event)
		}
	}
}

// expectDeviceOnAccount expects the device among the sessions of the account page, where it can be
// signed out, also after the browser has been.
func (s *Signet) expectDeviceOnAccount(t *testing.T, b *Browser) {
	t.Helper()
	page := b.Open("/account/sessions").expect(t, "/account/sessions")
	if !strings.Contains(string(page.Body), "tv") {
		t.Errorf("the account page does not list the device: %s", page.Body)
	}
}

func testDeviceDenied(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	d := s.AskDevice(t, tv, "openid")
	b := s.NewBrowser()
	page := b.SignIn(t, b.TypeCode(t, d.User), s.Alice).expect(t, Consent)
	b.Send(t, page, Form("decision", "deny")).expectDeviceDone(t, "denied", http.StatusOK)
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "access_denied")
	b.Send(t, page, Form("decision", "allow")).expectWrongCode(t, http.StatusUnauthorized) // it stays denied
	s.Clock.Advance(5 * time.Second)
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "access_denied")
	b.TypeCode(t, d.User).expectWrongCode(t, http.StatusUnauthorized)
	if !strings.Contains(auditLog(s), `"device.denied"`) {
		t.Error("no event")
	}
}

func testDeviceComplete(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	d := s.AskDevice(t, tv, "openid")
	b := s.NewBrowser()
	b.GetCode(t, s.AddCodeSPA(t, "app"), s.Alice) // signed in
	page := b.Open(strings.TrimPrefix(d.Complete, s.Issuer)).expect(t, Device)
	if !strings.Contains(string(page.Body), `value="`+d.User+`"`) {
		t.Errorf("the code is not filled in: %s", page.Body)
	}
	page = b.Send(t, page, Form("user_code", d.User)).expect(t, Consent)
	for _, forged := range []RequestOption{Header("Sec-Fetch-Site", "cross-site"), Header("Sec-Fetch-Site", "same-site")} {
		a := b.once("POST", s.below(page.action(t)), Form("decision", "allow").Encode(), forged, Header("Origin", "https://evil.example"))
		if a.Status != http.StatusForbidden && !a.is(Login) && a.Status != http.StatusSeeOther {
			t.Errorf("a form of another site: %d %.200s", a.Status, a.Body)
		}
	}
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "authorization_pending")
	b.Send(t, page, Form("decision", "allow")).expectDeviceDone(t, "approved", http.StatusOK)
}

func testDeviceSecondFactor(t *testing.T, s *Signet) {
	mfa := admin.AuthenticationMFA
	tv := s.AddDeviceClient(t, "tv", func(c *admin.ClientChange) { c.Authentication = &mfa })
	d := s.AskDevice(t, tv, "openid")
	b := s.NewBrowser()
	page := b.SignIn(t, b.TypeCode(t, d.User), s.Alice)
	if at, _, _ := strings.Cut(page.Path, "?"); at != "/login/enrol" {
		t.Errorf("%d at %s, want the page that sets up a second factor", page.Status, page.Path)
	}
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "authorization_pending")
}

func testDeviceGuesses(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	d := s.AskDevice(t, tv, "openid")
	b := s.NewBrowser()
	for _, typed := range []string{"", "hello", "BCDF-GHJ", "AAAA-AAAA", strings.Repeat("B", 1000)} {
		for range 20 { // what can be no code is not counted
			b.TypeCode(t, typed).expectWrongCode(t, http.StatusUnauthorized)
		}
	}
	signedIn := s.NewBrowser()
	signedIn.GetCode(t, s.AddCodeSPA(t, "app"), s.Alice)
	for range 10 {
		signedIn.TypeCode(t, "BBBB-BBBB").expectWrongCode(t, http.StatusUnauthorized)
	}
	signedIn.TypeCode(t, d.User).expectWrongCode(t, http.StatusTooManyRequests) // this browser session has had its guesses
	for range 20 {
		b.TypeCode(t, "BBBB-BBBB").expectWrongCode(t, http.StatusUnauthorized)
	}
	b.TypeCode(t, d.User).expectWrongCode(t, http.StatusTooManyRequests) // so has this network
	s.Clock.Advance(15*time.Minute + time.Second)
	b.TypeCode(t, s.AskDevice(t, tv, "openid").User).expect(t, Login)
	if !strings.Contains(auditLog(s), `"device.code_refused"`) {
		t.Error("no event")
	}
}

func testDevicePages(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	d := s.AskDevice(t, tv, "openid")
	b := s.NewBrowser()
	login := b.TypeCode(t, d.User).expect(t, Login)
	b.Open(login.Path).expect(t, Login)
	page := b.SignIn(t, login, s.Alice).expect(t, Consent)
	b.Open(page.Path).expect(t, Consent)
	if got := b.Send(t, page, Form("decision", "maybe")); !got.is(Consent) {
		t.Errorf("no decision: %d", got.Status)
	}
	query := func(change func(url.Values)) string {
		_, q, _ := strings.Cut(page.Path, "?")
		v, err := url.ParseQuery(q)
		must(t, err)
		change(v)
		return Consent + "?" + v.Encode()
	}
	for name, change := range map[string]func(url.Values){
		"another device": func(v url.Values) { v.Set("device", "AAAA") }, "cut": func(v url.Values) { v.Set("device", v.Get("device")[1:]) },
	} {
		if got := b.Open(query(change)); got.Status != http.StatusUnauthorized || !strings.Contains(string(got.Body), `id="user-code"`) {
			t.Errorf("%s: %d %.200s", name, got.Status, got.Body)
		}
	}
	b.Open(query(func(v url.Values) { v.Del("t") })).expect(t, Consent)
	other := b.Open(query(func(v url.Values) { v.Set("prompt", "select_account"); v.Del("t") })).expect(t, Login)
	b.SignIn(t, other, s.Editor).expect(t, Consent)
	b.Send(t, page, Form("decision", "allow")).expect(t, Consent) // it was shown to another user: it is shown again
	s.Clock.Advance(10 * time.Minute)
	b.Send(t, page, Form("decision", "allow")).expectWrongCode(t, http.StatusUnauthorized)
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "expired_token")
}

func testDeviceRights(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	d := s.AskDevice(t, tv, "items:write") // which alice may not have
	b := s.NewBrowser()
	page := b.SignIn(t, b.TypeCode(t, d.User), s.Alice).expectDeviceDone(t, "refused", http.StatusForbidden)
	if !strings.Contains(string(page.Body), `id="switch-user"`) {
		t.Errorf("no way to another account: %s", page.Body)
	}
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "authorization_pending")
	page = b.SignIn(t, b.Open(s.below(page.link(t, "switch-user"))), s.Editor).expect(t, Consent)
	b.Send(t, page, Form("decision", "allow")).expectDeviceDone(t, "approved", http.StatusOK)
	s.Clock.Advance(5 * time.Second)
	if got := s.PollDevice(tv, d).Tokens(t).Scope; got != "items:write" {
		t.Errorf("scope %q", got)
	}
}

func testDeviceCut(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	d := s.AskDevice(t, tv, "openid")
	b := s.NewBrowser()
	page := b.SignIn(t, b.TypeCode(t, d.User), s.Alice).expect(t, Consent)
	s.Store.Before(failMethod("CreateSession"))
	b.Send(t, page, Form("decision", "allow")).ExpectStatus(t, http.StatusServiceUnavailable)
	s.Store.Reset()
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "authorization_pending")
	b.Send(t, page, Form("decision", "deny")).expectWrongCode(t, http.StatusUnauthorized) // it is decided
	b.Send(t, page, Form("decision", "allow")).expectDeviceDone(t, "approved", http.StatusOK)
	b.Send(t, page, Form("decision", "allow")).expectDeviceDone(t, "approved", http.StatusOK) // sent twice
	s.Clock.Advance(5 * time.Second)
	s.PollDevice(tv, d).Tokens(t)
}

// testDeviceByProvider: an account at another provider approves a device too.
func testDeviceByProvider(t *testing.T, s *Signet) {
	yes, domains := true, []string{"example.com"}
	p := s.addProvider(t, admin.ConnectorChange{CreateUsers: &yes, AuthoritativeDomains: &domains})
	u := p.AddUser(t, "newcomer")
	p.verifyAddress(t, u)
	tv := s.AddDeviceClient(t, "tv")
	d := s.AskDevice(t, tv, "openid")
	b := s.NewBrowser()
	page := p.signIn(t, b, b.TypeCode(t, d.User).expect(t, Login), u).expect(t, Consent)
	b.Send(t, page, Form("decision", "allow")).expectDeviceDone(t, "approved", http.StatusOK)
	s.Clock.Advance(5 * time.Second)
	if id := claims(t, s.PollDevice(tv, d).Tokens(t).ID); id["sub"] == nil || id["amr"] == nil {
		t.Errorf("the ID token says %v", id)
	}
}
