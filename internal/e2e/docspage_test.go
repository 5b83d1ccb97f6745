package e2e_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// TestDocsPage tries the API out as a newcomer does: opens /docs of `signet dev` in a browser,
// authorizes by a sign-in on Signet's own page, then by name and password, and calls routes.
func TestDocsPage(t *testing.T) {
	long(t)
	t.Parallel()
	browser := requireChromium(t)
	s := startDev(t)
	var demo struct {
		Username, Password string
		AdminID            string `json:"admin_client_id"`
		AdminSecret        string `json:"admin_client_secret"`
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "signet-data", "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &demo); err != nil {
		t.Fatal(err)
	}
	// By another name of this machine than the issuer has: it must not matter.
	p := openPage(t, browser, "http://"+s.address+"/docs")

	p.signIn(demo.Username, demo.Password)
	p.tryOut("OAuth-userInfo", `"preferred_username": "`+demo.Username+`"`)
	p.execute("Self-service-me")
	p.see("#operations-Self-service-me .live-responses-table .response", `"username": "`+demo.Username+`"`)
	// Loaded anew it has forgotten the token.
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate("http://"+s.address+"/docs"), chromedp.WaitVisible("#swagger-ui .opblock", chromedp.ByQuery))

	p.authorize(demo.Username, "not "+demo.Password)
	p.see("#swagger-ui .auth-container .errors", "invalid_grant")
	p.shoot("authorize.png")
	p.authorize(demo.Username, demo.Password)
	p.see("#swagger-ui .auth-container", "Logout")
	p.do(chromedp.Click(".modal-ux .close-modal", chromedp.ByQuery))
	p.tryOut("OAuth-userInfo", `"preferred_username": "`+demo.Username+`"`)
	p.tryOut("Self-service-me", `"username": "`+demo.Username+`"`)

	// The administration is not for a client without a secret.
	p.authorizeAgain(demo.AdminID, demo.AdminSecret, demo.Username, demo.Password)
	p.tryOut("Administration-listUsers", `"username": "`+demo.Username+`"`)
	p.wantNoErrors()
}

// tryOut executes an operation, which must answer 200 with the text.
func (p *page) tryOut(operation, text string) {
	p.t.Helper()
	p.execute(operation)
	p.see("#operations-"+operation+" .live-responses-table .response", text)
	p.see("#operations-"+operation+" .live-responses-table .response", "200")
	p.do(chromedp.ScrollIntoView("#operations-"+operation, chromedp.ByQuery))
	p.shoot(operation + ".png")
}

// authorizeAgain logs out in the dialogue, and in again by way of another client.
func (p *page) authorizeAgain(client, secret, username, password string) {
	p.t.Helper()
	p.do(
		chromedp.Evaluate("window.scrollTo(0, 0)", nil),
		chromedp.Click(".auth-wrapper .authorize", chromedp.ByQuery),
		chromedp.Click(authorizeButton("password"), chromedp.BySearch), // Logout
		chromedp.WaitVisible("#oauth_username", chromedp.ByQuery),
		overtype("#oauth_username", username), overtype("#oauth_password", password),
		overtype("#client_id_password", client), overtype("#client_secret_password", secret),
		chromedp.Click(authorizeButton("password"), chromedp.BySearch),
	)
	p.see("#swagger-ui .auth-container", "Logout")
	p.do(chromedp.Click(".modal-ux .close-modal", chromedp.ByQuery))
}

// startDev starts `signet dev` in a folder of its own and waits until it is
// ready.
func startDev(t *testing.T) *server {
	t.Helper()
	s := newServer(t)
	_, port, _ := strings.Cut(s.address, ":")
	s.issuer = "http://localhost:" + port
	cmd := s.command(t, "dev", "--issuer", s.issuer, "--listen", s.address)
	cmd.Dir = s.dir
	stdout := &logBuffer{} // shows the demo accounts: not a log
	s.child = launch(t, cmd, stdout, s.log)
	eventually(t, "signet dev to be ready", func() bool {
		if s.child.ended() {
			t.Fatalf("signet dev ended:\n%s", s.log)
		}
		return strings.Contains(stdout.String(), s.issuer+"/docs") && s.ready()
	})
	return s
}

// requireChromium returns the path of the browser. Without one the test is
// skipped, but fails where CI=true.
func requireChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("Chromium is missing")
	}
	t.Skip("Chromium is missing: the page at /docs is not tried")
	return ""
}

// page is one page in a browser of its own.
type page struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// openPage opens the page at /docs and waits until it shows the operations.
func openPage(t *testing.T, browser, url string) *page {
	t.Helper()
	p := openTab(t, browser, 3*waitTimeout)
	p.do(chromedp.Navigate(url), chromedp.WaitVisible("#swagger-ui .opblock", chromedp.ByQuery))
	return p
}

// openTab starts a browser with one empty tab, which ends after the timeout.
func openTab(t *testing.T, browser string, timeout time.Duration, more ...chromedp.ExecAllocatorOption) *page {
	t.Helper()
	options := append(slices.Concat(chromedp.DefaultExecAllocatorOptions[:], more),
		chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile(t)), chromedp.WindowSize(1280, 1600),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-back-forward-cache", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.ModifyCmdFunc(dieWithParent),
		chromedp.WSURLReadTimeout(waitTimeout),
	)
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	return newTab(ctx, t, chromedp.WithErrorf(t.Logf))
}

