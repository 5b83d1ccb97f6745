package endpoints

import (
	"net/http"
	"slices"
	"strings"
)

// corsPolicy is which browser origins may read a route's answers (RFC 9700
// §2.6). Credentials, that is cookies, are allowed nowhere: there are none.
type corsPolicy int

const (
	corsNone       corsPolicy = iota // same origin only
	corsAny                          // public documents
	corsRegistered                   // the origins that some client names
)

// allowedHeaders are the headers that every allowed page may send.
var allowedHeaders = []string{"Authorization", "Content-Type", "If-Match", "X-Requested-With"}

// Bounds of the headers that a preflight may ask for beside these.
const (
	maxRequestHeaders     = 32
	maxRequestHeadersSize = 1024 // bytes
)

// varyOrigin is shared by all answers and never changed.
var varyOrigin = []string{"Origin"}

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
		header["Vary"] = varyOrigin
		if err := h.allowRegisteredOrigin(header, r, preflight); err != nil {
			return false, err
		}
	}
	if preflight && header.Get("Access-Control-Allow-Origin") != "" {
		header.Set("Access-Control-Allow-Methods", strings.Join(h.route.methods, ", "))
		header.Set("Access-Control-Allow-Headers", requestHeaders(r.Header.Values("Access-Control-Request-Headers")))
		header.Set("Access-Control-Max-Age", "600")
	}
	return preflight, nil
}

// requestHeaders returns the headers that a page may send: allowedHeaders and those
// that its preflight asks for, such as traceparent. No cookie is involved, so
// a header gives no right that its sender does not have. A list that is too long
// or holds anything but tokens (RFC 9110 §5.6.2) adds nothing.
func requestHeaders(lines []string) string {
	asked := strings.Join(lines, ",")
	if len(asked) > maxRequestHeadersSize {
		return strings.Join(allowedHeaders, ", ")
	}
	allowed := slices.Clone(allowedHeaders)
	for name := range strings.SplitSeq(strings.ToLower(asked), ",") {
		name = strings.TrimSpace(name)
		if name == "" || slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, name) }) {
			continue
		}
		if !isHeaderName(name) || len(allowed) == len(allowedHeaders)+maxRequestHeaders {
			return strings.Join(allowedHeaders, ", ")
		}
		allowed = append(allowed, name)
	}
	return strings.Join(allowed, ", ")
}

// isHeaderName tells whether a name is a token of letters, digits and - or _. An
// asterisk, which browsers would take for every header, is none.
func isHeaderName(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
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
