package verify

import (
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
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

// No vector that is invalid is taken, and the valid ones of the algorithms that
// are supported are, but for an empty payload, which no access token has.
func TestWycheproofVectors(t *testing.T) {
	for name, least := range map[string]int{"json_web_signature_test.json": 10, "json_web_key_test.json": 1} {
		taken, refused := 0, 0
		for _, g := range readVectors(t, name).Groups {
			keys := keysOfVector(g.Public, g.Private)
			for _, test := range g.Tests {
				var token string
				if json.Unmarshal(test.JWS, &token) != nil {
					continue // the JSON serialization is no token
				}
				alg, taking := accepts(token, keys)
				switch {
				case taking && test.Comment == "rejectsKeyWithRocaVulnerability":
					// How an issuer made its key is for the issuer to know.
				case taking && test.Result == "invalid":
					t.Errorf("%s %d %s: taken (%s)", name, test.ID, test.Comment, alg)
				case taking:
					taken++
				default:
					refused++
				}
			}
		}
		if t.Logf("%s: %d taken, %d refused", name, taken, refused); taken < least || refused < least {
			t.Errorf("%s: %d taken and %d refused: the vectors were not read", name, taken, refused)
		}
	}
}

// keysOfVector reads a JWK or a set of them, public half only.
func keysOfVector(texts ...json.RawMessage) (keys []publicKey) {
	for _, text := range texts {
		var set struct{ Keys []json.RawMessage }
		if json.Unmarshal(text, &set) != nil || set.Keys == nil {
			set.Keys = []json.RawMessage{text}
		}
		for _, raw := range set.Keys {
			_, bound := usableKey(withoutPrivate(raw), supported)
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
