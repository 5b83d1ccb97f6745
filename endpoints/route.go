package endpoints

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// An endpoint handles one request. It returns a value, which is sent as JSON with status
// 200, or an error. It writes nothing itself, so that an error can be sent at any point.
type endpoint interface {
	handle(r *http.Request, e *event) (any, error)
}

// middleware holds what all route handlers share.
type middleware struct {
	base     string // the path of the issuer's URL
	clientIP clientIPResolver
	origins  *origins
	site     *pageSite
	metrics  *Metrics
	log      zerolog.Logger
	now      func() time.Time
}

// route is one path with its methods, its handler and its policies.
type route struct {
	path        string   // below the issuer's path; "" for all that is unknown
	methods     []string // as Allow lists them; nil for all
	errorFormat errorFormat
	cors        corsPolicy
	debugLog    bool            // logged at debug level
	rules       map[string]Rule // by method; with problemErrors
	endpoint    endpoint
}

func (rt *route) name() string {
	if rt.path == "" {
		return "unknown"
	}
	return rt.path
}

// routeHandler handles one route.
type routeHandler struct {
	*middleware
	route route
}

func (h *routeHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := event{method: methodName(r.Method), start: h.now()}
	h.clientIP.identify(r, &e)
	if e.requestID != "" {
		w.Header().Set("X-Request-Id", e.requestID)
	}
	if r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
	}
	value, err := h.dispatch(w, r, &e)
	h.render(w, r, &e, value, err)
	duration := h.now().Sub(e.start)
	h.metrics.observe(&h.route, &e, duration)
	e.write(&h.log, &h.route, duration)
}

// errInternal is the response to a panic.
var errInternal = &httpError{status: http.StatusInternalServerError, code: codeServerError, description: "the server failed on this request"}

// dispatch applies CORS, checks the method and calls the endpoint.
func (h *routeHandler) dispatch(w http.ResponseWriter, r *http.Request, e *event) (value any, err error) {
	defer func() {
		if v := recover(); v != nil {
			e.setPanic(v)
			value, err = nil, errInternal
		}
	}()
	if preflight, err := h.applyCORS(w.Header(), r); preflight || err != nil {
		return noContent{}, err
	}
	if h.route.methods != nil && !slices.Contains(h.route.methods, r.Method) {
		return nil, h.methodNotAllowed()
	}
	return h.route.endpoint.handle(r, e)
}

func (h *routeHandler) methodNotAllowed() error {
	return &httpError{
		status: http.StatusMethodNotAllowed, code: "invalid_request", description: "this method is not allowed here",
		allow: strings.Join(h.route.methods, ", "),
	}
}

// notFoundEndpoint answers 404, for every path that no route has.
type notFoundEndpoint struct{}

func (notFoundEndpoint) handle(*http.Request, *event) (any, error) {
	return nil, &httpError{status: http.StatusNotFound, code: codeNotFound, description: "no endpoint has this path"}
}
