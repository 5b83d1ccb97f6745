package authorization_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636 appendix B

// app is a public client as `client create --preset spa` makes it.
func app() storage.Client {
	return storage.Client{
		ID: "app", Public: true, Grants: []string{"authorization_code", "refresh_token"},
		RedirectURIs: []string{"https://app.example.com/cb", "https://app.example.com/cb?x=1", "com.example.app:/cb"},
	}
}

var mayAll = authorization.Bounds{Scopes: []string{"openid", "profile", "offline_access"}, Audiences: []string{"https://api.example.com"}}

// valid returns the parameters of a valid request.
func valid() url.Values {
	return url.Values{
		"client_id": {"app"}, "redirect_uri": {"https://app.example.com/cb"}, "response_type": {"code"}, "scope": {"openid profile"},
		"state": {"s 1"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
}

// with returns a valid request with one parameter changed; no values remove it.
func with(name string, values ...string) string {
	v := valid()
	v[name] = values
	return v.Encode()
}

func decide(t *testing.T, client storage.Client, query string) (authorization.Request, *authorization.Refusal) {
	t.Helper()
	p, refusal := authorization.ParseQuery(query)
	if refusal != nil {
		return authorization.Request{}, refusal
	}
	found, refusal, err := authorization.CheckClient(p, func(id string) (storage.Client, error) {
		if id != client.ID {
			return storage.Client{}, storage.ErrNotFound
		}
		return client, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if refusal != nil {
		return authorization.Request{}, refusal
	}
	return p.Request(found, mayAll)
}

func TestRequest_Valid_IsCanonicalInAnyOrder(t *testing.T) {
	first, refusal := decide(t, app(), valid().Encode())
	if refusal != nil {
		t.Fatal(refusal)
	}
	pairs := strings.Split(valid().Encode(), "&")
	for n := range pairs {
		turned := strings.Join(append(append([]string{}, pairs[n:]...), pairs[:n]...), "&") + "&unknown=1&unknown=2&display=wap"
		r, refusal := decide(t, app(), turned)
		if refusal != nil || r.Canonical() != first.Canonical() || r.Hash() != first.Hash() {
			t.Errorf("%s: %v", turned, refusal)
		}
	}
	again, refusal := decide(t, app(), first.Query("stamp"))
	if refusal != nil || again.Canonical() != first.Canonical() {
		t.Errorf("the canonical query means another request: %v", refusal)
	}
}

// Z03, Z04: who cannot be redirected gets a page, and the request names nothing to link to.
func TestRequest_WithoutRedirect(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		want  authorization.Problem
	}{
		"client missing":         {with("client_id"), authorization.ProblemClient},
		"client empty":           {with("client_id", ""), authorization.ProblemClient},
		"client unknown":         {with("client_id", "other"), authorization.ProblemClient},
		"client twice":           {with("client_id", "app", "app"), authorization.ProblemClient},
		"client invalid":         {with("client_id", "a\x00p"), authorization.ProblemClient},
		"redirect URI missing":   {with("redirect_uri"), authorization.ProblemMissing},
		"redirect URI empty":     {with("redirect_uri", ""), authorization.ProblemMissing},
		"redirect URI twice":     {with("redirect_uri", "https://app.example.com/cb", "https://app.example.com/cb"), authorization.ProblemMissing},
		"redirect URI other":     {with("redirect_uri", "https://app.example.com/cb/"), authorization.ProblemMismatch},
		"response mode twice":    {with("response_mode", "query", "query"), authorization.ProblemRequest},
		"broken encoding":        {valid().Encode() + "&state=%zz", authorization.ProblemRequest},
		"broken name":            {valid().Encode() + "&%zz=1", authorization.ProblemRequest},
		"too large":              {valid().Encode() + "&x=" + strings.Repeat("a", 16<<10), authorization.ProblemTooLarge},
		"too many":               {valid().Encode() + strings.Repeat("&a=1", 300), authorization.ProblemTooLarge},
		"redirect URI in object": {with("redirect_uri", "https://evil.example") + "&request=e30.e30.", authorization.ProblemMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			_, refusal := decide(t, app(), c.query)
			if refusal == nil || refusal.Redirect || refusal.Problem != c.want || refusal.Request.RedirectURI != "" {
				t.Errorf("%+v", refusal)
			}
		})
	}
	disabled := app()
	disabled.Disabled = true
	if _, refusal := decide(t, disabled, valid().Encode()); refusal == nil || refusal.Redirect || refusal.Problem != authorization.ProblemClient {
		t.Errorf("disabled client: %+v", refusal)
	}
}

func TestCheckClient_LookupFails_IsNoRefusal(t *testing.T) {
	p, _ := authorization.ParseQuery(valid().Encode())
	_, refusal, err := authorization.CheckClient(p, func(string) (storage.Client, error) { return storage.Client{}, storage.ErrUnavailable })
	if refusal != nil || !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("%v, %v", refusal, err)
	}
}

// Z09–Z19, Z24, Z25, Z30, Z32, Z33: what the client is told.
func TestRequest_RedirectedErrors(t *testing.T) {
	for name, c := range map[string]struct{ query, want string }{
		"no response_type":        {with("response_type"), "invalid_request"},
		"token":                   {with("response_type", "token"), "unsupported_response_type"},
		"id_token":                {with("response_type", "id_token"), "unsupported_response_type"},
		"code id_token":           {with("response_type", "code id_token"), "unsupported_response_type"},
		"CODE":                    {with("response_type", "CODE"), "unsupported_response_type"},
		"scope twice":             {with("scope", "openid", "openid"), "invalid_request"},
		"state twice":             {with("state", "a", "b"), "invalid_request"},
		"state too long":          {with("state", strings.Repeat("s", 4097)), "invalid_request"},
		"state with a line break": {with("state", "a\nb"), "invalid_request"},
		"state not UTF-8":         {with("state", "\xff"), "invalid_request"},
		"nonce too long":          {with("nonce", strings.Repeat("n", 513)), "invalid_request"},
		"request":                 {with("request", "e30.e30."), "request_not_supported"},
		"request_uri":             {with("request_uri", "https://127.0.0.1:1/"), "request_uri_not_supported"},
		"both":                    {with("request", "x") + "&request_uri=x", "invalid_request"},
		"registration":            {with("registration", "{}"), "registration_not_supported"},
		"no challenge":            {with("code_challenge"), "invalid_request"},
		"neither":                 {strings.ReplaceAll(with("code_challenge"), "code_challenge_method", "x"), "invalid_request"},
		"no method":               {with("code_challenge_method"), "invalid_request"},
		"plain":                   {with("code_challenge_method", "plain"), "invalid_request"},
		"s256":                    {with("code_challenge_method", "s256"), "invalid_request"},
		"short challenge":         {with("code_challenge", challenge[1:]), "invalid_request"},
		"long challenge":          {with("code_challenge", challenge+"A"), "invalid_request"},
		"padded challenge":        {with("code_challenge", challenge[:42]+"="), "invalid_request"},
		"base64 challenge":        {with("code_challenge", "+"+challenge[1:]), "invalid_request"},
		"scopes not allowed":      {with("scope", "write nothing"), "invalid_scope"},
		"scope characters":        {with("scope", "openid \"x\""), "invalid_scope"},
		"too many scopes":         {with("scope", "openid "+manyScopes()), "invalid_scope"},
		"prompt none login":       {with("prompt", "none login"), "invalid_request"},
		"prompt create":           {with("prompt", "create"), "invalid_request"},
		"max_age -1":              {with("max_age", "-1"), "invalid_request"},
		"max_age -0":              {with("max_age", "-0"), "invalid_request"},
		"max_age +1":              {with("max_age", "+1"), "invalid_request"},
		"max_age x":               {with("max_age", "x"), "invalid_request"},
		"max_age 1.5":             {with("max_age", "1.5"), "invalid_request"},
		"max_age of 20 digits":    {with("max_age", "10000000000000000000"), "invalid_request"},
		"claims not JSON":         {with("claims", "{"), "invalid_request"},
		"claims a list":           {with("claims", "[]"), "invalid_request"},
		"claims doubled":          {with("claims", `{"userinfo":null,"userinfo":null}`), "invalid_request"},
		"claims of a number":      {with("claims", `{"userinfo":{"name":1}}`), "invalid_request"},
		"resource relative":       {with("resource", "/api"), "invalid_target"},
		"resource with fragment":  {with("resource", "https://api.example.com#"), "invalid_target"},
		"resource unknown":        {with("resource", "https://other.example.com"), "invalid_target"},
		"response_mode jwt":       {with("response_mode", "query.jwt"), "invalid_request"},
		"response_mode nonsense":  {with("response_mode", "x"), "invalid_request"},
		"response_mode too long":  {with("response_mode", strings.Repeat("x", 65)), "invalid_request"},
		"form_post to an app":     {with("redirect_uri", "com.example.app:/cb") + "&response_mode=form_post", "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			_, refusal := decide(t, app(), c.query)
			if refusal == nil || !refusal.Redirect || refusal.Code != c.want {
				t.Fatalf("%+v, want %s", refusal, c.want)
			}
			location, err := url.Parse(refusal.Response("https://id.example.com").URL())
			if err != nil {
				t.Fatal(err)
			}
			q := location.Query()
			wantState := "s 1"
			if strings.HasPrefix(name, "state") {
				wantState = ""
			}
			if q.Get("error") != c.want || q.Get("state") != wantState || q.Get("iss") != "https://id.example.com" || q.Get("error_description") == "" {
				t.Errorf("%s", location)
			}
			if _, sent := q["state"]; sent != (wantState != "") {
				t.Errorf("an empty state: %s", location)
			}
		})
	}
	noGrant := app()
	noGrant.Grants = []string{"password"}
	if _, refusal := decide(t, noGrant, valid().Encode()); refusal == nil || refusal.Code != "unauthorized_client" || !refusal.Redirect {
		t.Errorf("without the grant: %+v", refusal)
	}
}

