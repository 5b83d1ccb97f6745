package protocoltest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
)

var documentCases = []testCase{
	{name: "discovery names what works", run: testDiscovery},
	{name: "discovery names the password grant while it is in use", run: testGrantInUse},
	{name: "K01 K02 K16 the JWKS", run: testJWKS},
	{name: "J27 other algorithms in discovery", configure: func(o *Options) { o.Keys.Alg = keys.EdDSA }, run: testAlgorithms},
	{name: "caching", run: testCaching},
	{name: "K17 with the store down", run: testDocumentsAlone},
	{name: "an issuer with a path", configure: func(o *Options) { o.Path = "/realms/main" }, run: testPath},
	{name: "the page at /", run: testHomePage},
	{name: "the page at the path of the issuer", configure: func(o *Options) { o.Path = "/realms/main" }, run: testHomePage},
}

func testDiscovery(t *testing.T, s *Signet) {
	a := s.Get(Discovery).ExpectStatus(t, http.StatusOK)
	o := a.Object(t)
	for name, want := range map[string]any{
		"issuer": s.Issuer, "token_endpoint": s.Issuer + Token, "jwks_uri": s.Issuer + JWKS, "introspection_endpoint": s.Issuer + Introspect,
		"revocation_endpoint": s.Issuer + Revoke, "userinfo_endpoint": s.Issuer + UserInfo, "authorization_endpoint": s.Issuer + Authorize, "device_authorization_endpoint": s.Issuer + DeviceAuthorization,
		"request_uri_parameter_supported": false,
	} {
		if o[name] != want {
			t.Errorf("%s: %v, want %v", name, o[name], want)
		}
	}
	for name, want := range map[string][]string{
		"response_types_supported": {"code"}, "subject_types_supported": {"public"}, "id_token_signing_alg_values_supported": {"RS256", "ES256"},
		"scopes_supported": {"openid", "profile", "email", "phone", "offline_access", "signet:account", "signet:admin"}, "grant_types_supported": {"authorization_code", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code", "refresh_token", "password"},
		"token_endpoint_auth_methods_supported":         {"client_secret_basic", "client_secret_post", "none"},
		"introspection_endpoint_auth_methods_supported": {"client_secret_basic", "client_secret_post"},
		"revocation_endpoint_auth_methods_supported":    {"client_secret_basic", "client_secret_post", "none"},
	} {
		if got := list(o[name]); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if got := list(o["claims_supported"]); !slices.Contains(got, "sub") || !slices.Contains(got, "roles") {
		t.Errorf("claims_supported: %v", got)
	}
	for name, value := range o { // RFC 8414 §3.2: empty arrays are left out
		if array, ok := value.([]any); ok && len(array) == 0 {
			t.Errorf("%s is empty", name)
		}
		if u, ok := value.(string); ok && strings.HasSuffix(name, "_endpoint") && s.Get(strings.TrimPrefix(u, s.Issuer)).Status == http.StatusNotFound {
			t.Errorf("%s: nothing there", name)
		}
	}
	if other := s.Get(Metadata).ExpectStatus(t, http.StatusOK); !bytes.Equal(other.Body, a.Body) || a.Header.Get("Content-Type") != "application/json" {
		t.Error("the two documents differ")
	}
}

func list(v any) []string {
	array, _ := v.([]any)
	texts := make([]string, len(array))
	for n, e := range array {
		texts[n], _ = e.(string)
	}
	return texts
}

func testGrantInUse(t *testing.T, s *Signet) {
	named := func() bool {
		must(t, s.Handler.Refresh(context.Background()))
		return slices.Contains(list(s.Get(Discovery).Object(t)["grant_types_supported"]), "password")
	}
	if !named() {
		t.Error("clients use the password grant, and discovery does not say so")
	}
	tag := s.Get(Discovery).Header.Get("ETag")
	for _, id := range []string{s.Web.ID, s.Other.ID, s.SPA.ID} {
		_, err := s.operator().Clients().Update(context.Background(), id, admin.ClientChange{Grants: &[]string{"refresh_token"}})
		must(t, err)
	}
	if named() {
		t.Error("no client uses the password grant, and discovery names it")
	}
	if s.Get(Discovery).Header.Get("ETag") == tag {
		t.Error("the document changed, its ETag did not")
	}
	s.Store.FailAt(0)
	if err := s.Handler.Refresh(context.Background()); err == nil {
		t.Error("Refresh succeeds without a store")
	}
	s.Get(Discovery).ExpectStatus(t, http.StatusOK)
}

func testJWKS(t *testing.T, s *Signet) {
	_, err := s.Keys.Rotate(context.Background(), keys.Change{Force: true})
	must(t, err)
	a := s.Get(JWKS).ExpectStatus(t, http.StatusOK)
	if got := a.Header.Get("Content-Type"); got != "application/jwk-set+json" {
		t.Errorf("Content-Type: %q", got)
	}
	var set struct{ Keys []map[string]any }
	must(t, json.Unmarshal(a.Body, &set))
	seen := map[any]bool{}
	for _, k := range set.Keys {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
			if _, there := k[private]; there {
				t.Errorf("K01 member %s is published", private)
			}
		}
		if k["use"] != "sig" || k["alg"] != "ES256" || k["kid"] == "" || seen[k["kid"]] {
			t.Errorf("K02 %v", k)
		}
		seen[k["kid"]] = true
	}
	if len(set.Keys) < 2 || !seen[decodePart(t, s.ClientToken(t, s.Machine).Access, 0)["kid"]] {
		t.Errorf("%d keys; the one that signs and a standby are to be among them", len(set.Keys))
	}
}

func testAlgorithms(t *testing.T, s *Signet) {
	if got := list(s.Get(Discovery).Object(t)["id_token_signing_alg_values_supported"]); !slices.Equal(got, []string{"RS256", "EdDSA"}) {
		t.Errorf("algorithms %v", got)
	}
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	if decodePart(t, tokens.ID, 0)["alg"] != "EdDSA" || !s.Active(t, s.ResourceServer, tokens.Access) {
		t.Error("the tokens are not by the key that is configured")
	}
}

func testCaching(t *testing.T, s *Signet) {
	for _, path := range []string{JWKS, Discovery, Metadata, OpenAPI} {
		a := s.Get(path).ExpectStatus(t, http.StatusOK)
		tag := a.Header.Get("ETag")
		if a.Header.Get("Cache-Control") != "public, max-age=300" || !strings.HasPrefix(tag, `"`) || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, a.Header)
		}
		head := s.Send(http.MethodHead, path, "").ExpectStatus(t, http.StatusOK)
		if len(head.Body) != 0 || head.Header.Get("ETag") != tag || head.Header.Get("Content-Length") != a.Header.Get("Content-Length") {
			t.Errorf("%s HEAD: %v", path, head.Header)
		}
		for _, match := range []string{tag, "W/" + tag, "*", `"other", ` + tag, `"other",W/` + tag + `,"x"`} {
			same := s.Get(path, Header("If-None-Match", match)).ExpectStatus(t, http.StatusNotModified)
			if len(same.Body) != 0 || same.Header.Get("ETag") != tag || same.Header.Get("Cache-Control") == "" || same.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s If-None-Match %s: %v", path, match, same.Header)
			}
		}
		for _, match := range []string{`"other"`, strings.Trim(tag, `"`), "", ","} {
			s.Get(path, Header("If-None-Match", match)).ExpectStatus(t, http.StatusOK)
		}
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			refused := s.Send(method, path, "").ExpectError(t, http.StatusMethodNotAllowed, "invalid_request")
			if refused.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: Allow %q", method, path, refused.Header.Get("Allow"))
			}
		}
	}
	tag := s.Get(JWKS).Header.Get("ETag")
	_, err := s.Keys.Rotate(context.Background(), keys.Change{Force: true})
	must(t, err)
	s.Get(JWKS, Header("If-None-Match", tag)).ExpectStatus(t, http.StatusOK)
}

