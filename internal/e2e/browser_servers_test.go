package e2e_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// otherServers are the examples that sign people in by what others have built: Spring Security
// and Apache's mod_auth_openidc.
type otherServers struct {
	server  *server
	cert    certificate
	machine credentials

	java, apache *browserApp
}

func (o *otherServers) all() []*browserApp { return []*browserApp{o.java, o.apache} }

// loginPaths is where each of them begins a sign-in, sessionCookies what they know a browser by.
var (
	loginPaths     = map[string]string{"java-web": "/oauth2/authorization/signet", "apache-login": "/members/"}
	sessionCookies = map[string]string{"java-web": "JSESSIONID", "apache-login": "mod_auth_openidc_session"}
)

// TestExampleSignIn_OtherServers: a password in Chromium for the first application, none for the
// second; both stay signed in through a key rotation and accept an ID token by the new key; a
// logout in one ends the session of the other by back-channel logout. Once from each.
func TestExampleSignIn_OtherServers(t *testing.T) {
	long(t)
	t.Parallel()
	o := newOtherServers(t)
	for _, first := range o.all() {
		if !t.Run(first.name, func(t *testing.T) { o.play(t, first) }) {
			t.FailNow()
		}
	}
	for _, a := range o.all() {
		a.tab.wantNoErrors()
	}
}

// newOtherServers starts a server on https, both applications and a browser.
func newOtherServers(t *testing.T) *otherServers {
	t.Helper()
	chromium := requireChromium(t)
	javaExample, apacheExample := exampleIn(t, "java-web"), exampleIn(t, "apache-login")
	javaExample.require(t)
	apacheExample.require(t)
	o := &otherServers{server: newServer(t), java: newBrowserApp(t, "java-web"), apache: newBrowserApp(t, "apache-login")}
	s := o.server
	o.cert = s.useTLS(t)
	s.addUser(t, alice, alicePassword)
	o.machine = s.addMachine(t)
	web := registerWeb(t, s, o.java, "/login/oauth2/code/signet", "/logout/connect/back-channel/signet")
	gate := registerWeb(t, s, o.apache, "/signet", "/signet?logout=backchannel")
	s.start(t)
	start := time.Now()
	o.java.start(t, s, javaExample, web, "JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStorePassword=changeit -Djavax.net.ssl.trustStore="+trustStore(t, o.cert.ca))
	t.Logf("the Spring Boot application served after %s", time.Since(start).Round(100*time.Millisecond))
	o.apache.start(t, s, apacheExample, gate, "CA_BUNDLE="+publicCopy(t, o.cert.ca), "PASSPHRASE=a passphrase for one test")
	o.java.tab = openTab(t, chromium, 2*time.Minute, chromedp.Flag("ignore-certificate-errors-spki-list", o.cert.spki))
	o.apache.tab = newTab(o.java.tab.ctx, t)
	return o
}

// exampleIn returns the example of that folder.
func exampleIn(t *testing.T, dir string) example {
	t.Helper()
	for _, e := range examples {
		if e.dir == dir {
			return e
		}
	}
	t.Fatalf("no example %s", dir)
	return example{}
}

// registerWeb creates the client of an application with these paths, as its README says.
func registerWeb(t *testing.T, s *server, a *browserApp, callback, backchannel string, more ...string) (c credentials) {
	t.Helper()
	s.decode(t, &c, append([]string{"client", "create", a.name, "--preset", "web", "--redirect-uri", a.url + callback,
		"--post-logout-redirect-uri", a.url + "/", "--backchannel-logout-uri", a.url + backchannel}, more...)...)
	s.wire.keep(c.Secret)
	return c
}

// start runs the application.
func (a *browserApp) start(t *testing.T, s *server, e example, c credentials, more ...string) {
	t.Helper()
	startProgram(t, e, a.url, "/", append(more, "ISSUER="+s.issuer, "CLIENT_ID="+c.ID, "CLIENT_SECRET="+c.Secret, "PORT="+a.url[strings.LastIndex(a.url, ":")+1:], "BASE_URL="+a.url))
}

// trustStore returns a file by which Java trusts the authority.
func trustStore(t *testing.T, ca string) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(ca), "ca.p12")
	out, err := exec.Command("keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", ca, "-keystore", path, "-storetype", "PKCS12", "-storepass", "changeit").CombinedOutput()
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// publicCopy copies a file to where Apache's own user can read it.
func publicCopy(t *testing.T, file string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "signet-public-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, filepath.Base(file))
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(path, []byte(readAll(t, file)), 0o644)); err != nil { // a certificate is no secret
		t.Fatal(err)
	}
	return path
}

// play is one visit that begins and ends in the application first.
func (o *otherServers) play(t *testing.T, first *browserApp) {
	second := o.java
	if first == o.java {
		second = o.apache
	}
	first.tab.t, second.tab.t = t, t
	first.open()
	first.signInWithPassword()
	second.open()
	second.signInWithout()

	o.server.rotate(t, o.machine, o.server.signingKID(t, o.machine))
	for _, a := range o.all() {
		if !a.signedIn() {
			t.Errorf("%s: signed out by the rotation", a.name)
		}
		a.forget()
		a.tab.do(chromedp.Navigate(a.url + loginPaths[a.name])) // an ID token by the new key
		a.tab.see("#name", alice)
	}

	first.tab.do(chromedp.Click("#sign-out", chromedp.ByQuery))
	begun := time.Now()
	first.tab.do(chromedp.WaitVisible("#signed-out", chromedp.ByQuery))
	eventually(t, second.name+" to hear of the logout", func() bool { return !second.signedIn() })
	t.Logf("%s had heard of the logout in %s after %s", second.name, first.name, time.Since(begun).Round(10*time.Millisecond))
	for _, a := range o.all() { // the browser session has ended: the password is asked for
		a.tab.do(chromedp.Navigate(a.url+loginPaths[a.name]), chromedp.WaitVisible("#username", chromedp.ByQuery))
	}
}

// forget takes the application's own session from the browser.
func (a *browserApp) forget() {
	a.tab.t.Helper()
	a.tab.do(network.DeleteCookies(sessionCookies[a.name]).WithURL(a.url))
}
