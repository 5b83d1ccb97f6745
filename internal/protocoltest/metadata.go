package protocoltest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

var metadataCases = []testCase{
	{name: "E06 every listed value works, and every other is refused", configure: withRSA, run: testListedValues},
	{name: "E05 E06 what is listed without a value", configure: withRSA, run: testMetadataFlags},
}

// metadataPlay tells whether a value of a list of the discovery document works.
type metadataPlay struct {
	works    func(value string) bool
	unlisted []string // that must not work; nil where a request cannot ask for one
}

// metadataPlayer is who plays the values: a client that may do everything, an administrator, who
// has every scope, and a user with an authenticator app.
type metadataPlayer struct {
	*testing.T
	s      *Signet
	app    Client
	admin  User
	device *app
}

// everyScope lets a client ask for every scope that is listed, for the issuer's own API.
func everyScope(c *storage.Client) {
	c.Scopes = append(slices.Clone(appScopes), issuer.ScopeOfflineAccess, issuer.ScopeAccount, issuer.ScopeAdmin)
	c.Audiences = nil
}

func testListedValues(t *testing.T, s *Signet) {
	_, device := s.enrolled(t, s.Editor)
	p := metadataPlayer{t, s, s.AddCodeClient(t, "app", everyScope), s.AddUser(t, "root", "user", "super_admin"), device}
	left := p.plays()
	for name, value := range s.Get(Discovery).Object(t) {
		listed, isList := value.([]any)
		if !isList {
			continue
		}
		if _, known := left[name]; !known {
			t.Errorf("%s: nothing plays its values", name)
			continue
		}
		delete(left, name)
		t.Run(name, func(t *testing.T) {
			own := p
			own.T = t
			play := own.plays()[name]
			for _, v := range list(listed) {
				if !play.works(v) {
					t.Errorf("%s is listed and does not work", v)
				}
			}
			for _, v := range play.unlisted {
				if slices.Contains(list(listed), v) || play.works(v) {
					t.Errorf("%s works, or is listed", v)
				}
			}
		})
	}
	for name := range left {
		t.Errorf("%s is missing", name)
	}
}

func (p metadataPlayer) plays() map[string]metadataPlay {
	return map[string]metadataPlay{
		"response_types_supported": {p.answers("response_type"), []string{"token", "id_token", "code id_token", "code token", "none", "CODE"}},
		"response_modes_supported": {p.responseMode, []string{"jwt", "query.jwt", "form_post.jwt", "web_message", "Query"}},
		"prompt_values_supported":  {p.prompt, []string{"create", "LOGIN", "logout"}},
		"code_challenge_methods_supported": {
			p.answers("code_challenge_method"), []string{"plain", "s256", "S512"},
		},
		"acr_values_supported":                          {p.acr, []string{"urn:signet:phr", "phr", "1", "2"}},
		"ui_locales_supported":                          {p.locale, []string{"fr", "se"}},
		"scopes_supported":                              {p.scope, []string{"address", "unlisted"}},
		"claims_supported":                              {p.claim, []string{"address", "given_name", "phone_number_verified", "password_hash"}},
		"grant_types_supported":                         {p.grant, []string{"implicit", "device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange", "urn:openid:params:grant-type:ciba"}},
		"subject_types_supported":                       {p.subjectType, []string{"pairwise"}},
		"id_token_signing_alg_values_supported":         {p.signingAlg, []string{"none", "HS256", "PS256"}},
		"token_endpoint_auth_methods_supported":         {p.authenticates(Token), []string{"client_secret_jwt", "private_key_jwt"}},
		"introspection_endpoint_auth_methods_supported": {p.authenticates(Introspect), []string{"none", "client_secret_jwt", "private_key_jwt"}},
		"revocation_endpoint_auth_methods_supported":    {p.authenticates(Revoke), []string{"client_secret_jwt", "private_key_jwt"}},
	}
}

// ask makes an authorization request in a new browser, and signs the administrator in where
// the login page is shown.
func (p metadataPlayer) ask(changes ...string) Page {
	q, _ := p.s.AuthRequest(p.app, changes...)
	b := p.s.NewBrowser()
	page := b.Open(Authorize + "?" + q.Encode())
	if page.is(Login) {
		page = b.SignIn(p, page, p.admin)
	}
	if page.is(Consent) {
		page = b.Send(p, page, Form("decision", "allow"))
	}
	return page
}

