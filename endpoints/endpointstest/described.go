package endpointstest

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

	"example.org/signet/endpoints"
	"example.org/signet/issuer"
)

// describedScenes are about the description of the API. That every answer of
// every scene is as described is judged where answers arrive.
var describedScenes = []scene{
	{name: "the description is this issuer's", play: playDescription},
	{name: "the judge says no", play: playJudge},
	{name: "the judge says no to requests", play: playJudgeRequests},
	{name: "bodies that are too large everywhere", play: playLargeEverywhere},
	{name: "a client that is throttled everywhere", adjust: throttled, play: playThrottledEverywhere},
	{name: "userinfo by POST", play: playPostUserInfo},
	{name: "every route of the API refuses as described", adjust: merged, play: playDescribedRefusals},
	{name: "every document is known to be unchanged", play: playUnchanged},
	{name: "every route is described", adjust: merged, play: playAllDescribed},
}

func playDescription(t *testing.T, s *Signet) {
	a := s.Get(OpenAPI).Expect(t, http.StatusOK)
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
	if strings.Contains(string(a.Body), "localhost") {
		t.Error("a URL of the example is left in the document")
	}
}

// playJudge holds wrong answers to the description: what never refuses shows
// nothing.
func playJudge(t *testing.T, s *Signet) {
	d, err := describe()
	must(t, err)
	r, err := http.NewRequest(http.MethodPost, s.URL+Introspect, nil)
	must(t, err)
	right := s.Introspect(s.Guard, "x").Expect(t, http.StatusOK)
	changed := func(status int, body string, change func(http.Header)) Answer {
		h := maps.Clone(right.Header)
		change(h)
		return Answer{Status: status, Header: h, Body: []byte(body)}
	}
	as := func(http.Header) {}
	if _, err := d.judge(r, Introspect, right); err != nil {
		t.Errorf("the right answer: %v", err)
	}
	for name, wrong := range map[string]Answer{
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
		if _, err := d.judge(r, Introspect, wrong); err == nil {
			t.Errorf("%s: nothing is wrong with it", name)
		}
	}
}

func playJudgeRequests(t *testing.T, s *Signet) {
	d, err := describe()
	must(t, err)
	right := s.Introspect(s.Guard, "x").Expect(t, http.StatusOK)
	body := strings.NewReader("token_type_hint=x")
	r, err := http.NewRequest(http.MethodPost, s.URL+Introspect, body)
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if _, err := d.judge(r, Introspect, right); err == nil {
		t.Error("a request that is not described may be carried out")
	}
	for path, status := range map[string]int{"/nothing": http.StatusOK, Token: http.StatusOK} {
		r.Method = http.MethodPut
		if _, err := d.judge(r, path, Answer{Status: status}); err == nil {
			t.Errorf("PUT %s: nothing is wrong with %d", path, status)
		}
	}
}

func playLargeEverywhere(t *testing.T, s *Signet) {
	large := strings.Repeat("x", 65<<10)
	for _, path := range []string{Token, Introspect, Revoke, UserInfo} {
		s.PostRaw(path, large).Refused(t, http.StatusRequestEntityTooLarge, "invalid_request")
	}
}

func playThrottledEverywhere(t *testing.T, s *Signet) {
	short := Client{ID: "short", Secret: "short-secret"}
	_, err := s.Service.CreateClient(context.Background(), issuer.NewClient{
		ID: short.ID, Secret: issuer.Secret(short.Secret), Settings: issuer.ClientChange{Resources: &[]string{API}},
	}, source)
	must(t, err)
	short.Secret = "other-secret"
	for tries := 0; s.Introspect(short, "x").Status != http.StatusTooManyRequests; tries++ {
		if tries == 1000 {
			t.Fatal("a client may guess its secret without end")
		}
	}
	for _, path := range posted {
		s.PostAs(short, path, Form("token", "x", "grant_type", "client_credentials")).throttled(t)
	}
}

func playPostUserInfo(t *testing.T, s *Signet) {
	with := func(token string) Answer { return s.Send(http.MethodPost, UserInfo, "", Bearer(token)) }
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	if sub := with(tokens.Access).Expect(t, http.StatusOK).Object(t)["sub"]; sub != s.Alice.ID {
		t.Errorf("sub %v", sub)
	}
	with(s.ClientToken(t, s.Machine).Access).Refused(t, http.StatusForbidden, "insufficient_scope")
	s.Store.FailAt(0)
	with(tokens.Access).unavailable(t)
}

