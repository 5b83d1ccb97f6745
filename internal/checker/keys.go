package checker

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"example.org/signet/storage"
)

// checkKeys demands that all instances sign with one key, that everybody finds it
// in the JWKS of each, and that no private part is told.
func (b *records) checkKeys() {
	kids, seqs := map[string]storage.Key{}, map[int64]bool{}
	for _, k := range b.keys {
		if _, twice := kids[k.KID]; twice || seqs[k.Seq] {
			b.report(4, "key %s, number %d, is there twice", k.KID, k.Seq)
		}
		kids[k.KID], seqs[k.Seq] = k, true
		b.wantPublic("the record of key "+k.KID, k.PublicJWK)
	}
	signer := ""
	for n, i := range b.Instances {
		var listed map[string]bool
		if i.JWKS != nil {
			body, err := i.JWKS()
			if err != nil {
				b.report(4, "instance %d has no JWKS: %v", n, err)
			}
			if body != nil {
				listed = b.checkJWKS(n, body)
			}
		}
		if i.Sign == nil {
			continue
		}
		token, err := i.Sign()
		if err == nil && token == "" {
			continue
		}
		kid := kidOf(token)
		k, there := kids[kid]
		switch {
		case err != nil:
			b.report(4, "instance %d does not sign: %v", n, err)
		case !there || !k.RevokedAt.IsZero() || !k.VerifiesUntil.IsZero() || listed != nil && !listed[kid]:
			b.report(4, "instance %d signs with %q: known %t, revoked %t, imported %t, listed %t",
				n, kid, there, !k.RevokedAt.IsZero(), !k.VerifiesUntil.IsZero(), listed[kid])
		case signer != "" && kid != signer:
			b.report(4, "two keys sign: %s and %s", signer, kid)
		}
		signer = kid
	}
}

func (b *records) checkJWKS(n int, body []byte) map[string]bool {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		b.report(4, "instance %d: the JWKS: %v", n, err)
	}
	listed := map[string]bool{}
	for _, raw := range set.Keys {
		var key struct {
			KID string `json:"kid"`
		}
		if json.Unmarshal(raw, &key) != nil || key.KID == "" || listed[key.KID] {
			b.report(4, "instance %d: the JWKS has a key without a name of its own", n)
		}
		listed[key.KID] = true
		b.wantPublic("the JWKS", raw)
	}
	return listed
}

// privateMembers are the members that tell a key (RFC 7518 §6), in any spelling.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv", "seed"}

func (b *records) wantPublic(where string, jwk []byte) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(jwk, &members); err != nil {
		b.report(4, "%s: %v", where, err)
	}
	for _, name := range privateMembers {
		for member := range members {
			if strings.EqualFold(member, name) {
				b.report(4, "%s has the private member %q", where, member)
			}
		}
	}
}

func kidOf(token string) string {
	var header struct {
		KID string `json:"kid"`
	}
	head, _, _ := strings.Cut(token, ".")
	text, _ := base64.RawURLEncoding.DecodeString(head)
	_ = json.Unmarshal(text, &header)
	return header.KID
}
