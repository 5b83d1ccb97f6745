package protocoltest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// idTokenClaims are those that the suite expects in an ID token without asking for them.
var idTokenClaims = []string{
	"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash", "nbf", "jti", "sid", "txn",
}

// scopeClaims are the claims that a scope asks for (OpenID Connect Core §5.4).
var scopeClaims = map[string][]string{
	"openid": {"sub"}, "email": {"email", "email_verified"}, "address": {"address"}, "phone": {"phone_number", "phone_number_verified"},
	"profile": {
		"birthdate", "family_name", "gender", "given_name", "locale", "middle_name", "name", "nickname", "picture", "preferred_username",
		"profile", "updated_at", "website", "zoneinfo",
	},
}

// idToken checks the ID token of an answer, and returns its claims.
func (c *conformance) idToken(r signedIn) map[string]any {
	c.Helper()
	if r.tokens.ID == "" {
		c.Fatal("no ID token")
	}
	id, now := claims(c, c.verified(r.tokens.ID)), float64(c.s.Clock.Now().Unix())
	if id["iss"] != c.s.Issuer || id["aud"] != r.client.ID || id["sub"] != c.s.Alice.ID || id["exp"].(float64) <= now || id["iat"] != now {
		c.Errorf("ID token %v", id)
	}
	if nonce, given := id["nonce"]; given != r.request.Has("nonce") || given && nonce != r.request.Get("nonce") {
		c.Errorf("nonce %v, want %q", nonce, r.request.Get("nonce"))
	}
	half := sha256.Sum256([]byte(r.tokens.Access))
	if hash, given := id["at_hash"]; given && hash != base64.RawURLEncoding.EncodeToString(half[:16]) {
		c.Errorf("at_hash %v", hash)
	}
	c.checkStandardClaims(id)
	for _, name := range sortedNames(id) {
		if !slices.Contains(idTokenClaims, name) {
			c.warn("the ID token has %s, which was not asked for", name)
		}
	}
	return id
}

// verified verifies a token by the JWKS alone, with somebody else's library, and returns it.
func (c *conformance) verified(token string) string {
	c.Helper()
	var set jose.JSONWebKeySet
	must(c, json.Unmarshal(c.s.Get(JWKS).Body, &set))
	header := decodePart(c, token, 0)
	kid, _ := header["kid"].(string)
	if found := set.Key(kid); header["alg"] != "RS256" || len(found) != 1 {
		c.Fatalf("header %v: %d keys", header, len(found))
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	must(c, err)
	_, err = parsed.Verify(set.Key(kid)[0])
	must(c, err)
	return token
}

// checkStandardClaims checks the types of claims: none is null, blank, or "null".
func (c *conformance) checkStandardClaims(o map[string]any) {
	c.Helper()
	for name, value := range o {
		ok := true
		switch name {
		case "email_verified", "phone_number_verified":
			_, ok = value.(bool)
		case "updated_at":
			at, number := value.(float64)
			ok = number && at == math.Trunc(at) && at > 0 && at <= float64(c.s.Clock.Now().Unix())
		case "address":
			_, ok = value.(map[string]any)
		case "sub", "name", "given_name", "family_name", "preferred_username", "email", "phone_number", "acr", "sid":
			text, isText := value.(string)
			ok = isText && strings.TrimSpace(text) != "" && !strings.EqualFold(text, "null")
		default:
			ok = value != nil && value != ""
		}
		if !ok {
			c.Errorf("claim %s: %v", name, value)
		}
	}
}

// expectScopeClaims warns of the claims that userinfo lacks of those that the scopes ask for.
func (c *conformance) expectScopeClaims(r signedIn) {
	c.Helper()
	var missing []string
	for _, scope := range strings.Fields(r.request.Get("scope")) {
		for _, name := range scopeClaims[scope] {
			if r.userInfo[name] == nil {
				missing = append(missing, name)
			}
		}
	}
	if len(missing) > 0 {
		c.warn("userinfo has no %s", strings.Join(missing, ", "))
	}
}

// lists tells whether a list of the discovery document has a value.
func (c *conformance) lists(name, value string) bool {
	c.Helper()
	return slices.Contains(list(c.s.Get(Discovery).Object(c)[name]), value)
}

// entropy is Shannon's, in bits, by how often each character occurs, which is how the suite
// estimates it.
func entropy(text string) (bits float64) {
	for _, c := range []byte(text) {
		bits -= math.Log2(float64(strings.Count(text, string(c))) / float64(len(text)))
	}
	return bits
}

func sortedNames(o map[string]any) []string {
	var names []string
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
