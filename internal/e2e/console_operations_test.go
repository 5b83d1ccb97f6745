package e2e_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestConsole_OperationsInChromium: the pages of the console about roles, keys, sessions and the
// audit log, each on every screen, as an administrator finds them with something in them.
func TestConsole_OperationsInChromium(t *testing.T) {
	long(t)
	axe, browser := requireAxe(t), requireChromium(t)
	listen := freeAddress(t)
	s := startServer(t, "--admin-listen", listen)
	const admin, password = "rita", "a bridge of sand and stone"
	s.addUsers(t)
	s.addUser(t, admin, password, "--email", "rita@example.com", "--role", "super_admin")
	web := s.addClient(t, "web", "--name", "Web shop", "--grant", "password", "--grant", "refresh_token", "--scope", "openid items:write")
	for range 3 {
		s.login(t, web, alice, alicePassword)
		s.login(t, web, bob, bobPassword)
	}
	s.run(t, "", "keys", "rotate", "--now")
	s.run(t, "", "role", "create", "clerk", "--scope", "letters:read letters:file", "--description", "files letters")

	p := openTab(t, browser, 2*waitTimeout)
	p.do(chromedp.Navigate(s.issuer + "/login"))
	p.consoleSignIn(admin, password)
	console := "http://" + listen + "/console"
	for _, path := range []string{
		"/roles", "/roles/+/new", "/roles/editor", "/roles/editor/edit", "/roles/editor/rename", "/roles/clerk/delete",
		"/keys", "/keys/rotate", "/keys/roll-back",
		"/sessions", "/sessions?user=alice&state=any", "/sessions?device=nothing", "/sessions/browsers", "/sessions/end-all?user=alice&client=web",
		"/audit", "/audit?type=role.", "/audit?person=nobody", "/audit/+/export?type=role.", "/audit/+/verify",
	} {
		p.wantConsolePage(axe, console+path, path)
	}
	for _, first := range []struct{ list, name string }{{"/sessions?user=alice", "session"}, {"/audit?type=login.", "event"}} {
		var link string
		p.do(chromedp.Navigate(console+first.list), chromedp.Evaluate(`document.querySelector("tbody a[href*='/of/'], tbody th a[href*='/audit/']").href`, &link))
		p.wantConsolePage(axe, link, first.name)
	}
	var kid string
	p.do(chromedp.Navigate(console+"/keys"), chromedp.Evaluate(`document.querySelector("tbody a[href*='/revoke/']").href`, &kid))
	p.wantConsolePage(axe, kid, "revoke")
}

// consoleSignIn signs in to the account, and so to the console.
func (p *page) consoleSignIn(username, password string) {
	p.t.Helper()
	p.do(chromedp.WaitVisible("#username", chromedp.ByQuery), chromedp.SendKeys("#username", username, chromedp.ByQuery), chromedp.SendKeys("#password", password, chromedp.ByQuery),
		chromedp.Click("#sign-in", chromedp.ByQuery))
	p.see("h1", "Profile")
}

// wantConsolePage looks at a page of the console on every screen.
func (p *page) wantConsolePage(axe, address, name string) {
	p.t.Helper()
	for _, on := range screens {
		p.do(on.show(address), chromedp.WaitVisible("nav[aria-label=Console]", chromedp.ByQuery))
		where := fmt.Sprintf("%s on %s", name, on.name)
		p.wantNoSidewaysScroll(where)
		if on.name == "desktop-light" || on.name == "phone-dark" {
			p.wantAccessible(where, axe)
		}
		p.shootWhole("console-" + url.PathEscape(name) + "-" + on.name + ".png")
	}
}
