package endpoints

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"example.org/signet/issuer"
)

// statusClientGone is the status in logs and metrics of a request whose client closed the
// connection before the response. It keeps such requests out of the 5xx.
const statusClientGone = 499

// Bounds of what a log event repeats, in bytes.
const (
	maxLoggedText  = 512
	maxLoggedStack = 16 << 10
)

// event is the log event of one request, written once, after the response. It never
// holds a query string, a form value or a header but those named here.
type event struct {
	method    string
	requestID string
	address   netip.Addr
	userAgent string // for the session of a login; never logged
	clientIP  string // what the client says of its user's address
	start     time.Time

	actor       string // the user of a token that was taken
	clientID    string // of an authenticated client only: what a stranger typed there may be a secret
	presentedID string // of a client that was refused: a stored one's, or what looks like one
	grant       string
	auditEvent  string // the audit event that the request caused, if one is worth counting
	outcome     string // of a step of sign-in in a browser: one of a few words that the program knows
	status      int
	bytes       int
	code        string
	refusal     string // the description of an error
	cause       error
	panicText   string
	stack       []byte
}

func (e *event) source() issuer.RequestInfo {
	return issuer.RequestInfo{Address: e.address, RequestID: e.requestID, UserAgent: e.userAgent, ClientIP: e.clientIP}
}

// setClient sets the client: as authenticated if the outcome shows that it was, and as
// presented if it was refused.
func (e *event) setClient(id string, err error) {
	var issuerErr *issuer.Error
	if errors.As(err, &issuerErr) {
		e.auditEvent = issuerErr.Event
		if issuerErr.Code == issuer.InvalidClient {
			e.presentedID = issuerErr.ClientID // of a client that exists: anything else may be a secret in the wrong field
		}
	}
	if err == nil || issuerErr != nil && authenticatedCodes[issuerErr.Code] {
		e.clientID = id
	}
}

// setError sets the error and its cause.
func (e *event) setError(ctx context.Context, f errorResponse) {
	e.status, e.code, e.refusal, e.cause = f.status, f.code, truncate(f.description, maxLoggedText), f.cause
	if f.status >= http.StatusInternalServerError && errors.Is(ctx.Err(), context.Canceled) {
		e.status = statusClientGone
	}
}

// setPanic sets the panic and its stack. Only the text of a runtime error is logged; any
// other value may quote input, so its type alone is.
func (e *event) setPanic(v any) {
	e.panicText = "a value that is no runtime error"
	if err, ok := v.(runtime.Error); ok {
		e.panicText = err.Error()
	}
	stack := debug.Stack()
	e.stack = stack[:min(len(stack), maxLoggedStack)]
}

// write logs the event. Values are escaped by the encoder and bounded here.
func (e *event) write(log *zerolog.Logger, rt *route, duration time.Duration) {
	entry := log.WithLevel(e.level(rt))
	if entry == nil {
		return
	}
	entry.Str("request_id", e.requestID).Str("method", e.method).Str("route", rt.name()).
		Int("status", e.status).Float64("duration_ms", float64(duration.Microseconds())/1000).Int("bytes", e.bytes).
		Bytes("address", e.address.AppendTo(make([]byte, 0, 48)))
	for _, f := range []struct{ name, value string }{
		{"user_id", e.actor}, {"client_id", e.clientID}, {"presented_client_id", e.presentedID}, {"grant", e.grant}, {"error", e.code}, {"description", e.refusal}, {"event", e.auditEvent}, {"panic", e.panicText}, {"stack", string(e.stack)},
	} {
		if f.value != "" {
			entry.Str(f.name, f.value)
		}
	}
	if e.cause != nil {
		entry.Str("cause", truncate(e.cause.Error(), maxLoggedText))
	}
	entry.Msg("request")
}

func (e *event) level(rt *route) zerolog.Level {
	switch {
	case e.status >= http.StatusInternalServerError:
		return zerolog.ErrorLevel
	case rt.debugLog:
		return zerolog.DebugLevel
	}
	return zerolog.InfoLevel
}

// truncate bounds a text without cutting a character in two.
func truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// methodName bounds the method: a client may send any word as one.
func methodName(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace:
		return m
	}
	return "other"
}
