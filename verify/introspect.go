package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4/json"

	"example.org/signet/internal/strictjson"
)

// Introspector asks the issuer about tokens (RFC 7662), one request for each token: for
// routes that must not accept a token revoked a moment ago. It is safe for concurrent
// use.
type Introspector struct {
	// Endpoint is the issuer's introspection_endpoint, such as
	// https://id.example.com/oauth2/introspect.
	Endpoint string
	// ClientID and ClientSecret are the API's own, with which it authenticates
	// (HTTP Basic, RFC 6749 §2.3.1).
	ClientID, ClientSecret string
	// HTTPClient makes the requests. Nil: one with tight limits.
	HTTPClient *http.Client
	// InsecureAllowHTTP allows plain http for hosts that are not loopback.
	InsecureAllowHTTP bool
}

// ErrIntrospection means outcome unknown: the issuer could not be reached, or its response
// is not one of RFC 7662 §2.2. It is never an [ErrInvalidToken].
var ErrIntrospection = errors.New("introspection failed")

// ErrInactive refuses a token that the issuer calls not active (RFC 7662 §2.2): it is
// unknown, expired, revoked or not for this API. It is an [ErrInvalidToken].
var ErrInactive = invalid("not active")

// Introspect returns the claims in the issuer's response, or fails with [ErrInactive] or
// [ErrIntrospection]. Claims that the response lacks are not set. iss and aud are not
// checked here: the issuer knows which client asks. ctx bounds the request.
func (i *Introspector) Introspect(ctx context.Context, token string) (*Claims, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	body, err := i.post(ctx, token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIntrospection, err)
	}
	var state struct {
		Active *bool `json:"active"`
	}
	switch err := json.Unmarshal(body, &state); {
	case err != nil || state.Active == nil:
		return nil, fmt.Errorf("%w: the answer has no boolean active", ErrIntrospection)
	case !*state.Active:
		return nil, ErrInactive
	}
	c := &Claims{payload: body}
	members, err := strictjson.Object(nil, body, maxMembers)
	if err != nil {
		return nil, fmt.Errorf("%w: the answer is no JSON object", ErrIntrospection)
	}
	for _, m := range members {
		if problem := c.set(m, "roles", false); problem != "" {
			return nil, fmt.Errorf("%w: %s: %s", ErrIntrospection, m.Name, problem)
		}
	}
	return c, nil
}

func (i *Introspector) post(ctx context.Context, token string) ([]byte, error) {
	if err := checkURL(i.Endpoint, i.InsecureAllowHTTP); err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, i.Endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.SetBasicAuth(url.QueryEscape(i.ClientID), url.QueryEscape(i.ClientSecret))
	resp, err := newClient(i.HTTPClient).Do(r)
	if err != nil {
		return nil, unwrapURLError(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponseBytes+1))
	if err != nil || len(body) > maxResponseBytes {
		return nil, errors.New("the answer is cut off or too long")
	}
	return bytes.TrimSpace(body), nil
}

// unwrapURLError returns the cause of an error that names a request.
func unwrapURLError(err error) error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		return urlErr.Err
	}
	return err
}
