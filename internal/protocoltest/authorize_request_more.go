package protocoltest

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/storage"
)

func testRequestURI(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	fetched := make(chan struct{}, 1)
	go func() {
		if conn, err := l.Accept(); err == nil {
			conn.Close()
			fetched <- struct{}{}
		}
	}()
	answer := s.NewBrowser().Open(s.authorizeURL(app, "request_uri", "http://"+l.Addr().String()+"/r")).Answer(t)
	if answer.Get("error") != "request_uri_not_supported" {
		t.Errorf("%v", answer)
	}
	select {
	case <-fetched:
		t.Error("the request_uri is fetched")
	case <-time.After(20 * time.Millisecond):
	}
}

func testAuthorizePKCE(t *testing.T, s *Signet) {
	demanding := s.AddCodeClient(t, "demanding")
	lenient := s.AddCodeClient(t, "lenient", func(c *storage.Client) { c.PKCEOptional = true })
	without := []string{"code_challenge", "", "code_challenge_method", ""}
	if got := s.NewBrowser().Open(s.authorizeURL(demanding, without...)).Answer(t).Get("error"); got != "invalid_request" {
		t.Errorf("Z16 a confidential client by default: %q", got)
	}
	for _, nonce := range []string{"", "n-1"} {
		code := s.NewBrowser().GetCode(t, lenient, s.Alice, append(without, "nonce", nonce)...)
		code.Verifier = ""
		s.Redeem(t, lenient, code)
	}
	s.Redeem(t, lenient, s.NewBrowser().GetCode(t, lenient, s.Alice))
}

func testAuthorizeScopes(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	tokens := s.Redeem(t, app, s.NewBrowser().GetCode(t, app, s.Alice, "scope", "profile unknown items:read openid signet:admin"))
	got := strings.Fields(tokens.Scope)
	slices.Sort(got)
	if want := []string{"items:read", "openid", "profile"}; !slices.Equal(got, want) || tokens.ID == "" {
		t.Errorf("scope %v, want %v", got, want)
	}
	plain := s.Redeem(t, app, s.NewBrowser().GetCode(t, app, s.Alice, "scope", "items:read"))
	if plain.ID != "" {
		t.Error("Z21 an ID token without openid")
	}
	s.UserInfo(plain.Access).ExpectStatus(t, http.StatusForbidden)
}

func testAuthorizeHints(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	nasty := "\"><script>alert(1)</script>\u202e\x00'"
	for _, name := range []string{"display", "ui_locales", "claims_locales", "login_hint", "acr_values"} {
		for _, value := range []string{nasty, strings.Repeat("x", 3000), "se", "\xff\xfe", "1 2"} {
			p := s.NewBrowser().Open(s.authorizeURL(app, name, value)).expect(t, Login)
			if strings.Contains(string(p.Body), "<script>alert") {
				t.Errorf("Z27 %s is not escaped", name)
			}
		}
	}
	shown := func(hint string) string {
		p := s.NewBrowser().Open(s.authorizeURL(app, "login_hint", hint)).expect(t, Login)
		if !strings.Contains(string(p.Body), `value="`+hint+`"`) {
			t.Errorf("Z27 %s is not in the field", hint)
		}
		body := formAction.ReplaceAllString(string(p.Body), "")
		return strings.ReplaceAll(body, hint, "")
	}
	if shown(s.Alice.Username) != shown("nobody-here") {
		t.Error("Z27 a known user can be told from an unknown one")
	}
}

func testAuthorizeCORS(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	for _, path := range []string{s.authorizeURL(app), Login, Consent, Login + "/password"} {
		s.preflight(path, Origin, "POST").ExpectStatus(t, http.StatusMethodNotAllowed)
		for _, a := range []Response{s.Get(path, Header("Origin", Origin)), s.Send("POST", path, "", Header("Origin", Origin))} {
			for name := range a.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s: %s", path, name)
				}
			}
		}
	}
}

// writes are the store calls that change something.
func writes(calls []string) []string {
	return slices.DeleteFunc(slices.Clone(calls), func(name string) bool {
		return slices.Contains([]string{"Client", "Session", "BrowserSession", "User", "UserInEpoch", "UserByLogin", "Epoch", "ListRoles", "BrowserSessionWithUser"}, name)
	})
}

