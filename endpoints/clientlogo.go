package endpoints

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"example.org/signet/internal/document"
	"example.org/signet/storage"
)

// pathClientLogo is where the logo of a client is served from.
const pathClientLogo = "/client-logo/"

// clientLogoMaxAge is how long browsers may show a logo that was replaced.
const clientLogoMaxAge = 5 * time.Minute

// clientLogoHeader keeps a browser from taking a logo for anything but a picture.
var clientLogoHeader = http.Header{
	"Content-Security-Policy":      {"default-src 'none'; sandbox"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
}

// logoProvider returns the logos of clients.
type logoProvider interface {
	ClientLogo(ctx context.Context, clientID string) (storage.ClientLogo, error)
}

// clientLogos serves the pictures that clients have named, which were fetched when they were
// set: no page of a third party learns who is about to sign in.
type clientLogos struct {
	logos    logoProvider
	limiter  *limiter
	counters documentCounters
	fallback *routeHandler
	prefix   string
}

func (l *clientLogos) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		l.fallback.ServeHTTP(w, r)
		return
	}
	logo, err := l.lookup(r)
	if err != nil {
		fallback := *l.fallback
		fallback.route.endpoint = clientLogoError{err}
		fallback.ServeHTTP(w, r)
		return
	}
	d := document.New(logo.Type, logo.Data, clientLogoMaxAge)
	maps.Copy(w.Header(), documentHeader(d))
	maps.Copy(w.Header(), clientLogoHeader)
	serveDocument(w, r, d, l.counters)
}

func (l *clientLogos) lookup(r *http.Request) (storage.ClientLogo, error) {
	ctx, release, err := l.limiter.acquire(r.Context(), l.limiter.storeTimeout)
	if err != nil {
		return storage.ClientLogo{}, err
	}
	defer release()
	return l.logos.ClientLogo(ctx, strings.TrimPrefix(r.URL.Path, l.prefix))
}

// clientLogoError answers for a logo that does not exist or cannot be read.
type clientLogoError struct{ err error }

func (n clientLogoError) handle(r *http.Request, e *event) (any, error) {
	if errors.Is(n.err, storage.ErrNotFound) {
		return notFoundEndpoint{}.handle(r, e)
	}
	return nil, n.err
}

// clientLogos mounts the logos.
func (m *routeBuilder) clientLogos(p logoProvider) {
	name, prefix := pathClientLogo+"{client_id}", m.base+pathClientLogo
	fallback := route{path: name, methods: readMethods, endpoint: notFoundEndpoint{}}
	m.router.Path(prefix + "{client_id}").Handler(&clientLogos{
		logos: p, limiter: m.limiter, counters: m.metrics.document(name), fallback: &routeHandler{m.middleware, fallback}, prefix: prefix,
	})
}
