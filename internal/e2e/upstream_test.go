package e2e_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

const providerSecret = "a secret that the provider has given out"

// requireProvider returns the path of node, where oidc-provider is installed too.
func requireProvider(t *testing.T) string {
	t.Helper()
	node := requireNode(t)
	_, err := os.Stat(filepath.Join("node", "node_modules", "oidc-provider", "package.json"))
	missing(t, err, "a provider to sign in at", "`npm ci` in internal/e2e/node")
	return node
}

// startProvider starts the provider that is not Signet, with s as its client.
func startProvider(t *testing.T, s *server) *program {
	t.Helper()
	node, address := requireProvider(t), freeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	cmd := exec.Command(node, "provider.mjs")
	cmd.Dir = "node"
	s.wire.keep(providerSecret)
	cmd.Env = append(os.Environ(), "PORT="+port, "ISSUER=http://"+address, "CLIENT_ID=signet", "CLIENT_SECRET="+providerSecret, "REDIRECT_URI="+s.issuer+"/login/upstream/company/callback")
	return runProgram(t, cmd, "oidc-provider", "http://"+address, "/.well-known/openid-configuration")
}

// offline keeps the browser from anything but this machine: the provider's pages name a font elsewhere.
var offline = chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")

// speaks makes the browser prefer the language.
func speaks(lang string) chromedp.Action {
	return chromedp.Tasks{network.Enable(), network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang})}
}

// enterThere types a name at the provider and allows Signet to know it.
func (p *page) enterThere(name string) {
	p.t.Helper()
	p.do(chromedp.WaitVisible("input[name=login]", chromedp.ByQuery), chromedp.SendKeys("input[name=login]", name, chromedp.ByQuery), chromedp.SendKeys("input[name=password]", "x", chromedp.ByQuery),
		chromedp.Click("button[type=submit]", chromedp.ByQuery), chromedp.WaitVisible("input[name=prompt][value=consent] + button, form input[value=consent] ~ button", chromedp.ByQuery),
		chromedp.Click("button[type=submit]", chromedp.ByQuery))
}

// TestUpstream: people sign in at a provider that is not Signet, in two languages. The first time they
// sign in here too, which links the account; from then on it signs them in. By clicking what is on
// the pages.
func TestUpstream(t *testing.T) {
	long(t)
	browser := requireChromium(t)
	s := newServer(t)
	provider := startProvider(t, s)
	s.addUser(t, alice, alicePassword)
	s.run(t, providerSecret+"\n", "connector", "create", "company", "--issuer", s.issuer, "--name", "Company", "--provider-issuer", provider.url, "--client-id", "signet", "--secret-stdin")
	s.start(t)
	for _, c := range []struct{ lang, goOn, linkHere, profile, linked string }{
		{"en", "Continue with Company", "Nobody here uses that account yet", "Profile", "Linked accounts"},
		{"de", "Weiter mit Company", "Dieses Konto benutzt hier noch niemand", "Profil", "Verknüpfte Konten"},
	} {
		t.Run(c.lang, func(t *testing.T) {
			p := openTab(t, browser, 3*waitTimeout, offline)
			p.do(speaks(c.lang), chromedp.Navigate(s.issuer+"/login"))
			p.see("#connectors", c.goOn)
			p.shootAccount("upstream-login-" + c.lang)
			p.do(chromedp.Click("#connector-company", chromedp.ByQuery))
			p.enterThere("ann-" + c.lang)
			p.see("#problem", c.linkHere)
			p.see("#claimed", "ann-"+c.lang+"@example.com")
			p.shootAccount("upstream-link-here-" + c.lang)
			signInHere(t, p)
			p.see("h1", c.profile)
			p.do(chromedp.Navigate(s.issuer + "/account/linked"))
			p.see("h1", c.linked)
			p.see("main", "ann-"+c.lang+"@example.com")
			p.shootAccount("upstream-linked-" + c.lang)
			p.do(chromedp.Click("#sign-out", chromedp.ByQuery), chromedp.WaitNotPresent("#sign-out", chromedp.ByQuery),
				chromedp.Navigate(s.issuer+"/login"), chromedp.Click("#connector-company", chromedp.ByQuery))
			p.see("h1", c.profile) // by the session there
		})
	}
	if out := s.run(t, "", "user", "links", alice); !strings.Contains(out, "ann-en") || !strings.Contains(out, "ann-de") {
		t.Errorf("the links are %s", out)
	}
}