func testAuthorizeCost(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	s.Store.Reset()
	evaluations := s.Passwords.Evaluations()
	for n := range 1000 {
		a := s.Get(s.authorizeURL(app)).ExpectStatus(t, http.StatusSeeOther)
		if n%100 == 0 {
			s.Get(s.below(a.Header.Get("Location"))).ExpectStatus(t, http.StatusOK)
		}
	}
	if calls := s.Store.Calls(); len(writes(calls)) > 0 || len(calls) > 10 {
		t.Errorf("%d calls of the store: %.300q", len(calls), calls)
	}
	if s.Passwords.Evaluations() != evaluations {
		t.Error("passwords were hashed")
	}
}

func testAuthorizeSize(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	// 16 KiB and one byte, in parameters that would be ignored, and far more.
	for _, size := range []int{16<<10 + 1, 24 << 10} {
		q := s.authorizeURL(app) + "&x=" + strings.Repeat("y", size)
		s.NewBrowser().Open(q).ExpectErrorPage(t, http.StatusRequestURITooLong, "request_too_large")
	}
	for _, size := range []int{16<<10 + 1, 60 << 10, 300 << 10} {
		p := Page{Response: s.PostRaw(Authorize, "x="+strings.Repeat("y", size))}
		p.ExpectErrorPage(t, http.StatusRequestEntityTooLarge, "request_too_large")
	}
	q := s.authorizeURL(app)
	s.NewBrowser().Open(q+"&x="+strings.Repeat("y", 16<<10-len(q)-3)).expect(t, Login)
	s.PostRaw(Login, "username="+strings.Repeat("y", 20<<10)).ExpectStatus(t, http.StatusRequestEntityTooLarge)
}

func testAuthorizeAudit(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	for name, path := range map[string]string{
		"client":        s.authorizeURL(app, "client_id", "x"),
		"redirect_uri":  s.authorizeURL(app, "redirect_uri", Callback+"/"),
		"response_type": s.authorizeURL(app, "response_type", "token"),
		"prompt":        s.authorizeURL(app, "prompt", "none login"),
		"hint":          s.authorizeURL(app, "id_token_hint", "x"),
		"encoding":      s.authorizeURL(app) + "&scope=%zz",
		"large":         s.authorizeURL(app) + "&x=" + strings.Repeat("y", 17<<10),
		"acr":           s.authorizeURL(app, "claims", `{"id_token":{"acr":{"essential":true,"value":"urn:x"}}}`),
	} {
		id := s.Get(path).Header.Get("X-Request-Id")
		events := s.auditOf(t, id)
		if len(events) != 1 || events[0].Type != "authorize.refused" {
			t.Errorf("%s: %d events with the request id: %+v", name, len(events), events)
			continue
		}
		detail := events[0].Detail
		if name == "redirect_uri" && (!strings.Contains(detail, Callback+"/") || strings.Count(detail, Callback) != 2) {
			t.Errorf("E02 the event does not show the difference: %s", detail)
		}
		if name != "client" && name != "encoding" && name != "large" && events[0].ClientID != app.ID {
			t.Errorf("%s: the event does not name the client: %+v", name, events[0])
		}
	}
	// The normal answers of a silent renewal are no events.
	if id := s.Get(s.authorizeURL(app, "prompt", "none")).Header.Get("X-Request-Id"); len(s.auditOf(t, id)) != 0 {
		t.Error("login_required is audited")
	}
	// A stranger cannot fill the log.
	for range 600 {
		s.Get(s.authorizeURL(app, "redirect_uri", Callback+"/"))
	}
	if n := strings.Count(auditLog(s), `"authorize.refused"`); n > 300 {
		t.Errorf("%d events after 600 refusals", n)
	}
}

// auditOf returns the audit events of a request.
func (s *Signet) auditOf(t *testing.T, requestID string) []storage.AuditEvent {
	t.Helper()
	page, err := s.backend.ListAudit(context.Background(), storage.AuditFilter{Newest: true}, storage.Page{Limit: storage.MaxPage})
	must(t, err)
	return slices.DeleteFunc(page.Events, func(e storage.AuditEvent) bool { return e.RequestID != requestID })
}
