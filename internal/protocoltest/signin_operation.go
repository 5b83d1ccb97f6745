package protocoltest

import (
	"bytes"
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
	"example.org/signet/storage/backup"
)

// Sign-in in a browser while something happens around it: load, attacks, new keys, a restore,
// a second issuer on the host.
var signInOperationCases = []testCase{
	{name: "Z36 every kind of refusal is in the audit log", run: testEveryRefusalAudited},
	{name: "L01 E07 a page open for a day while all keys change", run: testAllKeysChange},
	{name: "L03 a page older than the request of its client", run: testStalePage},
	{name: "L09 a browser that refuses cookies", run: testNoCookies},
	{name: "L10 every wrong login costs one hash", run: testWrongLoginCost},
	{name: "L13 strangers lock nobody out of the page", configure: behindProxy, run: testKnownNetworkOnPage},
	{name: "L14 a full queue of hashes", configure: shortHashQueue, run: testQueueOnPage},
	{name: "S13 two issuers on one host", configure: func(o *Options) { o.Path, o.IssuerURL = "/realms", "https://id.example.com/realms" }, run: testTwoIssuers},
	{name: "O15 a code that was replayed", configure: func(o *Options) { reachLoopback(o); codeGrace(o) }, run: testReplayedCodeIsTold},
	{name: "E04 a way on from each error page", run: testWaysOn},
	{name: "E05 the endpoints of an https issuer", configure: func(o *Options) { o.IssuerURL = "https://id.example.com" }, run: testHTTPSEndpoints},
	{name: "E09 a restore in the middle of a sign-in", run: testRestoreDuringSignIn},
	{name: "E10 codes in the metrics", configure: codeGrace, run: testCodeMetrics},
}

// testEveryRefusalAudited: each refusal is one event, which has the request id that the page
// shows or the response carries.
func testEveryRefusalAudited(t *testing.T, s *Signet) {
	app, disabled := s.AddCodeSPA(t, "app"), s.AddCodeSPA(t, "disabled")
	s.changeClient(t, disabled, func(c *storage.Client) { c.Disabled = true })
	paths := map[string]string{
		"Z14 request_uri": s.authorizeURL(app, "request_uri", "https://x.example"),
		"Z11 twice":       s.authorizeURL(app, "scope", "openid") + "&scope=openid",
		"Z05 slash":       s.authorizeURL(app, "redirect_uri", Callback+"/"),
	}
	for name, c := range s.pageRefusals(app, disabled) {
		paths[name] = c.path
	}
	for _, c := range toldErrors {
		if c.want != "login_required" {
			paths[c.id+" "+strings.Join(c.changes, " ")] = s.authorizeURL(app, c.changes...)
		}
	}
	for name, path := range paths {
		p := s.NewBrowser().Open(path)
		id := p.Header.Get("X-Request-Id")
		if p.Status >= 400 && !strings.Contains(string(p.Body), id) {
			t.Errorf("%s: the page does not show the request id", name)
		}
		events := s.auditOf(t, id)
		if len(events) != 1 || events[0].Type != "authorize.refused" || events[0].Detail == "" {
			t.Errorf("%s: %d events with the request id: %+v", name, len(events), events)
		}
	}
}

// testAllKeysChange: whoever submits a page of the day before gets a code, from an instance that
// was started with another master key and signs by another key.
func testAllKeysChange(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	type tab struct {
		*Browser
		page     Page
		verifier string
	}
	var tabs []tab
	for _, prompt := range []string{"", "login", "login consent"} {
		b := s.NewBrowser()
		q, verifier := s.AuthRequest(app, "prompt", prompt)
		tabs = append(tabs, tab{b, b.Open(Authorize+"?"+q.Encode()).expect(t, Login), verifier})
	}
	s.Advance(24 * time.Hour)
	_, err := s.Keys.Rotate(t.Context(), keys.Change{Force: true})
	must(t, err)
	next := s.startWithNewMasterKey(t)
	for _, b := range tabs {
		b.s = next
		p := b.SignIn(t, b.page, s.Alice)
		if p.is(Consent) {
			p = b.Send(t, p, Form("decision", "allow"))
		}
		next.Redeem(t, app, Code{p.Answer(t).Get("code"), b.verifier, Callback})
	}
}

// startWithNewMasterKey starts an instance with a master key of its own, which accepts the one
// before.
func (s *Signet) startWithNewMasterKey(t *testing.T) *Signet {
	t.Helper()
	before := s.master
	next, err := keys.NewMasterKey(rand.Reader)
	must(t, err)
	s.Log.MarkSecret(next.Encode())
	s.master = next
	i := s.StartInstance(t, func(o *Options) { o.Issuer.OtherMasterKeys = []keys.MasterKey{before} })
	s.master, s.options.Issuer.OtherMasterKeys = before, []keys.MasterKey{next} // it is to verify what the other one writes
	return i
}

