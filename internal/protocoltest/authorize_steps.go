package protocoltest

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func testPromptLogin(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	b.GetCode(t, app, s.Alice)
	q, verifier := s.AuthRequest(app, "prompt", "login")
	s.Clock.Advance(time.Minute)
	p := b.Open(Authorize+"?"+q.Encode()).expect(t, Login)
	// Reloading shows it again; so does taking away prompt, the stamp, or both on the page's URL.
	for name, change := range map[string]func(url.Values){
		"reload": func(url.Values) {}, "no prompt": func(v url.Values) { v.Del("prompt") }, "no stamp": func(v url.Values) { v.Del("t") },
		"another state": func(v url.Values) { v.Set("state", "x") },
	} {
		at, query, _ := strings.Cut(p.Path, "?")
		v, err := url.ParseQuery(query)
		must(t, err)
		change(v)
		if again := b.Clone().Open(at + "?" + v.Encode()); !again.is(Login) {
			t.Errorf("%s: %d to %.100s", name, again.Status, again.Header.Get("Location"))
		}
	}
	answer := b.SignIn(t, p, s.Alice).Answer(t) // one login, one code, no loop
	s.Redeem(t, app, Code{answer.Get("code"), verifier, Callback})
	// What has been proven for one request counts for no other.
	b.Open(Authorize+"?"+q.Encode()).expect(t, Login)
	b.Open(s.authorizeURL(app, "max_age", "0")).expect(t, Login)
	b.SignIn(t, b.Open(s.authorizeURL(app, "max_age", "0")), s.Alice).Answer(t)
	b.SignIn(t, b.Open(s.authorizeURL(app, "prompt", "select_account")), s.Alice).Answer(t)
}

func testStamps(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	b.GetCode(t, app, s.Alice)
	// With prompt=login consent the consent page's stamp proves the login.
	p := b.SignIn(t, b.Open(s.authorizeURL(app, "prompt", "login consent")), s.Alice).expect(t, Consent)
	_, query, _ := strings.Cut(p.Path, "?")
	v, err := url.ParseQuery(query)
	must(t, err)
	stamp := v.Get("t")
	if stamp == "" || len(stamp) > 200 {
		t.Fatalf("the stamp %q", stamp)
	}
	b.Open(p.Path).expect(t, Consent) // reload
	other := s.NewBrowser()
	other.GetCode(t, app, s.Editor)
	other.Open(p.Path).expect(t, Login) // of another session
	altered := []byte(stamp)
	altered[30] ^= 1
	for name, changed := range map[string]string{"altered": string(altered), "cut": stamp[:len(stamp)-2], "none": "", "twice": stamp + "&t=" + stamp, "garbage": strings.Repeat("A", 5000)} {
		v.Del("t")
		b.Open(Consent+"?"+v.Encode()+"&t="+changed).expect(t, Login)
		_ = name
	}
	v.Set("state", "another request")
	b.Open(Consent+"?"+v.Encode()+"&t="+stamp).expect(t, Login)
	s.Clock.Advance(61 * time.Minute)
	b.Open(p.Path).expect(t, Login) // too old
}

func testBadForms(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	p := b.Open(s.authorizeURL(app)).expect(t, Login)
	own := Header("Sec-Fetch-Site", "same-origin")
	for body, status := range map[string]int{
		"username=a&username=b&password=x": http.StatusBadRequest, "username=%zz": http.StatusBadRequest, "username=%ff&password=x": http.StatusBadRequest,
		"username=%00&password=x": http.StatusBadRequest, strings.Repeat("a=1&", 200): http.StatusBadRequest,
	} {
		s.PostRaw(p.Path, body, own).ExpectStatus(t, status)
	}
	for _, kind := range []string{"application/json", "multipart/form-data; boundary=x", ""} {
		s.Send("POST", p.Path, "username=a", own, Header("Content-Type", kind)).ExpectStatus(t, http.StatusUnsupportedMediaType)
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH"} {
		if a := s.Send(method, p.Path, "", own).ExpectStatus(t, http.StatusMethodNotAllowed); a.Header.Get("Allow") != "GET, HEAD, POST" {
			t.Errorf("Allow %q", a.Header.Get("Allow"))
		}
	}
	b.Send(t, p, Form("username", "alice")).ExpectStatus(t, http.StatusBadRequest)
	b.Send(t, p, Form("username", s.Alice.Username, "password", "wrong")).ExpectStatus(t, http.StatusUnauthorized)
	consent := b.SignIn(t, b.Open(s.authorizeURL(app, "prompt", "consent")), s.Alice).expect(t, Consent)
	b.Send(t, consent, Form("decision", "maybe")).expect(t, Consent) // asks again
	if got := b.Send(t, consent, Form("decision", "deny")).Answer(t).Get("error"); got != "access_denied" {
		t.Errorf("deny: %q", got)
	}
	b.Send(t, consent, Form("decision", "allow")).Answer(t)
	for _, line := range []string{
		`signet_sign_in_steps_total{outcome="login",route="/oauth2/authorize"} 2`, `signet_sign_in_steps_total{outcome="wrong_credentials",route="/login"} 1`,
		`signet_sign_in_steps_total{outcome="access_denied",route="/consent"} 1`, `signet_sign_in_steps_total{outcome="code",route="/consent"} 1`,
	} {
		if !strings.Contains(s.metrics(), line+"\n") {
			t.Errorf("E10 no line %s", line)
		}
	}
}

