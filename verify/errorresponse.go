package verify

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// errorResponse is the response to a client: fixed sentences, never the text of an error.
type errorResponse struct {
	status int
	// RFC 6750 §3.1; without a code where no token came, as §3.1 has it.
	code, description string
	scope             string
	acrValues         string // of insufficient_user_authentication, as max_age
	maxAge            string
}

var (
	noToken           = errorResponse{status: http.StatusUnauthorized, code: "", description: "a bearer token is needed"}
	invalidRequest    = errorResponse{status: http.StatusBadRequest, code: "invalid_request", description: "send one access token, in the Authorization header"}
	expiredToken      = errorResponse{status: http.StatusUnauthorized, code: "invalid_token", description: "Token expired"}
	invalidToken      = errorResponse{status: http.StatusUnauthorized, code: "invalid_token", description: "the access token is not valid"}
	insufficientScope = errorResponse{status: http.StatusForbidden, code: "insufficient_scope", description: "the access token does not give this right"}
	staleSignIn       = errorResponse{status: http.StatusUnauthorized, code: "insufficient_user_authentication", description: "the user must sign in again in the way that is named"}
	keysUnavailable   = errorResponse{status: http.StatusServiceUnavailable, code: "temporarily_unavailable", description: "access tokens cannot be checked at the moment"}
)

// errorResponseFor returns the response for an error. An unknown error gives 503, never a
// wrong 401.
func errorResponseFor(err error) errorResponse {
	var insufficient *InsufficientError
	var signIn *AuthenticationError
	switch {
	case errors.Is(err, ErrNoToken):
		return noToken
	case errors.Is(err, ErrInvalidRequest):
		return invalidRequest
	case errors.Is(err, ErrExpired):
		return expiredToken
	case errors.Is(err, ErrInvalidToken):
		return invalidToken
	case errors.As(err, &insufficient):
		resp := insufficientScope
		resp.scope = strings.Join(insufficient.Scopes, " ")
		return resp
	case errors.As(err, &signIn):
		resp := staleSignIn
		resp.acrValues = signIn.Required.ACR
		if age := signIn.Required.MaxAge; age > 0 {
			resp.maxAge = strconv.FormatInt(int64(age/time.Second), 10)
		}
		return resp
	}
	return keysUnavailable
}

// writeError calls OnError and Observe and then writes the response.
func (v *Verifier) writeError(w http.ResponseWriter, r *http.Request, err error) {
	if v.onError != nil {
		v.onError(r, err)
	}
	if v.observe != nil && !errors.Is(err, ErrInvalidToken) && !isUnavailable(err) { // those were told by Verify
		v.observe(Event{Kind: EventRequest, Outcome: outcomeOf(err), Err: err})
	}
	resp := errorResponseFor(err)
	h := w.Header()
	if resp.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter(err))
	} else {
		h.Set("WWW-Authenticate", resp.challenge(v.realm))
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(resp.status)
	_, _ = w.Write(resp.body()) // the client may have gone
}

// isUnavailable reports whether err means that the outcome of Verify is unknown.
func isUnavailable(err error) bool {
	return errors.Is(err, ErrKeysUnavailable) || errors.Is(err, ErrStatusUnavailable)
}

// challenge returns the WWW-Authenticate header (RFC 6750 §3). realm is quoted already.
func (a errorResponse) challenge(realm string) string {
	text := "Bearer realm=" + realm
	if a.code != "" {
		text += `, error="` + a.code + `", error_description="` + a.description + `"`
	}
	for _, p := range []struct{ name, value string }{{"scope", a.scope}, {"acr_values", a.acrValues}, {"max_age", a.maxAge}} {
		if p.value != "" {
			text += ", " + p.name + `="` + p.value + `"`
		}
	}
	return text
}

func (a errorResponse) body() []byte {
	body, _ := json.Marshal(struct { // of strings only: cannot fail
		Error       string `json:"error,omitempty"`
		Description string `json:"error_description"`
		Scope       string `json:"scope,omitempty"`
	}{a.code, a.description, a.scope})
	return append(body, '\n')
}

// retryAfter returns the wait in whole seconds, rounded up, at least one.
func retryAfter(err error) string {
	wait := time.Second
	var unavailable *UnavailableError
	if errors.As(err, &unavailable) {
		wait = max(wait, unavailable.RetryAfter)
	}
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

// quote returns text as a quoted-string (RFC 9110 §5.6.4), without characters that a
// header may not have.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r < 0x20 || r > 0x7e:
			continue
		case r == '"' || r == '\\':
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String()
}
