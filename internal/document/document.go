// Package document is a published document as a value: the JWKS, the discovery
// document, a status list. It holds what a cache needs to know and knows
// nothing of HTTP, so that keys and status lists can make one; package
// endpoints serves it.
package document

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// Document is public content that is rendered when it changes and served many
// times.
type Document struct {
	ContentType string
	Body        []byte        // shared: must not be changed
	ETag        string        // a strong entity tag, with its quotes (RFC 9110 §8.8.3)
	MaxAge      time.Duration // how long it may be cached from now on
}

// New returns a document with the entity tag of its body.
func New(contentType string, body []byte, maxAge time.Duration) Document {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	return Document{ContentType: contentType, Body: body, ETag: tag, MaxAge: maxAge}
}

// WithMaxAge returns the same document with another max-age.
func (d Document) WithMaxAge(maxAge time.Duration) Document {
	d.MaxAge = maxAge
	return d
}

// Matches tells whether the lines of an If-None-Match header name the document.
// The comparison is weak (RFC 9110 §13.1.2).
func (d Document) Matches(ifNoneMatch []string) bool { return Matches(ifNoneMatch, d.ETag) }

// Matches tells whether the lines of an If-None-Match header name the entity
// tag, which is given with its quotes.
func Matches(ifNoneMatch []string, etag string) bool {
	for _, line := range ifNoneMatch {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}
