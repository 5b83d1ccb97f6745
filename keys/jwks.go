package keys

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"example.org/signet/internal/document"
)

// jwksType is the media type of a JWKS (RFC 7517 §8.5.2).
const jwksType = "application/jwk-set+json"

// JWKS returns the published keys (RFC 7517 §5), rendered when they last
// changed. MaxAge ends at the next planned change, and while the snapshot is older
// than [Config.StaleAfter] it is no more than [Config.Refresh].
func (m *Manager) JWKS() document.Document {
	s, now := m.snapshots.get()
	age := m.cfg.JWKSMaxAge
	if !s.until.IsZero() {
		age = min(age, s.until.Sub(now))
	}
	if m.snapshots.stale(s, now) {
		age = min(age, m.cfg.Refresh)
	}
	return s.jwks.document.WithMaxAge(age)
}

// A renderedJWKS is the JWKS of some keys, rendered.
type renderedJWKS struct {
	kids     []string
	document document.Document // its max-age is set when it is asked for
}

// update returns the set for these keys: itself, if it is for the same ones. The
// public halves alone are rendered, whatever the records say.
func (k renderedJWKS) update(pairs []*keyPair) (renderedJWKS, error) {
	kids := make([]string, len(pairs))
	set := jose.JSONWebKeySet{Keys: make([]jose.JSONWebKey, len(pairs))}
	for i, p := range pairs {
		kids[i], set.Keys[i] = p.kid, p.public
	}
	if k.document.Body != nil && slices.Equal(k.kids, kids) {
		return k, nil
	}
	body, err := json.Marshal(set)
	if err != nil {
		return renderedJWKS{}, fmt.Errorf("render the jwks: %w", err)
	}
	return renderedJWKS{kids: kids, document: document.New(jwksType, body, 0)}, nil
}
