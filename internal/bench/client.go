package bench

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	requestTimeout = 30 * time.Second
	maxAnswer      = 1 << 20 // bytes
)

// NewHTTPClient returns a client that follows no redirect and keeps so many connections to a
// host. It speaks HTTP/1.1, so that one worker is one connection.
func NewHTTPClient(connections int) *http.Client {
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true,
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	return &http.Client{
		Transport: t, Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// StatusError is an answer with another status than the one expected. It holds no text of the
// answer but the error code of OAuth.
type StatusError struct {
	Status int
	Code   string // such as invalid_client; "" for none
}

func (e *StatusError) Error() string {
	if e.Code != "" {
		return fmt.Sprintf("the issuer answers %d %s", e.Status, e.Code)
	}
	return fmt.Sprintf("the issuer answers %d", e.Status)
}

// errNoAnswer is a request without an answer: the connection failed, or the time was over.
type errNoAnswer struct{ cause error }

func (e *errNoAnswer) Error() string { return "no answer: " + e.cause.Error() }
func (e *errNoAnswer) Unwrap() error { return e.cause }

// answer is one answer, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request and reads the whole answer. The error has no URL in it, since a query can
// hold what is secret.
func do(client *http.Client, r *http.Request) (answer, error) {
	res, err := client.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return answer{}, &errNoAnswer{err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer{}, &errNoAnswer{err}
	}
	return answer{res.StatusCode, res.Header, body}, nil
}

// get fetches a public document.
func get(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	a, err := do(client, r)
	if err != nil {
		return nil, err
	}
	return a.body, a.expect(http.StatusOK)
}

// expect returns a StatusError for any other status.
func (a answer) expect(status int) error {
	if a.status == status {
		return nil
	}
	var oauth struct {
		Error string `json:"error"`
	}
	e := &StatusError{Status: a.status}
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") && json.Unmarshal(a.body, &oauth) == nil && printableCode(oauth.Error) {
		e.Code = oauth.Error
	}
	return e
}

// printableCode tells whether a text looks like an error code: it is printed.
func printableCode(code string) bool {
	return len(code) <= 64 && !strings.ContainsFunc(code, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
}