// answers tells whether a value of the parameter leads to a code.
func (p metadataPlayer) answers(parameter string) func(string) bool {
	return func(value string) bool {
		code := p.ask(parameter, value).Answer(p).Get("code")
		p.s.Log.MarkSecret(code)
		return code != ""
	}
}

func (p metadataPlayer) responseMode(value string) bool {
	page := p.ask("response_mode", value)
	u, err := url.Parse(page.Header.Get("Location"))
	must(p, err)
	fragment, err := url.ParseQuery(u.EscapedFragment())
	must(p, err)
	found := map[string]url.Values{"query": u.Query(), "fragment": fragment}
	if page.Status == http.StatusOK {
		found["form_post"] = formFields(p.T, page)
	}
	p.s.Log.MarkSecret(found[value].Get("code"))
	return found[value].Get("code") != ""
}

// prompt signs in before, so that each value has an effect of its own.
func (p metadataPlayer) prompt(value string) bool {
	b := p.s.NewBrowser()
	b.GetCode(p, p.app, p.admin)
	page := b.Open(p.s.authorizeURL(p.app, "prompt", value))
	switch value {
	case "login", "select_account":
		return page.is(Login)
	case "consent":
		return page.is(Consent)
	}
	code := page.Answer(p).Get("code")
	p.s.Log.MarkSecret(code)
	return code != ""
}

func (p metadataPlayer) acr(value string) bool {
	q, verifier := p.s.AuthRequest(p.app, "claims", `{"id_token":{"acr":{"essential":true,"value":"`+value+`"}}}`)
	signIn := func(u User) url.Values {
		b := p.s.NewBrowser()
		page := b.Open(Authorize + "?" + q.Encode())
		if page.is(Login) {
			page = b.SignIn(p, page, u)
		}
		if page.is(LoginEnrol) {
			return url.Values{}
		}
		if page.Status == http.StatusOK {
			page = b.sendCode(p, page.asksForCode(p), p.device.next())
		}
		return page.Answer(p)
	}
	answer := signIn(p.admin)
	if answer.Get("code") == "" {
		answer = signIn(p.s.Editor)
	}
	if answer.Get("error") == "unmet_authentication_requirements" {
		return false
	}
	p.s.Log.MarkSecret(answer.Get("code"))
	tokens := p.s.Redeem(p, p.app, Code{answer.Get("code"), verifier, Callback})
	return claims(p, tokens.ID)["acr"] == value
}

func (p metadataPlayer) locale(value string) bool {
	page := p.s.NewBrowser().Open(p.s.authorizeURL(p.app, "ui_locales", value))
	return page.is(Login) && strings.Contains(string(page.Body), `lang="`+value+`"`)
}

func (p metadataPlayer) scope(value string) bool {
	tokens := p.s.Redeem(p, p.app, p.s.NewBrowser().GetCode(p, p.app, p.admin, "scope", "openid "+value, "resource", p.s.Issuer))
	return slices.Contains(strings.Fields(tokens.Scope), value)
}

// claim asks for the claim by name and by every scope.
func (p metadataPlayer) claim(value string) bool {
	request := `{"userinfo":{"` + value + `":null},"id_token":{"` + value + `":null}}`
	tokens := p.s.Redeem(p, p.app, p.s.NewBrowser().GetCode(p, p.app, p.admin, "scope", "openid profile email phone", "nonce", "n", "claims", request))
	return claims(p, tokens.ID)[value] != nil || p.s.UserInfo(tokens.Access).Object(p)[value] != nil
}

