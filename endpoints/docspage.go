package endpoints

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/swaggest/swgui/v5/static"

	"example.org/signet/endpoints/pages"
	"example.org/signet/internal/document"
)

// docsFileMaxAge is how long browsers may keep the parts of the page.
const docsFileMaxAge = time.Hour

// docsCSP lets the page load its own files, send requests to its own
// origin, and nothing else. There is no inline script and no inline style;
// Swagger UI draws its icons from data: URLs.
const docsCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docsRedirectCSP lets the page that a sign-in of /docs ends at load its script.
const docsRedirectCSP = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page
var docsPageFS embed.FS

// docsFile is one file that the page loads. Swagger UI's files come out of the
// module that packs it, the large ones compressed.
type docsFile struct {
	name        string // below the page's own path
	fs          embed.FS
	file        string
	contentType string
}

var docsFiles = []docsFile{
	{"start.js", docsPageFS, "page/start.js", "text/javascript; charset=utf-8"},
	{"oauth2-redirect.js", docsPageFS, "page/oauth2-redirect.js", "text/javascript; charset=utf-8"},
	{"page.css", docsPageFS, "page/page.css", "text/css; charset=utf-8"},
	{"swagger-ui-bundle.js", static.FS, "swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"},
	{"swagger-ui.css", static.FS, "swagger-ui.css.gz", "text/css; charset=utf-8"},
	{"favicon-32x32.png", static.FS, "favicon-32x32.png", "image/png"},
}

// mountDocsPage serves Swagger UI over the description of the listener's
// operations, and the page at /. client is the id that the Authorize dialogue
// begins with; "" for none.
func (m *routeBuilder) mountDocsPage(issuerURL, client string, listed operations) {
	fill := func(file string) string { return fillPage(file, issuerURL, m.base, client, listed.scopes()) }
	m.page(pathOpenAPI, m.documentHandler(pathOpenAPI, corsAny, anyOriginHeader, openAPIDocument(issuerURL, listed)))
	// The page must know the window that it opens for a sign-in, and that window the page.
	m.page(pathDocs, m.htmlHandler(pathDocs, fill("page/index.html"), docsCSP, "same-origin-allow-popups"))
	m.page(pathDocsSignIn, m.htmlHandler(pathDocsSignIn, fill("page/oauth2-redirect.html"), docsRedirectCSP, "unsafe-none"))
	for _, part := range docsFiles {
		m.page(pathDocs+"/"+part.name, m.docsFileHandler(part))
	}
	m.page(pathHome, m.homeHandler(pages.HomeView{Issuer: issuerURL, Admin: !listed.public}))
	assets := m.pages.Assets()
	m.router.PathPrefix(m.base + pages.AssetsPath).Handler(assets)
	if m.atRoot && m.base != "" {
		m.router.PathPrefix(pages.AssetsPath).Handler(assets)
	}
	if m.base != "" {
		m.documents[m.base] = m.documents[m.base+pathHome]
	}
}

// homeHandler serves the page at /, rendered once in each language.
func (m *routeBuilder) homeHandler(v pages.HomeView) http.Handler {
	header := http.Header{}
	setPageHeaders(header, m.pages.CSP(v))
	header.Set("Vary", "Accept-Language")
	handlers := map[string]http.Handler{}
	for _, lang := range m.pages.Languages() {
		body, err := m.pages.Render(v, lang)
		if err != nil {
			panic(fmt.Sprintf("the page at %s: %v", pathHome, err)) // New has rendered it, if it is the operator's
		}
		page := document.New(htmlType, body, 0)
		handlers[lang] = m.documentHandler(pathHome, corsNone, header, func() document.Document { return page })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[m.pages.Language("", r.Header.Get("Accept-Language"))].ServeHTTP(w, r)
	})
}

// htmlHandler serves a page that is filled in once. opener is its Cross-Origin-Opener-Policy.
func (m *routeBuilder) htmlHandler(name, text, policy, opener string) *documentHandler {
	page := document.New(htmlType, []byte(text), 0)
	header := http.Header{}
	setPageHeaders(header, policy)
	header.Set("Cross-Origin-Opener-Policy", opener)
	return m.documentHandler(name, corsNone, header, func() document.Document { return page })
}

// docsFileHandler loads the file at the first request: most servers are never
// asked for it, and need not hold it in memory.
func (m *routeBuilder) docsFileHandler(p docsFile) http.Handler {
	const label = pathDocs + "/{part}"
	packed := strings.HasSuffix(p.file, ".gz")
	sent := sync.OnceValue(func() document.Document {
		return document.New(p.contentType, readEmbedded(p.fs, p.file), docsFileMaxAge)
	})
	if !packed {
		return m.documentHandler(label, corsNone, sameOriginHeader, sent)
	}
	gzipHeader := maps.Clone(sameOriginHeader)
	gzipHeader.Set("Content-Encoding", "gzip")
	plain := sync.OnceValue(func() document.Document { return document.New(p.contentType, gunzip(sent().Body), docsFileMaxAge) })
	return &encodingNegotiator{
		gzipped:  m.documentHandler(label, corsNone, gzipHeader, sent),
		identity: m.documentHandler(label, corsNone, sameOriginHeader, plain),
	}
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
