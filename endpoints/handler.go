package endpoints

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gorilla/mux"
)

// Handler is the whole of Signet's public HTTP. It is safe for concurrent use.
type Handler struct {
	documents map[string]http.Handler // by path; looked at first
	router    *mux.Router
	admin     *mux.Router
	discovery *discovery
	ready     *readiness
	routes    []Route
}

var _ http.Handler = (*Handler)(nil)

// New builds the endpoints over their parts and mounts them under the path of
// the issuer's URL. The error names everything wrong with the configuration.
//
// The discovery document is first rendered without asking the store; call
// Refresh once the store is there, and now and again.
func New(cfg Config) (*Handler, error) {
	u, err := cfg.validate()
	if err != nil {
		return nil, fmt.Errorf("endpoints: %w", err)
	}
	cfg = cfg.withDefaults()
	h := &Handler{
		documents: map[string]http.Handler{},
		discovery: newDiscovery(cfg.Issuer, cfg.Service, cfg.Keys),
		ready:     &readiness{keys: cfg.Keys, store: &storePinger{store: cfg.Store, now: cfg.Now}},
	}
	h.mount(cfg, u.EscapedPath())
	return h, nil
}

// mount mounts all routes. base is the issuer's path, "" for none.
func (h *Handler) mount(cfg Config, base string) {
	lim := &limiter{slots: make(chan struct{}, cfg.MaxInFlight), storeTimeout: cfg.StoreTimeout, loginTimeout: cfg.LoginTimeout}
	cfg.Metrics.Gauge("signet_requests_in_flight", "Requests that are with the issuer now.", func() float64 { return float64(lim.inUse()) })
	m := &routeBuilder{
		middleware: &middleware{
			clientIP: clientIPResolver{proxies: cfg.TrustedProxies, rand: cfg.Rand},
			origins:  newOrigins(cfg),
			metrics:  cfg.Metrics, log: cfg.Log, now: cfg.Now, base: base,
		},
		issuer: cfg.Service, limiter: lim, handler: h,
		// A path is compared as it was sent: nothing is cleaned, unescaped or
		// redirected on the way to an endpoint.
		router: mux.NewRouter().UseEncodedPath().SkipClean(true),
	}
	h.router = m.router
	post, read, both := []string{"POST"}, []string{"GET", "HEAD"}, []string{"GET", "HEAD", "POST"}

	m.route(route{path: pathToken, methods: post, cors: corsRegistered, endpoint: tokenEndpoint{cfg.Service, lim}})
	m.route(route{path: pathIntrospect, methods: post, endpoint: introspectionEndpoint{cfg.Service, lim}})
	m.route(route{path: pathRevoke, methods: post, cors: corsRegistered, endpoint: revocationEndpoint{cfg.Service, lim}})
	m.route(route{path: pathUserInfo, methods: both, errorFormat: bearerErrors, cors: corsRegistered, endpoint: userInfoEndpoint{cfg.Service, lim}})
	m.route(route{path: pathAuthorize, methods: both, endpoint: authorizationEndpoint{}})
	m.route(route{path: pathLive, methods: read, debugLog: true, endpoint: liveness{}})
	m.route(route{path: pathReady, methods: read, debugLog: true, endpoint: h.ready})
	m.mountSelfService(cfg.Service)
	if cfg.AdminMerged {
		m.mountAdmin(cfg.Service, cfg.Keys)
	}
	admin := m.forAdminListener()
	admin.mountAdmin(cfg.Service, cfg.Keys)
	h.admin = admin.router

	m.statusLists(cfg)
	keys := &jwks{keys: cfg.Keys}
	m.document(pathJWKS, base+pathJWKS, keys.current)
	m.document(pathOIDC, base+pathOIDC, h.discovery.current)
	m.document(pathOAuthServer, base+pathOAuthServer, h.discovery.current)
	m.document(pathOAuthServer, pathOAuthServer+base, h.discovery.current) // RFC 8414 §3.1
	m.document(pathOpenAPI, base+pathOpenAPI, openAPIDocument(cfg.Issuer))
	m.mountDocsPage(cfg.Issuer, cfg.DocsClient)
	m.router.NotFoundHandler = &routeHandler{m.middleware, route{endpoint: notFoundEndpoint{}}}
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.prepare(w, r)
	if d, ok := h.documents[r.URL.Path]; ok && r.URL.RawPath == "" {
		d.ServeHTTP(w, r)
		return
	}
	h.router.ServeHTTP(w, r)
}

// prepare sets what every answer has.
func (h *Handler) prepare(w http.ResponseWriter, r *http.Request) {
	if r.TLS != nil {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
	if h.ready.draining.Load() {
		// A kept connection would be cut when the listener closes.
		w.Header().Set("Connection", "close")
	}
}

// Refresh asks the store anew what the discovery document depends on, that is
// whether the password grant is in use. On an error the document stays as it
// was. Call it every few seconds from one goroutine or several.
func (h *Handler) Refresh(ctx context.Context) error { return h.discovery.refresh(ctx) }

// Drain makes /readyz say that this instance wants no more traffic, and every
// answer close its connection; everything else goes on. It cannot be undone.
func (h *Handler) Drain() { h.ready.draining.Store(true) }

// routeBuilder holds what routes are built from.
type routeBuilder struct {
	*middleware
	issuer  authenticator
	limiter *limiter
	atRoot  bool // what is mounted answers at the root too, whatever the issuer's path
	handler *Handler
	router  *mux.Router
}

func (m *routeBuilder) route(rt route) {
	m.handler.addRoute(rt)
	p := &routeHandler{m.middleware, rt}
	m.router.Path(m.base + rt.path).Handler(p)
	if (rt.debugLog || m.atRoot) && m.base != "" {
		// Health is also where an orchestrator looks for it, which knows the
		// process and not the issuer.
		m.router.Path(rt.path).Handler(p)
	}
}

func (m *routeBuilder) statusLists(cfg Config) {
	name, path := pathStatus+"/{list}", m.base+pathStatus
	fallback := route{path: name, methods: []string{"GET", "HEAD"}, cors: corsAny, endpoint: notFoundEndpoint{}}
	m.router.Path(path + "/{list}").Handler(&statusLists{
		publisher: cfg.Service, timeout: cfg.StoreTimeout, counters: m.metrics.document(name), fallback: &routeHandler{m.middleware, fallback}, prefix: path + "/",
	})
	m.document(pathStatus, path, aggregation(cfg.Service))
}

func (m *routeBuilder) document(name, path string, current func() *document) {
	fallback := route{path: name, methods: []string{"GET", "HEAD"}, cors: corsAny, endpoint: notFoundEndpoint{}}
	m.handler.documents[path] = &documentHandler{current: current, counters: m.metrics.document(name), fallback: &routeHandler{m.middleware, fallback}}
}
