package protocoltest

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

// A description checks responses against docs/openapi.yaml. There it leaves
// room for what is to come; here a response has the members that it names, and
// no others.
type description struct {
	doc *openapi3.T

	mu      sync.Mutex
	checked map[string]bool // responses that have been checked
}

// loadDescription reads the document once for all tests.
var loadDescription = sync.OnceValues(func() (*description, error) {
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
	closed := strictSchemas{}
	for _, item := range doc.Paths.Map() {
		for _, o := range item.Operations() {
			for _, r := range o.Responses.Map() {
				closed.content(r.Value.Content)
			}
		}
	}
	return &description{doc: doc, checked: map[string]bool{}}, nil
})

// strictSchemas forbids members that a schema does not name, in it and below it.
type strictSchemas map[*openapi3.Schema]bool

func (c strictSchemas) content(content openapi3.Content) {
	for _, m := range content {
		c.schema(m.Schema)
	}
}

func (c strictSchemas) schema(r *openapi3.SchemaRef) {
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

// undocumented lists the paths that are pages for people.
func undocumented(path string) bool {
	for _, pages := range []string{Docs, Login, "/account", ConsolePath, "/assets"} {
		if path == pages || strings.HasPrefix(path, pages+"/") {
			return true
		}
	}
	return path == PasswordNew || path == EmailVerify || path == Authorize || path == Consent || path == Device || path == Logout || path == "/" || path == ""
}

// at finds the path of the document that this one is. A path without
// variables is preferred.
func (d *description) at(path string) (template string, item *openapi3.PathItem) {
	if item := d.doc.Paths.Value(path); item != nil {
		return path, item
	}
	for template, item := range d.doc.Paths.Map() {
		if matchesTemplate(strings.Split(template, "/"), strings.Split(path, "/")) {
			return template, item
		}
	}
	return "", nil
}

func matchesTemplate(template, path []string) bool {
	return slices.EqualFunc(template, path, func(t, p string) bool {
		return t == p || strings.HasPrefix(t, "{") && p != ""
	})
}

// check returns what is wrong with an answer, and the operation it belongs to;
// "" for none. A path that the document does not name has nothing, and
// a method that it does not name there is refused.
func (d *description) check(r *http.Request, path string, a Response) (operation string, err error) {
	template, item := d.at(path)
	if item == nil {
		if a.Status != http.StatusNotFound && !undocumented(path) {
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
		return "", checkOtherMethod(method, a)
	}
	if a.Status == http.StatusPreconditionFailed && o.Responses.Status(a.Status) == nil && r.Header.Get("If-Match") != "" {
		return "", nil // said once for all operations: what has no entity tag has none that matches
	}
	route := &routers.Route{Spec: d.doc, Path: template, PathItem: item, Method: method, Operation: o}
	return o.OperationID, d.checkResponse(route, r, a)
}

// checkOtherMethod checks the response to a method that is not described: it is
// refused, or it is a browser's preflight, which is not for an application.
func checkOtherMethod(method string, a Response) error {
	preflight := method == http.MethodOptions && (a.Status == http.StatusNoContent || a.Status == http.StatusServiceUnavailable)
	if a.Status != http.StatusMethodNotAllowed && !preflight {
		return fmt.Errorf("status %d for a method that is not described", a.Status)
	}
	return nil
}

func (d *description) checkResponse(route *routers.Route, r *http.Request, a Response) error {
	asked := &openapi3filter.RequestValidationInput{Request: r, Route: route}
	if err := checkAcceptedRequest(asked, a); err != nil {
		return err
	}
	key := fmt.Sprintf("%s %d %v %s", route.Operation.OperationID, a.Status, lasting(a.Header), a.Body)
	d.mu.Lock()
	known := d.checked[key]
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
	d.checked[key] = true
	return nil
}

// lasting is the header without the fields that no two responses share.
func lasting(h http.Header) http.Header {
	h = h.Clone()
	h.Del("Date")
	if h.Get("X-Request-Id") != "" {
		h.Set("X-Request-Id", "present")
	}
	return h
}

// checkAcceptedRequest checks that a request which was accepted fits the
// description.
func checkAcceptedRequest(in *openapi3filter.RequestValidationInput, a Response) error {
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

// coverage records which described responses a suite has seen.
type coverage struct {
	mu    sync.Mutex
	seen  map[string]bool // operation and status
	cases int             // played
}

func newCoverage() *coverage { return &coverage{seen: map[string]bool{}} }

func (c *coverage) record(operation string, status int) {
	if c == nil || operation == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[fmt.Sprintf("%s %d", operation, status)] = true
}

func (c *coverage) caseDone() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cases++
}

// checkComplete fails the test unless every response of every described
// operation was seen. It checks nothing if the suite ran in part.
func (c *coverage) checkComplete(t *testing.T, cases int) {
	d, err := loadDescription()
	if err != nil || c.cases < cases || t.Failed() {
		return
	}
	for _, item := range d.doc.Paths.Map() {
		for _, o := range item.Operations() {
			for status := range o.Responses.Map() {
				if want := o.OperationID + " " + status; !c.seen[want] {
					t.Errorf("docs/openapi.yaml describes a response that no case has seen: %s", want)
				}
			}
		}
	}
	t.Logf("%d described responses of %d paths were seen", len(c.seen), d.doc.Paths.Len())
}

// refusedByNetHTTP tells whether net/http has refused the request's head, before Signet
// saw any of it.
func refusedByNetHTTP(a Response) bool {
	return (a.Status == http.StatusBadRequest || a.Status == http.StatusRequestHeaderFieldsTooLarge) && a.Header.Get("X-Request-Id") == ""
}

// checkDescription checks a response against the description of the API, unless
// the test has replaced the issuer.
func (s *Signet) checkDescription(r *http.Request, a Response) {
	if s.options.Endpoints.Service != nil || refusedByNetHTTP(a) {
		return
	}
	d, err := loadDescription()
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
	operation, err := d.check(r, path, a)
	if err != nil {
		s.t.Errorf("docs/openapi.yaml: %s %.80s answers %d: %v\n%.300s", r.Method, path, a.Status, err, a.Body)
		return
	}
	s.options.coverage.record(operation, a.Status)
}
