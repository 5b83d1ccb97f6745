package protocoltest

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var docsPageCases = []testCase{
	{name: "H06 the page at /docs", configure: withDocsClient, run: testPage},
	{name: "H06 the page of an issuer with a path", configure: func(o *Options) { o.Path = "/realms/main" }, run: testPage},
	{name: "the parts of the page", run: testPageParts},
	{name: "the page of each listener lists its operations", run: testListenerPages},
	{name: "the page of a merged listener", configure: func(o *Options) { o.Endpoints.AdminMerged = true }, run: testMergedPage},
	{name: "the page with the store down", run: testPageAlone},
}

// withDocsClient has the page name a client, with all that HTML could trip over.
func withDocsClient(o *Options) { o.Endpoints.DocsClient = `"><script>alert(1)</script>` }

var (
	loaded = regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	inline = regexp.MustCompile(`(?i)<script>|<script[^>]*>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:`)
)

func testPage(t *testing.T, s *Signet) {
	a := s.Get(Docs).ExpectStatus(t, http.StatusOK)
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin-allow-popups", "Access-Control-Allow-Origin": "",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if found := inline.Find(a.Body); found != nil {
		t.Errorf("the page needs what its policy refuses: %q", found)
	}
	if !strings.Contains(string(a.Body), `data-scopes="openid profile signet:account"`) {
		t.Errorf("the page does not ask for the scope of /me: %s", a.Body)
	}
	if !strings.Contains(string(a.Body), `data-issuer="`+s.Issuer+`"`) {
		t.Errorf("the page does not name its issuer: %s", a.Body)
	}
	for _, part := range loaded.FindAllStringSubmatch(string(a.Body), -1) {
		path, below := strings.CutPrefix(part[1], s.options.Path)
		if !below {
			t.Errorf("%s is not below the issuer's path", part[1])
		}
		s.Get(path).ExpectStatus(t, http.StatusOK)
	}
	s.Send(http.MethodPost, Docs, "").ExpectError(t, http.StatusMethodNotAllowed, "invalid_request")
	s.Get(Docs+"/").ExpectError(t, http.StatusNotFound, "not_found")
	s.Get(Docs+"/index.html").ExpectError(t, http.StatusNotFound, "not_found")
}

func testPageParts(t *testing.T, s *Signet) {
	for part, kind := range map[string]string{
		"start.js": "text/javascript", "oauth2-redirect.js": "text/javascript", "swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "page.css": "text/css", "favicon-32x32.png": "image/png",
	} {
		path := Docs + "/" + part
		a := s.Get(path).ExpectStatus(t, http.StatusOK)
		if got := a.Header.Get("Content-Type"); !strings.HasPrefix(got, kind) || a.Header.Get("Cache-Control") != "public, max-age=3600" ||
			a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s: %v", part, a.Header)
		}
		s.Get(path, Header("If-None-Match", a.Header.Get("ETag"))).ExpectStatus(t, http.StatusNotModified)
		s.Get(path, Header("If-None-Match", `"other"`)).ExpectStatus(t, http.StatusOK)
		for _, encoding := range []string{"", "br", "gzip;q=0", "gzip; q=0.0, br", "x-gzip"} {
			if b := s.Get(path, Header("Accept-Encoding", encoding)); b.Header.Get("Content-Encoding") != "" || !bytes.Equal(a.Body, b.Body) {
				t.Errorf("%s to one who takes %q: %v", part, encoding, b.Header)
			}
		}
		for _, wish := range []string{"gzip", "br, GZIP", "gzip;q=0.5", "deflate, gzip;q=1.0"} {
			b := s.Get(path, Header("Accept-Encoding", wish)).ExpectStatus(t, http.StatusOK)
			if b.Header.Get("Content-Encoding") == "" && bytes.Equal(a.Body, b.Body) {
				continue // a small one
			}
			if tag := b.Header.Get("ETag"); tag == a.Header.Get("ETag") || b.Header.Get("Vary") != "Accept-Encoding" || a.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: a cache cannot tell the encodings apart: %v", part, b.Header)
			}
			r, err := gzip.NewReader(bytes.NewReader(b.Body))
			must(t, err)
			plain, err := io.ReadAll(r)
			must(t, err)
			if !bytes.Equal(plain, a.Body) {
				t.Errorf("%s differs when it is compressed", part)
			}
		}
	}
}

func testPageAlone(t *testing.T, s *Signet) {
	s.Store.HangAt(0)
	for _, path := range []string{Docs, Docs + "/start.js", OpenAPI} {
		s.Get(path).ExpectStatus(t, http.StatusOK)
	}
	if calls := s.Store.Calls(); len(calls) > 0 {
		t.Errorf("the store was asked: %v", calls)
	}
}

// describedPaths returns the paths of the description that a listener serves.
func describedPaths(t *testing.T, s *Signet) (public, admin int) {
	t.Helper()
	a := s.Get(OpenAPI).ExpectStatus(t, http.StatusOK)
	doc, err := openapi3.NewLoader().LoadFromData(a.Body)
	must(t, err)
	must(t, doc.Validate(context.Background()))
	for path, item := range doc.Paths.Map() {
		if strings.HasPrefix(path, "/api/") {
			admin++
		} else {
			public++
		}
		for _, o := range item.Operations() {
			if doc.Tags.Get(o.Tags[0]) == nil {
				t.Errorf("%s has the tag %s, which is not explained", path, o.Tags[0])
			}
		}
	}
	return public, admin
}

// testListenerPages: the admin listener has its own page, and logs in by itself.
func testListenerPages(t *testing.T, s *Signet) {
	if public, admin := describedPaths(t, s); public < 10 || admin != 0 {
		t.Errorf("the public listener describes %d public and %d admin paths", public, admin)
	}
	l := s.AdminListener(t)
	if public, admin := describedPaths(t, l); public != 0 || admin < 20 {
		t.Errorf("the admin listener describes %d public and %d admin paths", public, admin)
	}
	page := l.Get(Docs).ExpectStatus(t, http.StatusOK)
	if !strings.Contains(string(page.Body), `data-scopes="signet:admin"`) {
		t.Errorf("the page does not ask for the scope of the admin API: %s", page.Body)
	}
	for _, part := range loaded.FindAllStringSubmatch(string(page.Body), -1) {
		l.Get(part[1]).ExpectStatus(t, http.StatusOK)
	}
	expectStyledPage(t, l.Get("/").ExpectStatus(t, http.StatusOK))
	token := Bearer(l.Post(Token, s.AddUser(t, "rita", "super_admin").LoginForm("signet:admin"), Basic(s.Portal(t))).Tokens(t).Access)
	l.JSON("GET", Users, nil, token).ExpectStatus(t, http.StatusOK)
	for _, path := range []string{Introspect, Revoke, UserInfo, JWKS, Discovery, "/me"} {
		l.Get(path).ExpectStatus(t, http.StatusNotFound)
	}
}

func testMergedPage(t *testing.T, s *Signet) {
	if public, admin := describedPaths(t, s); public < 10 || admin < 20 {
		t.Errorf("the merged listener describes %d public and %d admin paths", public, admin)
	}
}
