package protocoltest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.org/signet/keys"
)

var claimCases = []testCase{
	{name: "J12 tokens of another kind", run: testTokenTypes},
	{name: "J13 J14 times", run: testTimes},
	{name: "J15 issuers", run: testIssuers},
	{name: "J16 audiences", run: testTokenAudiences},
	{name: "J18 claims of the wrong type", run: testWrongTypes},
	{name: "J22 a retired key", run: testRetiredKey},
	{name: "J23 a revoked key on every instance", run: testRevokedKey},
	{name: "J26 asked, ended, asked again", run: testIntrospectionAfterRevocation},
}

// claimsJSON is the payload of a genuine access token as a JSON text, in which a
// member can be replaced.
type claimsJSON string

func claimsPayload(t testing.TB, s *Signet, tokens Tokens) claimsJSON {
	t.Helper()
	return claimsJSON(jsonText(t, claims(t, tokens.Access)))
}

// set replaces a member by a JSON text; "" removes it.
func (g claimsJSON) set(t testing.TB, name, value string) string {
	t.Helper()
	at := strings.Index(string(g), `"`+name+`":`)
	if at < 0 {
		t.Fatalf("no member %s in %s", name, g)
	}
	end, depth, quoted := at+len(name)+3, 0, false
scan:
	for ; end < len(g); end++ {
		switch c := g[end]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case depth > 0 && (c == ']' || c == '}'):
			depth--
		case depth == 0 && (c == ',' || c == '}'):
			break scan
		}
	}
	before, after := string(g[:at]), string(g[end:])
	if value == "" {
		return strings.Replace(strings.Replace(before+after, ",,", ",", 1), "{,", "{", 1)
	}
	return before + `"` + name + `":` + value + after
}

func testTokenTypes(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	payload := jsonText(t, claims(t, tokens.Access))
	for _, typ := range []string{"JWT", "jwt", "", "dpop+jwt", "logout+jwt", "statuslist+jwt", "application/json", "AT+JWTx"} {
		t.Run("typ "+typ, func(t *testing.T) { expectTokenRejected(t, s, s.sign(t, typ, payload)) })
	}
	t.Run("ID token", func(t *testing.T) { expectTokenRejected(t, s, tokens.ID) })
	t.Run("refresh token as bearer", func(t *testing.T) { s.UserInfo(tokens.Refresh).expectInvalidToken(t) })
	t.Run("refresh token at the resource server", func(t *testing.T) {
		if s.Active(t, s.ResourceServer, tokens.Refresh) || s.Active(t, s.Other, tokens.Refresh) {
			t.Error("somebody else's refresh token is active")
		}
	})
	for name, value := range map[string]string{"sid": claims(t, tokens.Access)["sid"].(string), "user id": s.Alice.ID, "secret": s.Web.Secret} {
		t.Run(name, func(t *testing.T) { expectTokenRejected(t, s, value) })
	}
	s.expectActive(t, s.Web, tokens)
}

func testTimes(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	g, now := claimsPayload(t, s, tokens), s.Clock.Now().Unix()
	for _, exp := range []string{"", "null", `""`, `"9999999999"`, "-1", "0", "1e308", "9223372036854775808", "[]", "{}", "true", fmt.Sprint(now), fmt.Sprint(now - 1)} {
		t.Run("exp "+exp, func(t *testing.T) { expectTokenRejected(t, s, s.sign(t, "at+jwt", g.set(t, "exp", exp))) })
	}
	payload := string(g[:len(g)-1])
	for _, nbf := range []string{`"1"`, "[]", "1e308", fmt.Sprint(now + 61)} {
		t.Run("nbf "+nbf, func(t *testing.T) { expectTokenRejected(t, s, s.sign(t, "at+jwt", payload+`,"nbf":`+nbf+"}")) })
	}
	for _, iat := range []string{`"1"`, "[]", "1e308", fmt.Sprint(now + 61), fmt.Sprint(now + 3600)} {
		t.Run("iat "+iat, func(t *testing.T) { expectTokenRejected(t, s, s.sign(t, "at+jwt", g.set(t, "iat", iat))) })
	}
	tokens = s.Login(t, s.Web, s.Alice, "openid") // the other session was ended by its expired tokens
	g = claimsPayload(t, s, tokens)
	for name, payload := range map[string]string{"exp in a second": g.set(t, "exp", fmt.Sprint(now+1)), "iat a minute ahead": g.set(t, "iat", fmt.Sprint(now+60))} {
		if token := s.sign(t, "at+jwt", payload); !s.Active(t, s.ResourceServer, token) {
			t.Errorf("%s: not active", name)
		}
	}
	s.Clock.Advance(15*time.Minute - time.Second)
	if !s.Active(t, s.ResourceServer, tokens.Access) {
		t.Error("not active in its last second")
	}
	s.Clock.Advance(time.Second)
	if s.Active(t, s.ResourceServer, tokens.Access) {
		t.Error("active when expired")
	}
	s.UserInfo(tokens.Access).expectInvalidToken(t)
}

func testIssuers(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	g := claimsPayload(t, s, tokens)
	for _, iss := range []string{
		"", "null", `""`, jsonText(t, s.Issuer+"/"), jsonText(t, strings.ToUpper(s.Issuer)), jsonText(t, strings.Replace(s.Issuer, "http:", "https:", 1)),
		jsonText(t, s.Issuer+" "), jsonText(t, []string{s.Issuer}), `"https://evil.example.com"`, "1", "{}",
	} {
		t.Run(iss, func(t *testing.T) { expectTokenRejected(t, s, s.sign(t, "at+jwt", g.set(t, "iss", iss))) })
	}
	s.expectActive(t, s.Web, tokens)
}

