package endpoints

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// corsPolicy is which browser origins may read a route's answers (RFC 9700
// §2.6). Credentials, that is cookies, are allowed nowhere: there are none.
type corsPolicy int

const (
	corsNone       corsPolicy = iota // same origin only
	corsAny                          // public documents
	corsRegistered                   // the origins that some client names
)

// allowedHeaders are what a page may send beyond the safe ones. Swagger UI adds
// X-Requested-With to its token requests.
const allowedHeaders = "Authorization, Content-Type, If-Match, X-Requested-With"

// maxOrigins bounds the cache of registered origins.
const maxOrigins = 1024

// originTimeoutDivisor divides Config.StoreTimeout into the timeout of the
// origin lookup, so that both together are two seconds.
const originTimeoutDivisor = 9

// noContent is the answer to a preflight.
type noContent struct{}

func (noContent) httpStatus() int { return http.StatusNoContent }

// applyCORS sets the headers of the route's policy. For a preflight they are
// the whole response.
func (h *routeHandler) applyCORS(header http.Header, r *http.Request) (preflight bool, err error) {
	preflight = r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	switch h.route.cors {
	case corsNone:
		return false, nil
	case corsAny:
		header.Set("Access-Control-Allow-Origin", "*")
	case corsRegistered:
		header.Set("Vary", "Origin")
		if err := h.allowRegisteredOrigin(header, r, preflight); err != nil {
			return false, err
		}
	}
	if preflight && header.Get("Access-Control-Allow-Origin") != "" {
		header.Set("Access-Control-Allow-Methods", strings.Join(h.route.methods, ", "))
		header.Set("Access-Control-Allow-Headers", allowedHeaders)
		header.Set("Access-Control-Max-Age", "600")
	}
	return preflight, nil
}

// allowRegisteredOrigin allows an origin that some client names. If the store is
// unavailable only a preflight fails; other requests go on without the header.
func (h *routeHandler) allowRegisteredOrigin(header http.Header, r *http.Request, preflight bool) error {
	values := r.Header.Values("Origin")
	if len(values) != 1 {
		return nil
	}
	allowed, err := h.origins.allows(r.Context(), values[0])
	if err != nil && preflight {
		return err
	}
	if allowed {
		header.Set("Access-Control-Allow-Origin", values[0])
		header.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, X-Request-Id, ETag")
	}
	return nil
}

// originRegistry tells which origins are registered.
type originRegistry interface {
	OriginRegistered(ctx context.Context, origin string) (bool, error)
}

// origins caches registered origins for ttl, and longer while the store is
// unavailable. Unregistered origins are not cached, so a flood of them cannot
// fill it.
type origins struct {
	registry originRegistry
	ttl      time.Duration
	timeout  time.Duration
	now      func() time.Time

	mu     sync.Mutex
	cached map[string]time.Time
}

func newOrigins(cfg Config) *origins {
	return &origins{
		registry: cfg.Service, ttl: cfg.CacheFor, timeout: cfg.StoreTimeout / originTimeoutDivisor, now: cfg.Now,
		cached: map[string]time.Time{},
	}
}

func (o *origins) allows(ctx context.Context, origin string) (bool, error) {
	now := o.now()
	o.mu.Lock()
	cachedAt, cached := o.cached[origin]
	o.mu.Unlock()
	if cached && now.Before(cachedAt.Add(o.ttl)) && !now.Before(cachedAt) {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	registered, err := o.registry.OriginRegistered(ctx, origin)
	if err != nil && cached {
		return true, nil
	}
	if err == nil {
		o.remember(origin, registered, now)
	}
	return registered, err
}

func (o *origins) remember(origin string, registered bool, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !registered {
		delete(o.cached, origin)
		return
	}
	if len(o.cached) >= maxOrigins {
		clear(o.cached)
	}
	o.cached[origin] = now
}
