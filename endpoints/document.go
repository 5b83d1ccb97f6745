package endpoints

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// document is a public answer that is rendered once a change and served from
// memory. Nothing in it is changed after it was made: its header values are
// shared by all answers.
type document struct {
	body   []byte
	etag   string
	maxAge time.Duration
	header http.Header
}

func newDocument(contentType string, body []byte, etag string, maxAge time.Duration) *document {
	d := &document{body: body, etag: etag, maxAge: maxAge, header: http.Header{}}
	for name, value := range map[string]string{
		"Content-Type":                contentType,
		"Content-Length":              strconv.Itoa(len(body)),
		"ETag":                        etag,
		"Cache-Control":               "public, max-age=" + strconv.FormatInt(int64(maxAge/time.Second), 10),
		"Access-Control-Allow-Origin": "*",
		"X-Content-Type-Options":      "nosniff",
	} {
		d.header.Set(name, value)
	}
	return d
}

// entityTag is a strong tag of the bytes.
func entityTag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// documentHandler serves a public document without any of what routeHandler
// does: verifiers fetch these at high rates.
type documentHandler struct {
	current  func() *document
	counters documentCounters
	fallback http.Handler // methods but GET and HEAD
}

func (p *documentHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p.fallback.ServeHTTP(w, r)
		return
	}
	d := p.current()
	maps.Copy(w.Header(), d.header)
	if matchesETag(r.Header["If-None-Match"], d.etag) {
		p.counters.notModified.Inc()
		w.WriteHeader(http.StatusNotModified)
		return
	}
	p.counters.ok.Inc()
	if r.Method == http.MethodGet {
		_, _ = w.Write(d.body) // a client that is gone cannot be told so
	}
}

// matchesETag tells whether an If-None-Match header names the tag. The comparison is
// weak (RFC 9110 §13.1.2).
func matchesETag(header []string, etag string) bool {
	for _, line := range header {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}
