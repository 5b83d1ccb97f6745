package e2e_test

import (
	"database/sql"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	_ "modernc.org/sqlite" // the driver
)

// TestConsole_InABrowser: an administrator signs in, finds somebody, changes them while another one
// does, creates an application, deletes the person after a fresh sign-in, and signs out: without
// script, and by the keyboard alone.
func TestConsole_InABrowser(t *testing.T) {
	long(t)
	browser := requireChromium(t)
	inBothLanguages(t, func(t *testing.T, lang string, say texts) {
		listen := freeAddress(t)
		s := startServer(t, "--admin-listen", listen)
		s.addUsers(t)
		s.addUser(t, consoleAdmin, consolePassword, "--email", "rita@example.com", "--role", "super_admin")
		c := &consoleStory{page: openTab(t, browser, 4*waitTimeout), server: s, console: "http://" + listen + "/console", lang: lang, say: withConsole(t, lang, say)}
		c.speak(lang)
		c.do(emulation.SetScriptExecutionDisabled(true))
		c.signsIn()
		c.finds("bo", bob)
		c.losesNoUpdate()
		c.createsApplication()
		c.deletes(bob)
		c.signsOut()
		c.wantNoErrors()
	})
}

const (
	consoleAdmin    = "rita"
	consolePassword = "a bridge of sand and stone"
)

// withConsole adds the texts of the console to those of the pages.
func withConsole(t *testing.T, lang string, say texts) texts {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "endpoints", "console", "texts", lang, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no texts of the console:", err)
	}
	all := maps.Clone(say)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return all
}

type consoleStory struct {
	*page
	server  *server
	console string
	lang    string
	say     texts
}

// reach presses Tab until the keyboard is at an element.
func (c *consoleStory) reach(selector string) {
	c.t.Helper()
	var there bool
	for range 150 {
		c.do(chromedp.KeyEvent(kb.Tab), chromedp.Evaluate("document.activeElement.matches("+quoted(selector)+")", &there))
		if there {
			return
		}
	}
	c.t.Fatalf("the keyboard never comes to %s", selector)
}

// press goes to an element and presses Enter there.
func (c *consoleStory) press(selector string) {
	c.t.Helper()
	c.reach(selector)
	c.do(chromedp.KeyEvent(kb.Enter))
}

// write goes to a field, which selects what is in it, and types a text over that.
func (c *consoleStory) write(selector, text string) {
	c.t.Helper()
	c.reach(selector)
	c.do(chromedp.KeyEvent(text))
}

func (c *consoleStory) enter() {
	c.t.Helper()
	c.do(chromedp.KeyEvent(kb.Enter))
}

// signsIn follows a link into the console, which leads through the sign-in to the page of the link.
func (c *consoleStory) signsIn() {
	c.do(chromedp.Navigate(c.console+"/people?prefix=al"), chromedp.WaitVisible("#password", chromedp.ByQuery))
	c.do(chromedp.KeyEvent(consoleAdmin)) // the field has the focus
	c.write("#password", consolePassword)
	c.enter()
	c.see("h1", c.say["section.people"])
	c.see("tbody", alice)
	c.shootWhole("console-story-people-" + c.lang + ".png")
}

// finds filters the list, and opens the page of the person.
func (c *consoleStory) finds(prefix, name string) {
	c.write("#filter-prefix", prefix)
	c.enter()
	var at, rows string
	eventually(c.t, "the list to be filtered", func() bool {
		if chromedp.Run(c.ctx, chromedp.Location(&at)) != nil { // the page goes elsewhere
			return false
		}
		u, err := url.Parse(at)
		return err == nil && u.Query().Get("prefix") == prefix
	})
	c.do(chromedp.Text("tbody", &rows, chromedp.ByQuery))
	if !strings.Contains(rows, name) || strings.Contains(rows, alice) {
		c.t.Errorf("%s shows %s", at, rows)
	}
	c.press("tbody a")
	c.see("h1", name)
	c.see("#sign-in", c.say["people.why_nothing"])
	c.shootWhole("console-story-person-" + c.lang + ".png")
}

