package protocoltest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// The policy that demands a passkey.
var phishingResistantCases = []testCase{
	{name: "a client demands a passkey of a user without any factor", configure: onLocalhost, run: testPHRClient},
	{name: "a role demands a passkey of a user with an app", configure: onLocalhost, run: testPHRRole},
	{name: "an app and a passkey are offered where either is enough", configure: onLocalhost, run: testEnrolByPasskey},
	{name: "a passkey can be put off while the policy lets users wait", configure: func(o *Options) { onLocalhost(o); o.Issuer.EnrolWithin = 24 * time.Hour }, run: testPHRLater},
	{name: "an issuer that can have no passkeys says so", run: testPHRImpossible},
}

// phrClient is a client that demands a passkey.
func (s *Signet) phrClient(t *testing.T) Client {
	t.Helper()
	c := s.AddCodeSPA(t, "vault")
	s.changeClient(t, c, func(c *storage.Client) { c.Authentication = admin.AuthenticationPhishingResistant })
	return c
}

// createPasskey sends the form of the enrol page that the script fills in.
func (b *Browser) createPasskey(t testing.TB, p Page, d *device) Page {
	t.Helper()
	p = b.sendPasskey(t, p, p.hidden("challenge"), d.create(t, p.options(t)), "Phone")
	for _, found := range codeOnPage.FindAllSubmatch(p.Body, -1) {
		b.s.Log.MarkSecret(string(found[1]))
	}
	return p
}

func (b *Browser) sendPasskey(t testing.TB, p Page, challenge, response, name string) Page {
	t.Helper()
	return b.own(b.s.below(p.passkeyAction(t)), Form("challenge", challenge, "response", response, "name", name).Encode())
}

// wantPHR checks what a token says of the sign-in.
func wantPHR(t *testing.T, token string) {
	t.Helper()
	if c := claims(t, token); c["acr"] != authorization.ACRPHR {
		t.Errorf("acr %v, amr %v", c["acr"], c["amr"])
	}
}

func testPHRClient(t *testing.T, s *Signet) {
	c, d, b := s.phrClient(t), newDevice(virtualwebauthn.AuthenticatorOptions{}), s.NewBrowser()
	q, verifier := s.AuthRequest(c)
	p := b.SignIn(t, b.Open(Authorize+"?"+q.Encode()), s.Alice).expect(t, LoginEnrol)
	if strings.Contains(string(p.Body), `name="enrolment"`) || strings.Contains(string(p.Body), `value="later"`) {
		t.Error("something else than a passkey is offered")
	}
	b.Send(t, p, Form("enrolment", "x", "code", "123456")).expect(t, LoginEnrol)
	codes := b.createPasskey(t, b.Open(p.Path), d)
	if codes.Status != http.StatusOK || len(codeOnPage.FindAll(codes.Body, -1)) != 10 {
		t.Fatalf("no recovery codes: %d %.2000s", codes.Status, codes.Body)
	}
	tokens := s.tokensOf(t, c, b.goOn(t, codes), verifier)
	wantPHR(t, tokens.ID)
	wantPHR(t, tokens.Access)

	other := s.NewBrowser()
	q, verifier = s.AuthRequest(c)
	p = other.SignIn(t, other.Open(Authorize+"?"+q.Encode()), s.Alice)
	wantPHR(t, s.tokensOf(t, c, other.usePasskey(t, p, d), verifier).ID)
	if r := s.Post(Token, Form("grant_type", "password", "username", s.Alice.Username, "password", s.Alice.Password), Basic(s.Web)); r.Status != http.StatusBadRequest {
		t.Errorf("the password grant: %d %s", r.Status, r.Body)
	}
}

func testPHRRole(t *testing.T, s *Signet) {
	c := s.AddCodeSPA(t, "app")
	first := s.NewBrowser()
	first.signInToAccount(t, s.Editor)
	a := first.enrol(t)
	phr := admin.AuthenticationPhishingResistant
	_, err := s.operator().Roles().Update(t.Context(), "editor", admin.RoleChange{Authentication: &phr})
	must(t, err)
	s.Service.InvalidateRoles()

	b, d := s.NewBrowser(), newDevice(virtualwebauthn.AuthenticatorOptions{})
	q, verifier := s.AuthRequest(c)
	p := b.SignIn(t, b.Open(Authorize+"?"+q.Encode()), s.Editor)
	p = b.sendCode(t, p, a.next()).expect(t, LoginEnrol)
	tokens := s.tokensOf(t, c, b.createPasskey(t, p, d), verifier) // there are recovery codes already
	wantPHR(t, tokens.ID)
	if answer := b.Open(s.authorizeURL(c, "prompt", "none")).Answer(t); answer.Get("code") == "" {
		t.Errorf("prompt=none afterwards: %v", answer)
	}
}

func testEnrolByPasskey(t *testing.T, s *Signet) {
	c, d, b := s.strictApp(t, "strict"), newDevice(virtualwebauthn.AuthenticatorOptions{}), s.NewBrowser()
	q, verifier := s.AuthRequest(c)
	p := b.SignIn(t, b.Open(Authorize+"?"+q.Encode()), s.Alice).expect(t, LoginEnrol)
	if !strings.Contains(string(p.Body), `name="enrolment"`) {
		t.Error("no app is offered")
	}
	wrong := b.sendPasskey(t, p, p.hidden("challenge"), d.create(t, p.options(t)), "")
	if wrong.Status != http.StatusBadRequest {
		t.Errorf("a passkey without a name: %d", wrong.Status)
	}
	foreign := s.NewBrowser()
	of := foreign.SignIn(t, foreign.Open(Authorize+"?"+q.Encode()), s.Editor).expect(t, LoginEnrol)
	foreign.sendPasskey(t, of, p.hidden("challenge"), d.create(t, p.options(t)), "Phone").expect(t, LoginEnrol)
	wantPHR(t, s.tokensOf(t, c, b.goOn(t, b.createPasskey(t, b.Open(p.Path), d)), verifier).ID)
}

func testPHRLater(t *testing.T, s *Signet) {
	c, b := s.phrClient(t), s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(c)), s.Alice).expect(t, LoginEnrol)
	if answer := b.Send(t, p, Form("decision", "later")).Answer(t); answer.Get("code") == "" {
		t.Errorf("not now: %v", answer)
	}
	s.Advance(24*time.Hour + time.Second)
	other := s.NewBrowser()
	p = other.SignIn(t, other.Open(s.authorizeURL(c)), s.Alice).expect(t, LoginEnrol)
	other.Send(t, p, Form("decision", "later")).expect(t, LoginEnrol)
}

func testPHRImpossible(t *testing.T, s *Signet) {
	c, b := s.phrClient(t), s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(c)), s.Alice).expect(t, LoginEnrol)
	if !strings.Contains(string(p.Body), "this server can have none") {
		t.Errorf("%.3000s", p.Body)
	}
}
