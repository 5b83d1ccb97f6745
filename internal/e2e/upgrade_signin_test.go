package e2e_test

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"example.org/signet/internal/mongotest"
)

// earlierBinary is the variable that names the binary of an earlier version, for tests of a
// rolling upgrade. Without it both instances are of this version.
const earlierBinary = "SIGNET_TEST_EARLIER"

// travellingBrowser sends each request to the other one of two instances, as a balancer may do in
// the middle of a rolling upgrade.
type travellingBrowser struct {
	t      *testing.T
	nodes  []*server
	steps  int
	cookie string
	client credentials
}

var pageForm = regexp.MustCompile(`<form[^>]*\saction="([^"]*)"`)

// next is the instance that the next request goes to.
func (b *travellingBrowser) next() *server {
	b.steps++
	return b.nodes[b.steps%len(b.nodes)]
}

// send sends a request, a form if there is one, and returns where the response redirects to, or
// where the form of its page goes.
func (b *travellingBrowser) send(path string, form url.Values) (to string) {
	b.t.Helper()
	node, method := b.next(), http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, node.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if b.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "signet", Value: b.cookie})
	}
	browser := *node.http
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := browser.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		b.cookie = c.Value
	}
	if to = res.Header.Get("Location"); to != "" {
		return to
	}
	found := pageForm.FindSubmatch(body)
	if res.StatusCode != http.StatusOK || found == nil {
		b.t.Fatalf("step %d, %s %.60s: %s without a form: %s", b.steps, method, path, res.Status, body)
	}
	return html.UnescapeString(string(found[1]))
}

// follow sends a request to where the step before leads, which must be that page.
func (b *travellingBrowser) follow(to, page string, form url.Values) string {
	b.t.Helper()
	if !strings.HasPrefix(to, page) {
		b.t.Fatalf("step %d leads to %.200s, want %s", b.steps, to, page)
	}
	return b.send(to, form)
}

// authorize begins a request.
func (b *travellingBrowser) authorize(more ...string) (to string) {
	b.t.Helper()
	q := url.Values{
		"response_type": {"code"}, "client_id": {b.client.ID}, "redirect_uri": {callback}, "scope": {"openid items:read"}, "state": {"s"},
		"code_challenge": {codeChallenge}, "code_challenge_method": {"S256"},
	}
	for n := 0; n+1 < len(more); n += 2 {
		q.Set(more[n], more[n+1])
	}
	return b.send("/oauth2/authorize?"+q.Encode(), nil)
}

// redeem gets tokens for the code that the last step has led to.
func (b *travellingBrowser) redeem(to string) tokens {
	b.t.Helper()
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, callback+"?") || u.Query().Get("code") == "" {
		b.t.Fatalf("step %d leads to %.200s, want a code", b.steps, to)
	}
	return b.next().mustPost(b.t, "/oauth2/token", b.client, codeForm(u.Query().Get("code"))).granted(b.t)
}

// E08: while a cluster is upgraded, an earlier instance and a new one serve the steps of one
// sign-in in turns: the pages of login and consent, the code, single sign-on, a refresh, and the
// logout. Twice, so that each does what the other one did.
func TestSignIn_StepsAlternateBetweenVersions(t *testing.T) {
	long(t)
	uri := mongotest.Start(t).URI()
	f := newCluster(t, uri, []string{uri, uri})
	f.nodes[0].program = os.Getenv(earlierBinary)
	f.start(t)
	f.seed(t)
	args := append([]string{"--grant", "authorization_code", "--grant", "refresh_token", "--scope", scope, "--scope", "openid", "--audience", audience,
		"--redirect-uri", callback, "--consent", "always"}, f.store...)
	web := f.front.addClient(t, "web-pages", args...)
	for begin := range 2 {
		b := &travellingBrowser{t: t, nodes: f.nodes, steps: begin, client: web}
		to := b.authorize("prompt", "login")
		to = b.follow(b.follow(to, "/login", nil), "/login", url.Values{"username": {alice}, "password": {alicePassword}})
		to = b.follow(b.follow(to, "/consent", nil), "/consent", url.Values{"decision": {"allow"}})
		first := b.redeem(to)
		to = b.follow(b.authorize(), "/consent", nil)
		second := b.redeem(b.follow(to, "/consent", url.Values{"decision": {"allow"}}))
		renewed := b.next().mustPost(t, "/oauth2/token", web, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.RefreshToken}}).granted(t)
		if second.IDToken == "" || renewed.AccessToken == "" {
			t.Error("a token is missing")
		}
		if to := b.authorize("prompt", "none"); !strings.Contains(to, "error=consent_required") {
			t.Errorf("prompt=none leads to %s", to)
		}
		b.steps++ // so that the logout is of the instance that did not issue the token
		b.logOut(second.IDToken)
		if to := b.authorize("prompt", "none"); !strings.Contains(to, "error=login_required") {
			t.Errorf("after the logout prompt=none leads to %s", to)
		}
		b.next().mustPost(t, "/oauth2/token", web, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {renewed.RefreshToken}}).refused(t, http.StatusBadRequest, "invalid_grant")
	}
}

// logOut ends the browser session by the ID token of one of its applications.
func (b *travellingBrowser) logOut(hint string) {
	b.t.Helper()
	node := b.next()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, node.issuer+"/oauth2/logout?"+url.Values{"id_token_hint": {hint}}.Encode(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "signet", Value: b.cookie})
	res, err := node.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || strings.Contains(string(body), `id="sign-out"`) {
		b.t.Errorf("logout: %s: %s", res.Status, body)
	}
}
