package protocoltest

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"example.org/signet/issuer/audit"
)

// Passkeys, by an authenticator that is made of software. The issuer has a host name: by an IP
// address there are none.
var passkeyCases = []testCase{
	{name: "adding, using and removing a passkey", configure: onLocalhost, run: testPasskeyStory},
	{name: "a sign-in by a passkey alone, at an application", configure: onLocalhost, run: testPasskeySignIn},
	{name: "one assertion in twenty parallel forms", configure: onLocalhost, run: testPasskeyRace},
	{name: "U04 refused passkeys count on the counter of the password", configure: passkeysThrottled, run: testPasskeysThrottled},
	{name: "U03 an unknown passkey, and one of a user who is disabled or gone", configure: onLocalhost, run: testPasskeyOfNobody},
	{name: "a passkey of a user who must change the password", configure: onLocalhost, run: testPasskeyMustChange},
	{name: "a challenge of another request, browser or time", configure: onLocalhost, run: testPasskeyChallenge},
	{name: "passkeys by the API", configure: onLocalhost, run: testPasskeysAPI},
	{name: "removing a passkey by the API, and guesses at the password", configure: passkeysThrottled, run: testRemovePasskeyByAPI},
	{name: "an essential acr that needs a passkey", configure: onLocalhost, run: testPasskeyACR},
	{name: "L12 forms of other sites with a passkey", configure: onLocalhost, run: testPasskeyCrossSite},
	{name: "a passkey that is renamed", configure: onLocalhost, run: testRenamePasskey},
	{name: "a passkey whose counter goes back, as that of a copy would", configure: onLocalhost, run: testPasskeyCopied},
	{name: "T30 a sign-in by a passkey while a call of the store fails, or its answer is lost", configure: passkeysThrottled, run: testPasskeyFaults},
	{name: "--max-sessions of sign-ins by a passkey", configure: func(o *Options) { onLocalhost(o); maxThreeSessions(o) }, run: testPasskeySessionLimit},
	{name: "an issuer with an IP address offers none", run: testNoPasskeys},
}

const (
	passkeyIssuer   = "http://localhost:8080"
	loginPasskey    = Login + "/passkey"
	accountPasskeys = AccountFactors + "/passkeys"
)

func onLocalhost(o *Options) { o.IssuerURL = passkeyIssuer }

func passkeysThrottled(o *Options) {
	onLocalhost(o)
	strictThrottle(o)
}

