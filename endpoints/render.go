package endpoints

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// statusCoder is a value with a status of its own.
type statusCoder interface{ httpStatus() int }

// render writes the response: the value or the error of the endpoint. Nothing else writes
// responses but documentHandler.
func (h *routeHandler) render(w http.ResponseWriter, r *http.Request, e *event, value any, err error) {
	if h.route.errorFormat == pageErrors || h.isUnknownPage(r) {
		h.renderPage(w, r, e, value, err)
		return
	}
	status, body := http.StatusOK, value
	if err != nil {
		f := newErrorResponse(err)
		e.setError(r.Context(), f)
		f.setHeaders(w.Header(), h.route.errorFormat)
		status, body = f.status, f.responseBody(h.route.errorFormat)
	} else if a, ok := value.(recordReply); ok {
		a.setHeaders(w.Header(), h.base)
		status, body = max(a.status, http.StatusOK), a.body
	} else if n, ok := value.(notModified); ok {
		status = n.httpStatus()
		w.Header().Set("ETag", n.etag)
		w.Header().Set("Cache-Control", "no-store")
	} else if s, ok := value.(statusCoder); ok {
		status = s.httpStatus()
	}
	if e.status == 0 {
		e.status = status
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		w.WriteHeader(status)
		return
	}
	e.bytes = writeJSON(w, status, body)
}

// isUnknownPage tells whether a browser has asked for a path that no route has.
func (h *routeHandler) isUnknownPage(r *http.Request) bool {
	return h.route.path == "" && h.route.errorFormat == oauthErrors && acceptsHTML(r.Header)
}

// responseBody returns the body in the route's error format.
func (f errorResponse) responseBody(s errorFormat) any {
	if s == problemErrors {
		return f.problem()
	}
	return f.oauthBody()
}

// setHeaders sets the headers of the error.
func (f errorResponse) setHeaders(h http.Header, s errorFormat) {
	if c := f.challenge(s); c != "" {
		h.Set("WWW-Authenticate", c)
	}
	if f.allow != "" {
		h.Set("Allow", f.allow)
	}
	setRetryAfter(h, f.retryAfter)
	if f.closeConnection {
		h.Set("Connection", "close")
	}
}

// setRetryAfter sets the header in whole seconds; 0 sets none.
func setRetryAfter(h http.Header, d time.Duration) {
	if d > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10))
	}
}

// jsonHeader is the header of every JSON response. Its values are shared by all of them and
// never changed.
var jsonHeader = http.Header{
	"Content-Type":           {jsonType},
	"Cache-Control":          {"no-store"},
	"Pragma":                 {"no-cache"},
	"X-Content-Type-Options": {"nosniff"},
}

// writeJSON sends a body that no cache may keep (RFC 6749 §5.1) and no browser
// may take for something else. The
// error of the write is ignored: the client has closed the connection.
func writeJSON(w http.ResponseWriter, status int, body any) int {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"`+codeServerError+`"}`)
	}
	h := w.Header()
	maps.Copy(h, jsonHeader)
	if _, ok := body.(problem); ok {
		h.Set("Content-Type", problemType)
	}
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	n, _ := w.Write(b)
	return n
}