// testStalePage: a client that has mostly forgotten its request by now begins anew, where it can
// begin; any other gets its code.
func testStalePage(t *testing.T, s *Signet) {
	const begin = "https://app.example.com/login"
	app, other := s.AddCodeSPA(t, "app"), s.AddCodeSPA(t, "another")
	s.changeClient(t, app, func(c *storage.Client) { c.InitiateLoginURI = begin })
	b, elsewhere := s.NewBrowser(), s.NewBrowser()
	p, q := b.Open(s.authorizeURL(app, "prompt", "login")).expect(t, Login), elsewhere.Open(s.authorizeURL(other)).expect(t, Login)
	s.Advance(31 * time.Minute)
	again := b.Open(p.Path).expect(t, Login) // a bookmark
	b.SignIn(t, again, s.Alice).redirected(t, begin+"?iss="+url.QueryEscape(s.Issuer))
	b.expectSilent(t, "the request that follows", app, "")
	if !elsewhere.SignIn(t, q, s.Alice).Answer(t).Has("code") {
		t.Error("a client that cannot begin a login gets no code")
	}
}

// testNoCookies: the login leads to the application without a cookie. Where a consent must be
// asked for, the browser cannot be known again: it is the login page, and no redirect in circles.
func testNoCookies(t *testing.T, s *Signet) {
	app, asking := s.AddCodeSPA(t, "app"), s.askForConsent(t, "asking", "once")
	b := s.NewBrowser()
	q, verifier := s.AuthRequest(app)
	p := b.Open(Authorize+"?"+q.Encode()).expect(t, Login)
	a := b.once(http.MethodPost, p.Path, Form("username", s.Alice.Username, "password", s.Alice.Password).Encode(), Header("Sec-Fetch-Site", "same-origin"))
	s.Redeem(t, app, Code{a.Answer(t).Get("code"), verifier, Callback})
	clear(b.Cookies)
	p = b.Open(s.authorizeURL(asking)).expect(t, Login)
	a = b.once(http.MethodPost, p.Path, Form("username", s.Alice.Username, "password", s.Alice.Password).Encode(), Header("Sec-Fetch-Site", "same-origin"))
	clear(b.Cookies)
	b.Open(s.below(a.Header.Get("Location"))).expect(t, Login)
}

func testWrongLoginCost(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	p := b.Open(s.authorizeURL(app)).expect(t, Login)
	for name, form := range map[string]url.Values{
		"wrong password": Form("username", s.Alice.Username, "password", "a wrong password"), "unknown user": Form("username", "nobody", "password", s.Alice.Password),
		"disabled": Form("username", s.Disabled.Username, "password", s.Disabled.Password), "no name at all": Form("username", "a b/c", "password", "x"),
	} {
		before := s.Passwords.Evaluations()
		a := b.Send(t, p, form).ExpectStatus(t, http.StatusUnauthorized)
		if n := s.Passwords.Evaluations() - before; n != 1 {
			t.Errorf("%s: %d evaluations", name, n)
		}
		if strings.Contains(string(a.Body), "disabled") {
			t.Errorf("%s: the page tells more than that", name)
		}
	}
}

// testKnownNetworkOnPage: guesses from everywhere hold up the account elsewhere, not where it has
// logged in before.
func testKnownNetworkOnPage(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	logIn := func(address string) Page {
		b := s.NewBrowser()
		p := b.Open(s.authorizeURL(app)).expect(t, Login)
		return b.Send(t, p, Form("username", s.Alice.Username, "password", s.Alice.Password), from(address))
	}
	logIn("203.0.113.7").Answer(t)
	s.lockFromAfar(t, s.Alice.Username)
	if a := logIn("203.0.113.8"); a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
		t.Errorf("elsewhere: %d", a.Status)
	}
	logIn("203.0.113.7").Answer(t)
}

