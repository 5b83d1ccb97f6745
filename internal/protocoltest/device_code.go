package protocoltest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// deviceCodeCases are about the device authorization endpoint and the polls of devices (RFC 8628).
var deviceCodeCases = []testCase{
	{name: "RFC8628 requests that are refused", run: testDeviceRequests},
	{name: "RFC8628 requests from one network are bounded", run: testDeviceFlood},
	{name: "RFC8628 a poll writes nothing, and garbage reads nothing", run: testDevicePolls},
	{name: "RFC8628 polls that come too soon", run: testDeviceSlowDown},
	{name: "RFC8628 one approval is one sign-in", run: testDeviceRedeemedOnce},
	{name: "RFC8628 the code of another client", run: testDeviceForeign},
	{name: "RFC8628 what ends a request after its approval", run: testDeviceEnded},
	{name: "RFC8628 the codes expire", run: testDeviceExpiry},
	{name: "RFC8628 a lost answer of the redemption", run: testDeviceLostAnswer},
	{name: "RFC8628 the requests of git-credential-manager", run: testGitCredentialManager},
}

func testDeviceRequests(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	ask := func(f ...string) Response { return s.PostAs(tv, DeviceAuthorization, Form(f...)) }
	ask("scope", "openid nonsense").ExpectError(t, http.StatusBadRequest, "invalid_scope")
	ask("scope", "signet:admin").ExpectError(t, http.StatusBadRequest, "invalid_scope")
	ask("scope", "\"").ExpectError(t, http.StatusBadRequest, "invalid_scope")
	ask("resource", OtherAPI).ExpectError(t, http.StatusBadRequest, "invalid_target")
	s.PostAs(s.Web, DeviceAuthorization, Form()).ExpectError(t, http.StatusBadRequest, "unauthorized_client")
	s.Post(DeviceAuthorization, Form("client_id", "nobody")).ExpectError(t, http.StatusUnauthorized, "invalid_client")
	s.Post(DeviceAuthorization, Form()).ExpectError(t, http.StatusUnauthorized, "invalid_client")
	s.Post(DeviceAuthorization+"?client_id=tv", Form("client_id", "tv")).ExpectError(t, http.StatusBadRequest, "invalid_request")
	s.Get(DeviceAuthorization).ExpectStatus(t, http.StatusMethodNotAllowed)
	s.PostRaw(DeviceAuthorization, "client_id=tv&client_id=tv").ExpectError(t, http.StatusBadRequest, "invalid_request")
	s.PostAs(s.Web, Token, Form("grant_type", issuer.GrantDeviceCode, "device_code", "x")).ExpectError(t, http.StatusBadRequest, "unauthorized_client")
	s.PostAs(tv, Token, Form("grant_type", issuer.GrantDeviceCode)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	confidential := s.AddClient(t, "kiosk", admin.ClientChange{Grants: &[]string{issuer.GrantDeviceCode}, Scopes: &[]string{"openid"}, Audiences: &[]string{API}})
	s.Post(DeviceAuthorization, Form("client_id", "kiosk")).ExpectError(t, http.StatusUnauthorized, "invalid_client")
	d := s.AskDevice(t, confidential, "")
	if again := s.AskDevice(t, confidential, ""); again.User == d.User || again.Device == d.Device {
		t.Error("two requests have a code in common")
	}
	s.failWithout503(t, confidential)
}

// failWithout503 expects that a store which cannot be reached is no refusal.
func (s *Signet) failWithout503(t *testing.T, c Client) {
	t.Helper()
	for _, call := range []string{"CreateDeviceRequest", "ReserveCounters"} {
		s.Store.Before(failMethod(call))
		s.PostAs(c, DeviceAuthorization, Form()).ExpectError(t, http.StatusServiceUnavailable, "temporarily_unavailable")
		s.Store.Reset()
	}
}

func testDeviceFlood(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	for range 200 {
		s.AskDevice(t, tv, "")
	}
	a := s.PostAs(tv, DeviceAuthorization, Form()).ExpectStatus(t, http.StatusTooManyRequests)
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.Clock.Advance(15*time.Minute + time.Second)
	s.AskDevice(t, tv, "")
}

// deviceWrites are the calls that change something.
func deviceWrites(calls []string) []string {
	return slices.DeleteFunc(slices.Clone(calls), func(c string) bool {
		return slices.Contains([]string{"DeviceRequest", "SessionInEpoch", "Client", "ListRoles", "AttributeSchema", "Epoch", "UserInEpoch"}, c)
	})
}

func testDevicePolls(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	d := s.AskDevice(t, tv, "openid")
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "authorization_pending") // the client is known from now on
	s.Clock.Advance(4 * time.Second)
	s.Store.Reset()
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "authorization_pending")
	if got := deviceWrites(s.Store.Calls()); len(got) > 0 || !slices.Contains(s.Store.Calls(), "DeviceRequest") {
		t.Errorf("a poll calls %v", s.Store.Calls())
	}
	s.Store.Reset()
	for _, garbage := range []string{"x", d.Device[:len(d.Device)-1], d.Device + "A", "sgd_" + strings.Repeat("A", len(d.Device)-4), strings.Replace(d.Device, "sgd_", "sgc_", 1)} {
		s.PollDevice(tv, DeviceCodes{Device: garbage}).ExpectError(t, http.StatusBadRequest, "invalid_grant")
	}
	s.TryRedeem(tv, Code{Code: strings.Replace(d.Device, "sgd_", "sgc_", 1)}).ExpectError(t, http.StatusBadRequest, "unauthorized_client")
	if calls := s.Store.Calls(); slices.Contains(calls, "DeviceRequest") || len(deviceWrites(calls)) > 0 {
		t.Errorf("garbage calls %v", calls)
	}
	s.Store.Before(failMethod("DeviceRequest"))
	s.Clock.Advance(5 * time.Second)
	s.PollDevice(tv, d).ExpectError(t, http.StatusServiceUnavailable, "temporarily_unavailable")
}