func (p metadataPlayer) grant(value string) bool {
	s := p.s
	switch value {
	case "authorization_code":
		return s.TryRedeem(p.app, s.NewBrowser().GetCode(p, p.app, p.admin)).Status == http.StatusOK
	case "password":
		return s.TryLogin(s.Web, s.Alice, "openid").Status == http.StatusOK
	case "refresh_token":
		return s.TryRefresh(s.Web, s.Login(p, s.Web, s.Alice, "openid").Refresh).Status == http.StatusOK
	case issuer.GrantDeviceCode:
		return s.PollDevice(s.AddDeviceClient(p, "metadata-tv"), s.approvedDevice(p, Client{ID: "metadata-tv"}, p.admin)).Status == http.StatusOK
	case "client_credentials":
		return s.PostAs(s.Machine, Token, Form("grant_type", value)).Status == http.StatusOK
	}
	s.PostAs(p.app, Token, Form("grant_type", value)).ExpectError(p, http.StatusBadRequest, "unsupported_grant_type")
	return false
}

// subjectType tells whether two clients know the user by one identifier.
func (p metadataPlayer) subjectType(value string) bool {
	first, second := p.s.Login(p, p.s.Web, p.s.Alice, "openid"), p.s.Login(p, p.s.SPA, p.s.Alice, "openid")
	same := claims(p, first.ID)["sub"] == claims(p, second.ID)["sub"]
	return same == (value == "public")
}

func (p metadataPlayer) signingAlg(value string) bool {
	return decodePart(p, p.s.Login(p, p.s.Web, p.s.Alice, "openid").ID, 0)["alg"] == value
}

// authenticates tells whether a client can authenticate by the method at the endpoint.
func (p metadataPlayer) authenticates(endpoint string) func(string) bool {
	return func(method string) bool {
		form := p.s.Alice.LoginForm("openid")
		if endpoint != Token {
			form = Form("token", "unknown-token")
		}
		with := func(pairs ...string) url.Values {
			for n := 0; n+1 < len(pairs); n += 2 {
				form.Set(pairs[n], pairs[n+1])
			}
			return form
		}
		var a Response
		switch method {
		case "client_secret_basic":
			a = p.s.Post(endpoint, form, Basic(p.s.Web))
		case "client_secret_post":
			a = p.s.Post(endpoint, with("client_id", p.s.Web.ID, "client_secret", p.s.Web.Secret))
		case "none":
			a = p.s.Post(endpoint, with("client_id", p.s.SPA.ID))
		default:
			assertion := jwt(`{"alg":"HS256"}`, `{"iss":"web","sub":"web","aud":"`+p.s.Issuer+`","jti":"1","exp":9999999999}`, noSignature)
			a = p.s.Post(endpoint, with("client_assertion", assertion, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))
		}
		return a.Status == http.StatusOK
	}
}

// testMetadataFlags plays the members that are no lists: what is true works, what is false is
// refused, and every endpoint is there.
func testMetadataFlags(t *testing.T, s *Signet) {
	app, o := s.AddCodeSPA(t, "app"), s.Get(Discovery).Object(t)
	answer := func(changes ...string) url.Values {
		return s.NewBrowser().Open(s.authorizeURL(app, append([]string{"prompt", "none"}, changes...)...)).Answer(t)
	}
	plays := map[string]func() bool{
		"authorization_response_iss_parameter_supported": func() bool { return answer().Get("iss") == s.Issuer },
		"request_parameter_supported":                    func() bool { return answer("request", "e30.e30.").Get("error") != "request_not_supported" },
		"request_uri_parameter_supported": func() bool {
			return answer("request_uri", "https://app.example.com/r").Get("error") != "request_uri_not_supported"
		},
		"claims_parameter_supported": func() bool {
			tokens := s.Redeem(t, app, s.NewBrowser().GetCode(t, app, s.Alice, "scope", "openid", "claims", `{"userinfo":{"name":null}}`))
			return s.UserInfo(tokens.Access).Object(t)["name"] != nil
		},
		// The tokens themselves: oidcc-backchannel-rp-initiated-logout.
		"backchannel_logout_supported":         func() bool { return true },
		"backchannel_logout_session_supported": func() bool { return true },
	}
	for name, value := range o {
		switch v := value.(type) {
		case bool:
			if play := plays[name]; play == nil || play() != v {
				t.Errorf("%s says %t", name, v)
			}
		case string:
			if path := strings.TrimPrefix(v, s.Issuer); name != "issuer" && (path == v || s.Get(path).Status == http.StatusNotFound) {
				t.Errorf("%s: nothing at %s", name, v)
			}
		}
	}
}
