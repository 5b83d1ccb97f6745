package protocoltest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.org/signet/storage"
)

// The checks of an authorization request, by the ids of the checklist.
var authorizeRequestCases = []testCase{
	{name: "Z01 S15 GET and POST have the same outcome", run: testAuthorizePost},
	{name: "Z02 other methods and other bodies", run: testAuthorizeMethods},
	{name: "Z03 Z04 Z13 a page, and no redirect", run: testAuthorizePages},
	{name: "Z09 to Z33 errors that the client is told", run: testAuthorizeErrors},
	{name: "Z10 a client without the grant", run: testAuthorizeGrant},
	{name: "Z14 request_uri is not fetched", run: testRequestURI},
	{name: "Z16 Z17 PKCE by kind of client", run: testAuthorizePKCE},
	{name: "Z19 Z20 Z21 scopes", run: testAuthorizeScopes},
	{name: "Z26 Z27 hints are never an error", run: testAuthorizeHints},
	{name: "Z34 no CORS", run: testAuthorizeCORS},
	{name: "Z35 E11 1,000 requests write nothing", run: testAuthorizeCost},
	{name: "Z35 requests that are too large", run: testAuthorizeSize},
	{name: "Z36 one audit event for each refusal", run: testAuthorizeAudit},
}

func testAuthorizePost(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	q, verifier := s.AuthRequest(app)
	b := s.NewBrowser()
	answer := b.SignIn(t, b.Post(Authorize, q), s.Alice).Answer(t)
	s.Redeem(t, app, Code{answer.Get("code"), verifier, Callback})
	if answer.Get("state") != q.Get("state") {
		t.Errorf("state %q", answer.Get("state"))
	}
	// With a session: the form of another site carries no cookie, the GET after it does.
	q, verifier = s.AuthRequest(app)
	answer = b.Post(Authorize, q).Answer(t)
	s.Redeem(t, app, Code{answer.Get("code"), verifier, Callback})

	a := s.Post(Authorize, q).ExpectStatus(t, http.StatusSeeOther)
	if location := a.Header.Get("Location"); !strings.HasPrefix(location, s.options.Path+Authorize+"?") {
		t.Errorf("POST leads to %s", location)
	}
	q.Set("client_id", "unknown")
	for _, p := range []Page{b.Open(Authorize + "?" + q.Encode()), b.Post(Authorize, q)} {
		p.ExpectErrorPage(t, http.StatusBadRequest, "unknown_client")
	}
	bad := s.authorizeURL(app, "response_type", "token")
	for _, a := range []Response{s.Get(bad), s.PostRaw(Authorize, strings.TrimPrefix(bad, Authorize+"?"))} {
		if got := (Page{Response: a}).Answer(t).Get("error"); got != "unsupported_response_type" {
			t.Errorf("error %q", got)
		}
	}
}

func testAuthorizeMethods(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
		a := s.Send(method, s.authorizeURL(app), "").ExpectStatus(t, http.StatusMethodNotAllowed)
		if a.Header.Get("Allow") != "GET, HEAD, POST" {
			t.Errorf("%s: Allow %q", method, a.Header.Get("Allow"))
		}
	}
	if a := s.Send("HEAD", s.authorizeURL(app), ""); a.Status != http.StatusSeeOther || len(a.Body) > 0 {
		t.Errorf("HEAD: %d", a.Status)
	}
	q, _ := s.AuthRequest(app)
	for _, kind := range []string{"application/json", "multipart/form-data; boundary=x", "text/plain", ""} {
		p := Page{Response: s.Send("POST", Authorize, q.Encode(), Header("Content-Type", kind))}
		p.ExpectErrorPage(t, http.StatusUnsupportedMediaType, "invalid_request")
	}
	// Parameters in the query of a POST count for nothing.
	Page{Response: s.Post(Authorize+"?"+q.Encode(), Form("state", "x"))}.ExpectErrorPage(t, http.StatusBadRequest, "unknown_client")
	a := s.Post(Authorize+"?prompt=none&state=evil&redirect_uri=https://evil.example", q).ExpectStatus(t, http.StatusSeeOther)
	if strings.Contains(a.Header.Get("Location"), "evil") {
		t.Errorf("parameters in the query are mixed in: %s", a.Header.Get("Location"))
	}
}

