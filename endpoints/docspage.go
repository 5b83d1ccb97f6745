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

// partMaxAge is how long browsers may keep the parts of the page.
const partMaxAge = time.Hour

// pagePolicy lets the page load its own files, send requests to its own
// origin, and nothing else. There is no inline script and no inline style;
// Swagger UI draws its icons from data: URLs.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page
var pageFiles embed.FS

// A pagePart is one file that the page loads. Swagger UI's files come out of
// the module that packs it, the large ones compressed.
type pagePart struct {
	name string // below the page's own path
	from embed.FS
	file string
	kind string
}

var pageParts = []pagePart{
	{"start.js", pageFiles, "page/start.js", "text/javascript; charset=utf-8"},
	{"page.css", pageFiles, "page/page.css", "text/css; charset=utf-8"},
	{"swagger-ui-bundle.js", static.FS, "swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"},
	{"swagger-ui.css", static.FS, "swagger-ui.css.gz", "text/css; charset=utf-8"},
	{"favicon-32x32.png", static.FS, "favicon-32x32.png", "image/png"},
}

// mountPage serves Swagger UI over /openapi.yaml. client is the id that the
// Authorize dialogue begins with; "" for none.
func (m *mounting) mountPage(issuerURL, client string) {
	text := strings.NewReplacer(
		"{issuer}", html.EscapeString(issuerURL), "{base}", html.EscapeString(m.base), "{client}", html.EscapeString(client),
	).Replace(string(content(pageFiles, "page/index.html")))
	page := sameOriginDocument("text/html; charset=utf-8", []byte(text), 0)
	page.header.Set("Cache-Control", "no-store")
	page.header.Set("Content-Security-Policy", pagePolicy)
	page.header.Set("X-Frame-Options", "DENY")
	page.header.Set("Referrer-Policy", "no-referrer")
	page.header.Set("Cross-Origin-Opener-Policy", "same-origin")
	m.handler.documents[m.base+pathDocs] = m.published(pathDocs, func() *document { return page })
	for _, part := range pageParts {
		m.handler.documents[m.base+pathDocs+"/"+part.name] = m.part(part)
	}
}

// published serves a document to pages of its own origin alone.
func (m *mounting) published(name string, current func() *document) *publication {
	rest := route{path: name, methods: []string{"GET", "HEAD"}, endpoint: unknownPath{}}
	return &publication{current: current, counted: m.metrics.document(name), rest: &passage{m.edge, rest}}
}

// part is made when somebody first asks for it: most servers are never asked,
// and need not hold it in memory.
func (m *mounting) part(p pagePart) http.Handler {
	const label = pathDocs + "/{part}"
	packed := strings.HasSuffix(p.file, ".gz")
	sent := sync.OnceValue(func() *document {
		d := sameOriginDocument(p.kind, content(p.from, p.file), partMaxAge)
		if packed {
			d.header.Set("Content-Encoding", "gzip")
		}
		return d
	})
	published := m.published(label, sent)
	if !packed {
		return published
	}
	plain := sync.OnceValue(func() *document { return sameOriginDocument(p.kind, unpacked(sent().body), partMaxAge) })
	return &negotiation{packed: published, plain: m.published(label, plain)}
}

func sameOriginDocument(kind string, body []byte, maxAge time.Duration) *document {
	d := newDocument(kind, body, entityTag(body), maxAge)
	d.header.Del("Access-Control-Allow-Origin")
	d.header.Set("Cross-Origin-Resource-Policy", "same-origin")
	return d
}

// content reads a file that is part of the program.
func content(from embed.FS, file string) []byte {
	b, err := from.ReadFile(file)
	if err != nil {
		panic(fmt.Sprintf("the page at %s: %v", pathDocs, err))
	}
	return b
}

// unpacked is for the few who do not take gzip. The content is ours.
func unpacked(packed []byte) []byte {
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

// negotiation serves one of two encodings (RFC 9110 §12.5.3).
type negotiation struct{ packed, plain *publication }

func (n *negotiation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Encoding")
	if takesGzip(r.Header["Accept-Encoding"]) {
		n.packed.ServeHTTP(w, r)
		return
	}
	n.plain.ServeHTTP(w, r)
}

// takesGzip tells whether gzip is named and not refused by a weight of zero.
func takesGzip(header []string) bool {
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
