package endpoints

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// An endpoint answers one request: with a value, which is sent as JSON with
// status 200, or with an error. It writes nothing itself, so that whatever
// happens inside it can still be answered.
type endpoint interface {
	answer(r *http.Request, e *event) (any, error)
}

// edge is what all passages share.
type edge struct {
	base    string // the path of the issuer's URL
	callers callers
	origins *origins
	metrics *Metrics
	log     zerolog.Logger
	now     func() time.Time
}

// route is one path and how it is to be treated.
type route struct {
	path     string   // below the issuer's path; "" for all that is unknown
	methods  []string // as Allow lists them; nil for all
	side     side
	cors     corsPolicy
	quiet    bool            // logged at debug level
	rules    map[string]Rule // by method; of the problem side
	endpoint endpoint
}

func (rt *route) name() string {
	if rt.path == "" {
		return "unknown"
	}
	return rt.path
}

// passage is the edge for one route.
type passage struct {
	*edge
	route route
}

func (p *passage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := event{method: methodName(r.Method), start: p.now()}
	p.callers.identify(r, &e)
	if e.requestID != "" {
		w.Header().Set("X-Request-Id", e.requestID)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	value, err := p.attend(w, r, &e)
	p.render(w, r, &e, value, err)
	took := p.now().Sub(e.start)
	p.metrics.count(&p.route, &e, took)
	e.write(&p.log, &p.route, took)
}

// errPanicked is all that a client learns of a panic.
var errPanicked = &fault{status: http.StatusInternalServerError, code: codeServerError, description: "the server failed on this request"}

// attend checks what all routes have in common and asks the endpoint.
func (p *passage) attend(w http.ResponseWriter, r *http.Request, e *event) (value any, err error) {
	defer func() {
		if v := recover(); v != nil {
			e.panicking(v)
			value, err = nil, errPanicked
		}
	}()
	if preflight, err := p.crossOrigin(w.Header(), r); preflight || err != nil {
		return noContent{}, err
	}
	if p.route.methods != nil && !slices.Contains(p.route.methods, r.Method) {
		return nil, p.notAllowed()
	}
	return p.route.endpoint.answer(r, e)
}

func (p *passage) notAllowed() error {
	return &fault{
		status: http.StatusMethodNotAllowed, code: "invalid_request", description: "this method is not allowed here",
		allow: strings.Join(p.route.methods, ", "),
	}
}

// unknownPath is the endpoint of everything that is none.
type unknownPath struct{}

func (unknownPath) answer(*http.Request, *event) (any, error) {
	return nil, &fault{status: http.StatusNotFound, code: codeNotFound, description: "there is nothing at this path"}
}
