package admin_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// signIn builds a change of the settings of sign-in in a browser.
func signIn(set func(*admin.ClientChange)) admin.ClientChange {
	ch := admin.ClientChange{}
	set(&ch)
	return ch
}

func manyURIs(n int) *[]string {
	list := make([]string, n)
	for i := range list {
		list[i] = "https://app.example.com/" + strings.Repeat("x", i)
	}
	return &list
}

// Z08 of the interactive checklist, and every other setting: the error names the field and
// the value at fault.
func TestClientSignIn_RefusesBadValuesByFieldAndValue(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		name   string
		public bool
		change admin.ClientChange
		field  string
		in     string // of the reason
	}{
		{"http", false, signIn(func(c *admin.ClientChange) { c.RedirectURIs = strs("https://a.example/cb", "http://b.example/cb") }), "redirect_uris", `"http://b.example/cb" must begin with https://`},
		{"fragment", false, signIn(func(c *admin.ClientChange) { c.RedirectURIs = strs("https://a.example/cb#x") }), "redirect_uris", `"https://a.example/cb#x" must not have a fragment`},
		{"wildcard", false, signIn(func(c *admin.ClientChange) { c.RedirectURIs = strs("https://*.example/cb") }), "redirect_uris", "asterisk"},
		{"script", false, signIn(func(c *admin.ClientChange) { c.RedirectURIs = strs("javascript:alert(1)") }), "redirect_uris", `"javascript:alert(1)"`},
		{"data", false, signIn(func(c *admin.ClientChange) { c.RedirectURIs = strs("data:text/html,x") }), "redirect_uris", "period"},
		{"scheme without a period", true, signIn(func(c *admin.ClientChange) { c.RedirectURIs = strs("myapp:/cb") }), "redirect_uris", "period"},
		{"credentials are not repeated", false, signIn(func(c *admin.ClientChange) { c.RedirectURIs = strs("https://u:hunter22@a.example/cb") }), "redirect_uris", `"https://…@a.example/cb"`},
		{"long URI is shortened", false, signIn(func(c *admin.ClientChange) { c.RedirectURIs = strs("https://a.example/" + strings.Repeat("x", 2000)) }), "redirect_uris", "1024 bytes"},
		{"too many", false, signIn(func(c *admin.ClientChange) { c.RedirectURIs = manyURIs(51) }), "redirect_uris", "more than 50"},
		{"post-logout", false, signIn(func(c *admin.ClientChange) { c.PostLogoutRedirectURIs = strs("http://a.example/bye") }), "post_logout_redirect_uris", `"http://a.example/bye"`},
		{"back-channel", false, signIn(func(c *admin.ClientChange) { c.BackchannelLogoutURI = ptr("http://a.example/bcl") }), "backchannel_logout_uri", `"http://a.example/bcl"`},
		{"back-channel scheme", false, signIn(func(c *admin.ClientChange) { c.BackchannelLogoutURI = ptr("com.example:/bcl") }), "backchannel_logout_uri", "https://"},
		{"initiate login", false, signIn(func(c *admin.ClientChange) { c.InitiateLoginURI = ptr("/login") }), "initiate_login_uri", `"/login"`},
		{"home page", false, signIn(func(c *admin.ClientChange) { c.HomeURI = ptr("javascript:alert(1)") }), "client_uri", `"javascript:alert(1)"`},
		{"logo", false, signIn(func(c *admin.ClientChange) { c.LogoURI = ptr("ftp://a.example/x.png") }), "logo_uri", `"ftp://a.example/x.png"`},
		{"policy", false, signIn(func(c *admin.ClientChange) { c.PolicyURI = ptr("http://a.example/") }), "policy_uri", "https://"},
		{"terms", false, signIn(func(c *admin.ClientChange) { c.TermsURI = ptr("a.example") }), "tos_uri", "absolute"},
		{"contact", false, signIn(func(c *admin.ClientChange) { c.Contacts = strs("ops\x00@example.com") }), "contacts", "control characters"},
		{"empty contact", false, signIn(func(c *admin.ClientChange) { c.Contacts = strs("") }), "contacts", "empty"},
		{"contacts", false, signIn(func(c *admin.ClientChange) { c.Contacts = manyURIs(11) }), "contacts", "more than 10"},
		{"consent", false, signIn(func(c *admin.ClientChange) { c.Consent = ptr("implicit") }), "consent", `"implicit" is not one of never, once, always`},
		{"method", false, signIn(func(c *admin.ClientChange) { c.AuthMethod = ptr("private_key_jwt") }), "token_endpoint_auth_method", `"private_key_jwt" is not one of client_secret_basic, client_secret_post, none`},
		{"method of a public client", true, signIn(func(c *admin.ClientChange) { c.AuthMethod = ptr("client_secret_post") }), "token_endpoint_auth_method", "public"},
		{"none with a secret", false, signIn(func(c *admin.ClientChange) { c.AuthMethod = ptr("none") }), "token_endpoint_auth_method", "secret"},
		{"public without PKCE", true, signIn(func(c *admin.ClientChange) { c.RequirePKCE = ptr(false) }), "require_pkce", "must be true"},
		{"max age", false, signIn(func(c *admin.ClientChange) { c.DefaultMaxAge = ptr(int64(315360001)) }), "default_max_age", "315360001"},
		{"code grant without a redirect URI", true, signIn(func(c *admin.ClientChange) { c.Grants = strs("authorization_code") }), "redirect_uris", "authorization_code"},
	} {
		_, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "c", Public: tt.public, Settings: tt.change})
		wantField(t, tt.name, err, tt.field)
		if err == nil || !strings.Contains(err.Error(), tt.in) || strings.Contains(err.Error(), "hunter22") || len(err.Error()) > 400 {
			t.Errorf("%s: %v, want %q in it", tt.name, err, tt.in)
		}
	}
}

