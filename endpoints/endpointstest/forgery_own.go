package endpointstest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// ownForgeryScenes play the forgeries where the prize is highest: the token is a
// super administrator's for Signet itself, the doors are self-service and the
// admin API.
var ownForgeryScenes = append(atHome(forgeryScenes),
	scene{name: "J12 J13 J14 J15 J16 J18 claims, at Signet's own API", adjust: merged, play: playOwnClaims})

func atHome(scenes []scene) (own []scene) {
	for _, c := range scenes {
		if !strings.HasPrefix(c.name, "J27") { // of libraries, which have no such door
			own = append(own, scene{c.name + ", at Signet's own API", func(o *Options) { withRSA(o); merged(o) }, c.play})
		}
	}
	return own
}

// ownTokens are a super administrator's, for Signet itself.
func (s *Signet) ownTokens(t testing.TB) Tokens {
	t.Helper()
	return s.Login(t, s.Portal(t), s.AddUser(t, "rita", "user", "super_admin"), "openid")
}

// ownDoors answer the genuine token with 200.
var ownDoors = []string{Me, Users, KeysPath}

// ownStanding presents forgeries at every own door, which the genuine token opens
// before and after.
func (s *Signet) ownStanding(t *testing.T, genuine string, forged map[string]string) {
	t.Helper()
	for _, path := range ownDoors {
		s.JSON("GET", path, nil, Bearer(genuine)).Expect(t, http.StatusOK)
	}
	for name, token := range forged {
		t.Run(name, func(t *testing.T) {
			for _, path := range ownDoors {
				if inHeader(token) {
					s.JSON("GET", path, nil, Bearer(token)).ownRefusal(t)
				}
			}
		})
	}
	for _, path := range ownDoors {
		s.JSON("GET", path, nil, Bearer(genuine)).Expect(t, http.StatusOK)
	}
}

// ownRefusal demands the refusal of RFC 6750 §3.1 for a bad token.
func (a Answer) ownRefusal(t testing.TB) {
	t.Helper()
	a.Problem(t, http.StatusUnauthorized, "invalid_token")
	if got := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") || !strings.Contains(got, `error="invalid_token"`) {
		t.Errorf("WWW-Authenticate: %q", got)
	}
}

// playOwnClaims signs by the right key what the issuer would never say.
func playOwnClaims(t *testing.T, s *Signet) {
	tokens := s.ownTokens(t)
	g, now, forged := s.genuine(t, tokens), s.Clock.Now().Unix(), map[string]string{"ID token": tokens.ID, "refresh token": tokens.Refresh}
	for _, typ := range []string{"JWT", "", "logout+jwt", "statuslist+jwt", "AT+JWTx"} {
		forged["typ "+typ] = s.sign(t, typ, string(g))
	}
	for name, values := range map[string][]string{
		"exp": {"", "null", `"9999999999"`, "-1", "0", "1e308", "9223372036854775808", "[]", fmt.Sprint(now)},
		"iat": {`"1"`, "[]", "1e308", fmt.Sprint(now + 61)},
		"iss": {"", "null", text(t, s.Issuer+"/"), text(t, strings.ToUpper(s.Issuer)), text(t, []string{s.Issuer}), `"https://evil.example.com"`},
		"aud": {"", "null", `""`, "[]", `[""]`, `"` + API + `"`, text(t, s.Issuer+"/"), text(t, [][]string{{s.Issuer}}), "1"},
		"sub": {"{}", "true", `{"$ne":null}`}, "sid": {"{}", `"another"`, `{"$ne":null}`}, "jti": {"{}", "true"}, "roles": {"{}", "[{}]", "true"},
		"client_id": {"{}", "true"},
	} {
		for _, value := range values {
			forged[name+" "+value] = s.sign(t, "at+jwt", g.set(t, name, value))
		}
	}
	forged["nbf ahead"] = s.sign(t, "at+jwt", string(g[:len(g)-1])+fmt.Sprintf(`,"nbf":%d}`, now+61))
	s.ownStanding(t, tokens.Access, forged)
}
