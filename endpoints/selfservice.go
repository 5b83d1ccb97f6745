package endpoints

import (
	"net/http"
	"slices"
)

// apiMethod is one method of a path of Signet's own API.
type apiMethod struct {
	method         string
	rule           Rule
	hashesPassword bool // may queue for password hashing
	handler        apiHandler
}

// methodRouter dispatches by the request's method. HEAD is a GET without its
// body.
type methodRouter map[string]endpoint

var _ endpoint = methodRouter{}

func (m methodRouter) handle(r *http.Request, e *event) (any, error) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return m[method].handle(r, e)
}

// api mounts one path of the API with all its methods.
func (m *routeBuilder) api(path string, cors corsPolicy, methods ...apiMethod) {
	choice := methodRouter{}
	rt := route{path: path, errorFormat: problemErrors, cors: cors, endpoint: choice, rules: map[string]Rule{}}
	for _, v := range methods {
		timeout := m.limiter.storeTimeout
		if v.hashesPassword {
			timeout = m.limiter.loginTimeout
		}
		choice[v.method] = authorizedHandler{issuer: m.issuer, limiter: m.limiter, rule: v.rule, timeout: timeout, handler: v.handler}
		rt.methods, rt.rules[v.method] = append(rt.methods, v.method), v.rule
		if v.method == http.MethodGet {
			rt.methods = append(rt.methods, http.MethodHead)
		}
	}
	m.route(rt)
}

// Route is one method of one path, as the table of all routes has it.
type Route struct {
	Method string
	Path   string // below the issuer's; parts in braces stand for names
	Rule   Rule   // "" where none is declared, and nobody is let in
}

// Routes is the table of all routes, in the order in which they are mounted,
// the documents aside. Tests send every one of them with every kind of caller.
func (h *Handler) Routes() []Route { return slices.Clone(h.routes) }

// addRoute adds a route to the table. The admin API may be mounted twice.
func (h *Handler) addRoute(rt route) {
	if slices.ContainsFunc(h.routes, func(r Route) bool { return r.Path == rt.path }) {
		return
	}
	for _, method := range rt.methods {
		rule := rt.rules[method]
		switch {
		case rt.errorFormat != problemErrors:
			rule = RuleProtocol
		case method == http.MethodHead:
			rule = rt.rules[http.MethodGet]
		}
		h.routes = append(h.routes, Route{method, rt.path, rule})
	}
}

// mountSelfService mounts self-service.
func (m *routeBuilder) mountSelfService(s Issuer) {
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

// Paths of self-service.
const (
	pathRegister   = "/register"
	pathMe         = "/me"
	pathMePassword = "/me/password"
	pathMeSessions = "/me/sessions"
	pathMeSession  = "/me/sessions/{sid}"
)
