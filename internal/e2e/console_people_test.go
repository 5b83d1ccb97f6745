package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestConsole_PeopleInChromium: the pages of the console about people, on every screen, as an
// administrator finds them where somebody cannot sign in.
func TestConsole_PeopleInChromium(t *testing.T) {
	long(t)
	axe, browser := requireAxe(t), requireChromium(t)
	listen := freeAddress(t)
	s := startServer(t, "--admin-listen", listen)
	at := "http://" + listen + "/console"
	const admin, password = "rita", "a bridge of sand and stone"
	s.addUsers(t)
	s.addUser(t, admin, password, "--email", "rita@example.com", "--role", "super_admin")
	web := s.addClient(t, "web", "--name", "Web shop", "--grant", "password", "--grant", "refresh_token", "--scope", "openid items:write")
	s.login(t, web, alice, alicePassword)
	s.run(t, "", "user", "update", bob, "--must-change-password")
	s.run(t, "", "user", "disable", bob)

	p := openTab(t, browser, 4*waitTimeout)
	p.do(chromedp.Navigate(s.issuer + "/login"))
	p.consoleSignIn(admin, password)
	p.do(chromedp.Navigate(at), chromedp.WaitVisible("nav[aria-label=Console]", chromedp.ByQuery))
	for _, path := range []string{"/people", "/people?prefix=nobody", "/people/new"} {
		p.wantConsolePage(axe, at+path, path)
	}
	for _, name := range []string{alice, bob} {
		var person string
		p.do(chromedp.Navigate(at+"/people?prefix="+name), chromedp.Evaluate(`document.querySelector("tbody th a").href`, &person))
		p.wantConsolePage(axe, person, "person "+name)
	}
	p.do(chromedp.Navigate(at+"/people"), chromedp.WaitVisible("#many", chromedp.ByQuery),
		chromedp.Evaluate(`document.querySelectorAll("tbody input[name=user]").forEach(box => { box.checked = true })`, nil),
		chromedp.SetValue("#many-action", "enable", chromedp.ByQuery), chromedp.Click("#many button", chromedp.ByQuery),
		chromedp.WaitVisible(`//caption[text()="What became of each"]`, chromedp.BySearch))
	p.wantAccessible("the report", axe)
	p.shootWhole("console-people-report.png")
}