func manyScopes() string {
	var names []string
	for n := range 200 {
		names = append(names, "s"+strings.Repeat("a", n))
	}
	return strings.Join(names[:100], " ")
}

// Z17, Z19, Z20, Z25, Z26, Z32.
func TestRequest_Accepted(t *testing.T) {
	confidential := app()
	confidential.Public, confidential.PKCEOptional = false, true
	noPKCE := valid()
	noPKCE.Del("code_challenge")
	noPKCE.Del("code_challenge_method")
	if _, refusal := decide(t, confidential, noPKCE.Encode()); refusal != nil {
		t.Errorf("a client that may do without PKCE: %v", refusal)
	}
	confidential.PKCEOptional = false
	if _, refusal := decide(t, confidential, noPKCE.Encode()); refusal == nil {
		t.Error("a client that must use PKCE did without")
	}
	for _, query := range []string{
		with("max_age", "0"), with("max_age", "9223372036854775807"), with("prompt", "login consent"), with("resource", "https://api.example.com/"),
		with("state"), with("scope"), with("display", "\xff\x00", "x"[:1]), with("ui_locales", "se"), with("claims_locales", strings.Repeat("x", 5000)), with("acr_values", "\x00<>"),
		with("login_hint", strings.Repeat("é", 300)), with("claims", `{"userinfo":{"name":{"essential":true},"https://x":null},"id_token":{"acr":{"values":["1","2"]}},"other":[1]}`),
		with("state", strings.Repeat("s", 4096)), with("nonce", strings.Repeat("n", 512)), with("response_mode", ""), with("id_token_hint", "nonsense"),
	} {
		if query == with("display", "\xff\x00", "x") {
			continue // doubled: refused like every known parameter
		}
		if r, refusal := decide(t, app(), query); refusal != nil || len(r.Canonical()) > authorization.MaxRequest {
			t.Errorf("%.100s: %v", query, refusal)
		}
	}
	r, refusal := decide(t, app(), with("scope", "write openid openid  other offline_access"))
	if refusal != nil || strings.Join(r.Scopes, " ") != "openid offline_access" || strings.Join(r.Asked, " ") != "write openid other offline_access" {
		t.Errorf("%v of %v, %v", r.Scopes, r.Asked, refusal)
	}
	r, _ = decide(t, app(), with("login_hint", "a\x00l\u202ei\u200bce\"<b>"))
	if r.LoginHint != `alice"<b>` {
		t.Errorf("login_hint %q", r.LoginHint)
	}
}

// E02: what is shown of a redirect URI that does not match.
func TestMismatch_NamesNearest_AndCutsSecrets(t *testing.T) {
	_, refusal := decide(t, app(), with("redirect_uri", "https://user:pw@app.example.com/cb?code=secret&y#frag"))
	m := refusal.URI
	if m == nil || strings.Contains(m.Received, "secret") || strings.Contains(m.Received, "pw") || strings.Contains(m.Received, "frag") {
		t.Fatalf("%+v", m)
	}
	_, refusal = decide(t, app(), with("redirect_uri", "https://app.example.com/cb/"+strings.Repeat("x", 900)))
	if m = refusal.URI; m.Nearest != "https://app.example.com/cb" || m.At != len(m.Nearest) || len(m.Received) > 300 {
		t.Errorf("%+v", m)
	}
	none := app()
	none.RedirectURIs = nil
	if _, refusal = decide(t, none, valid().Encode()); refusal.URI.Nearest != "" {
		t.Errorf("%+v", refusal.URI)
	}
}
