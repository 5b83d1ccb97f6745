package endpointstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"example.org/signet/docs"
)

// A description is docs/openapi.yaml as a judge of answers. There it leaves
// room for what is to come; here an answer has the members that it names, and
// no others.
type description struct {
	doc *openapi3.T

	mu    sync.Mutex
	right map[string]bool // answers that were judged already and had nothing wrong
}

// describe reads the document once for all tests.
var describe = sync.OnceValues(func() (*description, error) {
	for _, media := range []string{"application/jwk-set+json"} {
		openapi3filter.RegisterBodyDecoder(media, openapi3filter.JSONBodyDecoder)
	}
	openapi3filter.RegisterBodyDecoder("application/statuslist+jwt", openapi3filter.FileBodyDecoder)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(docs.OpenAPI))
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	doc.Servers = nil
	closed := closing{}
	for _, item := range doc.Paths.Map() {
		for _, o := range item.Operations() {
			for _, r := range o.Responses.Map() {
				closed.content(r.Value.Content)
			}
		}
	}
	return &description{doc: doc, right: map[string]bool{}}, nil
})

// closing refuses members that a schema does not name, in it and below it.
type closing map[*openapi3.Schema]bool

func (c closing) content(content openapi3.Content) {
	for _, m := range content {
		c.schema(m.Schema)
	}
}

func (c closing) schema(r *openapi3.SchemaRef) {
	if r == nil || c[r.Value] {
		return
	}
	s := r.Value
	c[s] = true
	if s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil && len(s.Properties) > 0 {
		s.AdditionalProperties.Has = new(bool)
	}
	for _, p := range s.Properties {
		c.schema(p)
	}
	for _, o := range slices.Concat(s.OneOf, s.AnyOf) {
		c.schema(o)
	}
	c.schema(s.Items)
}

// notDescribed are the paths that are for people, or say no to everybody.
func notDescribed(path string) bool {
	return path == Authorize || path == Docs || strings.HasPrefix(path, Docs+"/")
}

// at finds the path of the document that this one is. A path without
// variables is preferred.
func (d *description) at(path string) (template string, item *openapi3.PathItem) {
	if item := d.doc.Paths.Value(path); item != nil {
		return path, item
	}
	for template, item := range d.doc.Paths.Map() {
		if fits(strings.Split(template, "/"), strings.Split(path, "/")) {
			return template, item
		}
	}
	return "", nil
}

func fits(template, path []string) bool {
	return slices.EqualFunc(template, path, func(t, p string) bool {
		return t == p || strings.HasPrefix(t, "{") && p != ""
	})
}

// judge returns what is wrong with an answer, and the operation it belongs to;
// "" for none. A path that the document does not name has nothing, and
// a method that it does not name there is refused.
func (d *description) judge(r *http.Request, path string, a Answer) (operation string, err error) {
	template, item := d.at(path)
	if item == nil {
		if a.Status != http.StatusNotFound && !notDescribed(path) {
			return "", fmt.Errorf("status %d at a path that is not described", a.Status)
		}
		return "", nil
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	o := item.GetOperation(method)
	if o == nil {
		return "", otherMethod(method, a)
	}
	route := &routers.Route{Spec: d.doc, Path: template, PathItem: item, Method: method, Operation: o}
	return o.OperationID, d.judgeAt(route, r, a)
}

// otherMethod judges the answer to a method that is not described: it is
// refused, or it is a browser's preflight, which is not for an application.
func otherMethod(method string, a Answer) error {
	preflight := method == http.MethodOptions && (a.Status == http.StatusNoContent || a.Status == http.StatusServiceUnavailable)
	if a.Status != http.StatusMethodNotAllowed && !preflight {
		return fmt.Errorf("status %d for a method that is not described", a.Status)
	}
	return nil
}

func (d *description) judgeAt(route *routers.Route, r *http.Request, a Answer) error {
	asked := &openapi3filter.RequestValidationInput{Request: r, Route: route}
	if err := taken(asked, a); err != nil {
		return err
	}
	key := fmt.Sprintf("%s %d %v %s", route.Operation.OperationID, a.Status, a.Header, a.Body)
	d.mu.Lock()
	known := d.right[key]
	d.mu.Unlock()
	if known {
		return nil
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked,
		Status:                 a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		return err
	}
	if s := route.Operation.Responses.Status(a.Status); s == nil {
		return errors.New("the status is not described")
	} else if len(s.Value.Content) == 0 && len(a.Body) > 0 {
		return errors.New("there is a body where none is described")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.right[key] = true
	return nil
}

// taken judges a request that was carried out: what Signet takes, the
// description allows.
func taken(in *openapi3filter.RequestValidationInput, a Answer) error {
	body, r := in.Route.Operation.RequestBody, in.Request
	if body == nil || r.GetBody == nil || a.Status/100 != 2 {
		return nil
	}
	again, err := r.GetBody()
	if err != nil {
		return err
	}
	copied := r.Clone(context.Background())
	copied.Body, in.Request = again, copied
	err = openapi3filter.ValidateRequestBody(context.Background(), in, body.Value)
	var unread url.EscapeError // of a form, what nobody reads may be anything
	if err != nil && !errors.As(err, &unread) {
		return fmt.Errorf("the request was taken, and is not described: %w", err)
	}
	return nil
}

// A ledger keeps which described answers a suite has seen.
type ledger struct {
	mu     sync.Mutex
	seen   map[string]bool // operation and status
	scenes int             // played
}

func newLedger() *ledger { return &ledger{seen: map[string]bool{}} }

func (l *ledger) note(operation string, status int) {
	if l == nil || operation == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[fmt.Sprintf("%s %d", operation, status)] = true
}

func (l *ledger) played() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.scenes++
}

// complete fails the test unless every answer of every described operation was
// seen. It has nothing to say of a suite that was played in part.
func (l *ledger) complete(t *testing.T, scenes int) {
	d, err := describe()
	if err != nil || l.scenes < scenes || t.Failed() {
		return
	}
	for _, item := range d.doc.Paths.Map() {
		for _, o := range item.Operations() {
			for status := range o.Responses.Map() {
				if want := o.OperationID + " " + status; !l.seen[want] {
					t.Errorf("docs/openapi.yaml describes an answer that no scene has seen: %s", want)
				}
			}
		}
	}
	t.Logf("%d described answers of %d paths were seen", len(l.seen), d.doc.Paths.Len())
}

// unread tells whether net/http has refused the request's head, before Signet
// saw any of it.
func unread(a Answer) bool {
	return (a.Status == http.StatusBadRequest || a.Status == http.StatusRequestHeaderFieldsTooLarge) && a.Header.Get("X-Request-Id") == ""
}

// judge holds an answer against the description of the API, unless the test
// has put something else in the issuer's place.
func (s *Signet) judge(r *http.Request, a Answer) {
	if s.options.Endpoints.Service != nil || unread(a) {
		return
	}
	d, err := describe()
	if err != nil {
		s.t.Errorf("docs/openapi.yaml: %v", err)
		return
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), s.options.Path)
	if strings.HasPrefix(path, "/api/") && !s.options.Endpoints.AdminMerged {
		if a.Status != http.StatusNotFound {
			s.t.Errorf("the admin API is on the public listener: %s answers %d", path, a.Status)
		}
		return
	}
	operation, err := d.judge(r, path, a)
	if err != nil {
		s.t.Errorf("docs/openapi.yaml: %s %.80s answers %d: %v\n%.300s", r.Method, path, a.Status, err, a.Body)
		return
	}
	s.options.ledger.note(operation, a.Status)
}
