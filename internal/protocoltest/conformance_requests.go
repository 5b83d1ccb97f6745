package protocoltest

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
)

// conformanceRequests are the modules about parameters of the authorization request.
var conformanceRequests = []conformanceModule{
	{name: "oidcc-display-page", outcome: "pass", play: playParameters("display", "page")},
	{name: "oidcc-display-popup", outcome: "pass", play: playParameters("display", "popup")},
	{name: "oidcc-ensure-request-with-unknown-parameter-succeeds", outcome: "pass", play: playParameters("extra", "foobar")},
	{name: "oidcc-login-hint", outcome: "pass", play: playLoginHint},
	{name: "oidcc-ui-locales", outcome: "pass", play: playParameters("ui_locales", "se")},
	{name: "oidcc-claims-locales", outcome: "pass", play: playParameters("claims_locales", "se")},
	{name: "oidcc-ensure-registered-redirect-uri", outcome: "pass", play: playUnregisteredRedirectURI},
	{name: "oidcc-ensure-post-request-succeeds", outcome: "pass", play: playPostRequest},
	{
		name:    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
		outcome: "skip: request_uri_not_supported", play: playRequestURI,
	},
	{
		name:    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
		outcome: "skip: request_not_supported", play: playRequestObject,
	},
	{name: "oidcc-ensure-request-object-with-redirect-uri", outcome: "pass", play: playRequestObjectRedirectURI},
}

// playParameters expects that the parameters change nothing.
func playParameters(changes ...string) func(c *conformance) {
	return func(c *conformance) {
		c.signIn(changes...)
		c.expectLogins(1)
	}
}

// playLoginHint sends the name that the configuration has, and the address that the suite
// invents without one.
func playLoginHint(c *conformance) {
	c.signIn("login_hint", c.s.Alice.Username)
	c.browser = c.s.NewBrowser()
	c.signIn("login_hint", "buffy@id.example.com")
}

func playUnregisteredRedirectURI(c *conformance) {
	q := c.request("redirect_uri", suiteCallback+"/"+rand.Text())
	c.picture = true
	c.open(q).page.ExpectErrorPage(c, http.StatusBadRequest, "redirect_uri_mismatch")
}

func playPostRequest(c *conformance) {
	q := c.request()
	c.complete(q, c.returned(c.run(Authorize+"?"+q.Encode(), c.browser.Post(Authorize, q))))
}

// outer are the parameters that stay beside a request object, with which the others are
// replaced.
func (c *conformance) outer(q url.Values, name, value string) url.Values {
	outer := Form(name, value)
	for _, duplicate := range []string{"response_type", "client_id", "scope", "redirect_uri"} {
		outer.Set(duplicate, q.Get(duplicate))
	}
	if c.formPost {
		outer.Set("response_mode", "form_post") // the scene has to find the answer
	}
	return outer
}

// requestObject is a request object without a signature.
func (c *conformance) requestObject(q url.Values) string {
	c.Helper()
	o := Object{"aud": c.s.Issuer, "iss": q.Get("client_id")}
	for name := range q {
		o[name] = q.Get(name)
	}
	return jwt(`{"alg":"none"}`, jsonText(c, o), noSignature)
}

// rejected skips a module where the answer is that error, which has no state: that was within
// the object alone.
func (c *conformance) rejected(outer url.Values, code string) {
	c.Helper()
	got := c.authorize(outer)
	if params := c.response(outer, got); params.Get("error") == code {
		c.skip(code)
		return
	}
	c.Errorf("%v: what is asked for by reference is neither honoured nor refused", got.params)
}

func playRequestURI(c *conformance) {
	c.rejected(c.outer(c.request(), "request_uri", suiteBase+"/requesturi.jwt#"+rand.Text()), "request_uri_not_supported")
}

func playRequestObject(c *conformance) {
	q := c.request()
	c.rejected(c.outer(q, "request", c.requestObject(q)), "request_not_supported")
}

// playRequestObjectRedirectURI has a good redirect URI within the object, and a bad one
// outside: the browser goes to neither.
func playRequestObjectRedirectURI(c *conformance) {
	q := c.request()
	outer := c.outer(q, "request", c.requestObject(q))
	outer.Set("redirect_uri", suiteCallback+"_invalid")
	c.picture = true
	p := c.open(outer).page.ExpectErrorPage(c, http.StatusBadRequest, "redirect_uri_mismatch")
	if strings.Contains(string(p.Body), `href="`+suiteBase) {
		c.Errorf("the page leads to the suite: %s", p.Body)
	}
}
