package endpoints

import (
	"net/http"

	"example.org/signet/endpoints/pages"
	"example.org/signet/internal/document"
)

// routeBuilder holds what routes are built from.
type routeBuilder struct {
	*middleware
	issuer  identifier
	admins  adminAuthorizer
	links   linkMaker // nil where there is none
	limiter *limiter
	atRoot  bool // what is mounted answers at the root too, whatever the issuer's path
	handler *Handler
	pages   *pages.Pages
	*listener
}

// route mounts one route and adds it to the table.
func (m *routeBuilder) route(rt route) {
	m.handler.addRoute(rt)
	p := &routeHandler{m.middleware, rt}
	m.handle(m.base+rt.path, p)
	if (rt.debugLog || m.atRoot) && m.base != "" {
		// Health is also where an orchestrator looks for it, which knows the
		// process and not the issuer.
		m.handle(rt.path, p)
	}
}

// readMethods are those of a document.
var readMethods = []string{http.MethodGet, http.MethodHead}

// statusLists mounts the status lists and the list of them all.
func (m *routeBuilder) statusLists(cfg Config) {
	name, path := pathStatus+"/{list}", m.base+pathStatus
	fallback := route{path: name, methods: readMethods, cors: corsAny, endpoint: notFoundEndpoint{}}
	m.router.Path(path + "/{list}").Handler(&statusLists{
		publisher: cfg.Service, timeout: cfg.StoreTimeout, counters: m.metrics.document(name), fallback: &routeHandler{m.middleware, fallback}, prefix: path + "/",
	})
	m.document(pathStatus, path, aggregation(cfg.Service))
}

// document mounts a document that pages of every origin may read.
func (m *routeBuilder) document(name, path string, current func() document.Document) {
	m.documents[path] = m.documentHandler(name, corsAny, anyOriginHeader, current)
}

// page mounts what people read, or a part of it, for pages of its own origin.
func (m *routeBuilder) page(path string, h http.Handler) {
	m.documents[m.base+path] = h
	if m.atRoot {
		m.documents[path] = h
	}
}

// documentHandler returns the handler of a document. header is set on every
// answer; name is the route in logs and metrics.
func (m *routeBuilder) documentHandler(name string, cors corsPolicy, header http.Header, current func() document.Document) *documentHandler {
	fallback := route{path: name, methods: readMethods, cors: cors, endpoint: notFoundEndpoint{}}
	return &documentHandler{current: current, header: header, counters: m.metrics.document(name), fallback: &routeHandler{m.middleware, fallback}}
}
