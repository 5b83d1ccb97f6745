package pages_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"example.org/signet/endpoints/pages"
)

// The login page has what password managers, test automation and people who use a screen reader
// rely on, and none of it needs a script. L19, L20, L21.
func TestLogin_FieldsAreStable(t *testing.T) {
	p := newPages(t, pages.Branding{})
	d := parse(t, render(t, p, pages.LoginView{Action: "/login?client_id=x&t=y", Remember: pages.RememberOffered, Username: "alice"}, "en"))
	for id, want := range map[string]map[string]string{
		"username": {"name": "username", "type": "text", "autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "value": "alice", "required": "-"},
		"password": {"name": "password", "type": "password", "autocomplete": "current-password", "value": "", "required": "-", "autofocus": "-"},
		"remember": {"name": "remember", "type": "checkbox", "value": "1", "checked": ""},
		"sign-in":  {"type": "submit", "disabled": "", "hidden": "", "name": ""},
	} {
		n := d.byID[id]
		if n == nil {
			t.Errorf("no element %q", id)
			continue
		}
		for name, value := range want {
			if got := attr(n, name); got != value {
				t.Errorf("%s: %s is %q, want %q", id, name, got, value)
			}
		}
		if n.Data == "input" && attr(n, "onpaste") != "" {
			t.Errorf("%s: paste is not left alone", id)
		}
	}
	form := d.first("form")
	if attr(form, "action") != "/login?client_id=x&t=y" || attr(form, "method") != "post" {
		t.Errorf("the form is %v", form.Attr)
	}
	d.wantLabels(t)
	if got := text(d.byID["username"].PrevSibling.PrevSibling); got != "Username or e-mail address" {
		t.Errorf("the label before the field is %q", got)
	}
	for _, n := range d.nodes {
		if strings.Contains(attr(n, "class"), "reveal") && attr(n, "hidden") == "" {
			t.Error("the button that shows the password is there without script")
		}
	}
}

// wantLabels fails the test if a field has no label.
func (d document) wantLabels(t *testing.T) {
	t.Helper()
	labelled := map[string]bool{}
	for _, n := range d.nodes {
		if n.Data == "label" {
			labelled[attr(n, "for")] = true
			for c := range n.Descendants() {
				labelled[attr(c, "id")] = labelled[attr(c, "id")] || c.Data == "input"
			}
		}
	}
	for _, n := range d.nodes {
		if n.Type == html.ElementNode && n.Data == "input" && attr(n, "type") != "hidden" && attr(n, "hidden") == "" && attr(n, "name") != "keep" && !labelled[attr(n, "id")] {
			t.Errorf("the field %v has no label", n.Attr)
		}
	}
}

// A wrong password: the page keeps the name, never the password; the focus is on the password,
// which is marked as wrong and described by the alert. The same page for every cause. L10, L11.
func TestLogin_WrongCredentials_KeepsNameAndFocusesPassword(t *testing.T) {
	p := newPages(t, pages.Branding{})
	d := parse(t, render(t, p, pages.LoginView{Action: "/login", Username: "alice", Problem: pages.ProblemWrongCredentials}, "en"))
	password := d.byID["password"]
	for name, want := range map[string]string{"aria-invalid": "true", "aria-describedby": "problem", "autofocus": "-", "value": ""} {
		if got := attr(password, name); got != want {
			t.Errorf("the password field: %s is %q, want %q", name, got, want)
		}
	}
	if attr(d.byID["username"], "value") != "alice" || attr(d.byID["username"], "autofocus") != "" {
		t.Errorf("the name field is %v", d.byID["username"].Attr)
	}
	alert := d.byID["problem"]
	if attr(alert, "role") != "alert" || text(alert) != "Wrong username or password. Check both and try again." {
		t.Errorf("the alert is %q", text(alert))
	}
	if got := text(d.first("title")); got != "Error: Sign in – id.example.com" {
		t.Errorf("the title is %q", got)
	}
}

func TestLogin_Problems_SayWhatToDo(t *testing.T) {
	p := newPages(t, pages.Branding{})
	for _, c := range []struct {
		view pages.LoginView
		want string
	}{
		{pages.LoginView{Problem: pages.ProblemThrottled}, "Too many attempts. Wait a little, then try again."},                                                      // L13
		{pages.LoginView{Problem: pages.ProblemThrottled, RetryAfter: time.Second}, "Too many attempts. Try again in 1 second."},                                     // L13
		{pages.LoginView{Problem: pages.ProblemThrottled, RetryAfter: 90 * time.Second}, "Too many attempts. Try again in 90 seconds."},                              // L13
		{pages.LoginView{Problem: pages.ProblemThrottled, RetryAfter: 91 * time.Second}, "Too many attempts. Try again in 2 minutes."},                               // L13
		{pages.LoginView{Problem: pages.ProblemUnavailable}, "Sign-in is not available at the moment. This is not your fault. Try again shortly."},                   // L14
		{pages.LoginView{Problem: pages.ProblemUnavailable, RetryURL: "/login?a=b", RetryAfter: 5 * time.Second}, "This is not your fault. Try again in 5 seconds."}, // L14
		{pages.LoginView{Problem: pages.ProblemSessionEnded}, "You have been signed out since. Sign in again to go on."},
		{pages.LoginView{Problem: "nobody knows this"}, "That did not work. Try again."},
	} {
		d := parse(t, render(t, p, c.view, "en"))
		if got := text(d.byID["problem"]); !strings.Contains(got, c.want) {
			t.Errorf("%+v: the alert is %q, want %q", c.view, got, c.want)
		}
		if retry := d.byID["retry"]; (retry != nil) != (c.view.RetryURL != "") || retry != nil && (retry.Data != "a" || attr(retry, "href") != c.view.RetryURL) {
			t.Errorf("%+v: the link to try again is wrong", c.view)
		}
	}
}

// The page says who asks, and of a client that nobody has vetted where it really is. L24, S11.
func TestLogin_SaysWhoAsks(t *testing.T) {
	p := newPages(t, pages.Branding{})
	c := pages.Client{ID: "notes", Name: "Notes & Co", LogoURL: "/clients/notes/logo", HomeURL: "https://notes.example"}
	d := parse(t, render(t, p, pages.LoginView{Client: &c, OtherUser: &pages.User{Username: "bob"}}, "en"))
	page := text(d.first("main"))
	if !strings.Contains(page, "to continue to Notes & Co") || !strings.Contains(page, "You are signed in as bob. Signing in here signs bob out in this browser.") {
		t.Errorf("the page says %q", page)
	}
	if d.byID["unvetted"] != nil {
		t.Error("a vetted client is shown as unvetted")
	}
	foreign := pages.Client{ID: "https://tool.example/x", Name: "Bank", LogoURL: "https://tool.example/logo.png", IDHost: "tool.ex\u0430mple", RedirectHost: "localhost"}
	d = parse(t, render(t, p, pages.LoginView{Client: &foreign}, "en"))
	if got := text(d.byID["unvetted"]); !strings.Contains(got, "tool.ex%D0%B0mple") || !strings.Contains(got, "localhost") {
		t.Errorf("an unvetted client: %q", got)
	}
	if strings.Contains(render(t, p, pages.LoginView{Client: &foreign}, "en"), "logo.png") {
		t.Error("a picture of another server is loaded")
	}
}

// The required password change: both fields for password managers, the name beside them. L27, L28.
func TestChangePassword_DescribesTheRefusal(t *testing.T) {
	p := newPages(t, pages.Branding{})
	d := parse(t, render(t, p, pages.ChangePasswordView{Action: "/login/password", User: pages.User{Username: "alice"}, PasswordMin: 8, Problem: pages.ProblemPasswordShort}, "en"))
	field := d.byID["new-password"]
	for name, want := range map[string]string{"autocomplete": "new-password", "name": "new_password", "aria-describedby": "password-hint problem", "aria-invalid": "true", "autofocus": "-"} {
		if got := attr(field, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if attr(d.byID["username"], "value") != "alice" || d.byID["current-password"] != nil || d.byID["change-password"] == nil {
		t.Error("the form lacks the name or the button, or asks for the current password")
	}
	d.wantLabels(t)
}

// Consent names what each scope allows, for how long, and where to take it back; allow and deny
// are buttons of one form. N07, N05.
func TestConsent_SaysInWords(t *testing.T) {
	p := newPages(t, pages.Branding{})
	v := pages.ConsentView{
		Action: "/consent?x=y", Client: pages.Client{ID: "notes", Name: "Notes"}, User: pages.User{Username: "alice"}, Remembered: true, Localhost: true,
		Scopes: []pages.Scope{{Name: "openid"}, {Name: "items:read"}, {Name: "items:write", Text: "change your items"}, {Name: "offline_access"}, {Name: "other"}},
	}
	d := parse(t, render(t, p, v, "en"))
	page := text(d.first("main"))
	for _, want := range []string{
		"Allow Notes to use your account?", "You are signed in as alice.", "Notes will be able to", "know that it is you", "use items:read", "change your items",
		"keep its access while you are away", "use other", "Until you take it back, which you can do at any time in your account", "Notes stays signed in when you sign out here.",
		"runs on your own device",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q: %s", want, page)
		}
	}
	for id, value := range map[string]string{"allow": "allow", "deny": "deny"} {
		if b := d.byID[id]; b == nil || b.Data != "button" || attr(b, "name") != "decision" || attr(b, "value") != value {
			t.Errorf("the button %q is wrong", id)
		}
	}
	v.Remembered, v.Scopes = false, v.Scopes[:1]
	if page = text(parse(t, render(t, p, v, "en")).first("main")); !strings.Contains(page, "For this time only") || !strings.Contains(page, "Notes is signed out when you sign out here.") {
		t.Errorf("the page says %q", page)
	}
}

// Only links that may be opened are links: a private-use scheme on the page that a person must
// click on, and never one that runs script. C26.
func TestContinue_LinksPrivateUseScheme(t *testing.T) {
	p := newPages(t, pages.Branding{})
	for to, linked := range map[string]bool{
		"com.example.app:/cb?code=x&state=%22": true, "com.example.app://cb": true, "http://127.0.0.1:9/cb?code=x": true, "https://app.example/cb": true,
		"javascript:alert(1)": false, "java.script\u202e:x": false, "data:text/html,x": false, "vbscript:x": false, "app:/cb": false, "": false,
	} {
		a := parse(t, render(t, p, pages.ContinueView{URL: to, Client: pages.Client{Name: "App"}}, "en")).byID["continue"]
		if (a != nil) != linked || a != nil && attr(a, "href") != to {
			t.Errorf("%q: the link is %v", to, a)
		}
	}
}

// A logout is confirmed by a button of a form, with the way to stay. O04, O12.
func TestLogout_IsConfirmedByPost(t *testing.T) {
	p := newPages(t, pages.Branding{})
	d := parse(t, render(t, p, pages.LogoutView{Action: "/oauth2/logout", Fields: []pages.Field{{Name: "state", Value: "s"}}, User: &pages.User{Username: "alice"}}, "en"))
	form, b := d.first("form"), d.byID["sign-out"]
	if attr(form, "method") != "post" || attr(form, "action") != "/oauth2/logout" || b == nil || attr(b, "value") != "sign-out" {
		t.Errorf("the form is %v, its button %v", form.Attr, b)
	}
	if attr(d.byID["cancel"], "href") != "/account" {
		t.Error("no way to stay signed in")
	}
	if names := fieldNames(form); !slices.Contains(names, "state") {
		t.Errorf("the form has the fields %q", names)
	}
}

func fieldNames(form *html.Node) []string {
	var names []string
	for n := range form.Descendants() {
		if n.Data == "input" {
			names = append(names, attr(n, "name"))
		}
	}
	return names
}
