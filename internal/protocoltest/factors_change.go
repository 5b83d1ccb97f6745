package protocoltest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
)

// The grant cannot ask for a code, so it answers as to a wrong password.
func testGrantWithFactor(t *testing.T, s *Signet) {
	wrong := s.TryLogin(s.Web, User{Username: s.Alice.Username, Password: "wrong password"}, "")
	_, a := s.enrolled(t, s.Alice)
	refused := s.TryLogin(s.Web, s.Alice, "")
	if refused.Status != wrong.Status || string(refused.Body) != string(wrong.Body) {
		t.Errorf("%d %s, want %d %s", refused.Status, refused.Body, wrong.Status, wrong.Body)
	}
	for name := range wrong.Header {
		if name != "Date" && name != "X-Request-Id" && refused.Header.Get(name) != wrong.Header.Get(name) {
			t.Errorf("header %s: %q, want %q", name, refused.Header.Get(name), wrong.Header.Get(name))
		}
	}
	if !strings.Contains(auditLog(s), "which this grant cannot ask for") {
		t.Error("the reason is not audited")
	}
	b := s.NewBrowser()
	b.sendCode(t, b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t), a.next()).expect(t, Account)
}

func testRemoveApp(t *testing.T, s *Signet) {
	b, a := s.enrolled(t, s.Alice)
	p := b.SendForm(t, b.Open(AccountFactors), AccountFactors+"/codes", "")
	if n := len(codeOnPage.FindAll(p.Body, -1)); n != 10 || strings.Contains(string(p.Body), a.codes[0]) {
		t.Errorf("%d new codes: %s", n, p.Body)
	}
	s.Advance(11 * time.Minute)
	p = b.Open(AccountFactors).expect(t, AccountFactors).says(t, "asks for your password")
	for password, want := range map[string]int{"": http.StatusBadRequest, "wrong password": http.StatusBadRequest} {
		if p := b.SendForm(t, p, AccountFactors+"/remove", "", "current_password", password); p.Status != want {
			t.Errorf("password %q: %d, want %d", password, p.Status, want)
		}
	}
	b.SendForm(t, p, AccountFactors+"/remove", "", "current_password", s.Alice.Password).expect(t, AccountFactors).says(t, "is removed", "Set up an app")
	if s.events(t, audit.EventFactorRemoved) != 1 || s.events(t, audit.EventRecoveryCodesRenewed) != 1 {
		t.Error("the events of the changes")
	}
	c := s.NewBrowser()
	c.SignIn(t, c.Open(Login), s.Alice).expect(t, Account)
	if p := b.own(AccountFactors+"/remove", Form("current_password", s.Alice.Password).Encode()); p.Status != http.StatusConflict {
		t.Errorf("removing it again: %d", p.Status)
	}
}

// Who has the password and an old session, but not the app, gets rid of no factor.
func testWeakSessionRemovesNothing(t *testing.T, s *Signet) {
	old := s.NewBrowser()
	old.signInToAccount(t, s.Alice)
	s.enrolled(t, s.Alice)
	for _, path := range []string{"/remove", "/codes"} {
		p := old.own(AccountFactors+path, Form("current_password", s.Alice.Password).Encode())
		if p.Status != http.StatusForbidden {
			t.Errorf("%s: %d", path, p.Status)
		}
	}
	f, err := s.backend.UserFactors(t.Context(), s.Alice.ID)
	if err != nil || f.TOTP == nil || f.Version != 1 {
		t.Errorf("the factors are %+v, %v", f, err)
	}
}

const essential2FA = `{"id_token":{"acr":{"essential":true,"values":["urn:signet:2fa"]}}}`

func testStepUp(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	steps := [][]string{{"claims", essential2FA}, {"acr_values", "urn:signet:phr urn:signet:2fa"}, {"acr_values", "2"}}
	old := make([]*Browser, len(steps))
	for n := range old {
		old[n] = s.NewBrowser()
		old[n].signInToAccount(t, s.Alice) // before there is a second factor
	}
	old[0].Open(s.authorizeURL(app, "claims", essential2FA)).expect(t, LoginEnrol) // who has none can set one up
	if !old[0].Open(s.authorizeURL(app, "acr_values", "urn:signet:2fa")).Answer(t).Has("code") {
		t.Error("acr_values without a factor is an error")
	}
	_, a := s.enrolled(t, s.Alice)
	if !old[0].Open(s.authorizeURL(app)).Answer(t).Has("code") {
		t.Error("a session is asked for what nobody wants")
	}
	if e := old[0].Open(s.authorizeURL(app, "claims", essential2FA, "prompt", "none")).Answer(t); e.Get("error") != authorization.InteractionRequired {
		t.Errorf("prompt=none: %v", e)
	}
	if !old[0].Open(s.authorizeURL(app, "acr_values", "2", "prompt", "none")).Answer(t).Has("code") {
		t.Error("acr_values with prompt=none is an error")
	}
	for n, b := range old {
		q, verifier := s.AuthRequest(app, steps[n]...)
		p := b.Open(Authorize+"?"+q.Encode()).expect(t, LoginFactor).asksForCode(t)
		stranger := s.NewBrowser()
		stranger.sendCode(t, p, a.next()).asksForPassword(t) // the session is not there
		answer := b.sendCode(t, p, a.next()).Answer(t)
		s.Log.MarkSecret(answer.Get("code"))
		tokens := s.Redeem(t, app, Code{Code: answer.Get("code"), Verifier: verifier, RedirectURI: q.Get("redirect_uri")})
		if c := claims(t, tokens.ID); c["acr"] != authorization.ACR2FA || c["auth_time"] != float64(s.Clock.Now().Unix()) {
			t.Errorf("%v: acr %v, auth_time %v", steps[n], c["acr"], c["auth_time"])
		}
		if !b.Open(s.authorizeURL(app, steps[n]...)).Answer(t).Has("code") {
			t.Errorf("%v: asked again", steps[n])
		}
	}
}