// losesNoUpdate saves a form over a change that somebody else has made meanwhile: first in vain,
// then knowing it.
func (c *consoleStory) losesNoUpdate() {
	c.press("a[href$='/edit']")
	c.do(chromedp.WaitVisible("#person-full_name", chromedp.ByQuery))
	c.server.run(c.t, "", "user", "update", bob, "--full-name", "Robert Brown")
	c.write("#person-full_name", "Bobby Brown")
	c.enter()
	c.see("#problem", c.say["shell.problem_conflict"])
	c.see("main", "Robert Brown")
	c.shootWhole("console-story-conflict-" + c.lang + ".png")
	c.reach("#person-full_name")
	c.enter()
	c.see("#notice", c.say["shell.saved"])
	c.see("#profile", "Bobby Brown")
}

// createsApplication gets a secret, which works.
func (c *consoleStory) createsApplication() {
	c.press("nav a[href$='/console/applications']")
	c.see("h1", c.say["section.applications"])
	c.press("a[href$='/applications/new']")
	c.see("caption", c.say["applications.presets_caption"])
	c.press("a[href$='/new/web']")
	c.see("h1", c.say["applications.preset_web"])
	c.write("#application-client_id", "shop")
	c.write("#application-client_name", "The shop")
	c.write("#application-redirect_uris", "https://shop.example.com/callback")
	c.press("#application button[type=submit]")
	c.see(".once", c.say["applications.secret_once"])
	var secret string
	c.do(chromedp.Text("#secret", &secret, chromedp.ByQuery))
	c.server.wire.keep(secret)
	shop := credentials{ID: "shop", Secret: secret}
	if got := c.server.mustPost(c.t, "/oauth2/revoke", shop, url.Values{"token": {"none"}}); got.status != http.StatusOK {
		c.t.Errorf("the secret of the page is answered by %d: %s", got.status, got.body)
	}
	c.press("main a[href$='/applications/shop']")
	c.see("h1", "The shop")
}

// deletes a person, which asks for a fresh sign-in and for the name.
func (c *consoleStory) deletes(name string) {
	c.press("nav a[href$='/console/people']")
	c.see("h1", c.say["section.people"])
	c.finds("bo", name)
	c.server.ageSignIns(c.t, 10*time.Minute)
	c.press("a[href$='/delete']")
	c.do(chromedp.WaitVisible("#delete-confirm", chromedp.ByQuery))
	c.write("#delete-confirm", name)
	c.enter()
	c.see("#problem", c.say["shell.problem_fresh"])
	c.press("main a.button")
	c.do(chromedp.WaitVisible("#password", chromedp.ByQuery))
	c.shootWhole("console-story-again-" + c.lang + ".png")
	var user string
	c.do(chromedp.Value("#username", &user, chromedp.ByQuery))
	if user != consoleAdmin {
		c.write("#username", consoleAdmin)
	}
	c.write("#password", consolePassword)
	c.enter()
	c.do(chromedp.WaitVisible("#delete-confirm", chromedp.ByQuery))
	c.write("#delete-confirm", "somebody")
	c.enter()
	c.see("#problem", name)
	c.write("#delete-confirm", name)
	c.enter()
	c.see("#notice", c.say["people.deleted"])
	if _, err := c.server.try(c.t, "", "user", "show", name); err == nil {
		c.t.Errorf("%s is still there", name)
	}
}

// signsOut ends with a console that asks who is there.
func (c *consoleStory) signsOut() {
	c.press("form[action$='/console/logout'] button")
	c.see("h1", c.say["logout.title"])
	c.press("main button")
	c.see("h1", c.say["signed_out.title"])
	c.do(chromedp.Navigate(c.console), chromedp.WaitVisible("#password", chromedp.ByQuery))
}

// ageSignIns makes all sign-ins older, beside the running server.
func (s *server) ageSignIns(t *testing.T, by time.Duration) {
	t.Helper()
	db, err := sql.Open("sqlite", s.database())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range []string{"sessions", "browser_sessions"} {
		if _, err := db.ExecContext(t.Context(), "UPDATE "+table+" SET auth_time = auth_time - ? WHERE auth_time > 0", by.Milliseconds()); err != nil {
			t.Fatal(err)
		}
	}
}
