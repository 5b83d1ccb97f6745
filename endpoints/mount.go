package endpoints

import (
	"net/http"

	"github.com/gorilla/mux"
)

// mount mounts all routes. base is the issuer's path, "" for none.
func (h *Handler) mount(cfg Config, base string) {
	lim := &limiter{slots: make(chan struct{}, cfg.MaxInFlight), storeTimeout: cfg.StoreTimeout, loginTimeout: cfg.LoginTimeout}
	cfg.Metrics.Gauge("signet_requests_in_flight", "Requests that are with the issuer now.", func() float64 { return float64(lim.inUse()) })
	m := &routeBuilder{
		middleware: &middleware{
			clientIP: clientIPResolver{proxies: cfg.TrustedProxies, rand: cfg.Rand},
			origins:  newOrigins(cfg, lim),
			metrics:  cfg.Metrics, log: cfg.Log, now: cfg.Now, base: base,
		},
		issuer: cfg.Service, admins: cfg.Admin, limiter: lim, handler: h,
		// A path is compared as it was sent: nothing is cleaned, unescaped or
		// redirected on the way to an endpoint.
		router: mux.NewRouter().UseEncodedPath().SkipClean(true),
	}
	h.router = m.router
	post, read, both := []string{"POST"}, readMethods, []string{"GET", "HEAD", "POST"}

	m.route(route{path: pathToken, methods: post, cors: corsRegistered, endpoint: tokenEndpoint{cfg.Service, lim}})
	m.route(route{path: pathIntrospect, methods: post, endpoint: introspectionEndpoint{cfg.Service, lim}})
	m.route(route{path: pathRevoke, methods: post, cors: corsRegistered, endpoint: revocationEndpoint{cfg.Service, lim}})
	m.route(route{path: pathUserInfo, methods: both, errorFormat: bearerErrors, cors: corsRegistered, endpoint: userInfoEndpoint{cfg.Service, lim}})
	m.route(route{path: pathAuthorize, methods: both, endpoint: authorizationEndpoint{}})
	m.route(route{path: pathLive, methods: read, debugLog: true, endpoint: liveness{}})
	m.route(route{path: pathReady, methods: read, debugLog: true, endpoint: h.ready})
	m.mountSelfService(cfg.SelfService)
	if cfg.AdminMerged {
		m.mountAdmin(cfg.Admin, cfg.Keys)
	}
	forAdmins := m.forAdminListener()
	forAdmins.mountAdmin(cfg.Admin, cfg.Keys)
	h.admin = forAdmins.router

	m.statusLists(cfg)
	m.document(pathJWKS, base+pathJWKS, cfg.Keys.JWKS)
	m.document(pathOIDC, base+pathOIDC, h.discovery.current)
	m.document(pathOAuthServer, base+pathOAuthServer, h.discovery.current)
	m.document(pathOAuthServer, pathOAuthServer+base, h.discovery.current) // RFC 8414 §3.1
	m.document(pathOpenAPI, base+pathOpenAPI, openAPIDocument(cfg.Issuer))
	m.mountDocsPage(cfg.Issuer, cfg.DocsClient)
	m.router.NotFoundHandler = &routeHandler{m.middleware, route{endpoint: notFoundEndpoint{}}}
}

// mountSelfService mounts self-service.
func (m *routeBuilder) mountSelfService(s SelfService) {
	m.api(pathRegister, corsRegistered, apiMethod{method: http.MethodPost, rule: RuleOpen, hashesPassword: true, handler: registerHandler{s}})
	m.api(pathMe, corsRegistered,
		apiMethod{method: http.MethodGet, rule: RuleSelf, handler: getMeHandler{s}},
		apiMethod{method: http.MethodPatch, rule: RuleSelf, handler: updateMeHandler{s}})
	m.api(pathMePassword, corsRegistered, apiMethod{method: http.MethodPost, rule: RuleSelf, hashesPassword: true, handler: changePasswordHandler{s}})
	m.api(pathMeSessions, corsRegistered,
		apiMethod{method: http.MethodGet, rule: RuleSelf, handler: listMySessionsHandler{s}},
		apiMethod{method: http.MethodDelete, rule: RuleSelf, handler: endMySessionsHandler{s}})
	m.api(pathMeSession, corsRegistered, apiMethod{method: http.MethodDelete, rule: RuleSelf, handler: endMySessionHandler{s}})
}
