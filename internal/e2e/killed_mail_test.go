package e2e_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"example.org/signet/internal/failpoint"
)

// TestKilledAtMailFailpoints: an instance, or a command, is killed between any two steps of a forgotten
// password, a confirmed address and an invitation. What was asked for arrives or can be asked for again;
// a link works until it has done its work, and then never again.
func TestKilledAtMailFailpoints(t *testing.T) {
	long(t)
	t.Parallel()
	for name, uri := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newMailCrashTest(t, uri(t))
			for _, p := range []failpoint.Point{failpoint.MailStoring, failpoint.MailStored, failpoint.MessageSending, failpoint.MessageSent} {
				t.Run("asking, at "+string(p), func(t *testing.T) { k.ask(t, p) })
			}
			for _, p := range []failpoint.Point{failpoint.MailStoring, failpoint.MailStored, failpoint.UserUpdating, failpoint.UserUpdated, failpoint.UserRevokedAll} {
				t.Run("a new password, at "+string(p), func(t *testing.T) { k.reset(t, p) })
			}
			for _, p := range []failpoint.Point{failpoint.UserUpdating, failpoint.UserUpdated} {
				t.Run("an address, at "+string(p), func(t *testing.T) { k.confirm(t, p) })
			}
			for _, p := range []failpoint.Point{failpoint.MailStoring, failpoint.MailStored} {
				t.Run("an invitation, at "+string(p), func(t *testing.T) { k.invite(t, p) })
			}
			for range k.changes { // each is told, although the instance died around it
				k.box.next(t, "Your password was changed")
			}
		})
	}
}

type mailCrashTest struct {
	*crashTest
	box      *mailFolder
	password string // of alice, now
	changes  int    // of it, so far
}

func newMailCrashTest(t *testing.T, uri string) *mailCrashTest {
	t.Helper()
	dir := t.TempDir()
	flags := []string{"--mail-dir", dir, "--mail-language", "en", "--mail-limit", "0", "--mail-limit-network", "0", "--mail-limit-all", "0"}
	f := newCluster(t, uri, []string{uri}, slices.Concat(crashFlags, flags)...)
	f.launch(t)
	f.seed(t)
	f.run(t, "user", "update", alice, "--email", "alice@example.com")
	return &mailCrashTest{crashTest: &crashTest{cluster: f, node: f.nodes[0]}, box: &mailFolder{server: f.front, dir: dir, seen: map[string]bool{}}, password: alicePassword}
}

