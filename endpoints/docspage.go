package endpoints

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/swaggest/swgui/v5/static"
)

// docsFileMaxAge is how long browsers may keep the parts of the page.
const docsFileMaxAge = time.Hour

// docsCSP lets the page load its own files, send requests to its own
// origin, and nothing else. There is no inline script and no inline style;
// Swagger UI draws its icons from data: URLs.
const docsCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page
var docsPageFS embed.FS

// A docsFile is one file that the page loads. Swagger UI's files come out of
// the module that packs it, the large ones compressed.
type docsFile struct {
	name        string // below the page's own path
	fs          embed.FS
	file        string
	contentType string
}

var docsFiles = []docsFile{
	{"start.js", docsPageFS, "page/start.js", "text/javascript; charset=utf-8"},
	{"page.css", docsPageFS, "page/page.css", "text/css; charset=utf-8"},
	{"swagger-ui-bundle.js", static.FS, "swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"},
	{"swagger-ui.css", static.FS, "swagger-ui.css.gz", "text/css; charset=utf-8"},
	{"favicon-32x32.png", static.FS, "favicon-32x32.png", "image/png"},
}

// mountDocsPage serves Swagger UI over /openapi.yaml. client is the id that the
// Authorize dialogue begins with; "" for none.
func (m *routeBuilder) mountDocsPage(issuerURL, client string) {
	text := strings.NewReplacer(
		"{issuer}", html.EscapeString(issuerURL), "{base}", html.EscapeString(m.base), "{client}", html.EscapeString(client),
	).Replace(string(readEmbedded(docsPageFS, "page/index.html")))
	page := sameOriginDocument("text/html; charset=utf-8", []byte(text), 0)
	page.header.Set("Cache-Control", "no-store")
	page.header.Set("Content-Security-Policy", docsCSP)
	page.header.Set("X-Frame-Options", "DENY")
	page.header.Set("Referrer-Policy", "no-referrer")
	page.header.Set("Cross-Origin-Opener-Policy", "same-origin")
	m.handler.documents[m.base+pathDocs] = m.sameOriginHandler(pathDocs, func() *document { return page })
	for _, part := range docsFiles {
		m.handler.documents[m.base+pathDocs+"/"+part.name] = m.docsFileHandler(part)
	}
}

// sameOriginHandler serves a document to pages of its own origin only.
func (m *routeBuilder) sameOriginHandler(name string, current func() *document) *documentHandler {
	fallback := route{path: name, methods: []string{"GET", "HEAD"}, endpoint: notFoundEndpoint{}}
	return &documentHandler{current: current, counters: m.metrics.document(name), fallback: &routeHandler{m.middleware, fallback}}
}

// docsFileHandler loads the file at the first request: most servers are never
// asked for it, and need not hold it in memory.
func (m *routeBuilder) docsFileHandler(p docsFile) http.Handler {
	const label = pathDocs + "/{part}"
	packed := strings.HasSuffix(p.file, ".gz")
	sent := sync.OnceValue(func() *document {
		d := sameOriginDocument(p.contentType, readEmbedded(p.fs, p.file), docsFileMaxAge)
		if packed {
			d.header.Set("Content-Encoding", "gzip")
		}
		return d
	})
	published := m.sameOriginHandler(label, sent)
	if !packed {
		return published
	}
	plain := sync.OnceValue(func() *document { return sameOriginDocument(p.contentType, gunzip(sent().body), docsFileMaxAge) })
	return &encodingNegotiator{gzipped: published, identity: m.sameOriginHandler(label, plain)}
}

func sameOriginDocument(kind string, body []byte, maxAge time.Duration) *document {
	d := newDocument(kind, body, entityTag(body), maxAge)
	d.header.Del("Access-Control-Allow-Origin")
	d.header.Set("Cross-Origin-Resource-Policy", "same-origin")
	return d
}

// readEmbedded reads an embedded file.
func readEmbedded(from embed.FS, file string) []byte {
	b, err := from.ReadFile(file)
	if err != nil {
		panic(fmt.Sprintf("the page at %s: %v", pathDocs, err))
	}
	return b
}

// gunzip decompresses an embedded file, for clients that do not accept gzip.
func gunzip(packed []byte) []byte {
	var b []byte
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		b, err = io.ReadAll(r)
	}
	if err != nil {
		panic(fmt.Sprintf("the page at %s: %v", pathDocs, err))
	}
	return b
}

// encodingNegotiator serves one of two encodings (RFC 9110 §12.5.3).
type encodingNegotiator struct{ gzipped, identity *documentHandler }

func (n *encodingNegotiator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header["Accept-Encoding"]) {
		n.gzipped.ServeHTTP(w, r)
		return
	}
	n.identity.ServeHTTP(w, r)
}

// acceptsGzip tells whether gzip is accepted with a weight above zero.
func acceptsGzip(header []string) bool {
	for coding := range strings.SplitSeq(strings.Join(header, ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		_, q, given := strings.Cut(strings.ReplaceAll(weight, " ", ""), "=")
		return !given || strings.Trim(q, "0.") != ""
	}
	return false
}