// evilURI is where no answer may go.
const evilURI = "https://evil.example.com/cb"

// pageRefusal is a request that is answered by a page, for want of a place to redirect to.
type pageRefusal struct{ path, kind string }

func (s *Signet) pageRefusals(app, disabled Client) map[string]pageRefusal {
	return map[string]pageRefusal{
		"no client":             {s.authorizeURL(app, "client_id", ""), "unknown_client"},
		"unknown client":        {s.authorizeURL(app, "client_id", "x", "redirect_uri", evilURI), "unknown_client"},
		"invalid client":        {s.authorizeURL(app, "client_id", "<script>", "redirect_uri", evilURI), "unknown_client"},
		"client twice":          {s.authorizeURL(app) + "&client_id=app", "unknown_client"},
		"disabled client":       {s.authorizeURL(disabled), "unknown_client"},
		"no redirect_uri":       {s.authorizeURL(app, "redirect_uri", ""), "redirect_uri_missing"},
		"empty redirect_uri":    {s.authorizeURL(app, "redirect_uri", "") + "&redirect_uri=", "redirect_uri_missing"},
		"redirect_uri twice":    {s.authorizeURL(app) + "&redirect_uri=" + url.QueryEscape(Callback), "redirect_uri_missing"},
		"unregistered":          {s.authorizeURL(app, "redirect_uri", evilURI), "redirect_uri_mismatch"},
		"response_mode twice":   {s.authorizeURL(app) + "&response_mode=query&response_mode=query", "invalid_request"},
		"bad encoding":          {s.authorizeURL(app) + "&scope=%zz", "invalid_request"},
		"nothing":               {Authorize, "unknown_client"},
		"good URI in an object": {s.authorizeURL(app, "redirect_uri", evilURI, "request", "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2FwcC5leGFtcGxlLmNvbS9jYWxsYmFjayJ9."), "redirect_uri_mismatch"},
	}
}

func testAuthorizePages(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	disabled := s.AddCodeSPA(t, "disabled")
	s.changeClient(t, disabled, func(c *storage.Client) { c.Disabled = true })
	for name, c := range s.pageRefusals(app, disabled) {
		t.Run(name, func(t *testing.T) {
			p := s.NewBrowser().Open(c.path).ExpectErrorPage(t, http.StatusBadRequest, c.kind)
			if strings.Contains(string(p.Body), `href="`+evilURI) || strings.Contains(string(p.Body), "<script>") {
				t.Errorf("the page links to what the request says: %s", p.Body)
			}
			// The same after an answer with JSON.
			a := s.Get(c.path, Header("Accept", "application/json")).ExpectStatus(t, http.StatusBadRequest)
			if o := a.Object(t); o["error"] != "invalid_request" || o["request_id"] != a.Header.Get("X-Request-Id") {
				t.Errorf("%v", o)
			}
		})
	}
}

