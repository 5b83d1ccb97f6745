package protocoltest

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func testPasskeysThrottled(t *testing.T, s *Signet) {
	_, d := s.withPasskey(t, s.Alice)
	limit := int(s.options.Issuer.Throttle.PerAccountNetwork.Attempts)
	forged := *d
	forged.key = newKey()
	forged.key.ID = d.key.ID
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(Login), s.Alice)
	p = b.usePasskey(t, p, &forged)
	if p.Status != http.StatusUnauthorized {
		t.Errorf("a forged second factor: %d", p.Status)
	}
	for range limit - 1 {
		if p := b.signInWithPasskey(t, b.Open(Login), &forged); p.Status != http.StatusUnauthorized {
			t.Errorf("a forged passkey: %d", p.Status)
		}
	}
	if p := b.signInWithPasskey(t, b.Open(Login), d); p.Status != http.StatusTooManyRequests || p.Header.Get("Retry-After") == "" {
		t.Errorf("the right passkey past the limit: %d", p.Status)
	}
	if p := b.SignIn(t, b.Open(Login), s.Alice); p.Status != http.StatusTooManyRequests {
		t.Errorf("the right password past the limit: %d", p.Status)
	}
	s.Advance(s.options.Issuer.Throttle.PerAccountNetwork.Window + time.Second)
	b.signInWithPasskey(t, b.Open(Login), d).expect(t, Account)
}

func testPasskeyOfNobody(t *testing.T, s *Signet) {
	_, d := s.withPasskey(t, s.Alice)
	unknown := *d
	unknown.auth.Options.UserHandle = make([]byte, 64)
	answers := map[string]bool{}
	try := func(name string, d *device) {
		t.Helper()
		b := s.NewBrowser()
		p := b.signInWithPasskey(t, b.Open(Login), d)
		body := passkeyOptions.ReplaceAllString(hiddenField.ReplaceAllString(string(p.Body), ""), "")
		if p.Status != http.StatusUnauthorized || len(b.Cookies) > 0 {
			t.Errorf("%s: %d at %s", name, p.Status, p.Path)
		}
		answers[body] = true
	}
	try("an unknown handle", &unknown)
	forged := *d
	forged.key = newKey()
	try("an unknown passkey of a user", &forged)
	_, err := s.operator().Users().Disable(t.Context(), s.Alice.ID)
	must(t, err)
	try("a user who is disabled", d)
	must(t, s.operator().Users().Delete(t.Context(), s.Alice.ID))
	try("a user who is gone", d)
	if len(answers) != 1 {
		t.Errorf("%d different answers", len(answers))
	}
}

func testPasskeyMustChange(t *testing.T, s *Signet) {
	_, d := s.withPasskey(t, s.Alice)
	u, err := s.backend.User(t.Context(), s.Alice.ID)
	must(t, err)
	u.MustChangePassword = true
	_, err = s.backend.UpdateUser(t.Context(), u)
	must(t, err)
	b := s.NewBrowser()
	if p := b.signInWithPasskey(t, b.Open(Login), d); !strings.HasPrefix(p.Path, Login+"/password") {
		t.Errorf("%d at %s, want the page of the new password", p.Status, p.Path)
	}
}

func testPasskeyChallenge(t *testing.T, s *Signet) {
	_, d := s.withPasskey(t, s.Alice)
	app, b := s.AddCodeSPA(t, "app"), s.NewBrowser()
	bare := b.Open(Login)
	here := b.Open(s.authorizeURL(app)).expect(t, Login)
	send := func(path string, from Page) Page {
		return b.own(path, Form("challenge", from.hidden("challenge"), "response", d.get(t, from.options(t))).Encode())
	}
	for name, p := range map[string]Page{
		"of another request": send(loginPasskey, here),
		"with none":          b.own(loginPasskey, Form("response", d.get(t, bare.options(t))).Encode()),
	} {
		if p.is(Account) || len(b.Cookies) > 0 {
			t.Errorf("a challenge %s signs in", name)
		}
		p.says(t, "That took too long")
	}
	s.Advance(5*time.Minute + time.Second)
	send(loginPasskey, bare).says(t, "That took too long")
	send(loginPasskey, b.Open(Login)).expect(t, Account)
}

func testPasskeyCrossSite(t *testing.T, s *Signet) {
	_, d := s.withPasskey(t, s.Alice)
	b := s.NewBrowser()
	p := b.Open(Login)
	b.Post(loginPasskey, Form("challenge", p.hidden("challenge"), "response", d.get(t, p.options(t)))).ExpectErrorPage(t, http.StatusForbidden, "cross_site")
	b.signInWithPasskey(t, p, d).expect(t, Account)
}

func testNoPasskeys(t *testing.T, s *Signet) {
	b := s.NewBrowser()
	for _, p := range []Page{b.Open(Login), b.signInToAccount(t, s.Alice), b.Open(AccountFactors)} {
		if strings.Contains(string(p.Body), "data-needs-passkeys") || strings.Contains(string(p.Body), "passkey.") {
			t.Errorf("%s offers a passkey", p.Path)
		}
	}
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	s.JSON("POST", MeFactors+"/passkeys", Object{}, token).ExpectProblem(t, http.StatusNotFound, "not_found")
}
