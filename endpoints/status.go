package endpoints

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/status"
	"example.org/signet/storage"
)

const pathStatus = issuer.PathStatus

// statusPublisher has the status lists at hand.
type statusPublisher interface {
	StatusList(ctx context.Context, id int64) (status.Document, error)
	StatusLists() []string
}

// statusLists serves the lists (draft-ietf-oauth-status-list §8) like the other
// public documents, and where there is none it says so like any endpoint.
type statusLists struct {
	publisher statusPublisher
	timeout   time.Duration // of the wait for a signature
	counted   documentCounters
	rest      *passage
	prefix    string
}

func (s *statusLists) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.rest.ServeHTTP(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.timeout)
	defer cancel()
	d, err := s.find(ctx, r.URL.EscapedPath())
	if err != nil {
		refusing := *s.rest
		refusing.route.endpoint = noStatus{err}
		refusing.ServeHTTP(w, r)
		return
	}
	one := publication{
		current: func() *document {
			return newDocument("application/statuslist+jwt", d.Body, d.ETag, d.MaxAge.Truncate(time.Second))
		},
		counted: s.counted,
	}
	one.ServeHTTP(w, r)
}

// find takes a number in its one spelling.
func (s *statusLists) find(ctx context.Context, path string) (status.Document, error) {
	text := strings.TrimPrefix(path, s.prefix)
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(id, 10) != text {
		return status.Document{}, storage.ErrNotFound
	}
	return s.publisher.StatusList(ctx, id)
}

// noStatus answers for a list that is not there, or of which nobody knows.
type noStatus struct{ err error }

func (n noStatus) answer(r *http.Request, e *event) (any, error) {
	if errors.Is(n.err, storage.ErrNotFound) {
		return unknownPath{}.answer(r, e)
	}
	return nil, n.err
}

// aggregation lists the addresses of all lists (§9.2).
func aggregation(p statusPublisher) func() *document {
	return func() *document {
		body, _ := json.Marshal(struct { // strings alone: cannot fail
			Lists []string `json:"status_lists"`
		}{p.StatusLists()})
		return newDocument("application/json", body, entityTag(body), aggregationMaxAge)
	}
}

// aggregationMaxAge is short beside the time that a list is there before a
// token names it.
const aggregationMaxAge = 30 * time.Second