// toldErrors are the requests that are refused by a redirect to the client.
var toldErrors = []toldError{
	{"Z09", "invalid_request", []string{"response_type", ""}},
	{"Z09", "unsupported_response_type", []string{"response_type", "token"}},
	{"Z09", "unsupported_response_type", []string{"response_type", "id_token"}},
	{"Z09", "unsupported_response_type", []string{"response_type", "code id_token"}},
	{"Z09", "unsupported_response_type", []string{"response_type", "CODE"}},
	{"Z12", "request_not_supported", []string{"request", "eyJhbGciOiJub25lIn0.e30."}},
	{"Z14", "invalid_request", []string{"request", "x", "request_uri", "https://x.example"}},
	{"Z15", "registration_not_supported", []string{"registration", "{}"}},
	{"Z16", "invalid_request", []string{"code_challenge", "", "code_challenge_method", ""}},
	{"Z16", "invalid_request", []string{"code_challenge_method", "plain"}},
	{"Z16", "invalid_request", []string{"code_challenge_method", ""}},
	{"Z16", "invalid_request", []string{"code_challenge", strings.Repeat("a", 42)}},
	{"Z16", "invalid_request", []string{"code_challenge", strings.Repeat("a", 42) + "!"}},
	{"Z18", "invalid_request", []string{"code_challenge", ""}},
	{"Z19", "invalid_scope", []string{"scope", "nothing known"}},
	{"Z24", "invalid_request", []string{"prompt", "none login"}},
	{"Z24", "invalid_request", []string{"prompt", "create"}},
	{"Z25", "invalid_request", []string{"max_age", "-1"}},
	{"Z25", "invalid_request", []string{"max_age", "x"}},
	{"Z25", "invalid_request", []string{"max_age", "1.5"}},
	{"Z25", "invalid_request", []string{"max_age", "12345678901234567890"}},
	{"Z28", "invalid_request", []string{"id_token_hint", "nonsense"}},
	{"Z30", "invalid_request", []string{"claims", "{"}},
	{"Z31", "unmet_authentication_requirements", []string{"claims", `{"id_token":{"acr":{"essential":true,"values":["urn:x"]}}}`}},
	{"Z32", "invalid_target", []string{"resource", "https://unknown.example.com"}},
	{"Z32", "invalid_target", []string{"resource", "/relative"}},
	{"Z32", "invalid_target", []string{"resource", API + "#x"}},
	{"Z33", "invalid_request", []string{"response_mode", "query.jwt"}},
	{"Z33", "invalid_request", []string{"response_mode", "nonsense"}},
	{"S05", "login_required", []string{"prompt", "none"}},
}

// toldError is a request of which the client is told, by the changes that make it wrong.
type toldError struct {
	id, want string
	changes  []string
}

func testAuthorizeErrors(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	for _, c := range toldErrors {
		t.Run(c.id+" "+strings.Join(c.changes, " "), func(t *testing.T) {
			q, _ := s.AuthRequest(app, c.changes...)
			for _, p := range []Page{s.NewBrowser().Open(Authorize + "?" + q.Encode()), s.NewBrowser().Post(Authorize, q)} {
				answer := p.Answer(t)
				if !strings.HasPrefix(p.Header.Get("Location"), Callback+"?") || answer.Get("error") != c.want || answer.Get("state") != q.Get("state") {
					t.Errorf("%s, want %s", p.Header.Get("Location"), c.want)
				}
				expectExactly(t, answer, "error", "error_description", "iss", "state")
			}
		})
	}
	for _, name := range []string{"scope", "nonce", "prompt", "code_challenge", "response_type", "max_age", "claims", "login_hint", "state"} {
		answer := s.NewBrowser().Open(s.authorizeURL(app, name, "1") + "&" + name + "=1").Answer(t)
		if answer.Get("error") != "invalid_request" || answer.Has("state") == (name == "state") {
			t.Errorf("Z11 %s twice: %v", name, answer)
		}
	}
	s.NewBrowser().Open(s.authorizeURL(app)+"&unknown=1&unknown=2&audience=x&prompt=").expect(t, Login)
}

// expectExactly expects these parameters and no others (C01).
func expectExactly(t *testing.T, answer url.Values, names ...string) {
	t.Helper()
	for name := range answer {
		if len(answer[name]) != 1 {
			t.Errorf("C01 %s is given %d times", name, len(answer[name]))
		}
	}
	for _, name := range names {
		if !answer.Has(name) {
			t.Errorf("C01 %s is missing: %v", name, answer)
		}
	}
	if len(answer) != len(names) {
		t.Errorf("C01 the answer has %v, want %v", answer, names)
	}
}

func testAuthorizeGrant(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app", func(c *storage.Client) { c.Grants = []string{"refresh_token", "password"} })
	if got := s.NewBrowser().Open(s.authorizeURL(app)).Answer(t).Get("error"); got != "unauthorized_client" {
		t.Errorf("error %q", got)
	}
}
