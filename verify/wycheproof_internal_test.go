package verify

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"
)

// vectors are one file of Project Wycheproof.
type vectors struct {
	Groups []struct {
		Public, Private json.RawMessage
		Tests           []struct {
			ID      int `json:"tcId"`
			Comment string
			JWS     json.RawMessage
			Result  string
		}
	} `json:"testGroups"`
}

func readVectors(t *testing.T, name string) (v vectors) {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, name)
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// accepts says whether the verifier takes the signature, whatever the token's
// type and claims, which the vectors do not have as access tokens do.
func accepts(token string, keys []publicKey) (string, bool) {
	parts, err := split(token, 64<<10)
	if err != nil {
		return "", false
	}
	h, err := parseHeader(parts.header, accessTokenType)
	if err != nil && !errors.Is(err, ErrTokenType) && !errors.Is(err, ErrUnknownKey) {
		return h.alg, false
	}
	return h.alg, slices.Contains(supported, h.alg) && checkSignature(parts, h.alg, keys) == nil
}

// No invalid vector is taken, but for the key whose weakness lies in how it was
// made; each valid one is, but for those that exempt gives a reason for.
func TestWycheproofVectors(t *testing.T) {
	for name, least := range map[string]int{"json_web_signature_test.json": 10, "json_web_key_test.json": 1} {
		taken, refused, reasons := 0, 0, map[string]int{}
		for _, g := range readVectors(t, name).Groups {
			keys := keysOfVector(g.Public, g.Private)
			for _, test := range g.Tests {
				var token string
				if json.Unmarshal(test.JWS, &token) != nil {
					reasons["the JSON serialization is no token"]++
					continue
				}
				alg, taking := accepts(token, keys)
				reason := exempt(token)
				switch {
				case taking && test.Comment == "rejectsKeyWithRocaVulnerability":
					// How an issuer made its key is for the issuer to know.
				case taking && test.Result == "invalid":
					t.Errorf("%s %d %s: taken (%s)", name, test.ID, test.Comment, alg)
				case taking:
					taken++
				case test.Result == "valid" && reason == "":
					t.Errorf("%s %d %s: refused (%s)", name, test.ID, test.Comment, alg)
				case test.Result == "valid":
					reasons[reason]++
				default:
					refused++
				}
			}
		}
		if t.Logf("%s: %d taken, %d refused, exempt %v", name, taken, refused, reasons); taken < least || refused < least {
			t.Errorf("%s: %d taken and %d refused: the vectors were not read", name, taken, refused)
		}
	}
}

// exempt says why a valid vector need not be taken; it is empty where it must be.
func exempt(token string) string {
	first, rest, _ := strings.Cut(token, ".")
	var h struct{ Alg string }
	text, err := base64.RawURLEncoding.DecodeString(first)
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	switch {
	case strings.Contains(token, "?"): // RFC 7515 §2; the file takes two of the four for valid
		return "a character outside base64url is refused"
	case err != nil:
		return ""
	case !slices.Contains(supported, h.Alg):
		return "alg " + h.Alg + " is not supported"
	case strings.HasPrefix(rest, "."):
		return "no access token is without a payload"
	}
	return ""
}

// keysOfVector reads a JWK or a set of them, public half only.
func keysOfVector(texts ...json.RawMessage) (keys []publicKey) {
	for _, text := range texts {
		var set struct{ Keys []json.RawMessage }
		if json.Unmarshal(text, &set) != nil || set.Keys == nil {
			set.Keys = []json.RawMessage{text}
		}
		for _, raw := range set.Keys {
			_, bound := signingKey(withoutPrivate(raw))
			keys = append(keys, bound...)
		}
	}
	return keys
}

// withoutPrivate leaves away what makes a JWK private; a symmetric one stays so.
func withoutPrivate(raw json.RawMessage) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return raw
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi"} {
		delete(members, private)
	}
	public, _ := json.Marshal(members)
	return public
}
