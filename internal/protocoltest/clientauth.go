package protocoltest

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

var clientAuthCases = []testCase{
	{name: "T19 shapes of Basic", run: testBasic},
	{name: "T19 both methods at every endpoint", run: testBothMethods},
	{name: "T20 two methods at once", run: testTwoMethods},
	{name: "an empty Authorization header is none", run: testEmptyAuthorization},
	{name: "T21 client_id beside Basic", run: testBasicWithClientID},
	{name: "T22 wrong and missing secrets", run: testSecrets},
	{name: "T24 unknown client or wrong secret", run: testUnknownClient},
	{name: "T26 I01 a disabled client", run: testDisabledClient},
	{name: "R12 I01 public clients", run: testPublic},
	{name: "a slowly hashed secret is throttled", configure: strictThrottle, run: testSlowSecret},
	{name: "a secret that was right, with another end", run: testSlowSecretTail},
	{name: "a changed secret works at once", run: testChangedSecret},
}

const basicChallenge = `Basic realm="signet"`

// expectInvalidClient expects invalid_client (RFC 6749 §5.2).
func (a Response) expectInvalidClient(t testing.TB) Response {
	t.Helper()
	a.ExpectError(t, http.StatusUnauthorized, "invalid_client")
	if got := a.Header.Get("WWW-Authenticate"); got != basicChallenge {
		t.Errorf("WWW-Authenticate: %q, want %q", got, basicChallenge)
	}
	return a
}

// authenticatedForms are the requests that an authenticated client can make.
func authenticatedForms(t testing.TB, s *Signet) map[string]url.Values {
	t.Helper()
	tokens := s.Login(t, s.Web, s.Alice, "")
	return map[string]url.Values{
		Token + " password":           s.Alice.LoginForm(""),
		Token + " refresh_token":      RefreshForm(tokens.Refresh),
		Token + " client_credentials": Form("grant_type", "client_credentials"),
		Token + " unknown":            Form("grant_type", "magic"),
		Introspect + " access":        Form("token", tokens.Access),
		Introspect + " garbage":       Form("token", "garbage"),
		Revoke + " refresh":           Form("token", tokens.Refresh),
		Revoke + " garbage":           Form("token", "garbage"),
	}
}

func pathOf(name string) string {
	path, _, _ := strings.Cut(name, " ")
	return path
}

func testBasic(t *testing.T, s *Signet) {
	form := s.Alice.LoginForm("")
	std := base64.StdEncoding.EncodeToString
	plain := s.Web.ID + ":" + s.Web.Secret
	percent := func(text string) string { // as oauth4webapi does: more than is needed
		return strings.NewReplacer("-", "%2D", "_", "%5F").Replace(url.QueryEscape(text))
	}
	for name, header := range map[string]string{
		"plain": "Basic " + std([]byte(plain)), "lower case": "basic " + std([]byte(plain)), "upper case": "BASIC " + std([]byte(plain)),
		"percent-encoded": "Basic " + std([]byte(percent(s.Web.ID)+":"+percent(s.Web.Secret))), "percent-encoded id": "Basic " + std([]byte("%77eb:"+s.Web.Secret)),
	} {
		t.Run(name, func(t *testing.T) { s.Post(Token, form, Header("Authorization", header)).Tokens(t) })
	}
	for name, header := range map[string]string{
		"empty": "", "scheme alone": "Basic", "nothing": "Basic ", "not base64": "Basic !!!", "no colon": "Basic " + std([]byte("web")),
		"two spaces": "Basic  " + std([]byte(plain)), "trailing text": "Basic " + std([]byte(plain)) + " x",
		"URL-safe alphabet": "Basic " + strings.NewReplacer("+", "-", "/", "_").Replace(std([]byte("web:\xfb\xef\xff>>>???"))),
		"no padding":        "Basic " + strings.TrimRight(std([]byte("web:ab")), "=") + "",
		"spare bits":        "Basic " + nonCanonicalBase64(std([]byte(plain))), "no id": "Basic " + std([]byte(":"+s.Web.Secret)), "NUL": "Basic " + std([]byte("web:a\x00b")),
		"stray byte": "Basic " + std([]byte("web:\xff")), "bad percent": "Basic " + std([]byte("web:%zz")), "control": "Basic " + std([]byte("web:%0a")),
		"Bearer": "Bearer " + std([]byte(plain)), "Digest": "Digest username=web", "glued": "Basic" + std([]byte(plain)),
		"20 KiB": "Basic " + std([]byte("web:"+strings.Repeat("x", 15<<10))),
	} {
		t.Run(name, func(t *testing.T) { s.Post(Token, form, Header("Authorization", header)).expectInvalidClient(t) })
	}
	twice := func(r *http.Request) {
		r.Header["Authorization"] = []string{"Basic " + std([]byte(plain)), "Basic " + std([]byte(plain))}
	}
	for _, path := range append(formEndpoints, UserInfo) {
		s.Post(path, form, twice).ExpectError(t, http.StatusBadRequest, "invalid_request")
	}
	huge := s.Post(Token, form, Header("Authorization", "Basic "+std([]byte("web:"+strings.Repeat("x", 100<<10)))))
	if huge.Status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("100 KiB: status %d, want 431", huge.Status)
	}
}

