//go:build !race

// The race detector allocates, and empties pools at random.

package endpoints_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.org/signet/internal/protocoltest"
	"example.org/signet/keys"
)

// TestAllocations_PerRequest bounds how often a request allocates, from the handler to the store and
// back. net/http's own are not counted. A handful more than what was measured is allowed.
func TestAllocations_PerRequest(t *testing.T) {
	for name, c := range map[string]struct {
		alg   string
		most  float64
		start func(t *testing.T, s *protocoltest.Signet) func()
	}{
		"introspection, asked again":        {keys.RS256, 65, introspectAgain},
		"introspection, for the first time": {keys.RS256, 100, introspectFresh},
		"refresh, ES256":                    {keys.ES256, 180, refreshAgain},
		"client credentials, ES256":         {keys.ES256, 120, clientCredentialsAgain},
	} {
		t.Run(name, func(t *testing.T) {
			s := protocoltest.Start(t, openSQLite, func(o *protocoltest.Options) { o.Keys.Alg, o.Log = c.alg, io.Discard })
			s.Store.StopRecording()
			if got := testing.AllocsPerRun(allocationRuns, c.start(t, s)); got > c.most {
				t.Errorf("%.0f allocations, want at most %.0f", got, c.most)
			} else {
				t.Logf("%.0f allocations", got)
			}
		})
	}
}

const allocationRuns = 200

// formSender posts forms to one path without allocating much by itself.
type formSender struct {
	handler http.Handler
	request *http.Request
	body    strings.Reader
	answer  responseText
}

func newFormSender(s *protocoltest.Signet, path string, c protocoltest.Client) *formSender {
	f := &formSender{handler: s.Handler, request: httptest.NewRequest(http.MethodPost, path, nil)}
	f.request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	protocoltest.Basic(c)(f.request)
	f.answer.header = http.Header{}
	return f
}

func (f *formSender) post(t *testing.T, form string) string {
	f.body.Reset(form)
	f.request.Body, f.request.ContentLength = io.NopCloser(&f.body), int64(len(form))
	clear(f.answer.header)
	f.answer.status, f.answer.body = http.StatusOK, ""
	f.handler.ServeHTTP(&f.answer, f.request)
	if f.answer.status != http.StatusOK {
		t.Fatalf("%d %s", f.answer.status, f.answer.body)
	}
	return f.answer.body
}

// responseText keeps the last write of an answer.
type responseText struct {
	header http.Header
	status int
	body   string
}

func (w *responseText) Header() http.Header  { return w.header }
func (w *responseText) WriteHeader(code int) { w.status = code }
func (w *responseText) Write(p []byte) (int, error) {
	w.body = string(p)
	return len(p), nil
}

func introspectAgain(t *testing.T, s *protocoltest.Signet) func() {
	sender := newFormSender(s, protocoltest.Introspect, s.ResourceServer)
	form := protocoltest.Form("token", s.Login(t, s.Web, s.Alice, "openid").Access).Encode()
	return func() { sender.post(t, form) }
}

// introspectFresh asks an instance that has not signed the tokens.
func introspectFresh(t *testing.T, s *protocoltest.Signet) func() {
	other := s.StartInstance(t)
	sender := newFormSender(other, protocoltest.Introspect, s.ResourceServer)
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	forms := make([]string, allocationRuns+1) // one for the run that AllocsPerRun does not count
	for n := range forms {
		tokens = s.Refresh(t, s.Web, tokens.Refresh)
		forms[n] = protocoltest.Form("token", tokens.Access).Encode()
	}
	next := 0
	return func() {
		sender.post(t, forms[next])
		next++
	}
}

func refreshAgain(t *testing.T, s *protocoltest.Signet) func() {
	sender := newFormSender(s, protocoltest.Token, s.Web)
	token := s.Login(t, s.Web, s.Alice, "openid").Refresh
	return func() {
		body := sender.post(t, "grant_type=refresh_token&refresh_token="+token)
		at := strings.Index(body, `"sgr_`) + 1
		token = body[at : at+strings.IndexByte(body[at:], '"')]
	}
}

func clientCredentialsAgain(t *testing.T, s *protocoltest.Signet) func() {
	sender := newFormSender(s, protocoltest.Token, s.Machine)
	return func() { sender.post(t, "grant_type=client_credentials") }
}