func TestClientSignIn_NamesEveryFieldAtFault(t *testing.T) {
	f := newFixture(t)
	_, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "c", Settings: signIn(func(c *admin.ClientChange) {
		c.RedirectURIs, c.Consent, c.LogoURI, c.Scopes = strs("x"), ptr("x"), ptr("x"), strs(`"`)
	})})
	var faults issuer.FieldErrors
	if !errors.As(err, &faults) || len(faults) != 4 {
		t.Errorf("got %v, want four fields", err)
	}
}

// N04 of the interactive checklist: an app that any other can pretend to be asks for consent,
// unless an administrator says otherwise.
func TestClientSignIn_NativeClientsAskForConsentUnlessSaidOtherwise(t *testing.T) {
	f := newFixture(t)
	for n, tt := range []struct {
		public   bool
		redirect string
		consent  *string
		want     string
	}{
		{true, "https://app.example.com/cb", nil, "never"},
		{true, "com.example.app:/cb", nil, "once"},
		{true, "http://127.0.0.1/cb", nil, "once"},
		{true, "http://localhost/cb", nil, "once"},
		{true, "com.example.app:/cb", ptr("never"), "never"},
		{true, "com.example.app:/cb", ptr("always"), "always"},
		{false, "http://localhost/cb", nil, "never"},
	} {
		id := "c" + string(rune('0'+n))
		c, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: id, Public: tt.public, Settings: signIn(func(c *admin.ClientChange) {
			c.RedirectURIs, c.Consent = strs(tt.redirect), tt.consent
		})})
		must(t, err)
		if c.Consent != tt.want {
			t.Errorf("%s, public %t: consent %s, want %s", tt.redirect, tt.public, c.Consent, tt.want)
		}
	}
	// A redirect URI that comes later counts too, but for what was said.
	for _, id := range []string{"c0", "c4"} {
		_, err := f.admin.Clients().Update(f.ctx, id, signIn(func(c *admin.ClientChange) { c.RedirectURIs = strs("com.example.other:/cb") }))
		must(t, err)
	}
	later, err := f.admin.Clients().Show(f.ctx, "c0")
	must(t, err)
	kept, err := f.admin.Clients().Show(f.ctx, "c4")
	must(t, err)
	if later.Consent != "once" || kept.Consent != "never" {
		t.Errorf("after an update: %s and %s", later.Consent, kept.Consent)
	}
}

// fullSignIn is a change of every setting.
func fullSignIn() admin.ClientChange {
	return signIn(func(c *admin.ClientChange) {
		c.Grants = strs("authorization_code", "refresh_token")
		c.RedirectURIs = strs("https://app.example.com/cb", "http://localhost:3000/cb", "https://app.example.com/cb")
		c.PostLogoutRedirectURIs = strs("https://app.example.com/bye")
		c.BackchannelLogoutURI, c.BackchannelSession = ptr("https://app.example.com/bcl"), ptr(true)
		c.InitiateLoginURI = ptr("https://app.example.com/start")
		c.RequirePKCE, c.Consent, c.AuthMethod = ptr(false), ptr("always"), ptr("client_secret_post")
		c.DefaultMaxAge, c.LocalhostPorts, c.RequireAuthTime = ptr(int64(3600)), ptr(true), ptr(true)
		c.HomeURI, c.PolicyURI, c.TermsURI = ptr("https://app.example.com/"), ptr("https://app.example.com/privacy"), ptr("https://app.example.com/terms")
		c.Contacts = strs("ops@example.com")
	})
}