// testQueueOnPage: who finds the queue full is told when to come back, and by which link.
func testQueueOnPage(t *testing.T, s *Signet) {
	const parallel = 20
	app := s.AddCodeSPA(t, "app")
	p := s.NewBrowser().Open(s.authorizeURL(app)).expect(t, Login)
	answers := make(chan Page, parallel)
	for range parallel {
		b := s.NewBrowser()
		go func() {
			answers <- b.visit(http.MethodPost, p.Path, Form("username", s.Alice.Username, "password", s.Alice.Password).Encode(), Header("Sec-Fetch-Site", "same-origin"))
		}()
	}
	counts := map[int]int{}
	for range parallel {
		a := <-answers
		counts[a.Status]++
		if a.Status == http.StatusServiceUnavailable {
			a.ExpectErrorPage(t, http.StatusServiceUnavailable, "unavailable")
			a.expectRetryAfter(t)
			s.NewBrowser().Open(a.link(t, "retry")).expect(t, Login)
		}
	}
	if counts[http.StatusSeeOther] == 0 || counts[http.StatusServiceUnavailable] == 0 {
		t.Errorf("statuses %v, want some logins and some refusals", counts)
	}
}

// link returns where the link with that id leads, below the issuer's path.
func (p Page) link(t *testing.T, id string) string {
	t.Helper()
	_, rest, found := strings.Cut(string(p.Body), ` id="`+id+`"`)
	tag, _, _ := strings.Cut(rest, ">")
	if href := attribute(tag, "href"); found && href != "" {
		return href
	}
	t.Fatalf("no link %s on the page %.60s: %s", id, p.Path, p.Body)
	return ""
}

// testTwoIssuers: the path of one issuer is below that of the other, so that a browser sends the
// outer one's cookie to both.
func testTwoIssuers(t *testing.T, s *Signet) {
	inner := s.StartOther(t, "/realms/inner")
	app, innerApp := s.AddCodeSPA(t, "app"), inner.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	b.GetCode(t, app, s.Alice)
	outerCookie := maps.Clone(b.Cookies)

	in := inner.NewBrowser()
	in.Cookies = maps.Clone(outerCookie)
	in.GetCode(t, innerApp, inner.Alice) // the outer cookie is of nobody there
	if c := in.Changes[len(in.Changes)-1]; c.Path != "/realms/inner" {
		t.Errorf("the inner cookie is for %s", c.Path)
	}
	in.expectSilent(t, "the inner issuer", innerApp, "")
	b.expectSilent(t, "the outer issuer", app, "")
	// Both cookies have one name; the one of the longer path comes first (RFC 6265 §5.4).
	a := inner.NewBrowser().once("GET", inner.authorizeURL(innerApp, "prompt", "none"), "", func(r *http.Request) {
		for _, of := range []map[string]string{in.Cookies, outerCookie} {
			for name, value := range of {
				r.AddCookie(&http.Cookie{Name: name, Value: value})
			}
		}
	})
	if !a.Answer(t).Has("code") {
		t.Errorf("with both cookies: %v", a.Answer(t))
	}
	s.Log.MarkSecret(a.Answer(t).Get("code"))
}

func testReplayedCodeIsTold(t *testing.T, s *Signet) {
	rp := newRelyingParty(t)
	web := s.addLogoutClient(t, "logout-web", rp)
	b := s.NewBrowser()
	code := b.GetCode(t, web, s.Alice)
	tokens := s.Redeem(t, web, code)
	a := signedInApp{tokens, web, sessionOf(t, tokens)}
	s.Clock.Advance(time.Minute)
	s.TryRedeem(web, code).expectInvalidGrant(t)
	s.deliver(t)
	s.deliver(t)
	rp.expectTold(t, a)
	if !b.isSignedIn(t, web) {
		t.Error("the browser is signed out")
	}
}

func testWaysOn(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	s.changeClient(t, app, func(c *storage.Client) { c.HomeURI = "https://app.example.com/" })
	b := s.NewBrowser()
	if got := b.Open(s.authorizeURL(app, "redirect_uri", evilURI)).link(t, "back"); got != "https://app.example.com/" {
		t.Errorf("the way back leads to %s", got)
	}
	if got := b.Open(s.authorizeURL(app, "client_id", "x")).link(t, "account"); got != "/account" {
		t.Errorf("where the client is unknown, the way on is %s", got)
	}
	login := b.Open(s.authorizeURL(app)).expect(t, Login)
	cross := b.Post(login.Path, Form("username", s.Alice.Username, "password", s.Alice.Password)).ExpectErrorPage(t, http.StatusForbidden, "cross_site")
	b.Open(cross.link(t, "retry")).expect(t, Login)
	large := b.Open(s.authorizeURL(app)+"&x="+strings.Repeat("y", 17<<10)).ExpectErrorPage(t, http.StatusRequestURITooLong, "request_too_large")
	large.link(t, "account")
	s.Clock.Advance(time.Minute)
	s.Store.FailAt(0)
	away := b.Open(login.Path).ExpectErrorPage(t, http.StatusServiceUnavailable, "unavailable")
	s.Store.Reset()
	b.SignIn(t, b.Open(away.link(t, "retry")), s.Alice).Answer(t)
	for _, path := range []string{s.authorizeURL(app), Login} {
		if p := b.once("PUT", path, "").ExpectStatus(t, http.StatusMethodNotAllowed); !strings.Contains(string(p.Body), `href="/account"`) {
			t.Errorf("405 has no way on: %s", p.Body)
		}
	}
}

