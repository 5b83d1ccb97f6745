package keys

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A Document is the rendered JWKS.
type Document struct {
	Body   []byte        // shared: must not be changed
	ETag   string        // a strong entity tag, with its quotes
	MaxAge time.Duration // how long it may be cached from now on
}

// JWKS returns the published keys (RFC 7517 §5), rendered when they last
// changed. MaxAge ends at the next planned change, and while the snapshot is older
// than [Config.StaleAfter] it is no more than [Config.Refresh].
func (m *Manager) JWKS() Document {
	s, now := m.currentSnapshot()
	age := m.cfg.JWKSMaxAge
	if !s.until.IsZero() {
		age = min(age, s.until.Sub(now))
	}
	if m.stale(s, now) {
		age = min(age, m.cfg.Refresh)
	}
	return Document{Body: s.jwks.body, ETag: s.jwks.etag, MaxAge: age}
}

// A renderedJWKS is the JWKS of some keys, rendered.
type renderedJWKS struct {
	kids []string
	body []byte
	etag string
}

// update returns the set for these keys: itself, if it is for the same ones. The
// public halves alone are rendered, whatever the records say.
func (k renderedJWKS) update(pairs []*keyPair) (renderedJWKS, error) {
	kids := make([]string, len(pairs))
	set := jose.JSONWebKeySet{Keys: make([]jose.JSONWebKey, len(pairs))}
	for i, p := range pairs {
		kids[i], set.Keys[i] = p.kid, p.public
	}
	if k.body != nil && slices.Equal(k.kids, kids) {
		return k, nil
	}
	body, err := json.Marshal(set)
	if err != nil {
		return renderedJWKS{}, fmt.Errorf("render the jwks: %w", err)
	}
	sum := sha256.Sum256(body)
	return renderedJWKS{kids: kids, body: body, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}, nil
}