// newTab opens a tab in the browser of ctx, which it starts, with the options, if there is none yet.
func newTab(ctx context.Context, t *testing.T, options ...chromedp.ContextOption) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(ctx, options...)
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, p.listen)
	p.do(log.Enable(), runtime.Enable())
	return p
}

// profile is a folder for the browser. Its helpers may still write there when
// the browser has ended, so removing it may take more than one try.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "signet-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		eventually(t, "the browser's folder to be removed", func() bool { return os.RemoveAll(dir) == nil })
	})
	return dir
}

// listen keeps what the browser holds against the page. That a request was
// answered with an error is the API's business.
func (p *page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError && e.Entry.Source != log.SourceNetwork {
			p.complaints = append(p.complaints, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, e.ExceptionDetails.Error())
	}
}

func (p *page) do(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		p.shoot("failed.png")
		p.t.Fatal(err)
	}
}

// see waits until an element holds the text.
func (p *page) see(selector, text string) {
	p.t.Helper()
	var shown string
	eventually(p.t, text+" in "+selector, func() bool {
		script := "Array.from(document.querySelectorAll(" + quoted(selector) + "), e => e.innerText).join('\\n')"
		err := chromedp.Run(p.ctx, chromedp.Evaluate(script, &shown)) // fails while the tab goes elsewhere
		return err == nil && strings.Contains(shown, text)
	})
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string: cannot fail
	return string(b)
}

// authorizeButton finds the button of one flow in the dialogue, or "Logout" in its place.
func authorizeButton(flow string) string {
	return `//div[@class="auth-container"][.//h4[contains(., "(OAuth2, ` + flow + `")]]//button[contains(@class, "authorize")]`
}

// signIn authorizes by the authorization code flow, in the window that the dialogue opens.
func (p *page) signIn(username, password string) {
	p.t.Helper()
	p.do(chromedp.Click(".auth-wrapper .authorize", chromedp.ByQuery), chromedp.WaitVisible(authorizeButton("authorizationCode with PKCE"), chromedp.BySearch))
	opened := chromedp.WaitNewTarget(p.ctx, func(info *target.Info) bool { return info.URL != "" && info.URL != "about:blank" })
	p.do(chromedp.Click(authorizeButton("authorizationCode with PKCE"), chromedp.BySearch))
	select {
	case id := <-opened:
		login := newTab(p.ctx, p.t, chromedp.WithTargetID(id))
		login.do(chromedp.WaitVisible("#username", chromedp.ByQuery), chromedp.SendKeys("#username", username, chromedp.ByQuery), chromedp.SendKeys("#password", password, chromedp.ByQuery))
		login.shoot("authorize-window.png")
		login.do(chromedp.Click("#sign-in", chromedp.ByQuery)) // the window closes
	case <-time.After(waitTimeout):
		p.t.Fatal("the dialogue opens no window")
	}
	p.see("#swagger-ui .auth-container", "Logout")
	p.shoot("authorized.png")
	p.do(chromedp.Click(".modal-ux .close-modal", chromedp.ByQuery))
}

// authorize fills in the dialogue of the Authorize button and sends it. The
// client's id must be there already, as dev has it.
func (p *page) authorize(username, password string) {
	p.t.Helper()
	var open bool
	p.do(chromedp.Evaluate("document.querySelector('.modal-ux') !== null", &open))
	if !open {
		p.do(chromedp.Click(".auth-wrapper .authorize", chromedp.ByQuery))
	}
	var client string
	var schemes int
	p.do(chromedp.Evaluate("document.querySelectorAll('.modal-ux .auth-container').length", &schemes))
	if schemes != 2 {
		p.t.Errorf("the dialogue offers %d ways to sign in, want the browser, and name and password", schemes)
	}
	p.do(
		chromedp.WaitVisible("#oauth_username", chromedp.ByQuery),
		chromedp.Value("#client_id_password", &client, chromedp.ByQuery),
		overtype("#oauth_username", username), overtype("#oauth_password", password),
		chromedp.Click(authorizeButton("password"), chromedp.BySearch),
	)
	if client != "demo-docs" {
		p.t.Errorf("the page offers the client %q", client)
	}
}

// overtype puts a text into a field, in place of what stands there.
func overtype(field, text string) chromedp.Action {
	return chromedp.Tasks{
		chromedp.Evaluate("document.querySelector("+quoted(field)+").select()", nil),
		chromedp.SendKeys(field, text, chromedp.ByQuery),
	}
}

// execute tries an operation out.
func (p *page) execute(operation string) {
	p.t.Helper()
	block := "#operations-" + operation
	p.do(
		chromedp.Click(block+" .opblock-summary-control", chromedp.ByQuery),
		chromedp.Click(block+" .try-out__btn", chromedp.ByQuery),
		chromedp.Click(block+" .execute", chromedp.ByQuery),
		chromedp.WaitVisible(block+" .live-responses-table .response", chromedp.ByQuery),
	)
}

// shoot keeps a picture of the page where SIGNET_TEST_PICTURES names a folder.
func (p *page) shoot(name string) {
	folder := os.Getenv("SIGNET_TEST_PICTURES")
	if folder == "" {
		return
	}
	var picture []byte
	if err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot(&picture)); err != nil {
		p.t.Logf("no picture: %v", err)
		return
	}
	if err := os.WriteFile(filepath.Join(folder, name), picture, 0o600); err != nil {
		p.t.Error(err)
	}
}

// wantNoErrors fails the test if the browser had anything against the page: a
// script that failed, or something that the page's policy does not allow.
func (p *page) wantNoErrors() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.complaints {
		p.t.Errorf("the browser complains: %s", c)
	}
}
