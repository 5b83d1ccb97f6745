package protocoltest

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/role"
)

// descriptionCases are about the description of the API. That every response of
// every case is as described is checked where responses arrive.
var descriptionCases = []testCase{
	{name: "the description is this issuer's", run: testDescription},
	{name: "wrong responses do not fit the description", run: testDescriptionValidator},
	{name: "wrong requests do not fit the description", run: testDescriptionValidatorRequests},
	{name: "bodies that are too large everywhere", run: testLargeEverywhere},
	{name: "a client that is throttled everywhere", configure: throttled, run: testThrottledEverywhere},
	{name: "userinfo by POST", run: testPostUserInfo},
	{name: "every route of the API refuses as described", configure: mergedAdmin, run: testDescribedErrors},
	{name: "every document is known to be unchanged", run: testUnchanged},
	{name: "every route is described", configure: mergedAdmin, run: testAllRoutesDescribed},
}

func testDescription(t *testing.T, s *Signet) {
	a := s.Get(OpenAPI).ExpectStatus(t, http.StatusOK)
	doc, err := openapi3.NewLoader().LoadFromData(a.Body)
	must(t, err)
	must(t, doc.Validate(context.Background()))
	if !doc.IsOpenAPI31OrLater() || len(doc.Servers) != 1 || doc.Servers[0].URL != s.Issuer {
		t.Errorf("OpenAPI %s, servers %v", doc.OpenAPI, doc.Servers)
	}
	flow := doc.Components.SecuritySchemes["password"].Value.Flows.Password
	if flow.TokenURL != s.Issuer+Token {
		t.Errorf("the password flow is at %s", flow.TokenURL)
	}
	for scope := range flow.Scopes {
		if !slices.Contains(list(s.Get(Discovery).Object(t)["scopes_supported"]), scope) {
			t.Errorf("the password flow offers the scope %s", scope)
		}
	}
	if strings.Contains(string(a.Body), "//localhost") {
		t.Error("a URL of the example is left in the document")
	}
}

// testDescriptionValidator checks that wrong responses are found.
func testDescriptionValidator(t *testing.T, s *Signet) {
	d, err := loadDescription()
	must(t, err)
	r, err := http.NewRequest(http.MethodPost, s.URL+Introspect, nil)
	must(t, err)
	right := s.Introspect(s.ResourceServer, "x").ExpectStatus(t, http.StatusOK)
	changed := func(status int, body string, change func(http.Header)) Response {
		h := maps.Clone(right.Header)
		change(h)
		return Response{Status: status, Header: h, Body: []byte(body)}
	}
	as := func(http.Header) {}
	if _, err := d.check(r, Introspect, right); err != nil {
		t.Errorf("the right answer: %v", err)
	}
	for name, wrong := range map[string]Response{
		"a status":                 changed(http.StatusTeapot, `{"error":"x"}`, as),
		"a member more":            changed(http.StatusOK, `{"active":false,"sub":"x"}`, as),
		"a member more in another": changed(http.StatusBadRequest, `{"error":"x","cause":"y"}`, as),
		"a member less":            changed(http.StatusOK, `{"active":true}`, as),
		"another type":             changed(http.StatusOK, `{"active":"false"}`, as),
		"another value":            changed(http.StatusOK, `{"active":false,"active":null}`, as),
		"no JSON":                  changed(http.StatusOK, `<html>`, as),
		"another content type":     changed(http.StatusOK, string(right.Body), func(h http.Header) { h.Set("Content-Type", "text/html") }),
		"a header less":            changed(http.StatusOK, string(right.Body), func(h http.Header) { h.Del("Cache-Control") }),
		"another header":           changed(http.StatusOK, string(right.Body), func(h http.Header) { h.Set("Cache-Control", "public") }),
		"no time to come back":     changed(http.StatusServiceUnavailable, `{"error":"x"}`, as),
	} {
		if _, err := d.check(r, Introspect, wrong); err == nil {
			t.Errorf("%s: nothing is wrong with it", name)
		}
	}
}

