package protocoltest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// adminForgeryCases run the forgeries with a super administrator's token for
// Signet itself, against self-service and the admin API.
var adminForgeryCases = append(atAdminAPI(forgeryCases),
	testCase{name: "J12 J13 J14 J15 J16 J18 claims, at Signet's own API", configure: mergedAdmin, run: testOwnClaims})

func atAdminAPI(cases []testCase) (own []testCase) {
	for _, c := range cases {
		if !strings.HasPrefix(c.name, "J27") { // of libraries, which do not use this API
			own = append(own, testCase{c.name + ", at Signet's own API", func(o *Options) { withRSA(o); mergedAdmin(o) }, c.run})
		}
	}
	return own
}

// superAdminTokens are a super administrator's, for Signet itself.
func superAdminTokens(t testing.TB, s *Signet) Tokens {
	t.Helper()
	return s.Login(t, s.Portal(t), s.AddUser(t, "rita", "user", "super_admin"), portalScope)
}

// adminAPIPaths answer the genuine token with 200.
var adminAPIPaths = []string{Me, Users, KeysPath}

// expectAdminForgeriesRejected presents forgeries at every path; the genuine
// token is accepted before and after.
func expectAdminForgeriesRejected(t *testing.T, s *Signet, genuine string, forged map[string]string) {
	t.Helper()
	for _, path := range adminAPIPaths {
		s.JSON("GET", path, nil, Bearer(genuine)).ExpectStatus(t, http.StatusOK)
	}
	for name, token := range forged {
		t.Run(name, func(t *testing.T) {
			for _, path := range adminAPIPaths {
				if validInHeader(token) {
					s.JSON("GET", path, nil, Bearer(token)).expectInvalidTokenProblem(t)
				}
			}
		})
	}
	for _, path := range adminAPIPaths {
		s.JSON("GET", path, nil, Bearer(genuine)).ExpectStatus(t, http.StatusOK)
	}
}

// expectInvalidTokenProblem demands the refusal of RFC 6750 §3.1 for a bad token.
func (a Response) expectInvalidTokenProblem(t testing.TB) {
	t.Helper()
	a.ExpectProblem(t, http.StatusUnauthorized, "invalid_token")
	if got := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") || !strings.Contains(got, `error="invalid_token"`) {
		t.Errorf("WWW-Authenticate: %q", got)
	}
}

// testOwnClaims signs by the right key what the issuer would never say.
func testOwnClaims(t *testing.T, s *Signet) {
	tokens := superAdminTokens(t, s)
	g, now, forged := claimsPayload(t, s, tokens), s.Clock.Now().Unix(), map[string]string{"ID token": tokens.ID, "refresh token": tokens.Refresh}
	for _, typ := range []string{"JWT", "", "logout+jwt", "statuslist+jwt", "AT+JWTx"} {
		forged["typ "+typ] = s.sign(t, typ, string(g))
	}
	for name, values := range map[string][]string{
		"exp": {"", "null", `"9999999999"`, "-1", "0", "1e308", "9223372036854775808", "[]", fmt.Sprint(now)},
		"iat": {`"1"`, "[]", "1e308", fmt.Sprint(now + 61)},
		"iss": {"", "null", jsonText(t, s.Issuer+"/"), jsonText(t, strings.ToUpper(s.Issuer)), jsonText(t, []string{s.Issuer}), `"https://evil.example.com"`},
		"aud": {"", "null", `""`, "[]", `[""]`, `"` + API + `"`, jsonText(t, s.Issuer+"/"), jsonText(t, [][]string{{s.Issuer}}), "1"},
		"sub": {"{}", "true", `{"$ne":null}`}, "sid": {"{}", `"another"`, `{"$ne":null}`}, "jti": {"{}", "true"}, "roles": {"{}", "[{}]", "true"},
		"client_id": {"{}", "true"},
	} {
		for _, value := range values {
			forged[name+" "+value] = s.sign(t, "at+jwt", g.set(t, name, value))
		}
	}
	forged["nbf ahead"] = s.sign(t, "at+jwt", string(g[:len(g)-1])+fmt.Sprintf(`,"nbf":%d}`, now+61))
	expectAdminForgeriesRejected(t, s, tokens.Access, forged)
}
