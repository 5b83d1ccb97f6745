package endpoints

import (
	"net/http"
	"slices"
)

// verb is one method of a path of Signet's own API.
type verb struct {
	method    string
	rule      Rule
	slow      bool // may queue for password hashing
	operation operation
}

// byMethod asks the endpoint of the request's method. HEAD is a GET without
// its body.
type byMethod map[string]endpoint

var _ endpoint = byMethod{}

func (m byMethod) answer(r *http.Request, e *event) (any, error) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return m[method].answer(r, e)
}

// api mounts one path of the API with all its methods.
func (m *mounting) api(path string, cors corsPolicy, verbs ...verb) {
	choice := byMethod{}
	rt := route{path: path, side: problemSide, cors: cors, endpoint: choice, rules: map[string]Rule{}}
	for _, v := range verbs {
		patience := m.gate.work
		if v.slow {
			patience = m.gate.login
		}
		choice[v.method] = guard{issuer: m.issuer, gate: m.gate, rule: v.rule, patience: patience, operation: v.operation}
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
// the documents aside. Tests play every one of them with every caller.
func (h *Handler) Routes() []Route { return slices.Clone(h.routes) }

// note enters a route in the table. The admin API may be mounted twice.
func (h *Handler) note(rt route) {
	if slices.ContainsFunc(h.routes, func(r Route) bool { return r.Path == rt.path }) {
		return
	}
	for _, method := range rt.methods {
		rule := rt.rules[method]
		switch {
		case rt.side != problemSide:
			rule = RuleProtocol
		case method == http.MethodHead:
			rule = rt.rules[http.MethodGet]
		}
		h.routes = append(h.routes, Route{method, rt.path, rule})
	}
}

// mountSelf is the map of self-service.
func (m *mounting) mountSelf(s Issuer) {
	m.api(pathRegister, corsRegistered, verb{method: http.MethodPost, rule: RuleOpen, slow: true, operation: registerOperation{s}})
	m.api(pathMe, corsRegistered,
		verb{method: http.MethodGet, rule: RuleSelf, operation: meOperation{s}},
		verb{method: http.MethodPatch, rule: RuleSelf, operation: updateMeOperation{s}})
	m.api(pathMePassword, corsRegistered, verb{method: http.MethodPost, rule: RuleSelf, slow: true, operation: changePasswordOperation{s}})
	m.api(pathMeSessions, corsRegistered,
		verb{method: http.MethodGet, rule: RuleSelf, operation: mySessionsOperation{s}},
		verb{method: http.MethodDelete, rule: RuleSelf, operation: endMySessionsOperation{s}})
	m.api(pathMeSession, corsRegistered, verb{method: http.MethodDelete, rule: RuleSelf, operation: endMySessionOperation{s}})
}

// Paths of self-service.
const (
	pathRegister   = "/register"
	pathMe         = "/me"
	pathMePassword = "/me/password"
	pathMeSessions = "/me/sessions"
	pathMeSession  = "/me/sessions/{sid}"
)
