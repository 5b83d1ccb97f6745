package userfile_test

import (
	"strings"
	"testing"

	"example.org/signet/issuer/password"
)

// Users as Keycloak exports them, newer and older; the values were made by Python's hashlib and
// argon2-cffi.
func TestKeycloak(t *testing.T) {
	const value = `"AhaeZ02AwPxykuhhDI8XvhQN8GKvmqM+qF6qvs/98I3oPrOafEIqFGOq0+8aVYIT/+xVcPChXj+A8gpxtbBrFQ=="`
	const salt = `"AAECAwQFBgcICQoLDA0ODw=="`
	quoted := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }
	for name, line := range map[string]string{
		"text": `{"username":"alice","enabled":false,"createdTimestamp":1620036000000,"firstName":"Alice","lastName":"Liddell","credentials":[{"id":"1","type":"otp","secretData":"{}"},{"id":"2","type":"password","secretData":` +
			quoted(`{"value":`+value+`,"salt":`+salt+`,"additionalParameters":{}}`) + `,"credentialData":` +
			quoted(`{"hashIterations":1000,"algorithm":"pbkdf2-sha256","additionalParameters":{}}`) + `}]}`,
		"older": `{"username":"alice","enabled":false,"createdTimestamp":1620036000000,"firstName":"Alice","lastName":"Liddell","credentials":[{"type":"password","hashedSaltedValue":` + value + `,"salt":` + salt + `,"hashIterations":1000,"algorithm":"pbkdf2-sha256"}]}`,
		"argon2": `{"username":"alice","enabled":false,"createdTimestamp":1620036000000,"firstName":"Alice","lastName":"Liddell","credentials":[{"type":"password","secretData":{"value":"i0MJLdYED1AUyMj9wE8eFagFfvBZX2zS1hGTybaRzIw=","salt":` + salt +
			`},"credentialData":{"hashIterations":2,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["64"],"type":["id"],"version":["1.3"],"parallelism":["1"]}}}]}`,
	} {
		u := readOne(t, line+"\n")
		p, err := password.NewPool(password.Config{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Verify(t.Context(), "", u.PasswordHash.Reveal(), "correct horse battery")
		if err != nil || !got.OK || !got.NeedsRehash {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if u.FullName != "Alice Liddell" || u.Disabled == nil || !*u.Disabled || u.CreatedAt.Year() != 2021 {
			t.Errorf("%s: %+v", name, u)
		}
	}
	if u := readOne(t, `{"username":"alice","credentials":[]}`+"\n"); u.PasswordHash != "" {
		t.Error("a hash from nowhere")
	}
	for line, reason := range map[string]string{
		`"credentials":"x"`:   "credentials is not as Keycloak exports it",
		`"credentials":["x"]`: "credentials is not as Keycloak exports it",
		`"credentials":[{"type":"password","secretData":"{","credentialData":"{}"}]`:                                            "credentials is not as Keycloak exports it",
		`"credentials":[{"type":"password","secretData":"{}"}]`:                                                                 "credentials is not as Keycloak exports it",
		`"credentials":[{"type":"password","salt":"AA","hashedSaltedValue":"AA"}]`:                                              "Keycloak salt and value are not base64",
		`"credentials":[{"type":"password","salt":` + salt + `,"hashedSaltedValue":` + value + `,"algorithm":"bcrypt"}]`:        "only pbkdf2 and argon2",
		`"credentials":[{"type":"password","salt":` + salt + `,"hashedSaltedValue":` + value + `,"algorithm":"pbkdf2-sha256"}]`: "iterations are not a number",
		`"hash":"$2b$12$Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e","credentials":[{"type":"password","salt":` + salt + `,"hashedSaltedValue":` + value + `,"algorithm":"pbkdf2-sha256","hashIterations":1000}]`: "two password hashes",
	} {
		users, bad, _ := readAll(t, `{"username":"a",`+line+"}\n")
		if len(users) != 0 || len(bad) != 1 || !strings.Contains(bad[0], reason) || strings.Contains(bad[0], "AhaeZ02") {
			t.Errorf("%s: %d users, refused %q", line, len(users), bad)
		}
	}
}

// The authenticator app of a user, as Keycloak exports it: the text is the seed, unless it names an
// encoding. What apps do not make is left out with a warning.
func TestKeycloak_AuthenticatorApp(t *testing.T) {
	const rfc = "12345678901234567890"
	for name, c := range map[string]struct {
		credential, seed string
		warnings         int
	}{
		"as exported":    {`{"type":"otp","secretData":"{\"value\":\"` + rfc + `\"}","credentialData":"{\"subType\":\"totp\",\"digits\":6,\"counter\":0,\"period\":30,\"algorithm\":\"HmacSHA1\"}"}`, rfc, 0},
		"in base32":      {`{"type":"otp","secretData":{"value":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"},"credentialData":{"subType":"totp","secretEncoding":"BASE32"}}`, rfc, 0},
		"older":          {`{"type":"totp","value":"` + rfc + `","digits":6,"period":30,"algorithm":"HmacSHA1"}`, rfc, 0},
		"eight digits":   {`{"type":"otp","secretData":{"value":"` + rfc + `"},"credentialData":{"digits":8}}`, "", 1},
		"another period": {`{"type":"otp","secretData":{"value":"` + rfc + `"},"credentialData":{"period":60}}`, "", 1},
		"SHA-256":        {`{"type":"otp","secretData":{"value":"` + rfc + `"},"credentialData":{"algorithm":"HmacSHA256"}}`, "", 1},
		"by counter":     {`{"type":"otp","secretData":{"value":"` + rfc + `"},"credentialData":{"subType":"hotp"}}`, "", 1},
		"too short":      {`{"type":"otp","secretData":{"value":"short"},"credentialData":{}}`, "", 1},
		"no secret":      {`{"type":"otp","secretData":"{}","credentialData":"{}"}`, "", 1},
		"not base32":     {`{"type":"otp","secretData":{"value":"0189"},"credentialData":{"secretEncoding":"BASE32"}}`, "", 1},
		"another kind":   {`{"type":"webauthn","secretData":"{}","credentialData":"{}"}`, "", 0},
	} {
		u := readOne(t, `{"username":"alice","credentials":[`+c.credential+`]}`+"\n")
		if u.TOTPSeed.Reveal() != c.seed || len(u.Warnings) != c.warnings {
			t.Errorf("%s: seed of %d bytes, warnings %q", name, len(u.TOTPSeed.Reveal()), u.Warnings)
		}
		if strings.Contains(strings.Join(u.Warnings, " "), rfc) {
			t.Errorf("%s: a warning holds the seed", name)
		}
	}
}
