package verify

import (
	"errors"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// keySet is one fetched JWK Set, never changed after it was made.
type keySet struct {
	keys     map[string][]publicKey // by kid
	unusable []string               // algorithms of signing keys that are not accepted here
	etag     string

	notModified bool // the keys are those of the previous set

	fetchedAt time.Time // when the fetch began
	refreshAt time.Time // from here on it is renewed in the background
	expiresAt time.Time // from here on it is stale
}

// fresh reports whether the set is within its TTL. A set that was fetched in the future,
// by a clock that was set back since, is stale.
func (s *keySet) fresh(now time.Time) bool {
	return s != nil && now.Before(s.expiresAt) && !now.Before(s.fetchedAt)
}

// parseKeys reads a JWK Set (RFC 7517 §5) and returns its usable keys by kid, and the
// algorithms of those that only the configuration does not accept. Keys that are not
// understood are passed over, as §5 has it; a document that is not a JWK Set is an
// error. Names are matched exactly and repeated names refused, which is what go-jose's
// own JSON package is for.
func parseKeys(data []byte, algorithms []string) (map[string][]publicKey, []string, error) {
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, nil, errors.New("key set is not json")
	}
	if set.Keys == nil {
		return nil, nil, errors.New("key set has no keys member")
	}
	keys := make(map[string][]publicKey, len(*set.Keys))
	var unusable []string
	for _, raw := range *set.Keys {
		kid, bound := signingKey(raw)
		accepted := slices.DeleteFunc(slices.Clone(bound), func(k publicKey) bool { return !slices.Contains(algorithms, k.alg) })
		if len(accepted) > 0 {
			keys[kid] = append(keys[kid], accepted...)
		} else if len(bound) > 0 && !slices.Contains(unusable, bound[0].alg) {
			unusable = append(unusable, bound[0].alg)
		}
	}
	return keys, unusable, nil
}

// signingKey returns a JWK bound to those algorithms that it suits and does not exclude
// by its own alg; none for a key that is not for signatures, nor for a private or
// symmetric one.
func signingKey(raw json.RawMessage) (string, []publicKey) {
	var key jose.JSONWebKey
	var more struct {
		KeyOps []string `json:"key_ops"`
	}
	if key.UnmarshalJSON(raw) != nil || json.Unmarshal(raw, &more) != nil {
		return "", nil
	}
	// RFC 7517 §4.2, §4.3: use and key_ops say what a key is for.
	forSigning := key.Use == "" || key.Use == "sig"
	forSigning = forSigning && (more.KeyOps == nil || slices.Contains(more.KeyOps, "verify"))
	if !forSigning {
		return "", nil
	}
	return key.KeyID, slices.DeleteFunc(bind(key.Key), func(k publicKey) bool {
		return key.Algorithm != "" && key.Algorithm != k.alg
	})
}