// Device is an authenticator with one key.
type device struct {
	site virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

func newDevice(o virtualwebauthn.AuthenticatorOptions) *device {
	return &device{
		site: virtualwebauthn.RelyingParty{ID: "localhost", Name: "localhost", Origin: passkeyIssuer},
		auth: virtualwebauthn.NewAuthenticatorWithOptions(o), key: newKey(),
	}
}

// newKey returns a new key pair. Of every 128 that the library makes it writes one down with a
// coordinate that is too short, which is to be refused (RFC 9053 §7.1.1).
func newKey() virtualwebauthn.Credential {
	for {
		if k := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(k.Key.AttestationData()) == 77 {
			return k
		}
	}
}

// create is navigator.credentials.create.
func (d *device) create(t testing.TB, options string) string {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(options)
	must(t, err)
	var sent struct {
		User struct{ ID string } `json:"user"`
	}
	must(t, json.Unmarshal([]byte(options), &sent))
	d.auth.Options.UserHandle, err = base64.RawURLEncoding.DecodeString(sent.User.ID)
	must(t, err)
	return virtualwebauthn.CreateAttestationResponse(d.site, d.auth, d.key, *o)
}

// get is navigator.credentials.get.
func (d *device) get(t testing.TB, options string) string {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(options)
	must(t, err)
	return virtualwebauthn.CreateAssertionResponse(d.site, d.auth, d.key, *o)
}

var passkeyOptions = regexp.MustCompile(`data-options="([^"]*)"`)

// options returns what the script of the page would ask the browser for.
func (p Page) options(t testing.TB) string {
	t.Helper()
	found := passkeyOptions.FindSubmatch(p.Body)
	if found == nil {
		t.Fatalf("%d at %s asks for no passkey: %.2000s", p.Status, p.Path, p.Body)
	}
	return html.UnescapeString(string(found[1]))
}

var passkeyForm = regexp.MustCompile(`<form[^>]*\saction="([^"]*)"[^>]*\sdata-passkey=`)

// passkeyAction returns where the form goes that the script fills in.
func (p Page) passkeyAction(t testing.TB) string {
	t.Helper()
	found := passkeyForm.FindSubmatch(p.Body)
	if found == nil {
		t.Fatalf("%d at %s has no form for a passkey: %.2000s", p.Status, p.Path, p.Body)
	}
	return html.UnescapeString(string(found[1]))
}

// addPasskey adds a device on the account page of somebody who has just signed in.
func (b *Browser) addPasskey(t testing.TB, d *device) Page {
	t.Helper()
	p := b.SendForm(t, b.Open(AccountFactors).expect(t, AccountFactors), accountPasskeys+"/add", "")
	p = b.SendForm(t, p, accountPasskeys+"/confirm", "", "response", d.create(t, p.options(t)), "name", "Phone")
	for _, found := range codeOnPage.FindAllSubmatch(p.Body, -1) {
		b.s.Log.MarkSecret(string(found[1]))
	}
	return p
}

// withPasskey signs a user in to the account and adds a device.
func (s *Signet) withPasskey(t testing.TB, u User) (*Browser, *device) {
	t.Helper()
	b, d := s.NewBrowser(), newDevice(virtualwebauthn.AuthenticatorOptions{BackupEligible: true, BackupState: true})
	b.signInToAccount(t, u)
	if p := b.addPasskey(t, d); p.Status != http.StatusOK || len(codeOnPage.FindAll(p.Body, -1)) != 10 {
		t.Fatalf("no recovery codes: %d %.2000s", p.Status, p.Body)
	}
	s.Advance(time.Second) // the next challenge is newer
	return b, d
}

// signInWithPasskey sends the form of the login page that the script fills in.
func (b *Browser) signInWithPasskey(t testing.TB, p Page, d *device) Page {
	t.Helper()
	return b.own(p.passkeyAction(t), Form("challenge", p.hidden("challenge"), "response", d.get(t, p.options(t))).Encode())
}

// usePasskey sends the form of the second factor that the script fills in.
func (b *Browser) usePasskey(t testing.TB, p Page, d *device) Page {
	t.Helper()
	return b.own(p.passkeyAction(t), Form("pending", p.hidden("pending"), "challenge", p.hidden("challenge"), "response", d.get(t, p.options(t))).Encode())
}

func testPasskeyStory(t *testing.T, s *Signet) {
	b, d := s.withPasskey(t, s.Alice)
	b.Open(AccountFactors).expect(t, AccountFactors).says(t, "Phone", "may be on several devices")
	if again := b.addPasskey(t, d); again.Status != http.StatusConflict {
		t.Errorf("the same passkey again: %d", again.Status)
	}
	other := s.NewBrowser()
	p := other.SignIn(t, other.Open(Login), s.Alice)
	if strings.Contains(string(p.Body), `name="code"`) || !strings.Contains(p.options(t), `"allowCredentials"`) {
		t.Errorf("the page of the second factor: %.3000s", p.Body)
	}
	app := s.AddCodeSPA(t, "app")
	other.usePasskey(t, p, d).expect(t, Account)
	tokens := s.Redeem(t, app, other.GetCode(t, app, s.Alice))
	wantACR(t, tokens, "urn:signet:phr", "pwd", "swk", "user", "mfa")
	page := other.Open(AccountFactors).expect(t, AccountFactors)
	other.SendForm(t, page, accountPasskeys+"/remove", "").expect(t, AccountFactors).says(t, "The passkey is removed")
	third := s.NewBrowser()
	third.SignIn(t, third.Open(Login), s.Alice).expect(t, Account) // the password alone
	third.Cookies = nil
	if p := third.signInWithPasskey(t, third.Open(Login), d); p.Status != http.StatusUnauthorized {
		t.Errorf("a removed passkey signs in: %d at %s", p.Status, p.Path)
	}
	if s.events(t, audit.EventFactorEnrolled) != 1 || s.events(t, audit.EventFactorRemoved) != 1 {
		t.Error("the events are missing")
	}
}

// wantACR checks acr and amr of the ID token.
func wantACR(t *testing.T, tokens Tokens, acr string, amr ...string) {
	t.Helper()
	if c := claims(t, tokens.ID); c["acr"] != acr || !equalTexts(c["amr"], amr...) {
		t.Errorf("acr %v, amr %v, want %s %v", c["acr"], c["amr"], acr, amr)
	}
}

func testPasskeySignIn(t *testing.T, s *Signet) {
	_, d := s.withPasskey(t, s.Alice)
	app, b := s.AddCodeSPA(t, "app"), s.NewBrowser()
	q, verifier := s.AuthRequest(app)
	p := b.Open(Authorize+"?"+q.Encode()).expect(t, Login)
	for _, want := range []string{`autocomplete="username webauthn"`, `type="password"`, `data-autofill`} {
		if !strings.Contains(string(p.Body), want) {
			t.Errorf("the login page has no %s", want)
		}
	}
	answer := b.signInWithPasskey(t, p, d).Answer(t)
	s.Log.MarkSecret(answer.Get("code"))
	tokens := s.Redeem(t, app, Code{Code: answer.Get("code"), Verifier: verifier, RedirectURI: q.Get("redirect_uri")})
	wantACR(t, tokens, "urn:signet:phr", "swk", "user", "mfa")
	s.Advance(time.Second)
	d.auth.Options.UserNotVerified = true
	stranger := s.NewBrowser()
	if p := stranger.signInWithPasskey(t, stranger.Open(Login), d); p.Status != http.StatusUnauthorized || len(stranger.Cookies) > 0 {
		t.Errorf("a passkey that verified nobody signs in: %d at %s", p.Status, p.Path)
	}
}

func testPasskeyRace(t *testing.T, s *Signet) {
	_, d := s.withPasskey(t, s.Alice)
	for name, begin := range map[string]func(*Browser) (string, Page){
		"second factor": func(b *Browser) (string, Page) { return LoginFactor, b.SignIn(t, b.Open(Login), s.Alice) },
		"passwordless":  func(b *Browser) (string, Page) { return loginPasskey, b.Open(Login) },
	} {
		s.Advance(time.Second)
		b := s.NewBrowser()
		path, p := begin(b)
		response := d.get(t, p.options(t))
		var wg sync.WaitGroup
		var mu sync.Mutex
		signedIn := 0
		for range 20 {
			wg.Go(func() {
				own := s.NewBrowser()
				got := own.SendForm(t, p, path, "", "response", response)
				mu.Lock()
				defer mu.Unlock()
				if got.is(Account) {
					signedIn++
				}
			})
		}
		wg.Wait()
		if signedIn != 1 {
			t.Errorf("%s: %d of 20 forms with one assertion sign in", name, signedIn)
		}
		s.Advance(time.Second)
		if got := b.SendForm(t, p, path, "", "response", response); got.is(Account) {
			t.Errorf("%s: the assertion signs in again later", name)
		}
	}
}
