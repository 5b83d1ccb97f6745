package endpoints

import (
	"net/http"
	"slices"
)

// Route is one row of the table of all routes: a method of a path.
type Route struct {
	Method string
	Path   string // below the issuer's; parts in braces stand for names
	Rule   Rule   // "" where none is declared: every caller is rejected
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
		case rt.errorFormat == pageErrors:
			rule = RulePage
		case rt.errorFormat != problemErrors:
			rule = RuleProtocol
		case method == http.MethodHead:
			rule = rt.rules[http.MethodGet]
		}
		h.routes = append(h.routes, Route{method, rt.path, rule})
	}
}
