package e2e_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestMail_InABrowser: a person asks for a mail, follows it in the same browser and in another one, types
// its code, confirms an address and accepts an invitation, by clicking what is on the pages and in the
// mails.
func TestMail_InABrowser(t *testing.T) {
	long(t)
	browser := requireChromium(t)
	inBothLanguages(t, func(t *testing.T, lang string, say texts) {
		box := &mailFolder{dir: t.TempDir(), seen: map[string]bool{}}
		s := newServer(t, "--mail-dir", box.dir, "--mail-language", lang)
		box.server = s
		s.addUser(t, alice, alicePassword, "--email", "alice@example.com")
		s.start(t)
		m := &mailStory{page: openTab(t, browser, 6*waitTimeout), box: box, lang: lang, say: say}
		m.speak(lang)
		m.forgottenPassword("a long new password")
		m.elsewhere(openTab(t, browser, 4*waitTimeout), "a password from a phone")
		m.byCode("a password by the code")
		m.address()
		m.invitation("the first password of bob")
		m.notices()
		m.wantNoErrors()
	})
}

type mailStory struct {
	*page
	box  *mailFolder
	lang string
	say  texts
}

func (m *mailStory) click(selector string) {
	m.t.Helper()
	m.do(chromedp.Click(selector, chromedp.ByQuery))
}

func (m *mailStory) open(path string) {
	m.t.Helper()
	m.do(chromedp.Navigate(m.box.server.issuer + path))
}

// ask asks for the mail of a forgotten password, from the login page on.
func (m *mailStory) ask() storyMail {
	m.t.Helper()
	m.open("/login")
	m.click("#forgot")
	m.see("h1", m.say["forgot.title"])
	m.do(overtype("#username", alice))
	m.click("#send")
	m.see("h1", m.say["forgot.sent_title"])
	return m.box.next(m.t, m.say["mail.reset.subject"])
}

// choose fills in the new password, and signs in with it by the link of the page after it.
func (m *mailStory) choose(name, pw, title string) {
	m.t.Helper()
	m.box.server.wire.keep(pw)
	m.see("h1", m.say[title])
	m.do(overtype("#new-password", pw), overtype("#new-password-again", pw))
	m.click("#set-password")
	m.see("h1", m.say["maildone.password_set_title"])
	m.click("#go-on")
	m.do(chromedp.WaitVisible("#password", chromedp.ByQuery), overtype("#username", name), overtype("#password", pw))
	m.click("#sign-in")
	m.see("h1", m.say["account.profile"])
}

func (m *mailStory) signOut() {
	m.t.Helper()
	m.open("/account")
	m.click("#sign-out")
	m.see("h1", m.say["signed_out.title"])
}

func (m *mailStory) forgottenPassword(pw string) {
	got := m.ask()
	m.shootAccount("forgot-sent-" + m.lang)
	m.showMail(got, "reset")
	m.do(chromedp.Navigate(got.link), chromedp.WaitVisible("#set-password", chromedp.ByQuery), chromedp.WaitNotPresent("#code", chromedp.ByQuery))
	m.shootAccount("set-password-" + m.lang)
	m.choose(alice, pw, "set_password.title")
	m.signOut()
	m.do(chromedp.Navigate(got.link))
	m.see("h1", m.say["maildone.link_ended_title"])
}

// elsewhere opens the link in another browser, which asks for the code.
func (m *mailStory) elsewhere(phone *page, pw string) {
	got := m.ask()
	p := &mailStory{page: phone, box: m.box, lang: m.lang, say: m.say}
	p.speak(m.lang)
	p.do(chromedp.Navigate(got.link))
	p.see("#code-hint", m.say["set_password.code_text"])
	p.do(overtype("#code", "AAAA-AAAA"), overtype("#new-password", pw), overtype("#new-password-again", pw))
	p.box.server.wire.keep(pw)
	p.click("#set-password")
	p.see("#problem", m.say["problem.mail_link_code"])
	p.shootAccount("set-password-elsewhere-" + m.lang)
	p.do(overtype("#code", strings.ToLower(got.code)))
	p.choose(alice, pw, "set_password.title")
	p.wantNoErrors()
}

