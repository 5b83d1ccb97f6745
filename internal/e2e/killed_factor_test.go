package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer/totp"
)

// TestKilledAtFactorFailpoints: the server is killed between any two steps of setting up a second factor
// and of signing in with one. A factor is there or not: none that is half set up is in anybody's way.
func TestKilledAtFactorFailpoints(t *testing.T) {
	long(t)
	t.Parallel()
	s := newPasskeyServer(t)
	for _, p := range []failpoint.Point{failpoint.FactorStoring, failpoint.FactorStored} {
		stored := p == failpoint.FactorStored
		t.Run("an app, at "+string(p), func(t *testing.T) { killedApp(t, s, p, stored) })
		t.Run("a passkey, at "+string(p), func(t *testing.T) { killedPasskey(t, s, p, stored) })
		t.Run("a sign-in by a passkey, at "+string(p), func(t *testing.T) { killedPasskeySignIn(t, s, p) })
	}
}

// dies gives the server a life in which it dies at the point, and a normal one afterwards.
func (s *server) dies(t *testing.T, p failpoint.Point, do func()) {
	t.Helper()
	s.stop(t)
	s.points = string(p) + "=kill@1"
	s.start(t)
	do()
	if code := s.child.wait(t); code != -1 {
		t.Fatalf("exit code %d at %s, want to be killed", code, p)
	}
	s.points = ""
	s.start(t)
}

// person is somebody at a browser without script.
type person struct {
	t      *testing.T
	server *server
	http   *http.Client
	name   string
}

func newPerson(t *testing.T, s *server, name string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := *s.http
	browser.Jar = jar
	return &person{t, s, &browser, name}
}

// send posts a form and returns the page that it leads to, "" for no answer.
func (p *person) send(path string, fields ...string) string {
	p.t.Helper()
	form := url.Values{}
	for n := 0; n < len(fields); n += 2 {
		form.Set(fields[n], fields[n+1])
	}
	return p.read(p.http.PostForm(p.server.issuer+path, form))
}

func (p *person) open(path string) string {
	p.t.Helper()
	return p.read(p.http.Get(p.server.issuer + path))
}

func (p *person) read(res *http.Response, err error) string {
	if err != nil {
		return ""
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return ""
	}
	for _, code := range recoveryOnPage.FindAllString(string(body), -1) {
		p.server.wire.keep(strings.TrimSuffix(strings.TrimPrefix(code, "<code>"), "</code>"))
	}
	return string(body)
}

// signIn types name and password.
func (p *person) signIn() string {
	p.t.Helper()
	return p.send("/login", "username", p.name, "password", alicePassword)
}

// wants fails the test unless the page has the text.
func (p *person) wants(body, text string) string {
	p.t.Helper()
	if !strings.Contains(body, text) {
		p.t.Fatalf("the page does not have %q: %.1500s", text, body)
	}
	return body
}

var (
	recoveryOnPage = regexp.MustCompile(`<code>[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}</code>`)
	secretOnPage   = regexp.MustCompile(`id="totp-secret">([^<]*)<`)
	optionsOnPage  = regexp.MustCompile(`data-options="([^"]*)"`)
)

