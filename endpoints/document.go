package endpoints

import (
	"maps"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"example.org/signet/internal/document"
)

// documentHandler serves a public document without any of what routeHandler
// does: verifiers fetch these at high rates.
type documentHandler struct {
	current  func() document.Document
	header   http.Header // of every answer, beside those of the document
	counters documentCounters
	fallback http.Handler // methods but GET and HEAD

	last atomic.Pointer[renderedHeader]
}

// renderedHeader is the header of a document's answers. Its values are shared
// by all of them and never changed.
type renderedHeader struct {
	etag   string
	maxAge time.Duration
	header http.Header
}

func (p *documentHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p.fallback.ServeHTTP(w, r)
		return
	}
	d := p.current()
	maps.Copy(w.Header(), p.headerOf(d))
	serveDocument(w, r, d, p.counters)
}

// serveDocument sends the document, or 304 where the client has it already
// (RFC 9110 §15.4.5). The headers have been set.
func serveDocument(w http.ResponseWriter, r *http.Request, d document.Document, counters documentCounters) {
	if d.Matches(r.Header["If-None-Match"]) {
		counters.notModified.Inc()
		w.WriteHeader(http.StatusNotModified)
		return
	}
	counters.ok.Inc()
	if r.Method == http.MethodGet {
		_, _ = w.Write(d.Body) // a client that is gone cannot be told so
	}
}

// headerOf returns the header of the document, which is made anew only when the
// document or its max-age has changed. Racing makers make the same.
func (p *documentHandler) headerOf(d document.Document) http.Header {
	maxAge := d.MaxAge.Truncate(time.Second)
	if last := p.last.Load(); last != nil && last.etag == d.ETag && last.maxAge == maxAge {
		return last.header
	}
	header := documentHeader(d)
	maps.Copy(header, p.header)
	p.last.Store(&renderedHeader{etag: d.ETag, maxAge: maxAge, header: header})
	return header
}

// documentHeader returns the headers that follow from the document.
func documentHeader(d document.Document) http.Header {
	header := http.Header{}
	header.Set("Content-Type", d.ContentType)
	header.Set("Content-Length", strconv.Itoa(len(d.Body)))
	header.Set("ETag", d.ETag)
	header.Set("Cache-Control", "public, max-age="+strconv.FormatInt(int64(d.MaxAge/time.Second), 10))
	header.Set("X-Content-Type-Options", "nosniff")
	return header
}

// The headers that say which pages may read a document.
var (
	anyOriginHeader  = http.Header{"Access-Control-Allow-Origin": {"*"}}
	sameOriginHeader = http.Header{"Cross-Origin-Resource-Policy": {"same-origin"}}
)
