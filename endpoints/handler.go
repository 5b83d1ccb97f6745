package endpoints

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"example.org/signet/endpoints/pages"
)

// Handler is the whole of Signet's public HTTP. It is safe for concurrent use.
type Handler struct {
	public    *listener
	admin     *listener
	discovery *discovery
	ready     *readiness
	routes    []Route
}

// listener holds what one listener serves.
type listener struct {
	documents map[string]http.Handler // by path; looked at first
	fixed     map[string]http.Handler // routes without parameters, by path as it is sent
	router    *mux.Router             // all others
}

// newListener returns a listener that answers 404. A path is compared as it was
// sent: nothing is cleaned, unescaped or redirected on the way to an endpoint.
func newListener(notFound http.Handler) *listener {
	l := &listener{documents: map[string]http.Handler{}, fixed: map[string]http.Handler{}, router: mux.NewRouter().UseEncodedPath().SkipClean(true)}
	l.router.NotFoundHandler = notFound
	return l
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d, ok := l.documents[r.URL.Path]; ok && r.URL.RawPath == "" {
		d.ServeHTTP(w, r)
		return
	}
	if route, ok := l.fixed[r.URL.EscapedPath()]; ok {
		route.ServeHTTP(w, r)
		return
	}
	l.router.ServeHTTP(w, r)
}

// handle mounts a route. Of two with one path the first counts.
func (l *listener) handle(path string, route http.Handler) {
	if strings.Contains(path, "{") {
		l.router.Path(path).Handler(route)
		return
	}
	if _, taken := l.fixed[path]; !taken {
		l.fixed[path] = route
	}
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
	if cfg.Pages == nil {
		if cfg.Pages, err = pages.New(pages.Config{Issuer: cfg.Issuer}); err != nil {
			return nil, fmt.Errorf("endpoints: %w", err)
		}
	}
	h := &Handler{
		discovery: newDiscovery(cfg.Issuer, cfg.Pages.Languages(), cfg.Service, cfg.Keys),
		ready:     &readiness{keys: cfg.Keys, store: &storePinger{store: cfg.Store, now: cfg.Now}},
	}
	h.mount(cfg, u)
	return h, nil
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.prepare(w, r)
	h.public.ServeHTTP(w, r)
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

// Admin serves the admin API and its own /docs, for a listener of its own. It
// answers below the path of the issuer's URL, and at the root too.
func (h *Handler) Admin() http.Handler { return adminListener{h} }

type adminListener struct{ handler *Handler }

func (d adminListener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.handler.prepare(w, r)
	d.handler.admin.ServeHTTP(w, r)
}
