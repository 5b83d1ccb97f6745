package endpoints

import (
	"net/http"
	"net/url"
	"slices"
)

// mount mounts all routes below the path of the issuer's URL.
func (h *Handler) mount(cfg Config, u *url.URL) {
	base := u.EscapedPath()
	lim := &limiter{slots: make(chan struct{}, cfg.MaxInFlight), storeTimeout: cfg.StoreTimeout, loginTimeout: cfg.LoginTimeout}
	cfg.Metrics.Gauge("signet_requests_in_flight", "Requests that are with the issuer now.", func() float64 { return float64(lim.inUse()) })
	shared := &middleware{
		clientIP: clientIPResolver{proxies: cfg.TrustedProxies, rand: cfg.Rand},
		origins:  newOrigins(cfg, lim), site: newPageSite(cfg, u),
		metrics: cfg.Metrics, log: cfg.Log, now: cfg.Now, base: base,
	}
	h.public = newListener(&routeHandler{shared, route{endpoint: notFoundEndpoint{}}})
	h.admin = newListener(&routeHandler{shared, route{errorFormat: problemErrors, endpoint: notFoundEndpoint{}}})
	m := &routeBuilder{middleware: shared, issuer: cfg.Service, admins: cfg.Admin, limiter: lim, handler: h, pages: cfg.Pages, listener: h.public}
	if cfg.AccountMail != nil {
		m.links = cfg.AccountMail
	}
	m.mountProtocol(cfg)
	m.mountSignIn(cfg)
	m.mountSelfService(cfg.SelfService)
	m.mountOwnFactors(cfg.SelfService)
	m.mountAccount(cfg)
	m.mountAccountMail(cfg.AccountMail)
	instance := instanceEndpoints{cfg.Issuer, cfg.Instance, h.ready}
	var consoleSite *consolePages
	if cfg.Console != nil {
		consoleSite = newConsolePages(cfg, lim, shared.site, instance)
	}
	if cfg.AdminMerged {
		m.mountAdmin(cfg.Admin)
		m.mountInstance(instance)
	}
	if consoleSite != nil && cfg.ConsolePublic {
		m.mountConsole(consoleSite)
	}
	m.mountDocuments(cfg)
	m.mountDocsPage(cfg.Issuer, cfg.DocsClient, operations{public: true, admin: cfg.AdminMerged})

	admin := *m
	admin.listener, admin.atRoot = h.admin, true
	admin.mountAdmin(cfg.Admin)
	admin.mountInstance(instance)
	if consoleSite != nil {
		admin.mountConsole(consoleSite)
	}
	// The page at /docs logs in where it was loaded from.
	admin.route(route{path: pathToken, methods: []string{http.MethodPost}, endpoint: tokenEndpoint{cfg.Service, lim}})
	admin.mountDocsPage(cfg.Issuer, cfg.DocsClient, operations{admin: true})
}

// mountProtocol mounts the endpoints of OAuth 2.0 and OpenID Connect, and health.
func (m *routeBuilder) mountProtocol(cfg Config) {
	post, both := []string{http.MethodPost}, append(slices.Clone(readMethods), http.MethodPost)
	m.route(route{path: pathToken, methods: post, cors: corsRegistered, endpoint: tokenEndpoint{cfg.Service, m.limiter}})
	m.route(route{path: pathDeviceAuth, methods: post, cors: corsRegistered, endpoint: deviceAuthorizationEndpoint{cfg.Service, m.limiter}})
	m.route(route{path: pathIntrospect, methods: post, endpoint: introspectionEndpoint{cfg.Service, m.limiter}})
	m.route(route{path: pathRevoke, methods: post, cors: corsRegistered, endpoint: revocationEndpoint{cfg.Service, m.limiter}})
	m.route(route{path: pathUserInfo, methods: both, errorFormat: bearerErrors, cors: corsRegistered, endpoint: userInfoEndpoint{cfg.Service, m.limiter}})
	m.route(route{path: pathLive, methods: readMethods, debugLog: true, endpoint: liveness{}})
	m.route(route{path: pathReady, methods: readMethods, debugLog: true, endpoint: m.handler.ready})
}