// playDescribedRefusals goes through the description: what each operation of
// the API refuses, it refuses in the way described.
func playDescribedRefusals(t *testing.T, s *Signet) {
	d, err := describe()
	must(t, err)
	daemon := s.AddClient(t, "daemon", issuer.ClientChange{Grants: &[]string{issuer.GrantClientCredentials}})
	right, clients := Bearer(s.Login(t, s.Portal(t), s.boss(t), "openid").Access), Bearer(s.ClientToken(t, daemon).Access)
	for template, item := range d.doc.Paths.Map() {
		for method, o := range item.Operations() {
			if o.Tags[0] == "OAuth" || !needsUser(o) {
				continue
			}
			p := probe{s, t, method, inBraces.ReplaceAllString(template, "x"), o}
			p.strangers(clients)
			p.bodies(right)
			s.Clock.Advance(10 * time.Second) // nothing is remembered
			s.Store.FailAt(0)
			p.refused(http.StatusServiceUnavailable, "", right)
			s.Store.Forget()
		}
	}
}

// probe asks one operation what it should refuse, about things that are not
// there.
type probe struct {
	s            *Signet
	t            *testing.T
	method, path string
	described    *openapi3.Operation
}

// refused demands the status, if the operation is described with it.
func (p probe) refused(want int, body string, with ...With) {
	p.t.Helper()
	if p.described.Responses.Status(want) == nil {
		return
	}
	if a := p.s.Send(p.method, p.path, body, with...); a.Status != want {
		p.t.Errorf("%s %s: %d, want %d: %.200s", p.method, p.path, a.Status, want, a.Body)
	}
}

func (p probe) strangers(client With) {
	p.refused(http.StatusUnauthorized, "")
	p.refused(http.StatusUnauthorized, "", Bearer("x"))
	p.refused(http.StatusBadRequest, "", func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer x", "Bearer x"} })
	p.refused(http.StatusForbidden, "", client)
}

func (p probe) bodies(right With) {
	json := Header("Content-Type", "application/json")
	p.refused(http.StatusRequestEntityTooLarge, strings.Repeat("x", 65<<10), right)
	p.refused(http.StatusUnsupportedMediaType, "{}", right, Header("Content-Type", "text/plain"))
	switch {
	case p.described.RequestBody != nil:
		p.refused(http.StatusUnprocessableEntity, `{"is_admin":true}`, right, json)
		p.refused(http.StatusNotFound, "{}", right, json)
	case p.described.Parameters.GetByInAndName("query", "limit") != nil:
		limited := p
		limited.path += "?limit=0"
		limited.refused(http.StatusUnprocessableEntity, "", right)
		p.refused(http.StatusNotFound, "", right)
	case strings.Contains(p.path, "/x"):
		p.refused(http.StatusNotFound, "", right)
	}
}

var inBraces = regexp.MustCompile(`\{[^}]*\}`)

// needsUser tells whether an operation asks for a user's access token.
func needsUser(o *openapi3.Operation) bool {
	return slices.ContainsFunc(*o.Security, func(r openapi3.SecurityRequirement) bool { return r["password"] != nil })
}

// boss is a user who may do everything.
func (s *Signet) boss(t testing.TB) Person {
	t.Helper()
	return s.AddUser(t, "boss", issuer.RoleUser, issuer.RoleSuperAdmin)
}

// playAllDescribed holds the description against the table of routes, and the
// rules of the routes against what the description says of them.
func playAllDescribed(t *testing.T, s *Signet) {
	d, err := describe()
	must(t, err)
	for _, r := range s.Handler.Routes() {
		if notDescribed(r.Path) || r.Method == http.MethodHead {
			continue
		}
		item := d.doc.Paths.Value(r.Path)
		if item == nil || item.GetOperation(r.Method) == nil {
			t.Errorf("%s %s is not described", r.Method, r.Path)
			continue
		}
		o := item.GetOperation(r.Method)
		if guarded := r.Rule != endpoints.RuleProtocol && r.Rule != endpoints.RuleOpen; guarded && !needsUser(o) {
			t.Errorf("%s %s: the rule is %s, and the description says nothing of a token", r.Method, r.Path, r.Rule)
		}
	}
}

func playUnchanged(t *testing.T, s *Signet) {
	d, err := describe()
	must(t, err)
	for path, item := range d.doc.Paths.Map() {
		if item.Get == nil || item.Get.Responses.Status(http.StatusNotModified) == nil || inBraces.MatchString(path) {
			continue
		}
		tag := s.Get(path).Expect(t, http.StatusOK).Header.Get("ETag")
		if a := s.Get(path, Header("If-None-Match", tag)); a.Status != http.StatusNotModified {
			t.Errorf("%s: %d when it is unchanged", path, a.Status)
		}
	}
}
