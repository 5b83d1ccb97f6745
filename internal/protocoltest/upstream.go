package protocoltest

import (
	"context"
	"html"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

// Sign-in at another provider, which is a second Signet in this process.
var upstreamCases = []testCase{
	{name: "an account that nobody has is linked by a sign-in here", configure: withUpstream, run: testUpstreamLink},
	{name: "an account that nobody has makes a user", configure: withUpstream, run: testUpstreamCreates},
	{name: "an address links an account only where all agree", configure: withUpstream, run: testUpstreamByEmail},
	{name: "roles by rules are recomputed and leave local ones alone", configure: withUpstream, run: testUpstreamRoles},
	{name: "the answer of a provider in another browser, again, and too late", configure: withUpstream, run: testUpstreamOneAttempt},
	{name: "codes, issuers and accounts that are put into the answer of a provider", configure: withUpstream, run: testUpstreamInjection},
	{name: "a store that fails at any call of a sign-in at another provider", configure: withUpstream, run: testUpstreamFaults},
	{name: "at most five attempts keep a cookie", configure: withUpstream, run: testUpstreamCookies},
	{name: "an account of a domain that is not allowed, and of a user who is disabled", configure: withUpstream, run: testUpstreamRefused},
	{name: "the second factor is asked for after the provider too", configure: withUpstream, run: testUpstreamFactor},
	{name: "accounts on the page of the account, and the last way in", configure: withUpstream, run: testUpstreamAccount},
	{name: "connectors and links by the admin API", configure: func(o *Options) { withUpstream(o); mergedAdmin(o) }, run: testUpstreamAPI},
	{name: "one's own links at /me", configure: withUpstream, run: testUpstreamOwnLinks},
	{name: "a provider that answers with errors", configure: withUpstream, run: testUpstreamDown},
}

const (
	upstreamButton = Login + "/upstream/company"
	accountLinked  = "/account/linked"
)

func withUpstream(o *Options) { o.Upstream = true }

// provider is a second Signet at which the users of s sign in.
type provider struct {
	*Signet
	s *Signet
}

// addProvider starts a second Signet, and a connector to it at s.
func (s *Signet) addProvider(t *testing.T, change admin.ConnectorChange) *provider {
	t.Helper()
	p := &provider{Start(t, s.openStore), s}
	redirect := s.Upstream.RedirectURI("company")
	c := p.AddCodeClient(t, "signet", func(c *storage.Client) { c.RedirectURIs = []string{redirect} })
	name, secret := "Company", issuer.Secret(c.Secret)
	s.Log.MarkSecret(c.Secret)
	change.Name, change.Issuer, change.ClientID, change.Secret = &name, &p.Issuer, &c.ID, &secret
	_, err := s.operator().Connectors().Create(context.Background(), "company", upstream.KindOIDC, change)
	must(t, err)
	return p
}

// verifyAddress marks the user's address as theirs.
func (s *Signet) verifyAddress(t *testing.T, u User) {
	t.Helper()
	yes := true
	_, err := s.operator().Users().Update(context.Background(), u.ID, admin.UserChange{EmailVerified: &yes})
	must(t, err)
}

// leave presses the button "Continue with …" and returns where the browser is sent, at the provider.
func (p *provider) leave(t *testing.T, b *Browser, page Page, fields ...string) string {
	t.Helper()
	for _, f := range pageForm.FindAllStringSubmatch(string(page.Body), -1) {
		path := p.s.below(html.UnescapeString(f[1]))
		if at, _, _ := strings.Cut(path, "?"); at != upstreamButton {
			continue
		}
		sent := b.own(path, Form(fields...).Encode())
		to, away := strings.CutPrefix(sent.Header.Get("Location"), p.Issuer)
		if !away || sent.Status != http.StatusSeeOther {
			t.Fatalf("the browser is not sent to the provider: %d %s %.2000s", sent.Status, sent.Header.Get("Location"), sent.Body)
		}
		return to
	}
	t.Fatalf("no button on %s: %.3000s", page.Path, page.Body)
	return ""
}

// enter signs the user in at the provider, and returns the way back.
func (p *provider) enter(t *testing.T, to string, u User) string {
	t.Helper()
	b := p.NewBrowser()
	at := b.Open(to)
	if at.is(Login) {
		at = b.SignIn(t, at, u)
	}
	back, home := strings.CutPrefix(at.Header.Get("Location"), p.s.Issuer)
	if !home {
		t.Fatalf("the provider does not send the browser back: %d %s %.2000s", at.Status, at.Header.Get("Location"), at.Body)
	}
	return back
}

// signIn goes to the provider and back, from the login page that is shown.
func (p *provider) signIn(t *testing.T, b *Browser, page Page, u User) Page {
	t.Helper()
	return b.Open(p.enter(t, p.leave(t, b, page), u))
}

// tells fails the test unless the page has the status and the text.
func (p Page) tells(t *testing.T, what, text string, status int) {
	t.Helper()
	if p.Status != status || !strings.Contains(string(p.Body), text) {
		t.Errorf("%s: %d, want %d with %q: %.3000s", what, p.Status, status, text, p.Body)
	}
}

const (
	textLinkHere = "Nobody here uses that account yet"
	textExpired  = "This sign-in took too long"
	textRefused  = "cannot be used to sign in here"
)

func testUpstreamLink(t *testing.T, s *Signet) {
	p := s.addProvider(t, admin.ConnectorChange{})
	u, c := p.AddUser(t, "ann"), s.AddCodeClient(t, "portal")
	b := s.NewBrowser()
	page := p.signIn(t, b, b.Open(s.authorizeURL(c)), u)
	page.tells(t, "the first time", textLinkHere, http.StatusOK)
	page = b.Send(t, page, Form("username", s.Alice.Username, "password", s.Alice.Password, "claimed", hiddenOf(t, page, "claimed")))
	if page.Answer(t).Get("code") == "" {
		t.Errorf("no code after the sign-in here: %s", page.Header.Get("Location"))
	}
	other := s.NewBrowser()
	if answer := p.signIn(t, other, other.Open(s.authorizeURL(c)), u).Answer(t); answer.Get("code") == "" {
		t.Errorf("the account does not sign in: %v", answer)
	}
	links, err := s.operator().Users().Links(context.Background(), s.Alice.ID)
	if err != nil || len(links.Items) != 1 || links.Items[0].Subject != u.ID || links.Items[0].Provider != "Company" {
		t.Errorf("links %+v, %v", links, err)
	}
}

// hiddenOf returns a hidden field of the page.
func hiddenOf(t *testing.T, p Page, name string) string {
	t.Helper()
	for _, f := range hiddenField.FindAllStringSubmatch(string(p.Body), -1) {
		if html.UnescapeString(f[1]) == name {
			return html.UnescapeString(f[2])
		}
	}
	t.Fatalf("no field %s on %s: %.3000s", name, p.Path, p.Body)
	return ""
}

func testUpstreamCreates(t *testing.T, s *Signet) {
	create, domains := true, []string{"example.com"}
	p := s.addProvider(t, admin.ConnectorChange{CreateUsers: &create, AuthoritativeDomains: &domains})
	u := p.AddUser(t, "newcomer")
	p.verifyAddress(t, u)
	b := s.NewBrowser()
	p.signIn(t, b, b.Open(Login), u).expect(t, Account)
	made, err := s.operator().Users().Find(context.Background(), "newcomer")
	if err != nil || made.Email != "newcomer@example.com" || !made.EmailVerified || !slices.Equal(made.Roles, []string{"user"}) {
		t.Errorf("the user is %+v, %v", made, err)
	}
	other := s.NewBrowser()
	p.signIn(t, other, other.Open(Login), u).expect(t, Account)
	must(t, s.operator().Users().Delete(context.Background(), made.ID))
	third := s.NewBrowser()
	p.signIn(t, third, third.Open(Login), u).expect(t, Account)
	again, err := s.operator().Users().Find(context.Background(), "newcomer")
	if err != nil || again.ID == made.ID {
		t.Errorf("after the deletion the user is %+v, %v", again, err)
	}
}

func testUpstreamByEmail(t *testing.T, s *Signet) {
	domains := []string{"example.com"}
	p := s.addProvider(t, admin.ConnectorChange{AuthoritativeDomains: &domains})
	u := p.AddUser(t, s.Alice.Username+"x")
	address := s.addressed(t, s.Alice)
	_, err := p.operator().Users().Update(context.Background(), u.ID, admin.UserChange{Email: &address})
	if err != nil { // the second Signet has an Alice with this address, too
		other := "other@example.net"
		_, err = p.operator().Users().Update(context.Background(), p.Alice.ID, admin.UserChange{Email: &other})
		must(t, err)
		_, err = p.operator().Users().Update(context.Background(), u.ID, admin.UserChange{Email: &address})
	}
	must(t, err)
	try := func() Page {
		b := s.NewBrowser()
		return p.signIn(t, b, b.Open(Login), u)
	}
	try().tells(t, "verified nowhere", textLinkHere, http.StatusOK)
	p.verifyAddress(t, u)
	try().tells(t, "verified there alone", textLinkHere, http.StatusOK)
	s.verifyAddress(t, s.Alice)
	try().expect(t, Account)
	none := []string{}
	_, err = s.operator().Connectors().Update(context.Background(), "company", admin.ConnectorChange{AuthoritativeDomains: &none})
	must(t, err)
	try().expect(t, Account) // what is linked stays so

	_, err = s.operator().Connectors().Update(context.Background(), "company", admin.ConnectorChange{AuthoritativeDomains: &domains})
	must(t, err)
	moved := "left@example.net"
	_, err = p.operator().Users().Update(context.Background(), u.ID, admin.UserChange{Email: &moved})
	must(t, err)
	u = p.AddUser(t, "successor")
	_, err = p.operator().Users().Update(context.Background(), u.ID, admin.UserChange{Email: &address})
	must(t, err)
	p.verifyAddress(t, u)
	try().tells(t, "the address was given to somebody new", textLinkHere, http.StatusOK)
}

func testUpstreamRoles(t *testing.T, s *Signet) {
	create, rules := true, []string{"editor:preferred_username=writer"}
	p := s.addProvider(t, admin.ConnectorChange{CreateUsers: &create, RoleRules: &rules})
	u := p.AddUser(t, "writer")
	signIn := func(want ...string) {
		t.Helper()
		b := s.NewBrowser()
		p.signIn(t, b, b.Open(Login), u).expect(t, Account)
		made, err := s.operator().Users().Find(context.Background(), "writer")
		if err != nil || !slices.Equal(made.Roles, want) {
			t.Errorf("roles %v, %v; want %v", made.Roles, err, want)
		}
	}
	setRules := func(rules ...string) {
		t.Helper()
		_, err := s.operator().Connectors().Update(context.Background(), "company", admin.ConnectorChange{RoleRules: &rules})
		must(t, err)
	}
	signIn("editor", "user")
	signIn("editor", "user")
	setRules()
	signIn("user")
	roles := []string{"editor", "user"}
	_, err := s.operator().Users().Update(context.Background(), idOf(context.Background(), s, "writer"), admin.UserChange{Roles: &roles})
	must(t, err)
	signIn("editor", "user") // a local one
	setRules("editor:preferred_username=writer")
	signIn("editor", "user")
	setRules()
	signIn("editor", "user")
	above := []string{"super_admin:preferred_username=writer"}
	if _, err := s.operator().Connectors().Update(context.Background(), "company", admin.ConnectorChange{RoleRules: &above}); err == nil {
		t.Error("a rule makes super_admins")
	}
}

func testUpstreamOneAttempt(t *testing.T, s *Signet) {
	create := true
	p := s.addProvider(t, admin.ConnectorChange{CreateUsers: &create})
	u := p.AddUser(t, "ann")
	b := s.NewBrowser()
	back := p.enter(t, p.leave(t, b, b.Open(Login)), u)
	s.NewBrowser().Open(back).tells(t, "in another browser", textExpired, http.StatusOK)
	b.Open(strings.Replace(back, "/company/", "/other/", 1)).tells(t, "at another redirect URI", textExpired, http.StatusOK)
	b = s.NewBrowser()
	back = p.enter(t, p.leave(t, b, b.Open(Login)), u)
	b.Open(back).expect(t, Account)
	b.Open(back).tells(t, "a second time", textExpired, http.StatusOK)
	b = s.NewBrowser()
	back = p.enter(t, p.leave(t, b, b.Open(Login)), u)
	s.Advance(authorization.AttemptTTL)
	b.Open(back).tells(t, "too late", textExpired, http.StatusOK)
	b.Open(upstreamButton+"/callback?state=garbage&code=c").tells(t, "a state of nobody", textExpired, http.StatusOK)
	b.Open(upstreamButton+"/callback").tells(t, "no state", textExpired, http.StatusOK)
}

func testUpstreamCookies(t *testing.T, s *Signet) {
	p := s.addProvider(t, admin.ConnectorChange{})
	b := s.NewBrowser()
	for range 8 {
		p.leave(t, b, b.Open(Login))
		s.Advance(time.Second)
	}
	if n := len(b.Cookies); n != 5 {
		t.Errorf("%d cookies after eight attempts, want 5", n)
	}
	for _, c := range b.Changes {
		if c.MaxAge >= 0 && (c.MaxAge != 600 || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode) {
			t.Errorf("cookie %s: %+v", c.Name, c)
		}
	}
}

func testUpstreamRefused(t *testing.T, s *Signet) {
	create, domains := true, []string{"example.org"}
	p := s.addProvider(t, admin.ConnectorChange{CreateUsers: &create, Domains: &domains})
	u := p.AddUser(t, "ann")
	p.verifyAddress(t, u)
	try := func() Page {
		b := s.NewBrowser()
		return p.signIn(t, b, b.Open(Login), u)
	}
	try().tells(t, "another domain", textRefused, http.StatusForbidden)
	domains = []string{"example.com"}
	_, err := s.operator().Connectors().Update(context.Background(), "company", admin.ConnectorChange{Domains: &domains})
	must(t, err)
	try().expect(t, Account)
	s.disable(t, User{ID: idOf(context.Background(), s, "ann")})
	try().tells(t, "a user who is disabled", textRefused, http.StatusForbidden)
	off := true
	_, err = s.operator().Connectors().Update(context.Background(), "company", admin.ConnectorChange{Disabled: &off})
	must(t, err)
	if page := s.NewBrowser().Open(Login); strings.Contains(string(page.Body), "Company") {
		t.Error("a connector that is disabled is offered")
	}
}

func testUpstreamFactor(t *testing.T, s *Signet) {
	p := s.addProvider(t, admin.ConnectorChange{})
	u := p.AddUser(t, "ann")
	b := s.NewBrowser()
	page := p.signIn(t, b, b.Open(Login), u)
	b.Send(t, page, Form("username", s.Alice.Username, "password", s.Alice.Password, "claimed", hiddenOf(t, page, "claimed"))).expect(t, Account)
	a := b.enrol(t)
	other := s.NewBrowser()
	page = p.signIn(t, other, other.Open(Login), u)
	if !strings.Contains(string(page.Body), `name="pending"`) {
		t.Fatalf("no second factor is asked for: %d %s %.2000s", page.Status, page.Path, page.Body)
	}
	other.sendCode(t, page, a.next()).expect(t, Account)
}

func testUpstreamAccount(t *testing.T, s *Signet) {
	create := true
	p := s.addProvider(t, admin.ConnectorChange{CreateUsers: &create})
	u, second := p.AddUser(t, "ann"), p.AddUser(t, "second")
	b := s.NewBrowser()
	p.signIn(t, b, b.Open(Login), u).expect(t, Account)
	remove := func(account string) Page {
		return b.own(accountLinked+"/remove", Form("account", account).Encode())
	}
	links := func() []admin.Link {
		list, err := s.operator().Users().Links(context.Background(), idOf(context.Background(), s, "ann"))
		must(t, err)
		return list.Items
	}
	only := links()[0].ID
	if page := remove(only); page.Status != http.StatusConflict || len(links()) != 1 {
		t.Errorf("the last way in: %d %.2000s", page.Status, page.Body)
	}
	back := p.enter(t, p.leave(t, b, b.Open(accountLinked).expect(t, accountLinked), "link", "1"), second)
	b.Open(back)
	if n := len(links()); n != 2 {
		t.Fatalf("%d links after adding one", n)
	}
	remove(only)
	if left := links(); len(left) != 1 || left[0].ID == only {
		t.Errorf("left are %+v", left)
	}
	var types []string
	for _, e := range events(t, s) {
		types = append(types, e.Type)
	}
	if !slices.Contains(types, audit.EventAccountLinked) || !slices.Contains(types, audit.EventAccountUnlinked) {
		t.Errorf("audited are %v", types)
	}
	s.Advance(authorization.FreshLogin + time.Second)
	if page := remove(links()[0].ID); page.Status != http.StatusForbidden {
		t.Errorf("by a sign-in that is not fresh: %d", page.Status)
	}
}

// events returns the audit log.
func events(t *testing.T, s *Signet) []storage.AuditEvent {
	t.Helper()
	page, err := s.backend.ListAudit(context.Background(), storage.AuditFilter{}, storage.Page{Limit: storage.MaxPage})
	must(t, err)
	return page.Events
}

func testUpstreamDown(t *testing.T, s *Signet) {
	p := s.addProvider(t, admin.ConnectorChange{})
	u := p.AddUser(t, "ann")
	b := s.NewBrowser()
	back := p.enter(t, p.leave(t, b, b.Open(Login)), u)
	p.Store.Before(func(context.Context, int, string) error { return storage.Unavailable("any call", errConnectionReset) })
	page := b.Open(back)
	p.Store.Reset()
	page.tells(t, "a provider that answers with errors", "cannot be reached", http.StatusBadGateway)
	b.SignIn(t, b.Open(Login), s.Alice).expect(t, Account) // everything else works
}
