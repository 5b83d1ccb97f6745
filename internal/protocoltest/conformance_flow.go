package protocoltest

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// request returns an authorization request of the first client as the suite makes it. The
// changes are names and values in turn; a value "" leaves the parameter out.
func (c *conformance) request(changes ...string) url.Values {
	q := Form("client_id", c.clients.first.ID, "redirect_uri", suiteCallback, "response_type", "code", "scope", "openid",
		"state", rand.Text(), "nonce", rand.Text())
	if c.formPost {
		q.Set("response_mode", "form_post")
	}
	for n := 0; n+1 < len(changes); n += 2 {
		if q.Set(changes[n], changes[n+1]); changes[n+1] == "" {
			q.Del(changes[n])
		}
	}
	return q
}

// open sends the browser to the authorization endpoint.
func (c *conformance) open(q url.Values) screen {
	c.Helper()
	requested := Authorize + "?" + q.Encode()
	return c.run(requested, c.browser.Open(requested))
}

// authorize sends the browser to the authorization endpoint, and expects it back at the suite.
func (c *conformance) authorize(q url.Values) callback {
	c.Helper()
	return c.returned(c.open(q))
}

func (c *conformance) returned(at screen) callback {
	c.Helper()
	if at.back == nil {
		c.Fatalf("the browser stays at %.80s: %.300s", at.url, at.page.Body)
	}
	return *at.back
}

// response expects the browser at the redirect URI, with the answer where the response mode has
// it, and of this request and issuer.
func (c *conformance) response(q url.Values, got callback) url.Values {
	c.Helper()
	method, query := http.MethodGet, got.params.Encode()
	if c.formPost {
		method, query = http.MethodPost, ""
	}
	at := *got.target
	at.RawQuery = ""
	if at.String() != suiteCallback || got.method != method || got.target.Query().Encode() != query {
		c.Fatalf("%s %s, want %s %s", got.method, got.target, method, suiteCallback)
	}
	if got.params.Get("state") != q.Get("state") {
		c.Errorf("state %q, want %q", got.params.Get("state"), q.Get("state"))
	}
	if got.params.Has("iss") && got.params.Get("iss") != c.s.Issuer {
		c.Errorf("iss %q", got.params.Get("iss"))
	}
	return got.params
}

// code expects an authorization code.
func (c *conformance) code(q url.Values, got callback) string {
	c.Helper()
	params := c.response(q, got)
	if params.Has("error") || params.Get("code") == "" {
		c.Fatalf("no code: %v", params)
	}
	c.s.Log.MarkSecret(params.Get("code"))
	return params.Get("code")
}

// refused expects an error, with nothing in it that the suite does not know.
func (c *conformance) refused(q url.Values, got callback, codes ...string) {
	c.Helper()
	params := c.response(q, got)
	if !slices.Contains(codes, params.Get("error")) || params.Has("code") || !isErrorText(params.Get("error_description")) {
		c.Errorf("%v, want an error of %v", params, codes)
	}
	for name := range params {
		if !slices.Contains([]string{"error", "error_description", "error_uri", "state", "session_state", "iss"}, name) {
			c.warn("the error has the parameter %s", name)
		}
	}
}

// signedIn is what the suite holds after one authorization.
type signedIn struct {
	client   Client
	request  url.Values
	code     string
	tokens   Tokens
	id       map[string]any // the claims of the ID token
	userInfo map[string]any
}

// signIn makes an authorization request, lets the person sign in where they are asked to,
// redeems the code, and checks what the suite checks in every module.
func (c *conformance) signIn(changes ...string) signedIn {
	c.Helper()
	q := c.request(changes...)
	return c.complete(q, c.authorize(q))
}

// complete goes on from the answer to an authorization request.
func (c *conformance) complete(q url.Values, got callback, more ...string) signedIn {
	c.Helper()
	r := signedIn{client: c.clientOf(q.Get("client_id")), request: q, code: c.code(q, got)}
	a := c.redeem(r, more...).ExpectStatus(c, http.StatusOK)
	r.tokens = a.Tokens(c)
	if a.Object(c)["expires_in"] == nil {
		c.warn("no expires_in")
	}
	r.id = c.idToken(r)
	r.userInfo = c.userInfo(c.s.UserInfo(r.tokens.Access), r)
	return r
}

func (c *conformance) clientOf(id string) Client {
	for _, client := range []Client{c.clients.first, c.clients.second, c.clients.byPost} {
		if client.ID == id {
			return client
		}
	}
	c.Fatalf("no client %s", id)
	return Client{}
}

// redeem presents the code.
func (c *conformance) redeem(r signedIn, more ...string) Response {
	f := Form(append([]string{"grant_type", "authorization_code", "code", r.code, "redirect_uri", r.request.Get("redirect_uri")}, more...)...)
	return c.askToken(r.client, f)
}

// askToken authenticates the client by the method that it is registered with.
func (c *conformance) askToken(client Client, f url.Values) Response {
	if client == c.clients.byPost {
		f.Set("client_id", client.ID)
		f.Set("client_secret", client.Secret)
		return c.s.Post(Token, f)
	}
	return c.s.PostAs(client, Token, f)
}

// userInfo expects the claims of the user who has signed in, each of its type.
func (c *conformance) userInfo(a Response, r signedIn) map[string]any {
	c.Helper()
	o := a.ExpectStatus(c, http.StatusOK).Object(c)
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") || o["sub"] != r.id["sub"] {
		c.Errorf("userinfo: %s %v, want sub %v", a.Header.Get("Content-Type"), o, r.id["sub"])
	}
	c.checkStandardClaims(o)
	return o
}
