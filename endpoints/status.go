package endpoints

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.org/signet/internal/document"
	"example.org/signet/storage"
)

// statusPublisher returns the status lists, from memory.
type statusPublisher interface {
	StatusList(ctx context.Context, id int64) (document.Document, error)
	StatusLists() []string
}

// statusLists serves the lists (draft-ietf-oauth-status-list §8) like the other
// public documents. A list that does not exist is answered like any endpoint's
// error.
type statusLists struct {
	publisher statusPublisher
	timeout   time.Duration // of the wait for a signature
	counters  documentCounters
	fallback  *routeHandler
	prefix    string
}

func (s *statusLists) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.fallback.ServeHTTP(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.timeout)
	defer cancel()
	d, err := s.lookup(ctx, r.URL.EscapedPath())
	if err != nil {
		fallback := *s.fallback
		fallback.route.endpoint = statusListError{err}
		fallback.ServeHTTP(w, r)
		return
	}
	header := documentHeader(d)
	maps.Copy(header, anyOriginHeader)
	maps.Copy(w.Header(), header)
	serveDocument(w, r, d, s.counters)
}

// lookup accepts a list number in canonical decimal form only.
func (s *statusLists) lookup(ctx context.Context, path string) (document.Document, error) {
	segment := strings.TrimPrefix(path, s.prefix)
	id, err := strconv.ParseInt(segment, 10, 64)
	if err != nil || strconv.FormatInt(id, 10) != segment {
		return document.Document{}, storage.ErrNotFound
	}
	return s.publisher.StatusList(ctx, id)
}

// statusListError answers for a list that does not exist or cannot be read.
type statusListError struct{ err error }

func (n statusListError) handle(r *http.Request, e *event) (any, error) {
	if errors.Is(n.err, storage.ErrNotFound) {
		return notFoundEndpoint{}.handle(r, e)
	}
	return nil, n.err
}

// aggregation returns the list of the addresses of all lists (§9.2).
func aggregation(p statusPublisher) func() document.Document {
	return func() document.Document {
		body, _ := json.Marshal(struct { // strings alone: cannot fail
			Lists []string `json:"status_lists"`
		}{p.StatusLists()})
		return document.New(jsonType, body, aggregationMaxAge)
	}
}

// aggregationMaxAge is short beside the time that a list is there before a
// token names it.
const aggregationMaxAge = 30 * time.Second
