package pages_test

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"example.org/signet/endpoints/pages"
)

func newPages(t testing.TB, b pages.Branding) *pages.Pages {
	t.Helper()
	p, err := pages.New(pages.Config{Issuer: "https://id.example.com", Branding: b})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func render(t testing.TB, p *pages.Pages, v pages.View, lang string) string {
	t.Helper()
	body, err := p.Render(v, lang)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// document is a page as a browser reads it.
type document struct {
	byID  map[string]*html.Node
	nodes []*html.Node
}

func parse(t testing.TB, page string) document {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	d := document{byID: map[string]*html.Node{}}
	for n := range root.Descendants() {
		d.nodes = append(d.nodes, n)
		if id := attr(n, "id"); id != "" {
			if d.byID[id] != nil {
				t.Errorf("the id %q occurs twice", id)
			}
			d.byID[id] = n
		}
	}
	return d
}

// attr returns an attribute; one that has no value is "-".
func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			if a.Val == "" {
				return "-"
			}
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// first returns the first element of a kind.
func (d document) first(element string) *html.Node {
	for _, n := range d.nodes {
		if n.Type == html.ElementNode && n.Data == element {
			return n
		}
	}
	return nil
}

// everyView is a view of every page with all texts from outside set.
func everyView(s string) []pages.View {
	at := time.Date(2026, 11, 30, 16, 51, 0, 0, time.UTC)
	c := pages.Client{ID: s, Name: s, LogoURL: s, HomeURL: s, PolicyURL: s, TermsURL: s, IDHost: s, RedirectHost: s}
	u := pages.User{Username: s, Name: s, Email: s, Phone: s}
	d := pages.Details{Code: s, Description: s, RequestID: s, Time: at, ClientID: s, RedirectURI: s, Nearest: s + "x"}
	scopes := []pages.Scope{{Name: s}, {Name: "x", Text: s}}
	account := pages.Account{User: u, Notice: pages.Notice(s), Problem: pages.Problem(s), LogoutURL: s}
	apps := []pages.AppSession{{ID: s, Client: c, Since: at, LastUsed: at, Offline: true}}
	return []pages.View{
		pages.LoginView{Action: s, Client: &c, Username: s, Problem: pages.ProblemUnavailable, RetryURL: s, OtherUser: &u, StateURL: s, ForgotURL: s, Passkey: &pages.PasskeyRequest{Options: s, Challenge: s}, PasskeyAction: s, Claimed: &pages.ClaimedAccount{Sealed: s, As: s, At: s}, Connectors: []pages.Connector{{ID: "c", Name: s, Action: s}}},
		pages.ForgotView{Action: s, Username: s, BackURL: s}, pages.ForgotCodeView{Action: s, Request: s, AgainURL: s},
		pages.SetPasswordView{Action: s, Token: s, User: u, AskCode: true, Code: s}, pages.ConfirmAddressView{Action: s, Token: s, User: u},
		pages.ChangePasswordView{Action: s, Client: &c, User: u, Problem: pages.Problem(s)},
		pages.ConsentView{Action: s, Client: c, User: u, Scopes: scopes, Audiences: []string{s}, SwitchURL: s},
		pages.FormPostView{Action: s, Fields: []pages.Field{{Name: s, Value: s}}, Client: c},
		pages.ContinueView{URL: s, Client: c}, pages.ContinueView{URL: s, Client: c, Auto: true},
		pages.LoopView{Client: c, ContinueURL: s, Details: d},
		pages.ErrorView{Kind: pages.ErrorRedirectURIMismatch, Client: &c, BackURL: s, RetryURL: s, Details: d},
		pages.ErrorView{Kind: pages.ErrorKind(s), Details: d},
		pages.LogoutView{Action: s, Fields: []pages.Field{{Name: s, Value: s}}, Client: &c, User: &u, CancelURL: s},
		pages.SignedOutView{Client: &c, BackURL: s, SignInURL: s},
		pages.StatusView{Status: 404, RequestID: s},
		pages.HomeView{Issuer: s},
		pages.AccountView{Account: account, Version: s, Address: pages.AddressUnconfirmed, Attributes: []pages.AttributeField{
			{Name: "a", Text: s, Type: pages.AttributeString, Value: s}, {Name: "b", Text: s, Type: pages.AttributeStrings, Value: s}, {Name: "c", Text: s, Type: pages.AttributeBoolean, Value: s, ReadOnly: true}}},
		pages.AccountPasswordView{Account: account},
		pages.SecondFactorView{Action: s, Client: &c, User: u, Pending: s, App: true, Passkey: &pages.PasskeyRequest{Options: s, Challenge: s}, RestartURL: s, Problem: pages.Problem(s)},
		pages.AccountFactorsView{Account: account, CanPasskeys: true, Passkeys: []pages.Passkey{{ID: s, Name: s, Factor: pages.Factor{Since: at}}}},
		pages.AccountPasskeyView{Account: account, Passkey: pages.PasskeyRequest{Options: s, Challenge: s}},
		pages.AccountSessionsView{Account: account, Sessions: []pages.BrowserSession{{Handle: s, Device: s, Network: s, Apps: apps}}, Others: apps},
		pages.AccountLinkedView{Account: account, Linked: []pages.LinkedAccount{{ID: s, Provider: s, Email: s, Name: s}}, Connectors: []pages.Connector{{ID: "c", Name: s, Action: s}}},
		pages.AccountAppsView{Account: account, Consents: []pages.Consent{{Client: c, Scopes: scopes, Audiences: []string{s}, Since: at}}},
	}
}

// everyView must set each string of each view, or the tests of escaping miss it.
func TestEveryView_SetsEveryString(t *testing.T) {
	for _, v := range everyView("set") {
		wantSet(t, reflect.TypeOf(v).Name(), reflect.ValueOf(v))
	}
}

func wantSet(t *testing.T, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.String() == "" && !strings.HasSuffix(path, ".Problem") && !strings.HasSuffix(path, "Scopes[].Text") && !strings.HasPrefix(path, "ErrorView.") {
			t.Errorf("%s is not set", path)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			wantSet(t, path, v.Elem())
		}
	case reflect.Slice:
		for n := range v.Len() {
			wantSet(t, path+"[]", v.Index(n))
		}
	case reflect.Struct:
		for n := range v.NumField() {
			if v.Type().Field(n).IsExported() && v.Field(n).Type() != reflect.TypeFor[time.Time]() {
				wantSet(t, path+"."+v.Type().Field(n).Name, v.Field(n))
			}
		}
	}
}

// hostile are texts that would change a page if they were not escaped.
var hostile = []string{
	`"><script>alert(1)</script><img src=x onerror=alert(1)>`, `' onfocus='alert(1)' autofocus x='`, "javascript:alert(1)", "JaVaScRiPt:alert(1)",
	`</form></textarea></title></noscript><form action=//evil.example>`, "data:text/html,<script>alert(1)</script>", "//evil.example/x", `\\evil.example`, `/\evil.example`,
	"{{.T \"x\"}}", "\u202egnp.exe\u202c \u2066x \u200f\u200b", "a\x00b\r\nSet-Cookie: x=1", "\xff\xfe<b>", strings.Repeat("long ", 5000), "https://user:pw@evil.example/",
}

// No text from outside becomes markup, a script, a target that runs one, or a mark that changes
// the direction of the page. E01, L24, C04.
func TestRender_EscapesEveryField(t *testing.T) {
	p := newPages(t, pages.Branding{})
	for _, s := range hostile {
		for _, v := range everyView(s) {
			wantHarmless(t, v, renderOrRefuse(t, p, v))
		}
	}
}

// renderOrRefuse returns "" for a form_post page whose target is no web URL: that is refused.
func renderOrRefuse(t testing.TB, p *pages.Pages, v pages.View) string {
	t.Helper()
	if body, err := p.Render(v, "de"); err == nil {
		return string(body)
	}
	if _, ok := v.(pages.FormPostView); !ok {
		t.Errorf("%T cannot be rendered", v)
	}
	return ""
}

// wantHarmless fails the test if a page holds an element, an attribute or a target that no
// template has.
func wantHarmless(t testing.TB, v pages.View, page string) {
	t.Helper()
	_, formPost := v.(pages.FormPostView)
	for _, n := range parse(t, page).nodes {
		if n.Type == html.TextNode && strings.ContainsAny(n.Data, "\u202e\u2066\u200f\u200b\x00") {
			t.Errorf("%T: a text has marks that are not seen: %q", v, n.Data)
		}
		if n.Data == "script" && n.Type == html.ElementNode && !strings.HasPrefix(attr(n, "src"), "/assets/") {
			t.Errorf("%T: a foreign script: %v", v, n.Attr)
		}
		if n.Data == "img" && n.Type == html.ElementNode && (!strings.HasPrefix(attr(n, "src"), "/") || strings.HasPrefix(attr(n, "src"), "//")) {
			t.Errorf("%T: a foreign picture: %v", v, n.Attr)
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc", a.Key == "formaction":
				t.Errorf("%T: the attribute %s=%q", v, a.Key, a.Val)
			case (a.Key == "href" || a.Key == "src" || a.Key == "action") && (strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "data:")):
				t.Errorf("%T: the target %s=%q", v, a.Key, a.Val)
			case a.Key == "href" && (strings.HasPrefix(value, "//") || strings.HasPrefix(value, `/\`) || strings.Contains(value, "user:pw@")):
				t.Errorf("%T: the target %s=%q", v, a.Key, a.Val)
			}
		}
		if action := attr(n, "action"); n.Data == "form" && n.Type == html.ElementNode && !formPost &&
			(attr(n, "method") != "post" || action != "-" && (!strings.HasPrefix(action, "/") || strings.HasPrefix(action, "//"))) {
			t.Errorf("%T: a foreign form: %v", v, n.Attr)
		}
	}
}

// The answer that form_post carries arrives byte for byte, whatever is in it. C04.
func TestFormPost_CarriesStateByteForByte(t *testing.T) {
	p := newPages(t, pages.Branding{})
	for _, state := range append(hostile, `"</form>'&amp;<>`, "é\u202e\u2028 + %20") {
		if strings.ContainsAny(state, "\x00\r") || !utf8.ValidString(state) {
			continue // an HTML form cannot carry these, and the request is refused before
		}
		d := parse(t, render(t, p, pages.FormPostView{Action: "https://app.example/cb?x=1&y=%2F", Fields: []pages.Field{{Name: "code", Value: "c"}, {Name: "state", Value: state}}}, "en"))
		form := d.first("form")
		if got := attr(form, "action"); got != "https://app.example/cb?x=1&y=%2F" || attr(form, "method") != "post" {
			t.Errorf("the form goes to %q", got)
		}
		var got string
		for _, n := range d.nodes {
			if n.Data == "input" && attr(n, "name") == "state" {
				got = attr(n, "value")
			}
		}
		if got != state {
			t.Errorf("state is %q, want %q", got, state)
		}
		if b := d.byID["continue"]; b == nil || b.Data != "button" || attr(b, "type") != "submit" || attr(b, "hidden") != "" || attr(b, "name") != "" {
			t.Error("no visible button that sends the form without script")
		}
	}
}

// FuzzRender_Escapes: whatever a text from outside is, no page holds an element, an attribute or
// a target that no template has. E01.
func FuzzRender_Escapes(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	p := newPages(f, pages.Branding{})
	f.Fuzz(func(t *testing.T, s string) {
		for _, v := range everyView(s) {
			page := renderOrRefuse(t, p, v)
			if page != "" && !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
				t.Errorf("%T: the page does not end", v)
			}
			wantHarmless(t, v, page)
		}
	})
}