func testDeviceSlowDown(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	d := s.AskDevice(t, tv, "openid")
	poll := func(code string) {
		t.Helper()
		s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, code)
	}
	poll("authorization_pending")
	s.Store.Reset()
	poll("slow_down")
	if slices.Contains(s.Store.Calls(), "DeviceRequest") {
		t.Error("what comes too soon reads the store")
	}
	s.Clock.Advance(6 * time.Second)
	poll("slow_down") // five seconds more are demanded from now on
	s.Clock.Advance(8 * time.Second)
	poll("authorization_pending") // fifteen, but for a second
	s.Clock.Advance(13 * time.Second)
	poll("slow_down")
	for range 100 {
		poll("slow_down")
	}
	s.Clock.Advance(time.Minute)
	poll("authorization_pending") // never more than a minute
	s.PollDevice(tv, s.AskDevice(t, tv, "openid")).ExpectError(t, http.StatusBadRequest, "authorization_pending")
}

func testDeviceRedeemedOnce(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	for round := range rounds(2, 30) {
		d := s.approvedDevice(t, tv, s.Alice)
		instances := []*Signet{s, s.StartInstance(t), s.StartInstance(t), s.StartInstance(t)}
		answers := make([]Response, len(instances))
		var all sync.WaitGroup
		for n, i := range instances {
			all.Go(func() { answers[n] = i.PollDevice(tv, d) })
		}
		all.Wait()
		redeemed := 0
		for _, a := range answers {
			if a.Status == http.StatusOK {
				redeemed++
				continue
			}
			a.ExpectError(t, http.StatusBadRequest, "invalid_grant")
		}
		if redeemed != 1 {
			t.Fatalf("round %d: %d of %d instances redeemed the code", round, redeemed, len(instances))
		}
		s.Clock.Advance(10 * time.Second)
	}
	d := s.approvedDevice(t, tv, s.Alice)
	tokens := s.PollDevice(tv, d).Tokens(t)
	s.Clock.Advance(10 * time.Second)
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "invalid_grant")
	s.Refresh(t, tv, tokens.Refresh) // a replay ends nothing: who lost the answer may have asked again
	if !strings.Contains(auditLog(s), `"device.replayed"`) {
		t.Error("no event")
	}
}

func testDeviceForeign(t *testing.T, s *Signet) {
	tv, other := s.AddDeviceClient(t, "tv"), s.AddDeviceClient(t, "other-tv")
	d := s.AskDevice(t, tv, "openid")
	s.PollDevice(other, d).ExpectError(t, http.StatusBadRequest, "invalid_grant")
	if !strings.Contains(auditLog(s), `"device.foreign_client"`) {
		t.Error("no event")
	}
	approved := s.approvedDevice(t, tv, s.Alice)
	s.PollDevice(other, approved).ExpectError(t, http.StatusBadRequest, "invalid_grant")
	s.Clock.Advance(5 * time.Second)
	s.PollDevice(tv, approved).Tokens(t)
}