// nonCanonicalBase64 is another base64 text of the same bytes, for a lenient reader.
func nonCanonicalBase64(encoded string) string {
	end := strings.TrimRight(encoded, "=")
	last := strings.IndexByte(stdAlphabet, end[len(end)-1])
	return end[:len(end)-1] + string(stdAlphabet[last^1]) + encoded[len(end):]
}

const stdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

func testBothMethods(t *testing.T, s *Signet) {
	post := func(path string, form url.Values) Response {
		form.Set("client_id", s.Web.ID)
		form.Set("client_secret", s.Web.Secret)
		return s.Post(path, form)
	}
	tokens := post(Token, s.Alice.LoginForm("")).Tokens(t)
	if a := post(Introspect, Form("token", tokens.Access)).ExpectStatus(t, http.StatusOK); a.Object(t)["active"] != true {
		t.Errorf("introspection: %s", a.Body)
	}
	if a := s.Post(Introspect, Form("token", tokens.Access), Basic(s.Web)).ExpectStatus(t, http.StatusOK); a.Object(t)["active"] != true {
		t.Errorf("introspection: %s", a.Body)
	}
	tokens = post(Token, RefreshForm(tokens.Refresh)).Tokens(t)
	post(Revoke, Form("token", tokens.Access)).ExpectStatus(t, http.StatusOK)
	if s.Active(t, s.ResourceServer, tokens.Access) {
		t.Error("active after revocation")
	}
}