func testDescriptionValidatorRequests(t *testing.T, s *Signet) {
	d, err := loadDescription()
	must(t, err)
	right := s.Introspect(s.ResourceServer, "x").ExpectStatus(t, http.StatusOK)
	body := strings.NewReader("token_type_hint=x")
	r, err := http.NewRequest(http.MethodPost, s.URL+Introspect, body)
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if _, err := d.check(r, Introspect, right); err == nil {
		t.Error("a request that is not described may be carried out")
	}
	for path, status := range map[string]int{"/nothing": http.StatusOK, Token: http.StatusOK} {
		r.Method = http.MethodPut
		if _, err := d.check(r, path, Response{Status: status}); err == nil {
			t.Errorf("PUT %s: nothing is wrong with %d", path, status)
		}
	}
}

func testLargeEverywhere(t *testing.T, s *Signet) {
	large := strings.Repeat("x", 65<<10)
	for _, path := range []string{Token, Introspect, Revoke, UserInfo} {
		s.PostRaw(path, large).ExpectError(t, http.StatusRequestEntityTooLarge, "invalid_request")
	}
}

func testThrottledEverywhere(t *testing.T, s *Signet) {
	short := Client{ID: "short", Secret: "short-secret"}
	_, err := s.operator().Clients().Create(context.Background(), admin.NewClient{
		ID: short.ID, Secret: issuer.Secret(short.Secret), Settings: admin.ClientChange{Resources: &[]string{API}},
	})
	must(t, err)
	short.Secret = "other-secret"
	for tries := 0; s.Introspect(short, "x").Status != http.StatusTooManyRequests; tries++ {
		if tries == 1000 {
			t.Fatal("a client may guess its secret without end")
		}
	}
	for _, path := range formEndpoints {
		s.PostAs(short, path, Form("token", "x", "grant_type", "client_credentials")).expectThrottled(t)
	}
}

func testPostUserInfo(t *testing.T, s *Signet) {
	opts := func(token string) Response { return s.Send(http.MethodPost, UserInfo, "", Bearer(token)) }
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	if sub := opts(tokens.Access).ExpectStatus(t, http.StatusOK).Object(t)["sub"]; sub != s.Alice.ID {
		t.Errorf("sub %v", sub)
	}
	opts(s.ClientToken(t, s.Machine).Access).ExpectError(t, http.StatusForbidden, "insufficient_scope")
	s.Store.FailAt(0)
	opts(tokens.Access).expectUnavailable(t)
}

// testDescribedErrors goes through the description: what each operation of
// the API refuses, it refuses in the way described.
func testDescribedErrors(t *testing.T, s *Signet) {
	d, err := loadDescription()
	must(t, err)
	daemon := s.AddClient(t, "daemon", admin.ClientChange{Grants: &[]string{issuer.GrantClientCredentials}})
	portal, root := s.Portal(t), s.superAdmin(t)
	for template, item := range d.doc.Paths.Map() {
		for method, o := range item.Operations() {
			if o.Tags[0] == "OAuth" || !needsUser(o) {
				continue
			}
			right := Bearer(s.Login(t, portal, root, portalScope).Access) // some ask for the password after a login of long ago
			p := errorProbe{s, t, method, inBraces.ReplaceAllString(template, "x"), o}
			p.unauthorized(Bearer(s.ClientToken(t, daemon).Access)) // one for all would expire on the way
			p.invalidBodies(right)
			s.Clock.Advance(10 * time.Second) // nothing is remembered
			s.Store.FailAt(0)
			p.expectStatus(http.StatusServiceUnavailable, "", right)
			s.Store.Reset()
		}
	}
}

// errorProbe sends one operation requests that it must reject.
type errorProbe struct {
	s            *Signet
	t            *testing.T
	method, path string
	operation    *openapi3.Operation
}