func testDocumentsAlone(t *testing.T, s *Signet) {
	s.Store.HangAt(0)
	for range 3 {
		for _, path := range []string{JWKS, Discovery, Metadata, OpenAPI} {
			s.Get(path).ExpectStatus(t, http.StatusOK)
		}
	}
	if calls := s.Store.Calls(); len(calls) > 0 {
		t.Errorf("the store was asked: %v", calls)
	}
}

func testPath(t *testing.T, s *Signet) {
	root := strings.TrimSuffix(s.URL, "/realms/main")
	expectEventually(t, s, "/readyz", http.StatusOK)
	inserted, err := s.HTTP.Get(root + Metadata + "/realms/main") // RFC 8414 §3.1
	must(t, err)
	inserted.Body.Close()
	if inserted.StatusCode != http.StatusOK {
		t.Errorf("RFC 8414's place: %d", inserted.StatusCode)
	}
	if o := s.Get(Discovery).ExpectStatus(t, http.StatusOK).Object(t); o["issuer"] != s.URL || o["token_endpoint"] != s.URL+Token {
		t.Errorf("discovery: %v", o)
	}
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	if claims(t, tokens.Access)["iss"] != s.URL || !s.Active(t, s.ResourceServer, tokens.Access) {
		t.Error("the token is not this issuer's")
	}
	for path, status := range map[string]int{
		Token: 404, JWKS: 404, Discovery: 404, Metadata: 404, OpenAPI: 404, "/livez": 200, "/readyz": 200, "/realms/main/livez": 200, "/realms/other" + JWKS: 404,
	} {
		res, err := s.HTTP.Get(root + path)
		must(t, err)
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, status)
		}
	}
}

// testHomePage: GET of the issuer's URL returns an HTML page that says what runs there.
func testHomePage(t *testing.T, s *Signet) {
	a := s.Get("/").ExpectStatus(t, http.StatusOK)
	expectStyledPage(t, a)
	for _, link := range loaded.FindAllStringSubmatch(string(a.Body), -1) {
		s.Get(strings.TrimPrefix(link[1], s.options.Path)).ExpectStatus(t, http.StatusOK)
	}
	for _, want := range []string{s.Issuer, Discovery, Docs} {
		if !strings.Contains(string(a.Body), want) {
			t.Errorf("the page does not name %s", want)
		}
	}
	if s.options.Path != "" {
		s.Get("").ExpectStatus(t, http.StatusOK)
	}
	s.Send(http.MethodPost, "/", "").ExpectError(t, http.StatusMethodNotAllowed, "invalid_request")
}

// expectStyledPage expects a page without forms that loads style, script and pictures from here.
func expectStyledPage(t *testing.T, a Response) {
	t.Helper()
	expectPage(t, a, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'")
}

func expectPage(t *testing.T, a Response, policy string) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if found := inline.Find(a.Body); found != nil {
		t.Errorf("the page needs what its policy refuses: %q", found)
	}
}