func testTwoMethods(t *testing.T, s *Signet) {
	for name, form := range authenticatedForms(t, s) {
		t.Run(name, func(t *testing.T) {
			form.Set("client_secret", s.Web.Secret)
			s.Post(pathOf(name), form, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
			form.Set("client_id", s.Web.ID)
			s.Post(pathOf(name), form, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
			form.Set("client_assertion", "x.y.z")
			s.Post(pathOf(name), form).ExpectError(t, http.StatusBadRequest, "invalid_request")
			form.Del("client_secret")
			s.Post(pathOf(name), form, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
			s.Post(pathOf(name), form).expectInvalidClient(t) // an assertion alone: not supported
		})
	}
}

func testEmptyAuthorization(t *testing.T, s *Signet) {
	form := s.Alice.LoginForm("")
	form.Set("client_id", s.Web.ID)
	form.Set("client_secret", s.Web.Secret)
	s.Post(Token, form, Header("Authorization", "")).Tokens(t)
	s.PostAs(s.SPA, Token, s.Alice.LoginForm(""), Header("Authorization", "")).Tokens(t)
	beside := func(r *http.Request) { r.Header["Authorization"] = append(r.Header["Authorization"], "") }
	s.Post(Token, s.Alice.LoginForm(""), Basic(s.Web), beside).Tokens(t)
	s.Post(Token, s.Alice.LoginForm(""), Header("Authorization", "")).expectInvalidClient(t)
}

func testBasicWithClientID(t *testing.T, s *Signet) {
	for name, form := range authenticatedForms(t, s) {
		t.Run(name, func(t *testing.T) {
			form.Set("client_id", s.Other.ID)
			s.Post(pathOf(name), form, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
		})
	}
	form := s.Alice.LoginForm("")
	form.Set("client_id", s.Web.ID)
	s.Post(Token, form, Basic(s.Web)).Tokens(t)
}

func testSecrets(t *testing.T, s *Signet) {
	bare := Client{ID: "bare"}
	must(t, s.backend.CreateClient(context.Background(), storage.Client{
		ID: bare.ID, Grants: []string{"password", "refresh_token", "client_credentials"}, Scopes: appScopes,
	}))
	defer func() { must(t, s.backend.DeleteClient(context.Background(), bare.ID, 0)) }() // nobody told the audit log
	for name, form := range authenticatedForms(t, s) {
		for _, secret := range []string{"", "null", "undefined", s.Other.Secret, strings.ToUpper(s.Web.Secret), s.Web.Secret + "x", s.Web.Secret[:20]} {
			t.Run(name+" "+secret, func(t *testing.T) {
				s.Post(pathOf(name), form, Basic(Client{s.Web.ID, secret})).expectInvalidClient(t)
				s.Post(pathOf(name), form, Basic(Client{bare.ID, secret})).expectInvalidClient(t)
				form.Set("client_id", s.Web.ID)
				form.Set("client_secret", secret)
				s.Post(pathOf(name), form).expectInvalidClient(t)
				form.Del("client_secret")
				s.Post(pathOf(name), form).expectInvalidClient(t)
				form.Del("client_id")
				s.Post(pathOf(name), form).expectInvalidClient(t)
			})
		}
	}
}

func testUnknownClient(t *testing.T, s *Signet) {
	for name, form := range authenticatedForms(t, s) {
		t.Run(name, func(t *testing.T) {
			before := s.Passwords.Evaluations()
			wrong := s.Post(pathOf(name), form, Basic(Client{s.Web.ID, "wrong-secret-that-is-long-enough"}))
			unknown := s.Post(pathOf(name), form, Basic(Client{"nobody", "wrong-secret-that-is-long-enough"}))
			if !wrong.expectInvalidClient(t).Equal(unknown) {
				t.Errorf("they differ:\n%+v\n%+v", wrong, unknown)
			}
			if n := s.Passwords.Evaluations() - before; n != 0 {
				t.Errorf("%d hash evaluations", n)
			}
		})
	}
}

func testDisabledClient(t *testing.T, s *Signet) {
	requests := authenticatedForms(t, s)
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	yes := true
	_, err := s.operator().Clients().Update(context.Background(), s.Web.ID, admin.ClientChange{Disabled: &yes})
	must(t, err)
	for name, form := range requests {
		t.Run(name, func(t *testing.T) { s.Post(pathOf(name), form, Basic(s.Web)).expectInvalidClient(t) })
	}
	if s.Active(t, s.ResourceServer, tokens.Access) {
		t.Error("a disabled client's token is active")
	}
	s.UserInfo(tokens.Access).expectInvalidToken(t)
}

func testPublic(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.SPA, s.Alice, "")
	refresh := RefreshForm(tokens.Refresh)
	s.Post(Token, refresh).expectInvalidClient(t)
	for _, id := range []string{s.Web.ID, "nobody", "SPA", " spa"} {
		f := RefreshForm(tokens.Refresh)
		f.Set("client_id", id)
		s.Post(Token, f).expectInvalidClient(t)
	}
	f := RefreshForm(tokens.Refresh)
	f.Set("client_id", s.SPA.ID)
	f.Set("client_secret", "anything")
	s.Post(Token, f).expectInvalidClient(t)
	s.Post(Token, RefreshForm(tokens.Refresh), Basic(Client{s.SPA.ID, "anything"})).expectInvalidClient(t)

	for _, token := range []string{tokens.Access, "garbage"} { // RFC 7662 §2.1: the caller must be authorized
		s.PostAs(s.SPA, Introspect, Form("token", token)).expectInvalidClient(t)
		s.Post(Introspect, Form("token", token)).expectInvalidClient(t)
		s.Post(Introspect, Form("token", token), Bearer(tokens.Access)).expectInvalidClient(t)
	}
	// An empty secret is none (RFC 6749 §2.3.1), so this is the client naming itself.
	s.Post(Token, RefreshForm(tokens.Refresh), Basic(s.SPA)).Tokens(t)
}

func strictThrottle(o *Options) {
	o.Issuer.Throttle = issuer.Throttle{PerAccountNetwork: issuer.Limit{Attempts: 3, Window: 15 * time.Minute}}
}

func testSlowSecret(t *testing.T, s *Signet) {
	short := Client{"short", "tiny-pass"}
	_, err := s.operator().Clients().Create(context.Background(), admin.NewClient{
		ID: short.ID, Secret: issuer.Secret(short.Secret),
		Settings: admin.ClientChange{Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read"}},
	})
	must(t, err)
	before := s.Passwords.Evaluations()
	s.Post(Token, Form("grant_type", "client_credentials"), Basic(Client{short.ID, "wrong-pass"})).expectInvalidClient(t)
	for range 5 {
		s.Post(Token, Form("grant_type", "client_credentials"), Basic(Client{short.ID, "wrong-pass"}))
	}
	if n := s.Passwords.Evaluations() - before; n != 3 {
		t.Errorf("%d hash evaluations for 6 wrong secrets, want as many as the limit allows", n)
	}
	s.Post(Token, Form("grant_type", "client_credentials"), Basic(short)).expectThrottled(t)
	s.Advance(15 * time.Minute)
	s.ClientToken(t, short)
}

// expectThrottled expects 429 with Retry-After.
func (a Response) expectThrottled(t testing.TB) Response {
	t.Helper()
	a.ExpectError(t, http.StatusTooManyRequests, "temporarily_unavailable")
	return a.expectRetryAfter(t)
}

func testChangedSecret(t *testing.T, s *Signet) {
	s.ClientToken(t, s.Machine)
	old, fresh := s.Machine, s.NewSecret("new-client-secret")
	_, err := s.operator().Clients().RotateSecret(context.Background(), old.ID, admin.SecretRotation{Secret: issuer.Secret(fresh), Revoke: false})
	must(t, err)
	s.ClientToken(t, Client{old.ID, fresh})
	s.Post(Token, Form("grant_type", "client_credentials"), Basic(old)).expectInvalidClient(t)
}

// testSlowSecretTail: the cache of verified secrets compares the whole secret.
func testSlowSecretTail(t *testing.T, s *Signet) {
	right := Client{"chosen", "a-chosen-secret,-31-bytes-long."}
	s.Log.MarkSecret(right.Secret)
	_, err := s.operator().Clients().Create(context.Background(), admin.NewClient{
		ID: right.ID, Secret: issuer.Secret(right.Secret),
		Settings: admin.ClientChange{Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read"}},
	})
	must(t, err)
	for range 2 { // the second time from memory
		s.ClientToken(t, right)
	}
	for _, wrong := range []string{right.Secret[:30] + "!", right.Secret[:30], right.Secret[:16], right.Secret + ".", right.Secret[:1], "A" + right.Secret[1:]} {
		s.Post(Token, Form("grant_type", "client_credentials"), Basic(Client{right.ID, wrong})).expectInvalidClient(t)
	}
	s.ClientToken(t, right)
}