// testTokenAudiences introspects as the resource server, for which a token is active by its
// audience alone.
func testTokenAudiences(t *testing.T, s *Signet) {
	g := claimsPayload(t, s, s.Login(t, s.Web, s.Alice, "openid"))
	for aud, counts := range map[string]bool{
		"": false, "null": false, `""`: false, "[]": false, `[""]`: false, `"` + OtherAPI + `"`: false, "1": false, `[["` + API + `"]]`: false,
		`{"a":"` + API + `"}`: false, `"` + API + `x"`: false, `"` + strings.ToUpper(API) + `"`: false, `[1]`: false,
		`"` + API + `/"`: true, // an empty path and "/" are the same (RFC 3986 §6.2.3)
		`"` + API + `"`:  true, `["` + API + `"]`: true, `["` + OtherAPI + `","` + API + `"]`: true,
	} {
		t.Run(aud, func(t *testing.T) {
			if got := s.Active(t, s.ResourceServer, s.sign(t, "at+jwt", g.set(t, "aud", aud))); got != counts {
				t.Errorf("active %t, want %t", got, counts)
			}
		})
	}
}

func testWrongTypes(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	g := claimsPayload(t, s, tokens)
	for _, name := range []string{"sub", "client_id", "jti", "scope", "sid", "roles", "auth_time"} {
		for _, value := range []string{"{}", `[{}]`, "true", `{"$ne":null}`} {
			t.Run(name+" "+value, func(t *testing.T) { expectTokenRejected(t, s, s.sign(t, "at+jwt", g.set(t, name, value))) })
		}
	}
	for name, value := range map[string]string{"sid": `"another"`, "client_id": `"nobody"`} {
		t.Run(name+" of nobody", func(t *testing.T) {
			if token := s.sign(t, "at+jwt", g.set(t, name, value)); name == "sid" && s.Active(t, s.ResourceServer, token) {
				t.Error("active without a session")
			}
		})
	}
	s.expectActive(t, s.Web, tokens)
}

func testRetiredKey(t *testing.T, s *Signet) {
	before := s.Login(t, s.Web, s.Alice, "openid")
	_, err := s.Keys.Rotate(context.Background(), keys.Change{Force: true})
	must(t, err)
	after := s.Refresh(t, s.Web, before.Refresh)
	if decodePart(t, before.Access, 0)["kid"] == decodePart(t, after.Access, 0)["kid"] {
		t.Fatal("the rotation has not changed the key")
	}
	for _, token := range []string{before.Access, after.Access} {
		if !s.Active(t, s.ResourceServer, token) {
			t.Error("not active after a rotation")
		}
		s.UserInfo(token).ExpectStatus(t, 200)
	}
	for range 4 { // past its retention the key is gone, whatever the token says
		s.Advance(30 * time.Minute)
	}
	g := claimsPayload(t, s, before)
	if strings.Contains(string(s.Get(JWKS).Body), decodePart(t, before.Access, 0)["kid"].(string)) {
		t.Error("a retired key is published beyond its retention")
	}
	if !s.Active(t, s.ResourceServer, s.sign(t, "at+jwt", g.set(t, "exp", "9999999999"))) {
		t.Error("the new key does not sign")
	}
	expectTokenRejected(t, s, before.Access)
}

func testRevokedKey(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	tokens := a.Login(t, a.Web, a.Alice, "openid")
	kid := decodePart(t, tokens.Access, 0)["kid"].(string)
	must(t, a.Keys.Revoke(context.Background(), kid, keys.Change{}))
	expectTokenRejected(t, a, tokens.Access)
	must(t, b.Keys.Refresh(context.Background()))
	expectTokenRejected(t, b, tokens.Access)
	for _, s := range []*Signet{a, b} {
		if strings.Contains(string(s.Get(JWKS).Body), kid) {
			t.Error("a revoked key is published")
		}
	}
	next := a.Refresh(t, a.Web, tokens.Refresh) // the session is another matter
	if !b.Active(t, a.ResourceServer, next.Access) {
		t.Error("the other instance does not know the new key")
	}
}

func testIntrospectionAfterRevocation(t *testing.T, s *Signet) {
	for name, end := range map[string]func(Tokens) error{
		"revoked": func(tokens Tokens) error { s.Revoke(t, s.Web, tokens.Access); return nil },
		"disabled": func(Tokens) error {
			_, err := s.operator().Users().Disable(context.Background(), s.Alice.ID)
			return err
		},
	} {
		_, err := s.operator().Users().Enable(context.Background(), s.Alice.ID)
		must(t, err)
		tokens := s.Login(t, s.Web, s.Alice, "openid")
		for range 3 {
			if !s.Active(t, s.ResourceServer, tokens.Access) {
				t.Fatal("not active")
			}
			s.UserInfo(tokens.Access).ExpectStatus(t, 200)
		}
		must(t, end(tokens))
		if s.Active(t, s.ResourceServer, tokens.Access) {
			t.Errorf("%s: still active", name)
		}
		s.UserInfo(tokens.Access).expectInvalidToken(t)
	}
}