// hiddenOn returns a hidden field of a page.
func hiddenOn(body, name string) string {
	_, rest, _ := strings.Cut(body, `name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(value)
}

// What pages have that say who is signed in, and who is to show more.
const (
	profilePage = `id="full-name"`
	codePage    = `name="pending"`
)

func killedApp(t *testing.T, s *server, point failpoint.Point, stored bool) {
	p := newPerson(t, s, "app-"+dashed(point))
	s.addUser(t, p.name, alicePassword)
	p.wants(p.signIn(), profilePage)
	page := p.wants(p.send("/account/factors/add"), `id="totp-secret"`)
	seed, err := totp.Decode(secretOnPage.FindStringSubmatch(page)[1])
	if err != nil {
		t.Fatal(err)
	}
	s.wire.keep(totp.Encode(seed))
	confirm := func() string {
		return p.send("/account/factors/confirm", "enrolment", hiddenOn(page, "enrolment"), "code", totp.Code(seed, totp.Step(time.Now())-1))
	}
	s.dies(t, point, func() {
		if got := confirm(); got != "" {
			t.Errorf("an answer of a server that should be dead: %.500s", got)
		}
	})
	other := newPerson(t, s, p.name)
	if !stored { // the password alone still signs in, and the same form goes on
		other.wants(other.signIn(), profilePage)
		p.wants(confirm(), `id="recovery-codes"`)
		other = newPerson(t, s, p.name)
	}
	// The app is there, in the store and on the phone. Whoever has not seen their recovery codes makes new ones.
	page = other.wants(other.signIn(), codePage)
	other.wants(other.send("/login/second-factor", "pending", hiddenOn(page, "pending"), "code", totp.Code(seed, totp.Step(time.Now()))), profilePage)
	other.wants(other.send("/account/factors/codes"), `id="recovery-codes"`)
}

// key is an authenticator with one passkey.
type key struct {
	site virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	cred virtualwebauthn.Credential
}

func newKeyOf(s *server) *key {
	k := &key{
		site: virtualwebauthn.RelyingParty{ID: "localhost", Name: "localhost", Origin: s.issuer},
		auth: virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{}),
	}
	for { // of every 128 keys one is written down with a coordinate that is too short
		if k.cred = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(k.cred.Key.AttestationData()) == 77 {
			return k
		}
	}
}

// create is navigator.credentials.create with the options of a page.
func (k *key) create(t *testing.T, page string) string {
	t.Helper()
	options := html.UnescapeString(optionsOnPage.FindStringSubmatch(page)[1])
	o, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	var sent struct {
		User struct{ ID string } `json:"user"`
	}
	if err := json.Unmarshal([]byte(options), &sent); err != nil {
		t.Fatal(err)
	}
	if k.auth.Options.UserHandle, err = base64.RawURLEncoding.DecodeString(sent.User.ID); err != nil {
		t.Fatal(err)
	}
	return virtualwebauthn.CreateAttestationResponse(k.site, k.auth, k.cred, *o)
}

// signIn signs in by the passkey alone.
func (k *key) signIn(t *testing.T, p *person) string {
	t.Helper()
	page := p.wants(p.open("/login"), "data-options")
	o, err := virtualwebauthn.ParseAssertionOptions(html.UnescapeString(optionsOnPage.FindStringSubmatch(page)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return p.send("/login/passkey", "challenge", hiddenOn(page, "challenge"), "response", virtualwebauthn.CreateAssertionResponse(k.site, k.auth, k.cred, *o))
}

func killedPasskey(t *testing.T, s *server, point failpoint.Point, stored bool) {
	p, k := newPerson(t, s, "key-"+dashed(point)), newKeyOf(s)
	s.addUser(t, p.name, alicePassword)
	p.wants(p.signIn(), profilePage)
	page := p.wants(p.send("/account/factors/passkeys/add"), "data-options")
	response := k.create(t, page)
	confirm := func() string {
		return p.send("/account/factors/passkeys/confirm", "challenge", hiddenOn(page, "challenge"), "response", response, "name", "Phone")
	}
	s.dies(t, point, func() {
		if got := confirm(); got != "" {
			t.Errorf("an answer of a server that should be dead: %.500s", got)
		}
	})
	if !stored {
		other := newPerson(t, s, p.name)
		other.wants(other.signIn(), profilePage)
		p.wants(confirm(), `id="recovery-codes"`)
	}
	again := newPerson(t, s, p.name)
	again.wants(again.signIn(), codePage)
	again.wants(k.signIn(t, again), profilePage)
	again.wants(again.send("/account/factors/codes"), `id="recovery-codes"`)
}

// killedPasskeySignIn: whoever got no answer signs in by the next try.
func killedPasskeySignIn(t *testing.T, s *server, point failpoint.Point) {
	p, k := newPerson(t, s, "again-"+dashed(point)), newKeyOf(s)
	s.addUser(t, p.name, alicePassword)
	p.wants(p.signIn(), profilePage)
	page := p.wants(p.send("/account/factors/passkeys/add"), "data-options")
	p.wants(p.send("/account/factors/passkeys/confirm", "challenge", hiddenOn(page, "challenge"), "response", k.create(t, page), "name", "Phone"), `id="recovery-codes"`)
	other := newPerson(t, s, p.name)
	s.dies(t, point, func() {
		if got := k.signIn(t, other); got != "" {
			t.Errorf("an answer of a server that should be dead: %.500s", got)
		}
	})
	other.wants(other.open("/account"), `id="sign-in"`)
	other.wants(k.signIn(t, other), profilePage)
	p.wants(p.open("/account"), profilePage) // nobody else is signed out
}