// form posts a form as a page does, in a browser with the cookies of the jar.
func (k *mailCrashTest) form(jar http.CookieJar, path string, fields ...string) (status int, body string, err error) {
	form := url.Values{}
	for n := 0; n < len(fields); n += 2 {
		form.Set(fields[n], fields[n+1])
	}
	browser := *k.node.http
	browser.Jar = jar
	res, err := browser.PostForm(k.node.issuer+path, form)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

// mustForm expects a status and a text.
func (k *mailCrashTest) mustForm(t *testing.T, status int, text, path string, fields ...string) {
	t.Helper()
	if got, body, err := k.form(nil, path, fields...); err != nil || got != status || !strings.Contains(body, text) {
		t.Fatalf("%s: %d, %v, want %d with %q: %.2000s", path, got, err, status, text, body)
	}
}

const (
	passwordIsSet = "Your password was changed"
	linkIsUsed    = "This link cannot be used any more"
	addressIsSet  = "Your e-mail address is confirmed"
)

// dashed is the name of a point without the dot, which would part a secret in two.
func dashed(p failpoint.Point) string { return strings.ReplaceAll(string(p), ".", "-") }

// setPassword is the form of a link, with the code that another browser is asked for.
func (k *mailCrashTest) setPassword(m storyMail, pw string) []string {
	k.front.wire.keep(pw)
	return []string{"token", m.token(), "code", m.code, "new_password", pw, "new_password_again", pw}
}

func (m storyMail) token() string {
	_, token, _ := strings.Cut(m.link, "token=")
	return token
}

func (k *mailCrashTest) newMail(t *testing.T) storyMail {
	t.Helper()
	k.mustForm(t, http.StatusOK, "Check your e-mail", "/login/forgot", "username", alice)
	return k.box.next(t, "Choose a new password")
}

// ask kills the instance while somebody asks for a new password, or while the mail is sent.
func (k *mailCrashTest) ask(t *testing.T, p failpoint.Point) {
	k.dies(t, p, 1, func() {
		_, _, err := k.form(nil, "/login/forgot", "username", alice)
		if atOnce := p == failpoint.MailStoring || p == failpoint.MailStored; atOnce && err == nil {
			t.Error("an answer of an instance that should be dead")
		}
	})
	if p == failpoint.MailStoring { // nobody was told that it is on its way
		k.newMail(t)
		return
	}
	m := k.box.next(t, "Choose a new password") // from the outbox, when the lease of the dead has lapsed
	next := "after the kill at " + dashed(p)
	k.mustForm(t, http.StatusOK, passwordIsSet, "/password/new", k.setPassword(m, next)...)
	k.password, k.changes = next, k.changes+1
	k.node.login(t, k.web, alice, k.password)
}

// reset kills the instance while a link sets a new password: that and the end of the sessions come
// together or not at all.
func (k *mailCrashTest) reset(t *testing.T, p failpoint.Point) {
	held, m, next := k.node.login(t, k.web, alice, k.password), k.newMail(t), "a password by the link, "+dashed(p)
	k.dies(t, p, 1, func() {
		if status, _, err := k.form(nil, "/password/new", k.setPassword(m, next)...); err == nil {
			t.Errorf("the answer %d of an instance that should be dead", status)
		}
	})
	if done := p == failpoint.UserUpdated || p == failpoint.UserRevokedAll; !done {
		held = k.node.refresh(t, k.web, held.RefreshToken)
		k.node.login(t, k.web, alice, k.password)
		k.mustForm(t, http.StatusOK, passwordIsSet, "/password/new", k.setPassword(m, next)...)
	}
	k.node.mustPost(t, "/oauth2/token", k.web, passwordForm(alice, k.password)).refused(t, http.StatusBadRequest, "invalid_grant")
	k.node.mustPost(t, "/oauth2/token", k.web, refreshForm(held.RefreshToken)).refused(t, http.StatusBadRequest, "invalid_grant")
	k.password, k.changes = next, k.changes+1
	k.node.login(t, k.web, alice, k.password)
	k.mustForm(t, http.StatusBadRequest, linkIsUsed, "/password/new", k.setPassword(m, "yet another one, "+dashed(p))...)
}

// confirm kills the instance while a link confirms an address.
func (k *mailCrashTest) confirm(t *testing.T, p failpoint.Point) {
	address := dashed(p) + "@example.com"
	k.run(t, "user", "update", bob, "--email", address)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, body, err := k.form(jar, "/login", "username", bob, "password", bobPassword); err != nil || status != http.StatusOK {
		t.Fatalf("signing in: %d, %v: %.500s", status, err, body)
	}
	if status, body, err := k.form(jar, "/account/email/confirm"); err != nil || status != http.StatusOK {
		t.Fatalf("asking: %d, %v: %.500s", status, err, body)
	}
	m := k.box.next(t, "Confirm your e-mail address")
	k.dies(t, p, 1, func() {
		if status, _, err := k.form(nil, "/email/verify", "token", m.token()); err == nil {
			t.Errorf("the answer %d of an instance that should be dead", status)
		}
	})
	verified := func() bool {
		return strings.Contains(k.run(t, "user", "show", bob, "--output", "json"), `"email_verified": true`)
	}
	if done := p == failpoint.UserUpdated; verified() != done {
		t.Errorf("verified is %t, want %t", !done, done)
	} else if !done {
		k.mustForm(t, http.StatusOK, addressIsSet, "/email/verify", "token", m.token())
	}
	if !verified() {
		t.Error("the address is not verified")
	}
	k.mustForm(t, http.StatusBadRequest, linkIsUsed, "/email/verify", "token", m.token())
}

// invite kills the command that invites somebody. The user is there; the mail comes, or can be sent.
func (k *mailCrashTest) invite(t *testing.T, p failpoint.Point) {
	name := "guest-" + dashed(p)
	k.commandDies(t, p, "", "user", "invite", name, "--email", name+"@example.com", "--send", "--issuer", k.front.issuer)
	if p == failpoint.MailStoring {
		k.run(t, "user", "reset-link", name, "--send", "--issuer", k.front.issuer)
	}
	m := k.box.next(t, "Your account at ")
	pw := "the first password of " + name
	k.mustForm(t, http.StatusOK, passwordIsSet, "/password/new", k.setPassword(m, pw)...)
	k.node.login(t, k.web, name, pw)
	k.mustForm(t, http.StatusBadRequest, linkIsUsed, "/password/new", k.setPassword(m, "another password")...)
}