// expectStatus demands the status, if the operation is described with it.
func (p errorProbe) expectStatus(want int, body string, opts ...RequestOption) {
	p.t.Helper()
	if p.operation.Responses.Status(want) == nil {
		return
	}
	if a := p.s.Send(p.method, p.path, body, opts...); a.Status != want {
		p.t.Errorf("%s %s: %d, want %d: %.200s", p.method, p.path, a.Status, want, a.Body)
	}
}

func (p errorProbe) unauthorized(client RequestOption) {
	p.expectStatus(http.StatusUnauthorized, "")
	p.expectStatus(http.StatusUnauthorized, "", Bearer("x"))
	p.expectStatus(http.StatusBadRequest, "", func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer x", "Bearer x"} })
	p.expectStatus(http.StatusForbidden, "", client)
}

func (p errorProbe) invalidBodies(right RequestOption) {
	json := Header("Content-Type", "application/json")
	p.expectStatus(http.StatusRequestEntityTooLarge, strings.Repeat("x", 65<<10), right)
	p.expectStatus(http.StatusUnsupportedMediaType, "{}", right, Header("Content-Type", "text/plain"))
	switch {
	case p.operation.RequestBody != nil:
		p.expectStatus(http.StatusUnprocessableEntity, `{"is_admin":true}`, right, json)
		p.expectStatus(http.StatusNotFound, "{}", right, json)
	case p.operation.Parameters.GetByInAndName("query", "limit") != nil:
		limited := p
		limited.path += "?limit=0"
		limited.expectStatus(http.StatusUnprocessableEntity, "", right)
		p.expectStatus(http.StatusNotFound, "", right)
	case strings.Contains(p.path, "/x"):
		p.expectStatus(http.StatusNotFound, "", right)
	}
}

var inBraces = regexp.MustCompile(`\{[^}]*\}`)

// needsUser tells whether an operation asks for a user's access token.
func needsUser(o *openapi3.Operation) bool {
	return slices.ContainsFunc(*o.Security, func(r openapi3.SecurityRequirement) bool { return r["password"] != nil })
}

func needsScope(o *openapi3.Operation, scope string) bool {
	return slices.ContainsFunc(*o.Security, func(r openapi3.SecurityRequirement) bool { return slices.Contains(r["password"], scope) })
}

// superAdmin is a user who may do everything.
func (s *Signet) superAdmin(t testing.TB) User {
	t.Helper()
	return s.AddUser(t, "boss", role.User, role.SuperAdmin)
}

// testAllRoutesDescribed holds the description against the table of routes, and the
// rules of the routes against what the description says of them.
func testAllRoutesDescribed(t *testing.T, s *Signet) {
	d, err := loadDescription()
	must(t, err)
	for _, r := range s.Handler.Routes() {
		if undocumented(r.Path) || r.Method == http.MethodHead {
			continue
		}
		item := d.doc.Paths.Value(r.Path)
		if item == nil || item.GetOperation(r.Method) == nil {
			t.Errorf("%s %s is not described", r.Method, r.Path)
			continue
		}
		o := item.GetOperation(r.Method)
		if scope := scopeOfRule(r.Rule); scope != "" && !needsScope(o, scope) {
			t.Errorf("%s %s: the rule is %s, and the description does not ask for a token with %s", r.Method, r.Path, r.Rule, scope)
		}
	}
}

func testUnchanged(t *testing.T, s *Signet) {
	d, err := loadDescription()
	must(t, err)
	for path, item := range d.doc.Paths.Map() {
		if item.Get == nil || item.Get.Responses.Status(http.StatusNotModified) == nil || inBraces.MatchString(path) || needsUser(item.Get) {
			continue
		}
		tag := s.Get(path).ExpectStatus(t, http.StatusOK).Header.Get("ETag")
		if a := s.Get(path, Header("If-None-Match", tag)); a.Status != http.StatusNotModified {
			t.Errorf("%s: %d when it is unchanged", path, a.Status)
		}
	}
}
