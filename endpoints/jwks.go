package endpoints

import (
	"sync/atomic"
	"time"

	"example.org/signet/keys"
)

// jwksProvider publishes the signing keys (RFC 7517 §5).
type jwksProvider interface {
	JWKS() keys.Document
}

// jwks keeps the answer to the newest rendering at hand.
type jwks struct {
	keys jwksProvider
	last atomic.Pointer[document]
}

// current follows the keys; the bytes are theirs. Racing makers make the same.
func (j *jwks) current() *document {
	d := j.keys.JWKS()
	maxAge := d.MaxAge.Truncate(time.Second)
	if last := j.last.Load(); last != nil && last.etag == d.ETag && last.maxAge == maxAge {
		return last
	}
	next := newDocument("application/jwk-set+json", d.Body, d.ETag, maxAge) // RFC 7517 §8.5.2
	j.last.Store(next)
	return next
}