// cookieOf signs in and returns the cookie that was set.
func cookieOf(t *testing.T, s *Signet) *http.Cookie {
	t.Helper()
	b := s.NewBrowser()
	b.GetCode(t, s.AddCodeSPA(t, "app"), s.Alice)
	if len(b.Changes) != 1 {
		t.Fatalf("%d cookies are set", len(b.Changes))
	}
	c := b.Changes[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Domain != "" || len(c.Name)+len(c.Value) >= 100 || c.MaxAge != 0 {
		t.Errorf("%s", strings.Replace(c.String(), c.Value, "…", 1))
	}
	return c
}

func testCookieLoopback(t *testing.T, s *Signet) {
	if c := cookieOf(t, s); c.Name != "signet" || c.Path != "/" || c.Secure {
		t.Errorf("%s at %s, Secure %t", c.Name, c.Path, c.Secure)
	}
}

func testCookieHTTPS(t *testing.T, s *Signet) {
	if c := cookieOf(t, s); c.Name != "__Host-signet" || c.Path != "/" || !c.Secure {
		t.Errorf("%s at %s, Secure %t", c.Name, c.Path, c.Secure)
	}
}

func testCookiePath(t *testing.T, s *Signet) {
	if c := cookieOf(t, s); c.Name != "__Secure-signet" || c.Path != "/realms/main" || !c.Secure {
		t.Errorf("%s at %s, Secure %t", c.Name, c.Path, c.Secure)
	}
}

// testTabs: each tab is a request of its own, and goes on without a password once somebody has
// signed in.
func testTabs(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	state := func() int { return b.once("GET", Login+"/state", "").Status }
	var tabs []Page
	for range 10 {
		tabs = append(tabs, b.Open(s.authorizeURL(app)).expect(t, Login))
	}
	if got := state(); got != http.StatusNoContent {
		t.Errorf("before: %d", got)
	}
	b.SignIn(t, tabs[0], s.Alice).Answer(t)
	if got := state(); got != http.StatusOK {
		t.Errorf("afterwards: %d", got)
	}
	for _, tab := range tabs[1:] {
		if answer := b.Open(tab.Path); !answer.Answer(t).Has("code") {
			t.Errorf("%v", answer)
		}
		s.Clock.Advance(10 * time.Second) // too slow for a loop
	}
	b.Cookies["signet"] = "garbage"
	if got := state(); got != http.StatusNoContent {
		t.Errorf("with a dead cookie: %d", got)
	}
}

// testDoubleSubmit: both answers of a form that was sent twice lead to a code, and whichever
// cookie the browser keeps is good.
func testDoubleSubmit(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	first := s.NewBrowser()
	p := first.Open(s.authorizeURL(app)).expect(t, Login)
	second := first.Clone()
	var both sync.WaitGroup
	for _, b := range []*Browser{first, second} {
		both.Go(func() { b.SignIn(t, p, s.Alice) })
	}
	both.Wait()
	for n, b := range []*Browser{first, second} {
		if !b.Open(s.authorizeURL(app)).Answer(t).Has("code") {
			t.Errorf("the cookie of answer %d is dead", n+1)
		}
	}
}

// testLoop: the ninth code within 20 seconds is not issued without a click.
func testLoop(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice)
	var p Page
	for n := 2; n <= 9; n++ {
		p = b.visit(http.MethodGet, s.authorizeURL(app), "", Header("Sec-Fetch-Mode", "navigate"))
		to, body := p.Header.Get("Refresh"), string(p.Body)
		if n == 3 || n == 6 { // by a page, so that browsers count redirects anew
			link := strings.TrimPrefix(to, "0;url=")
			if !p.Answer(t).Has("code") || link == to || !strings.Contains(body, `href="`+html.EscapeString(link)+`"`) || strings.Contains(body, "<form") {
				t.Errorf("code %d: Refresh %q, %s", n, to, body)
			}
		} else if to != "" {
			t.Errorf("code %d: Refresh %q", n, to)
		}
	}
	if p.Status != http.StatusTooManyRequests || p.Header.Get("Location") != "" {
		t.Fatalf("the ninth code: %d to %.100s", p.Status, p.Header.Get("Location"))
	}
	_, rest, _ := strings.Cut(string(p.Body), `href="`+s.options.Path+Login+"/continue?")
	link, _, _ := strings.Cut(rest, `"`)
	on := s.below(s.options.Path + Login + "/continue?" + html.UnescapeString(link))
	if cross := b.once("GET", on, "", Header("Sec-Fetch-Site", "cross-site")); cross.Status != http.StatusTooManyRequests {
		t.Errorf("a client follows the link by itself: %d", cross.Status)
	}
	if !(b.once("GET", on, "", Header("Sec-Fetch-Site", "same-origin"))).Answer(t).Has("code") {
		t.Error("Continue gives no code")
	}
	plain := s.NewBrowser()
	plain.SignIn(t, plain.Open(s.authorizeURL(app)), s.Alice)
	for n := 2; n <= 8; n++ { // a program that is no browser counts no redirects
		if p := plain.Open(s.authorizeURL(app)); p.Status != http.StatusSeeOther || !p.Answer(t).Has("code") {
			t.Errorf("code %d: %d to %.100s", n, p.Status, p.Header.Get("Location"))
		}
	}
	silent := s.NewBrowser()
	silent.SignIn(t, silent.Open(s.authorizeURL(app)), s.Alice)
	for range 3 { // in a frame, which shows no page
		if p := silent.Open(s.authorizeURL(app, "prompt", "none")); p.Status != http.StatusSeeOther || !p.Answer(t).Has("code") {
			t.Errorf("prompt=none: %d to %.100s", p.Status, p.Header.Get("Location"))
		}
	}
}

