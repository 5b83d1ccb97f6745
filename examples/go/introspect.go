package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// introspector asks the issuer about each token (RFC 7662). The API is a client
// of the issuer for this, with its own credentials.
type introspector struct {
	url, id, secret string
}

var asking = &http.Client{Timeout: 5 * time.Second}

// require lets a request through while the session behind its token lives. A
// logout is heard at once. Without an answer nothing is known: that is 503, not
// 401, which would log the user out.
func (i introspector) require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// verify has checked the header's form before.
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		active, err := i.active(r, strings.TrimSpace(token))
		switch {
		case err != nil:
			log.Print("introspection: ", err)
			w.Header().Set("Retry-After", "1")
			answer(w, http.StatusServiceUnavailable, map[string]string{"detail": "the session cannot be checked at the moment"})
		case !active:
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token", error_description="Session ended"`)
			answer(w, http.StatusUnauthorized, map[string]string{"detail": "Session ended"})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (i introspector) active(r *http.Request, token string) (bool, error) {
	form := strings.NewReader(url.Values{"token": {token}}.Encode())
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, i.url, form)
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(i.id), url.QueryEscape(i.secret)) // RFC 6749 §2.3.1
	res, err := asking.Do(req)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return false, errors.New(res.Status)
	}
	var said struct {
		Active bool `json:"active"`
	}
	err = json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&said)
	return said.Active, err
}