// testHTTPSEndpoints: whatever a proxy or a stranger says of host and scheme.
func testHTTPSEndpoints(t *testing.T, s *Signet) {
	for name, a := range map[string]Response{
		"directly": s.Get(Discovery), "by a proxy": s.Get(Discovery, Header("X-Forwarded-Proto", "http"), Header("X-Forwarded-Host", "10.0.0.1:8080")),
		"another Host": s.Get(Metadata, func(r *http.Request) { r.Host = "internal:8080" }),
	} {
		endpoints := 0
		for member, value := range a.Object(t) {
			text, is := value.(string)
			if !is {
				continue
			}
			if endpoints++; text != s.Issuer && !strings.HasPrefix(text, s.Issuer+"/") {
				t.Errorf("%s: %s is %s", name, member, text)
			}
		}
		if endpoints < 9 {
			t.Errorf("%s: %d endpoints", name, endpoints)
		}
	}
	app := s.AddCodeSPA(t, "app")
	if location := s.Get(s.authorizeURL(app), Header("X-Forwarded-Host", "evil.example")).Header.Get("Location"); !strings.HasPrefix(location, Login+"?") {
		t.Errorf("the login page is at %s", location)
	}
}

// testRestoreDuringSignIn: a login page from before the backup works after the restore, and a
// stamp that proves a login of before proves nothing. Codes and browser sessions are over.
func testRestoreDuringSignIn(t *testing.T, s *Signet) {
	ctx, key := context.Background(), bytes.Repeat([]byte{7}, 32)
	app := s.AddCodeSPA(t, "app")
	open, signedIn := s.NewBrowser(), s.NewBrowser()
	page := open.Open(s.authorizeURL(app, "prompt", "login")).expect(t, Login)
	code := signedIn.GetCode(t, app, s.Alice)
	consent := signedIn.SignIn(t, signedIn.Open(s.authorizeURL(app, "prompt", "login consent")), s.Alice).expect(t, Consent)
	file := backUp(t, s, key)
	later := signedIn.GetCode(t, app, s.Alice)

	checked, err := backup.Check(bytes.NewReader(file), key)
	must(t, err)
	_, err = backup.Restore(ctx, bytes.NewReader(file), key, checked.Header, s.backend, true, s.Clock.Now())
	must(t, err)
	must(t, s.Audit.Rebuild(ctx))
	after := s.StartInstance(t)
	open.s, signedIn.s = after, after
	after.TryRedeem(app, code).expectInvalidGrant(t)
	after.TryRedeem(app, later).expectInvalidGrant(t)
	signedIn.Send(t, consent, Form("decision", "allow")).expect(t, Login)
	signedIn.expectSilent(t, "a browser of before", app, "login_required")
	open.SignIn(t, page, s.Alice).Answer(t)
	open.expectSilent(t, "after the login", app, "")
}

// testCodeMetrics: codes issued, redeemed, refused and replayed are counted, without a name.
func testCodeMetrics(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	first, second, expired := b.GetCode(t, app, s.Alice), b.GetCode(t, app, s.Alice), b.GetCode(t, app, s.Alice)
	s.Redeem(t, app, first)
	s.Redeem(t, app, second)
	s.Clock.Advance(90 * time.Second)
	s.TryRedeem(app, first).expectInvalidGrant(t)
	s.TryRedeem(app, expired).expectInvalidGrant(t) // it has expired
	text := s.metrics()
	for _, line := range []string{
		`signet_sign_in_steps_total{outcome="code",route="/login"} 1`, `signet_sign_in_steps_total{outcome="code",route="/oauth2/authorize"} 2`,
		`signet_token_requests_total{grant="authorization_code",outcome="issued"} 2`, `signet_token_requests_total{grant="authorization_code",outcome="invalid_grant"} 2`,
		`signet_token_events_total{event="code.replayed"} 1`, `signet_token_events_total{event="code.ended"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if strings.Contains(text, s.Alice.ID) || strings.Contains(text, s.Alice.Username) {
		t.Error("the metrics name a user")
	}
}