// testChangePasswordPage: the page of a new password is part of the flow, and no URL skips it.
func testChangePasswordPage(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	u, err := s.backend.User(t.Context(), s.Alice.ID)
	must(t, err)
	u.MustChangePassword = true
	_, err = s.backend.UpdateUser(t.Context(), u)
	must(t, err)
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice).expect(t, Login+"/password")
	b.Open(s.authorizeURL(app)).expect(t, Login+"/password")
	b.Open(strings.Replace(p.Path, Login+"/password", Consent, 1)).expect(t, Login+"/password")
	if got := b.Open(s.authorizeURL(app, "prompt", "none")).Answer(t).Get("error"); got != "interaction_required" {
		t.Errorf("prompt=none: %q", got)
	}
	fresh := s.NewSecret("password")
	b.Send(t, p, Form("new_password", fresh, "new_password_again", fresh+"x")).ExpectStatus(t, http.StatusBadRequest)
	b.Send(t, p, Form("new_password", "short", "new_password_again", "short")).ExpectStatus(t, http.StatusBadRequest)
	b.Send(t, p, Form("new_password", s.Alice.Password, "new_password_again", s.Alice.Password)).ExpectStatus(t, http.StatusBadRequest)
	if answer := b.Send(t, p, Form("new_password", fresh, "new_password_again", fresh)).Answer(t); !answer.Has("code") {
		t.Errorf("%v", answer)
	}
	s.Alice.Password = fresh
	s.NewBrowser().GetCode(t, app, s.Alice)
}

// testThrottledLogin: the page of too many attempts says how long to wait.
func testThrottledLogin(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	p := b.Open(s.authorizeURL(app)).expect(t, Login)
	last := p
	for range 120 {
		if last = b.Send(t, p, Form("username", s.Alice.Username, "password", "wrong")); last.Status != http.StatusUnauthorized {
			break
		}
	}
	if last.Status != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" || !strings.Contains(string(last.Body), `id="password"`) {
		t.Errorf("%d %v: %.500s", last.Status, last.Header, last.Body)
	}
}