func TestClientSignIn_KeepsEverySetting(t *testing.T) {
	f := newFixture(t)
	_, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "web", Settings: fullSignIn()})
	must(t, err)
	c, err := f.admin.Clients().Show(f.ctx, "web")
	must(t, err)
	s, d := c.ClientSignIn, c.ClientDisplay
	if !slices.Equal(s.RedirectURIs, []string{"http://localhost:3000/cb", "https://app.example.com/cb"}) || !slices.Equal(s.PostLogoutRedirectURIs, []string{"https://app.example.com/bye"}) {
		t.Errorf("redirect URIs: %v, %v", s.RedirectURIs, s.PostLogoutRedirectURIs)
	}
	if s.BackchannelLogoutURI != "https://app.example.com/bcl" || !s.BackchannelSession || s.InitiateLoginURI != "https://app.example.com/start" {
		t.Errorf("logout and login URIs: %+v", s)
	}
	if s.RequirePKCE || s.Consent != "always" || s.AuthMethod != "client_secret_post" || s.DefaultMaxAge == nil || *s.DefaultMaxAge != 3600 || !s.LocalhostPorts || !s.RequireAuthTime {
		t.Errorf("policies: %+v", s)
	}
	if d.HomeURI != "https://app.example.com/" || d.PolicyURI != "https://app.example.com/privacy" || d.TermsURI != "https://app.example.com/terms" || !slices.Equal(d.Contacts, []string{"ops@example.com"}) {
		t.Errorf("display: %+v", d)
	}
}

func TestClientSignIn_DefaultsAreTheSafeOnes(t *testing.T) {
	f := newFixture(t)
	for _, public := range []bool{false, true} {
		c, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: map[bool]string{false: "web", true: "spa"}[public], Public: public})
		must(t, err)
		if !c.RequirePKCE || c.Consent != "never" || c.LocalhostPorts || c.DefaultMaxAge != nil || c.RequireAuthTime || c.BackchannelSession || (c.AuthMethod == "none") != public {
			t.Errorf("public %t: %+v", public, c.ClientSignIn)
		}
	}
}

func TestClientSignIn_EmptyValuesTakeSettingsAway(t *testing.T) {
	f := newFixture(t)
	_, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "web", Settings: fullSignIn()})
	must(t, err)
	c, err := f.admin.Clients().Update(f.ctx, "web", signIn(func(c *admin.ClientChange) {
		c.Grants, c.RedirectURIs, c.PostLogoutRedirectURIs, c.Contacts = strs(), strs(), strs(), strs()
		c.BackchannelLogoutURI, c.InitiateLoginURI, c.AuthMethod, c.HomeURI, c.PolicyURI, c.TermsURI = ptr(""), ptr(""), ptr(""), ptr(""), ptr(""), ptr("")
		c.DefaultMaxAge = ptr(int64(-1))
	}))
	must(t, err)
	if len(c.RedirectURIs)+len(c.PostLogoutRedirectURIs)+len(c.Contacts) > 0 || c.BackchannelLogoutURI+c.InitiateLoginURI+c.AuthMethod+c.HomeURI+c.PolicyURI+c.TermsURI != "" || c.DefaultMaxAge != nil {
		t.Errorf("something is left: %+v %+v", c.ClientSignIn, c.ClientDisplay)
	}
}

// details returns the details of the events of that type, oldest first.
func (f *fixture) details(event string) (details []string) {
	f.t.Helper()
	page, err := f.store.ListAudit(f.ctx, storage.AuditFilter{Type: event}, storage.Page{})
	must(f.t, err)
	for _, e := range page.Events {
		details = append(details, e.Detail)
	}
	return details
}

func TestClientSignIn_AuditSaysWhatChanged(t *testing.T) {
	f := newFixture(t)
	_, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "web", Settings: fullSignIn()})
	must(t, err)
	_, err = f.admin.Clients().Update(f.ctx, "web", signIn(func(c *admin.ClientChange) {
		c.RedirectURIs = strs("https://app.example.com/cb", "https://new.example.com/cb")
		c.RequirePKCE, c.Consent, c.DefaultMaxAge, c.Contacts = ptr(true), ptr("once"), ptr(int64(-1)), strs("new@example.com")
	}))
	must(t, err)
	_, err = f.admin.Clients().Update(f.ctx, "web", signIn(func(c *admin.ClientChange) { c.RedirectURIs = manyURIs(9) }))
	must(t, err)
	details := f.details(audit.EventClientUpdated)
	want := "redirect_uris: +https://new.example.com/cb -http://localhost:3000/cb, require_pkce on, consent: always → once, default_max_age: 3600 → none, contacts"
	if len(details) != 2 || details[0] != want {
		t.Errorf("got %q\nwant %q", details, want)
	}
	if len(details) == 2 && (!strings.Contains(details[1], "+(4 more)") || !strings.Contains(details[1], "-https://new.example.com/cb")) {
		t.Errorf("many URIs: %q", details[1])
	}
	// The same again is no change.
	_, err = f.admin.Clients().Update(f.ctx, "web", signIn(func(c *admin.ClientChange) { c.RequirePKCE, c.Consent = ptr(true), ptr("once") }))
	must(t, err)
	if n := len(f.details(audit.EventClientUpdated)); n != 2 {
		t.Errorf("%d events after a change of nothing", n)
	}
}