// mountSignIn mounts the authorization endpoint and the pages that lead on from it.
func (m *routeBuilder) mountSignIn(cfg Config) {
	flow := signInFlow{signIn: cfg.SignIn, limiter: m.limiter, site: m.site}
	both := append(slices.Clone(readMethods), http.MethodPost)
	for _, rt := range []route{
		{path: pathAuthorize, methods: both, endpoint: authorizationEndpoint{flow}},
		{path: pathLogin, methods: both, endpoint: loginEndpoint{flow}},
		{path: pathLoginFactor, methods: both, endpoint: secondFactorEndpoint{flow}},
		{path: pathLoginPasskey, methods: both, endpoint: passkeyEndpoint{flow}},
		{path: pathLoginUpstream, methods: both, endpoint: upstreamEndpoint{flow}},
		{path: pathLoginUpstreamCallback, methods: readMethods, endpoint: upstreamCallback{flow}},
		{path: pathLoginEnrol, methods: both, endpoint: enrolEndpoint{flow}},
		{path: pathLoginPassword, methods: both, endpoint: changePasswordEndpoint{flow}},
		{path: pathLoginContinue, methods: readMethods, endpoint: continueEndpoint{flow}},
		{path: pathLoginState, methods: readMethods, debugLog: true, endpoint: loginStateEndpoint{flow}},
		{path: pathDevice, methods: both, endpoint: deviceEndpoint{flow}},
		{path: pathConsent, methods: both, endpoint: consentEndpoint{flow}},
		{path: pathLogout, methods: both, endpoint: logoutEndpoint{cfg.Service, m.limiter, m.site}},
	} {
		rt.errorFormat = pageErrors
		m.route(rt)
	}
}

// mountDocuments mounts the public documents.
func (m *routeBuilder) mountDocuments(cfg Config) {
	m.statusLists(cfg)
	m.clientLogos(cfg.Service)
	m.document(pathJWKS, m.base+pathJWKS, cfg.Keys.JWKS)
	m.document(pathOIDC, m.base+pathOIDC, m.handler.discovery.current)
	m.document(pathOAuthServer, m.base+pathOAuthServer, m.handler.discovery.current)
	m.document(pathOAuthServer, pathOAuthServer+m.base, m.handler.discovery.current) // RFC 8414 §3.1
}

// mountSelfService mounts self-service.
func (m *routeBuilder) mountSelfService(s SelfService) {
	m.api(pathRegister, corsRegistered, apiMethod{method: http.MethodPost, rule: RuleOpen, hashesPassword: true, handler: registerHandler{s}})
	m.api(pathMe, corsRegistered,
		apiMethod{method: http.MethodGet, rule: RuleSelf, handler: getMeHandler{s}},
		apiMethod{method: http.MethodPatch, rule: RuleSelf, record: true, handler: updateMeHandler{s}})
	m.api(pathMePassword, corsRegistered, apiMethod{method: http.MethodPost, rule: RuleSelf, hashesPassword: true, record: true, handler: changePasswordHandler{s}})
	m.api(pathMeSessions, corsRegistered,
		apiMethod{method: http.MethodGet, rule: RuleSelf, handler: listMySessionsHandler{s}},
		apiMethod{method: http.MethodDelete, rule: RuleSelf, record: true, handler: endMySessionsHandler{s}})
	m.api(pathMeSession, corsRegistered, apiMethod{method: http.MethodDelete, rule: RuleSelf, handler: endMySessionHandler{s}})
	m.api(pathMeBrowserSessions, corsRegistered,
		apiMethod{method: http.MethodGet, rule: RuleSelf, handler: listMyBrowserSessionsHandler{s}},
		apiMethod{method: http.MethodDelete, rule: RuleSelf, handler: endMyBrowserSessionsHandler{s}})
	m.api(pathMeBrowserSession, corsRegistered, apiMethod{method: http.MethodDelete, rule: RuleSelf, handler: endMyBrowserSessionHandler{s}})
	m.api(pathMeConsents, corsRegistered, apiMethod{method: http.MethodGet, rule: RuleSelf, handler: listMyConsentsHandler{s}})
	m.api(pathMeConsent, corsRegistered, apiMethod{method: http.MethodDelete, rule: RuleSelf, handler: withdrawMyConsentHandler{s}})
	m.api(pathMeLinks, corsRegistered, apiMethod{method: http.MethodGet, rule: RuleSelf, handler: listMyLinksHandler{s}})
	m.api(pathMeLink, corsRegistered, apiMethod{method: http.MethodDelete, rule: RuleSelf, handler: removeMyLinkHandler{s}})
}

// mountOwnFactors mounts the second factors of users.
func (m *routeBuilder) mountOwnFactors(s SelfService) {
	m.api(pathMeFactors, corsRegistered, apiMethod{method: http.MethodGet, rule: RuleSelf, handler: getMyFactorsHandler{s}})
	for _, change := range []struct {
		path    string
		handler apiHandler
	}{
		{pathMeTOTP, beginMyTOTPHandler{s}}, {pathMeTOTPConfirm, confirmMyTOTPHandler{s}}, {pathMeTOTPRemove, removeMyTOTPHandler{s}},
		{pathMeRecoveryCodes, renewMyCodesHandler{s}},
		{pathMePasskeys, beginMyPasskeyHandler{s}}, {pathMePasskeyConfirm, confirmMyPasskeyHandler{s}}, {pathMePasskeyRename, renameMyPasskeyHandler{s}}, {pathMePasskeyRemove, removeMyPasskeyHandler{s}},
	} {
		m.api(change.path, corsRegistered, apiMethod{method: http.MethodPost, rule: RuleSelf, hashesPassword: true, handler: change.handler})
	}
}

