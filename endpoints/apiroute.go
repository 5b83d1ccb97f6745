package endpoints

import (
	"net/http"
)

// apiMethod is one method of a path of Signet's own API.
type apiMethod struct {
	method         string
	rule           Rule
	hashesPassword bool // may queue for password hashing
	record         bool // changes a record, in the state that If-Match names
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
		choice[v.method] = authorizedHandler{issuer: m.issuer, admins: m.admins, limiter: m.limiter, rule: v.rule, timeout: timeout, record: v.record, handler: v.handler}
		rt.methods, rt.rules[v.method] = append(rt.methods, v.method), v.rule
		if v.method == http.MethodGet {
			rt.methods = append(rt.methods, http.MethodHead)
		}
	}
	m.route(rt)
}