func testDeviceEnded(t *testing.T, s *Signet) {
	change := func(c admin.ClientChange) func(t *testing.T, id string) {
		return func(t *testing.T, id string) {
			_, err := s.operator().Clients().Update(t.Context(), id, c)
			must(t, err)
		}
	}
	yes, none := true, []string{issuer.GrantPassword, issuer.GrantRefreshToken}
	for name, c := range map[string]struct {
		end    func(t *testing.T, id string)
		status int
		code   string
	}{
		"client-disabled": {change(admin.ClientChange{Disabled: &yes}), http.StatusUnauthorized, "invalid_client"},
		"grant-taken":     {change(admin.ClientChange{Grants: &none, InsecurePublicPassword: true}), http.StatusBadRequest, "unauthorized_client"},
		"sessions-ended": {func(t *testing.T, _ string) {
			_, err := s.operator().Sessions().EndAll(t.Context())
			must(t, err)
		}, http.StatusBadRequest, "invalid_grant"},
		"user-disabled": {func(t *testing.T, _ string) { s.disable(t, s.Editor) }, http.StatusBadRequest, "invalid_grant"},
	} {
		tv := s.AddDeviceClient(t, name)
		user := s.Alice
		if name == "user-disabled" {
			user = s.Editor
		}
		d := s.approvedDevice(t, tv, user)
		c.end(t, tv.ID)
		s.Clock.Advance(15 * time.Second)
		s.PollDevice(tv, d).ExpectError(t, c.status, c.code)
	}
}

func testDeviceExpiry(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	d, late := s.AskDevice(t, tv, "openid"), s.AskDevice(t, tv, "openid")
	b := s.NewBrowser()
	page := b.SignIn(t, b.TypeCode(t, late.User), s.Alice).expect(t, Consent)
	s.Clock.Advance(10*time.Minute - time.Millisecond)
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "authorization_pending")
	b.Send(t, page, Form("decision", "allow")).expectDeviceDone(t, "approved", http.StatusOK)
	s.Clock.Advance(30 * time.Second)
	s.PollDevice(tv, d).ExpectError(t, http.StatusBadRequest, "expired_token")
	s.NewBrowser().TypeCode(t, d.User).expectWrongCode(t, http.StatusUnauthorized)
	s.PollDevice(tv, late).Tokens(t) // approved in time: there is a minute to fetch the tokens
	unfetched := s.approvedDevice(t, tv, s.Alice)
	s.Clock.Advance(11 * time.Minute)
	s.PollDevice(tv, unfetched).ExpectError(t, http.StatusBadRequest, "expired_token")
}

func testDeviceLostAnswer(t *testing.T, s *Signet) {
	tv := s.AddDeviceClient(t, "tv")
	d := s.approvedDevice(t, tv, s.Alice)
	s.Store.After(func(_ int, method string) error {
		if method == "RedeemSession" {
			return storage.Unavailable(method, errConnectionReset)
		}
		return nil
	})
	tokens := s.PollDevice(tv, d).Tokens(t) // the place in the status lists tells that it was carried out
	s.Store.Reset()
	s.Refresh(t, tv, tokens.Refresh)
	again := s.approvedDevice(t, tv, s.Alice)
	s.Store.Before(failMethod("RedeemSession"))
	s.PollDevice(tv, again).ExpectError(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	s.Store.Reset()
	s.Clock.Advance(5 * time.Second)
	s.PollDevice(tv, again).Tokens(t)
}

// testGitCredentialManager sends what git-credential-manager sends: the id of a public client in the
// form, polls that begin at once, and a refresh with an empty secret and a redirect URI.
func testGitCredentialManager(t *testing.T, s *Signet) {
	gcm := s.AddDeviceClient(t, "gcm")
	asked := s.Post(DeviceAuthorization, Form("client_id", gcm.ID, "scope", "openid items:read")).ExpectStatus(t, http.StatusOK).Object(t)
	device, _ := asked["device_code"].(string)
	user, _ := asked["user_code"].(string)
	s.Log.MarkSecret(device)
	poll := func() Response {
		return s.Post(Token, Form("grant_type", issuer.GrantDeviceCode, "device_code", device, "client_id", gcm.ID))
	}
	poll().ExpectError(t, http.StatusBadRequest, "authorization_pending")
	b := s.NewBrowser()
	b.Send(t, b.SignIn(t, b.TypeCode(t, user), s.Alice).expect(t, Consent), Form("decision", "allow")).expectDeviceDone(t, "approved", http.StatusOK)
	s.Clock.Advance(5 * time.Second)
	tokens := poll().Tokens(t)
	s.Post(Token, Form("grant_type", "refresh_token", "refresh_token", tokens.Refresh, "client_id", gcm.ID, "client_secret", "", "redirect_uri", "http://localhost/")).Tokens(t)
}
