package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// remoteAdmin is the administration of a server, by its admin API.
type remoteAdmin struct{ api *apiClient }

var _ administration = remoteAdmin{}

func (r remoteAdmin) Users() userAdmin           { return remoteUsers{r.api.about("user")} }
func (r remoteAdmin) Roles() roleAdmin           { return remoteRoles{r.api.about("role")} }
func (r remoteAdmin) Factors() factorAdmin       { return remoteFactors{r.api.about("second factor")} }
func (r remoteAdmin) Connectors() connectorAdmin { return remoteConnectors{r.api.about("connector")} }
func (r remoteAdmin) Clients() clientAdmin       { return remoteClients{r.api.about("client")} }
func (r remoteAdmin) Browsers() browserAdmin     { return remoteBrowsers{r.api.about("browser session")} }
func (r remoteAdmin) Sessions() sessionAdmin     { return remoteSessions{r.api.about("session")} }
func (r remoteAdmin) Scopes() scopeAdmin         { return remoteScopes{r.api.about("text of the scope")} }
func (r remoteAdmin) Attributes() attributeAdmin { return remoteAttributes{r.api.about("attribute")} }
func (r remoteAdmin) Audit() auditAdmin          { return remoteAudit{r.api.about("event")} }
func (r remoteAdmin) Keys() keyAdmin             { return remoteKeys{r.api.about("key")} }

// apiClient sends requests to the admin API of a server.
type apiClient struct {
	base   string // URL below which /api/v1 is
	server string // as --server names it
	http   *http.Client
	token  func(ctx context.Context) (string, error)
	what   string // what is asked for, in errors that it is not there
}

func (a *apiClient) about(what string) *apiClient {
	b := *a
	b.what = what
	return &b
}

const (
	apiTimeout   = 30 * time.Second // of one request
	maxAPIAnswer = 64 << 20         // bytes
)

// members are those of a body, or the parameters of a query.
type members map[string]any

// put adds a member where there is a value.
func put[T any](m members, name string, value *T) {
	if value != nil {
		m[name] = *value
	}
}

// putText adds a text that is not empty.
func (m members) putText(name, text string) {
	if text != "" {
		m[name] = text
	}
}

// pathOf returns a path of the API; each of the parts is one segment.
func pathOf(parts ...string) string {
	path := "/api/v1"
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// withQuery returns the path with the parameters.
func withQuery(path string, m members) string {
	q := url.Values{}
	for name, value := range m {
		q.Set(name, fmt.Sprint(value))
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// pageOf returns the parameters of a page.
func pageOf(p storage.Page) members {
	m := members{"limit": strconv.Itoa(p.Size())}
	m.putText("after", p.After)
	return m
}

// fetchJSON reads one value of the API.
func fetchJSON[T any](ctx context.Context, a *apiClient, path string) (T, error) {
	return call[T](ctx, a, http.MethodGet, path, nil)
}

// call sends a request and reads the answer; a nil body sends none.
func call[T any](ctx context.Context, a *apiClient, method, path string, body members) (v T, err error) {
	answer, err := a.send(ctx, method, path, body)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		return v, fmt.Errorf("%s: the answer is none of this API: %w", a.server, err)
	}
	return v, nil
}

// send sends a request and returns the body of the answer, or the error that it is.
func (a *apiClient) send(ctx context.Context, method, path string, body members) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	token, err := a.token(ctx)
	if err != nil {
		return nil, err
	}
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return nil, err
	}
	if r.Header.Set("Authorization", "Bearer "+token); body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := a.http.Do(r)
	if err != nil {
		return nil, a.unknown(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAPIAnswer))
	if err != nil {
		return nil, a.unknown(err)
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return nil, a.refusal(answer.StatusCode, text)
	}
	return text, nil
}

// unknown is the error of a request whose outcome is not known. Its cause names no query.
func (a *apiClient) unknown(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return withHint(fmt.Errorf("%s cannot be reached, or did not answer: %w", a.server, err), "look whether the change was made before you try again")
}

// apiProblem is an error of the admin API (RFC 9457).
type apiProblem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Field  string `json:"field"`
		Detail string `json:"detail"`
	} `json:"errors"`
}

// refusal returns the error that the operation would have given at the store.
func (a *apiClient) refusal(status int, body []byte) error {
	var p apiProblem
	if json.Unmarshal(body, &p) != nil || p.Code == "" && p.Detail == "" {
		return withHint(fmt.Errorf("%s answered %d, which is no answer of the admin API", a.server, status), "signet login URL --api URL names where the admin API is")
	}
	switch {
	case p.Code == "not_found" && status == http.StatusNotFound:
		return fmt.Errorf("%s: %w", a.what, storage.ErrNotFound)
	case p.Code == "duplicate" && len(p.Errors) > 0:
		return &storage.DuplicateError{Field: p.Errors[0].Field}
	case len(p.Errors) > 0:
		return p.fieldErrors()
	case p.Code == "last_super_admin":
		return withHint(admin.ErrLastSuperAdmin, "only the command line at the store overrides this")
	case p.Code == "last_way_in":
		return admin.ErrLastWayIn
	case p.Code == "already_rotated":
		return keys.ErrRotated
	case status == http.StatusPreconditionFailed:
		return admin.ErrPreconditionFailed
	case status == http.StatusUnauthorized:
		return withHint(fmt.Errorf("%s: %s", a.server, p.Detail), "signet login %s signs you in again", a.server)
	}
	return &issuer.Error{Code: issuer.Code(p.Code), Description: p.Detail}
}

func (p apiProblem) fieldErrors() error {
	var all issuer.FieldErrors
	for _, e := range p.Errors {
		fault := &issuer.FieldError{Field: e.Field, Reason: e.Detail}
		if fault.Error() == admin.ErrNoSuchRole.Error() {
			return admin.ErrNoSuchRole
		}
		all = append(all, fault)
	}
	if len(all) == 1 {
		return all[0]
	}
	return all
}

// countSessions counts the living sessions that the query selects.
func (a *apiClient) countSessions(ctx context.Context, q admin.SessionQuery) (n int64, err error) {
	q.Active = true
	for p := (storage.Page{Limit: storage.MaxPage}); ; {
		list, err := remoteSessions{a}.List(ctx, q, p)
		if err != nil {
			return 0, err
		}
		n += int64(len(list.Items))
		if p.After = list.Next; p.After == "" {
			return n, nil
		}
	}
}

// end counts the living sessions that the query selects, and ends them.
func (a *apiClient) end(ctx context.Context, q admin.SessionQuery, path string) (int64, error) {
	n, err := a.countSessions(ctx, q)
	if err != nil {
		return 0, err
	}
	_, err = a.send(ctx, http.MethodDelete, path, nil)
	return n, err
}

// secretText is a secret for a body; "" for none.
func secretText(s issuer.Secret) string { return string(s) }

// postForm sends a form, and closes the answer.
func postForm(ctx context.Context, to string, form url.Values) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := newHTTPClient().Do(r)
	if err != nil {
		return nil, err
	}
	return answer, answer.Body.Close()
}
