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

// maxOrigins bounds the memory of registered origins.
const maxOrigins = 1024

// originShare is which part of Config.StoreTimeout the question whether an
// origin is registered may take, so that both together are two seconds.
const originShare = 9

// noContent is the answer to a preflight.
type noContent struct{}

func (noContent) httpStatus() int { return http.StatusNoContent }

// crossOrigin sets the headers of the route's policy. For a preflight they are
// the whole answer.
func (p *passage) crossOrigin(h http.Header, r *http.Request) (preflight bool, err error) {
	preflight = r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	switch p.route.cors {
	case corsNone:
		return false, nil
	case corsAny:
		h.Set("Access-Control-Allow-Origin", "*")
	case corsRegistered:
		h.Set("Vary", "Origin")
		if err := p.registered(h, r, preflight); err != nil {
			return false, err
		}
	}
	if preflight && h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", strings.Join(p.route.methods, ", "))
		h.Set("Access-Control-Allow-Headers", allowedHeaders)
		h.Set("Access-Control-Max-Age", "600")
	}
	return preflight, nil
}

// registered echoes an origin that some client names. For a request that is no
// preflight *don't know* is no reason to refuse: it goes on, without the header.
func (p *passage) registered(h http.Header, r *http.Request, preflight bool) error {
	values := r.Header.Values("Origin")
	if len(values) != 1 {
		return nil
	}
	allowed, err := p.origins.allows(r.Context(), values[0])
	if err != nil && preflight {
		return err
	}
	if allowed {
		h.Set("Access-Control-Allow-Origin", values[0])
		h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, X-Request-Id, ETag")
	}
	return nil
}

// originDirectory knows which origins are registered.
type originDirectory interface {
	OriginRegistered(ctx context.Context, origin string) (bool, error)
}

// origins remembers registered origins for a while, and what it remembers also
// serves while the store cannot say. Strangers are not remembered, so there is
// nothing for a flood of them to fill.
type origins struct {
	directory originDirectory
	keep      time.Duration
	timeout   time.Duration
	now       func() time.Time

	mu    sync.Mutex
	known map[string]time.Time
}

func newOrigins(cfg Config) *origins {
	return &origins{
		directory: cfg.Service, keep: cfg.CacheFor, timeout: cfg.StoreTimeout / originShare, now: cfg.Now,
		known: map[string]time.Time{},
	}
}

func (o *origins) allows(ctx context.Context, origin string) (bool, error) {
	now := o.now()
	o.mu.Lock()
	seen, known := o.known[origin]
	o.mu.Unlock()
	if known && now.Before(seen.Add(o.keep)) && !now.Before(seen) {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	registered, err := o.directory.OriginRegistered(ctx, origin)
	if err != nil && known {
		return true, nil
	}
	if err == nil {
		o.learn(origin, registered, now)
	}
	return registered, err
}

func (o *origins) learn(origin string, registered bool, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !registered {
		delete(o.known, origin)
		return
	}
	if len(o.known) >= maxOrigins {
		clear(o.known)
	}
	o.known[origin] = now
}
