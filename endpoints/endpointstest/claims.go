package endpointstest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

var claimScenes = []scene{
	{name: "J12 tokens of another kind", play: playKinds},
	{name: "J13 J14 times", play: playTimes},
	{name: "J15 issuers", play: playIssuers},
	{name: "J16 audiences", play: playTokenAudiences},
	{name: "J18 claims of the wrong type", play: playWrongTypes},
	{name: "J22 a retired key", play: playRetiredKey},
	{name: "J23 a revoked key on every instance", play: playRevokedKey},
	{name: "J26 asked, ended, asked again", play: playAskedAgain},
}

// genuine is the payload of a genuine access token as a JSON text, in which a
// member can be replaced.
type genuine string

func (s *Signet) genuine(t testing.TB, tokens Tokens) genuine {
	t.Helper()
	return genuine(text(t, claims(t, tokens.Access)))
}

// set replaces a member by a JSON text; "" removes it.
func (g genuine) set(t testing.TB, name, value string) string {
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

func playKinds(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	payload := text(t, claims(t, tokens.Access))
	for _, typ := range []string{"JWT", "jwt", "", "dpop+jwt", "logout+jwt", "statuslist+jwt", "application/json", "AT+JWTx"} {
		t.Run("typ "+typ, func(t *testing.T) { s.rejects(t, s.sign(t, typ, payload)) })
	}
	t.Run("ID token", func(t *testing.T) { s.rejects(t, tokens.ID) })
	t.Run("refresh token as bearer", func(t *testing.T) { s.UserInfo(tokens.Refresh).invalidToken(t) })
	t.Run("refresh token at the resource server", func(t *testing.T) {
		if s.Active(t, s.Guard, tokens.Refresh) || s.Active(t, s.Other, tokens.Refresh) {
			t.Error("somebody else's refresh token is active")
		}
	})
	for name, value := range map[string]string{"sid": claims(t, tokens.Access)["sid"].(string), "user id": s.Alice.ID, "secret": s.Web.Secret} {
		t.Run(name, func(t *testing.T) { s.rejects(t, value) })
	}
	s.alive(t, s.Web, tokens)
}

func playTimes(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	g, now := s.genuine(t, tokens), s.Clock.Now().Unix()
	for _, exp := range []string{"", "null", `""`, `"9999999999"`, "-1", "0", "1e308", "9223372036854775808", "[]", "{}", "true", fmt.Sprint(now), fmt.Sprint(now - 1)} {
		t.Run("exp "+exp, func(t *testing.T) { s.rejects(t, s.sign(t, "at+jwt", g.set(t, "exp", exp))) })
	}
	payload := string(g[:len(g)-1])
	for _, nbf := range []string{`"1"`, "[]", "1e308", fmt.Sprint(now + 61)} {
		t.Run("nbf "+nbf, func(t *testing.T) { s.rejects(t, s.sign(t, "at+jwt", payload+`,"nbf":`+nbf+"}")) })
	}
	for _, iat := range []string{`"1"`, "[]", "1e308", fmt.Sprint(now + 61), fmt.Sprint(now + 3600)} {
		t.Run("iat "+iat, func(t *testing.T) { s.rejects(t, s.sign(t, "at+jwt", g.set(t, "iat", iat))) })
	}
	tokens = s.Login(t, s.Web, s.Alice, "openid") // the other session was ended by its expired tokens
	g = s.genuine(t, tokens)
	for name, payload := range map[string]string{"exp in a second": g.set(t, "exp", fmt.Sprint(now+1)), "iat a minute ahead": g.set(t, "iat", fmt.Sprint(now+60))} {
		if token := s.sign(t, "at+jwt", payload); !s.Active(t, s.Guard, token) {
			t.Errorf("%s: not active", name)
		}
	}
	s.Clock.Advance(15*time.Minute - time.Second)
	if !s.Active(t, s.Guard, tokens.Access) {
		t.Error("not active in its last second")
	}
	s.Clock.Advance(time.Second)
	if s.Active(t, s.Guard, tokens.Access) {
		t.Error("active when expired")
	}
	s.UserInfo(tokens.Access).invalidToken(t)
}

func playIssuers(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	g := s.genuine(t, tokens)
	for _, iss := range []string{
		"", "null", `""`, text(t, s.Issuer+"/"), text(t, strings.ToUpper(s.Issuer)), text(t, strings.Replace(s.Issuer, "http:", "https:", 1)),
		text(t, s.Issuer+" "), text(t, []string{s.Issuer}), `"https://evil.example.com"`, "1", "{}",
	} {
		t.Run(iss, func(t *testing.T) { s.rejects(t, s.sign(t, "at+jwt", g.set(t, "iss", iss))) })
	}
	s.alive(t, s.Web, tokens)
}

// playTokenAudiences asks as the resource server, to which a token counts by
// its audience alone.
func playTokenAudiences(t *testing.T, s *Signet) {
	g := s.genuine(t, s.Login(t, s.Web, s.Alice, "openid"))
	for aud, counts := range map[string]bool{
		"": false, "null": false, `""`: false, "[]": false, `[""]`: false, `"` + OtherAPI + `"`: false, "1": false, `[["` + API + `"]]`: false,
		`{"a":"` + API + `"}`: false, `"` + API + `/"`: false, `"` + API + `x"`: false, `"` + strings.ToUpper(API) + `"`: false, `[1]`: false,
		`"` + API + `"`: true, `["` + API + `"]`: true, `["` + OtherAPI + `","` + API + `"]`: true,
	} {
		t.Run(aud, func(t *testing.T) {
			if got := s.Active(t, s.Guard, s.sign(t, "at+jwt", g.set(t, "aud", aud))); got != counts {
				t.Errorf("active %t, want %t", got, counts)
			}
		})
	}
}

func playWrongTypes(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	g := s.genuine(t, tokens)
	for _, name := range []string{"sub", "client_id", "jti", "scope", "sid", "roles", "auth_time"} {
		for _, value := range []string{"{}", `[{}]`, "true", `{"$ne":null}`} {
			t.Run(name+" "+value, func(t *testing.T) { s.rejects(t, s.sign(t, "at+jwt", g.set(t, name, value))) })
		}
	}
	for name, value := range map[string]string{"sid": `"another"`, "client_id": `"nobody"`} {
		t.Run(name+" of nobody", func(t *testing.T) {
			if token := s.sign(t, "at+jwt", g.set(t, name, value)); name == "sid" && s.Active(t, s.Guard, token) {
				t.Error("active without a session")
			}
		})
	}
	s.alive(t, s.Web, tokens)
}

func playRetiredKey(t *testing.T, s *Signet) {
	before := s.Login(t, s.Web, s.Alice, "openid")
	_, err := s.Keys.Rotate(context.Background(), true)
	must(t, err)
	after := s.Refresh(t, s.Web, before.Refresh)
	if part(t, before.Access, 0)["kid"] == part(t, after.Access, 0)["kid"] {
		t.Fatal("the rotation has not changed the key")
	}
	for _, token := range []string{before.Access, after.Access} {
		if !s.Active(t, s.Guard, token) {
			t.Error("not active after a rotation")
		}
		s.UserInfo(token).Expect(t, 200)
	}
	for range 4 { // past its retention the key is gone, whatever the token says
		s.Advance(30 * time.Minute)
	}
	g := s.genuine(t, before)
	if strings.Contains(string(s.Get(JWKS).Body), part(t, before.Access, 0)["kid"].(string)) {
		t.Error("a retired key is published beyond its retention")
	}
	if !s.Active(t, s.Guard, s.sign(t, "at+jwt", g.set(t, "exp", "9999999999"))) {
		t.Error("the new key does not sign")
	}
	s.rejects(t, before.Access)
}

func playRevokedKey(t *testing.T, a *Signet) {
	b := a.Sibling(t)
	tokens := a.Login(t, a.Web, a.Alice, "openid")
	kid := part(t, tokens.Access, 0)["kid"].(string)
	must(t, a.Keys.Revoke(context.Background(), kid))
	a.rejects(t, tokens.Access)
	must(t, b.Keys.Refresh(context.Background()))
	b.rejects(t, tokens.Access)
	for _, s := range []*Signet{a, b} {
		if strings.Contains(string(s.Get(JWKS).Body), kid) {
			t.Error("a revoked key is published")
		}
	}
	next := a.Refresh(t, a.Web, tokens.Refresh) // the session is another matter
	if !b.Active(t, a.Guard, next.Access) {
		t.Error("the other instance does not know the new key")
	}
}

func playAskedAgain(t *testing.T, s *Signet) {
	for name, end := range map[string]func(Tokens) error{
		"revoked": func(tokens Tokens) error { s.Revoke(t, s.Web, tokens.Access); return nil },
		"disabled": func(Tokens) error {
			_, err := s.Service.DisableUser(context.Background(), s.Alice.ID, source)
			return err
		},
	} {
		_, err := s.Service.EnableUser(context.Background(), s.Alice.ID, source)
		must(t, err)
		tokens := s.Login(t, s.Web, s.Alice, "openid")
		for range 3 {
			if !s.Active(t, s.Guard, tokens.Access) {
				t.Fatal("not active")
			}
			s.UserInfo(tokens.Access).Expect(t, 200)
		}
		must(t, end(tokens))
		if s.Active(t, s.Guard, tokens.Access) {
			t.Errorf("%s: still active", name)
		}
		s.UserInfo(tokens.Access).invalidToken(t)
	}
}