// TestUpstream_WhatGoesWrong: each way in which the provider does not sign somebody in is a text on the
// login page, where the password signs in all the same.
func TestUpstream_WhatGoesWrong(t *testing.T) {
	long(t)
	browser := requireChromium(t)
	s := newServer(t)
	provider := startProvider(t, s)
	s.addUser(t, alice, alicePassword)
	hole := silentProvider(t)
	s.run(t, providerSecret+"\n", "connector", "create", "company", "--issuer", s.issuer, "--name", "Company", "--provider-issuer", provider.url, "--client-id", "signet", "--secret-stdin", "--domain", "example.org")
	s.run(t, "", "connector", "create", "hole", "--issuer", s.issuer, "--name", "Black hole", "--provider-issuer", hole, "--client-id", "signet")
	s.start(t)
	p := openTab(t, browser, 4*waitTimeout, offline)
	tell := func(name, text string, actions ...chromedp.Action) {
		t.Helper()
		p.do(actions...)
		p.see("#problem", text)
		p.shootAccount("upstream-" + name)
		p.do(chromedp.WaitVisible("#username", chromedp.ByQuery), chromedp.WaitVisible("#connector-company", chromedp.ByQuery))
	}
	login := chromedp.Navigate(s.issuer + "/login")
	company := chromedp.Click("#connector-company", chromedp.ByQuery)
	tell("denied", "has not signed you in", login, company, chromedp.WaitVisible("a[href$='/abort']", chromedp.ByQuery), chromedp.Click("a[href$='/abort']", chromedp.ByQuery))
	p.do(login, company)
	p.enterThere("ann")
	tell("refused", "cannot be used to sign in here")
	tell("expired", "began in another browser", chromedp.Navigate(s.issuer+"/login/upstream/company/callback?code=c&state=s&iss="+provider.url))
	tell("unavailable", "cannot be reached", login, chromedp.Click("#connector-hole", chromedp.ByQuery))
	provider.end(t)
	s.restart(t) // which forgets what it has read of the provider
	tell("down", "cannot be reached", login, company)
	p.do(login)
	signInHere(t, p)
	p.see("h1", "Profile")
}

// silentProvider takes connections and never answers.
func silentProvider(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String()
}

// TestUpstream_SecondSignet: the provider is another Signet. A connector makes the user, with the role
// that a rule gives.
func TestUpstream_SecondSignet(t *testing.T) {
	long(t)
	browser := requireChromium(t)
	there := newPasskeyServer(t) // of another host, so that cookies are apart
	s := newServer(t)
	var c credentials
	there.decode(t, &c, "client", "create", "signet", "--preset", "web", "--redirect-uri", s.issuer+"/login/upstream/company/callback")
	there.wire.keep(c.Secret)
	s.wire.keep(c.Secret)
	s.run(t, "", "role", "create", "editor", "--scope", "items:write")
	s.run(t, c.Secret+"\n", "connector", "create", "company", "--issuer", s.issuer, "--name", "Company", "--provider-issuer", there.issuer, "--client-id", c.ID, "--secret-stdin",
		"--create-users", "--role-rule", "editor:preferred_username="+alice)
	s.start(t)
	p := openTab(t, browser, 3*waitTimeout)
	p.do(chromedp.Navigate(s.issuer+"/login"), chromedp.Click("#connector-company", chromedp.ByQuery))
	p.see(".lead", "signet") // the login page there says who asks
	signInHere(t, p)
	p.see("h1", "Profile")
	p.shoot("upstream-second-signet.png")
	p.wantNoErrors()
	if out := s.run(t, "", "user", "show", alice); !strings.Contains(out, "editor") {
		t.Errorf("the user is %s", out)
	}
}
