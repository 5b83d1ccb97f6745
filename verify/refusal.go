package verify

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// refusal is what a client is told: fixed sentences, never an error's own text.
type refusal struct {
	status int
	// RFC 6750 §3.1; without a code where no token came, as §3.1 has it.
	code, description string
	scope             string
}

var (
	noToken        = refusal{http.StatusUnauthorized, "", "a bearer token is needed", ""}
	badRequest     = refusal{http.StatusBadRequest, "invalid_request", "send one access token, in the Authorization header", ""}
	expiredToken   = refusal{http.StatusUnauthorized, "invalid_token", "Token expired", ""}
	badToken       = refusal{http.StatusUnauthorized, "invalid_token", "the access token is not valid", ""}
	tooLittle      = refusal{http.StatusForbidden, "insufficient_scope", "the access token does not give this right", ""}
	keysOutOfReach = refusal{http.StatusServiceUnavailable, "temporarily_unavailable", "access tokens cannot be checked at the moment", ""}
)

// refusalFor is the one table from errors to answers. An error that is none of
// those known is don't know, never a wrong 401.
func refusalFor(err error) refusal {
	var lacking *InsufficientError
	switch {
	case errors.Is(err, ErrNoToken):
		return noToken
	case errors.Is(err, ErrInvalidRequest):
		return badRequest
	case errors.Is(err, ErrExpired):
		return expiredToken
	case errors.Is(err, ErrInvalidToken):
		return badToken
	case errors.As(err, &lacking):
		answer := tooLittle
		answer.scope = strings.Join(lacking.Scopes, " ")
		return answer
	}
	return keysOutOfReach
}

// refuse tells the hook and then the client.
func (v *Verifier) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if v.onError != nil {
		v.onError(r, err)
	}
	if v.observe != nil && !errors.Is(err, ErrInvalidToken) && !isUnknown(err) { // those were told by Verify
		v.observe(Event{Kind: EventRequest, Outcome: outcomeOf(err), Err: err})
	}
	answer := refusalFor(err)
	h := w.Header()
	if answer.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter(err))
	} else {
		h.Set("WWW-Authenticate", answer.challenge(v.realm))
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body()) // the client may have gone
}

// isUnknown says whether err is one of Verify's don't knows.
func isUnknown(err error) bool {
	return errors.Is(err, ErrKeysUnavailable) || errors.Is(err, ErrStatusUnavailable)
}

// challenge renders RFC 6750 §3's WWW-Authenticate; realm is quoted already.
func (a refusal) challenge(realm string) string {
	text := "Bearer realm=" + realm
	if a.code != "" {
		text += `, error="` + a.code + `", error_description="` + a.description + `"`
	}
	if a.scope != "" {
		text += `, scope="` + a.scope + `"`
	}
	return text
}

func (a refusal) body() []byte {
	body, _ := json.Marshal(struct { // of strings only: cannot fail
		Error       string `json:"error,omitempty"`
		Description string `json:"error_description"`
		Scope       string `json:"scope,omitempty"`
	}{a.code, a.description, a.scope})
	return append(body, '\n')
}

// retryAfter is the wait in whole seconds, rounded up, at least one.
func retryAfter(err error) string {
	wait := time.Second
	var unavailable *UnavailableError
	if errors.As(err, &unavailable) {
		wait = max(wait, unavailable.RetryAfter)
	}
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

// quote renders text as RFC 9110 §5.6.4's quoted-string, without what may not be in
// a header.
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