func (m *mailStory) byCode(pw string) {
	got := m.ask()
	m.do(overtype("#code", "AAAA-AAAA"))
	m.click("#use-code")
	m.see("#problem", m.say["problem.mail_code_wrong"])
	m.do(overtype("#code", got.code))
	m.click("#use-code")
	m.choose(alice, pw, "set_password.title")
}

// address confirms another address, which the account page asks for.
func (m *mailStory) address() {
	m.open("/account")
	m.see("#address-state", m.say["account.address_confirmed"]) // the link came by it
	m.do(overtype("#email", "alice@elsewhere.example"))
	m.click("#save")
	m.see("#address-state", m.say["account.address_unconfirmed"])
	got := m.box.next(m.t, m.say["mail.verify.subject"])
	m.showMail(got, "verify")
	m.do(chromedp.Navigate(got.link))
	m.see("h1", m.say["confirm_address.title"])
	m.see("main", "alice@elsewhere.example")
	m.shootAccount("confirm-address-" + m.lang)
	m.click("#confirm")
	m.see("h1", m.say["maildone.address_confirmed_title"])
	m.click("#go-on")
	m.see("#address-state", m.say["account.address_confirmed"])
	m.signOut()
}

// invitation follows a mail that an administrator has had sent.
func (m *mailStory) invitation(pw string) {
	m.box.server.run(m.t, "", "user", "invite", bob, "--email", "bob@example.com", "--send", "--language", m.lang, "--issuer", m.box.server.issuer)
	got := m.box.next(m.t, m.say["mail.invite.subject"])
	m.showMail(got, "invite")
	m.do(chromedp.Navigate(got.link))
	m.shootAccount("invitation-" + m.lang)
	m.choose(bob, pw, "set_password.title_first")
}

// notices are told of each change, a while after it.
func (m *mailStory) notices() {
	for range 3 {
		m.showMail(m.box.next(m.t, m.say["mail.password_changed.subject"]), "password_changed")
	}
	m.box.next(m.t, m.say["mail.email_changed.subject"])
}

// showMail shows the HTML of a mail as the person sees it: where the text has a link, it has it too.
func (m *mailStory) showMail(got storyMail, name string) {
	m.t.Helper()
	file := filepath.Join(m.t.TempDir(), name+".html")
	if err := os.WriteFile(file, []byte(got.html), 0o600); err != nil {
		m.t.Fatal(err)
	}
	var links []string
	m.do(chromedp.Navigate("file://"+file), chromedp.WaitReady("body", chromedp.ByQuery), chromedp.Evaluate("[...document.querySelectorAll('a')].map(a => a.href)", &links))
	if got.link != "" && !slices.Contains(links, got.link) {
		m.t.Errorf("the links of the mail are %q, want %s", links, got.link)
	}
	m.see("body", firstSentence(m.say["mail."+name+".note"]))
	m.shootAccount("mail-" + name + "-" + m.lang)
}

// mailFolder is where the server writes mails.
type mailFolder struct {
	server *server
	dir    string
	seen   map[string]bool
}

// storyMail is a mail as its receiver reads it.
type storyMail struct{ subject, text, html, link, code string }

var (
	mailLink = regexp.MustCompile(`(?m)^http\S+\?token=\S+$`)
	mailCode = regexp.MustCompile(`\b[A-Z1-9]{4}-[A-Z1-9]{4}\b`)
)

// next waits for a mail that was not read yet, whose subject begins with that of the text up to where
// something is filled in.
func (b *mailFolder) next(t *testing.T, subject string) (got storyMail) {
	t.Helper()
	subject, _, _ = strings.Cut(subject, "{")
	eventually(t, "a mail "+subject, func() bool {
		files, err := filepath.Glob(filepath.Join(b.dir, "*.eml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if b.seen[file] {
				continue
			}
			if got = readMail(t, file); strings.HasPrefix(got.subject, subject) {
				b.seen[file] = true
				return true
			}
		}
		return false
	})
	if _, token, found := strings.Cut(got.link, "token="); found {
		b.server.wire.keep(token)
	}
	return got
}

// readMail reads a mail with a text and an HTML part.
func readMail(t *testing.T, file string) (got storyMail) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if got.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.ReplaceAll(string(body), "\r\n", "\n"); strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			got.html = text
		} else {
			got.text = text
		}
	}
	got.link, got.code = mailLink.FindString(got.text), mailCode.FindString(got.text)
	return got
}