// mountAccount mounts the pages of the account.
func (m *routeBuilder) mountAccount(cfg Config) {
	a := accountPages{signIn: cfg.SignIn, service: cfg.SelfService, limiter: m.limiter, site: m.site}
	page := func(path string, methods []string, e endpoint) {
		m.route(route{path: path, methods: methods, errorFormat: pageErrors, endpoint: e})
	}
	both := append(slices.Clone(readMethods), http.MethodPost)
	page(pathAccount, readMethods, accountEndpoint{a, accountPages.showProfile})
	page(pathAccountSessions, readMethods, accountEndpoint{a, accountPages.showSessions})
	page(pathAccountApps, readMethods, accountEndpoint{a, accountPages.showApps})
	page(pathAccountLinked, readMethods, accountEndpoint{a, accountPages.showLinked})
	page(pathAccountFactors, readMethods, accountEndpoint{a, accountPages.showFactors})
	page(pathAccountPassword, both, accountPasswordEndpoint{
		page: accountEndpoint{a, accountPages.showPassword},
		form: accountForm{
			accountPages: a, fields: []string{"current_password", "new_password", "new_password_again"},
			page: pathAccountPassword, show: accountPages.showPassword, slow: true, perform: accountPages.changePassword,
		},
	})
	for _, form := range []struct {
		path string
		accountForm
	}{
		{pathAccountProfile, accountForm{fields: []string{"full_name", "email", "phone", "version", attributeField + "*"}, page: pathAccount, show: accountPages.showProfile, perform: accountPages.saveProfile}},
		{pathAccountConfirmAddress, accountForm{page: pathAccount, show: accountPages.showProfile, perform: accountPages.confirmAddress}},
		{pathAccountEnd, accountForm{fields: []string{"session"}, page: pathAccountSessions, show: accountPages.showSessions, perform: accountPages.endOneBrowser}},
		{pathAccountEndAll, accountForm{fields: []string{"keep"}, page: pathAccountSessions, show: accountPages.showSessions, perform: accountPages.signOutEverywhere}},
		{pathAccountSignOut, accountForm{fields: []string{"session"}, page: pathAccountSessions, show: accountPages.showSessions, perform: accountPages.signOutOfApp}},
		{pathAccountWithdraw, accountForm{fields: []string{"client_id"}, page: pathAccountApps, show: accountPages.showApps, perform: accountPages.withdrawConsent}},
		{pathAccountUnlink, accountForm{fields: []string{"account"}, page: pathAccountLinked, show: accountPages.showLinked, perform: accountPages.unlink}},
		{pathAccountAdd, accountForm{fields: []string{"current_password"}, page: pathAccountFactors, show: accountPages.showFactors, slow: true, perform: accountPages.addApp}},
		{pathAccountConfirm, accountForm{fields: []string{"enrolment", "code"}, page: pathAccountFactors, show: accountPages.showFactors, perform: accountPages.confirmApp}},
		{pathAccountRemove, accountForm{fields: []string{"current_password"}, page: pathAccountFactors, show: accountPages.showFactors, slow: true, perform: accountPages.removeApp}},
		{pathAccountPasskeyAdd, accountForm{fields: []string{"current_password"}, page: pathAccountFactors, show: accountPages.showFactors, slow: true, perform: accountPages.addPasskey}},
		{pathAccountPasskeyConfirm, accountForm{fields: []string{"challenge", "response", "name"}, page: pathAccountFactors, show: accountPages.showFactors, perform: accountPages.confirmPasskey}},
		{pathAccountPasskeyRename, accountForm{fields: []string{"passkey", "name"}, page: pathAccountFactors, show: accountPages.showFactors, perform: accountPages.renamePasskey}},
		{pathAccountPasskeyRemove, accountForm{fields: []string{"passkey", "current_password"}, page: pathAccountFactors, show: accountPages.showFactors, slow: true, perform: accountPages.removePasskey}},
		{pathAccountCodes, accountForm{fields: []string{"current_password"}, page: pathAccountFactors, show: accountPages.showFactors, slow: true, perform: accountPages.renewCodes}},
	} {
		form.accountPages = a
		page(form.path, both, form.accountForm)
	}
}
