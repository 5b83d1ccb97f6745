package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestConsole_PagesInChromium: the pages of the console about people, applications and the server,
// each on every screen, with something on them and without.
func TestConsole_PagesInChromium(t *testing.T) {
	long(t)
	axe, browser := requireAxe(t), requireChromium(t)
	listen := freeAddress(t)
	s := startServer(t, "--admin-listen", listen)
	s.addUsers(t)
	s.addUser(t, consoleAdmin, consolePassword, "--email", "rita@example.com", "--role", "super_admin")
	web := s.addClient(t, "web", "--name", "Web shop", "--grant", "password", "--grant", "refresh_token", "--scope", "openid items:write")
	s.addClient(t, "site", "--name", "A site with a long name that has to go on in another line", "--preset", "web", "--redirect-uri", "https://a-very-long-host-name.example.com/callback/with/a/path")
	s.run(t, "", "connector", "create", "company", "--name", "The company", "--provider-issuer", "https://login.company.example", "--client-id", "signet", "--create-users")
	s.run(t, "", "attribute", "create", "dept", "--type", "string", "--readers", "user", "--claim", "department", "--scope", "profile")
	s.run(t, "", "scope", "set", "items:write", "--text", "en=Change your items", "--text", "de=Ihre Einträge ändern")
	s.login(t, web, alice, alicePassword)

	p := openTab(t, browser, 4*waitTimeout)
	p.do(chromedp.Navigate(s.issuer + "/login"))
	p.consoleSignIn(consoleAdmin, consolePassword)
	console := "http://" + listen + "/console"
	person := p.firstLink(console+"/people?prefix=al", "tbody a")
	for name, address := range map[string]string{
		"overview": console, "health": console + "/health", "settings": console + "/settings",
		"people": console + "/people", "nobody": console + "/people?prefix=zz", "new person": console + "/people/new",
		"person": person, "edit": person + "/edit", "password": person + "/password", "delete": person + "/delete",
		"applications": console + "/applications", "kinds": console + "/applications/new", "new application": console + "/applications/new/spa",
		"application": console + "/applications/site", "edit application": console + "/applications/site/edit", "secret": console + "/applications/site/secret", "delete application": console + "/applications/site/delete",
		"connect": console + "/applications/site/connect", "grafana": console + "/applications/site/connect/grafana", "refusals": console + "/applications/site/refusals",
		"connectors": console + "/settings/connectors", "new connector": console + "/settings/new-connector/oidc", "connector": console + "/settings/connectors/company",
		"attributes": console + "/settings/attributes", "new attribute": console + "/settings/new-attribute", "attribute": console + "/settings/attributes/dept", "scope texts": console + "/settings/scopes",
	} {
		p.wantConsolePage(axe, address, name)
	}
	p.wantNoErrors()
}

// firstLink returns where the first such link of a page leads.
func (p *page) firstLink(address, selector string) (to string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address), chromedp.WaitVisible(selector, chromedp.ByQuery), chromedp.Evaluate("document.querySelector("+quoted(selector)+").href", &to))
	return to
}
