package upstream_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

func TestFinish_SaysWhoHasSignedIn(t *testing.T) {
	f, c := newFake(t), newClient(t)
	conn, p := newConnector(t, c, f.URL), upstream.NewProof([]byte("secret of one browser"))
	f.claims = map[string]any{"auth_time": now.Add(-time.Minute).Unix(), "amr": []string{"pwd", "mfa", "<odd>"}}
	begin(t, f, c, conn, p, upstream.Ask{LoginHint: "ann", Locales: "de"})
	for name, want := range map[string]string{
		"client_id": clientID, "response_type": "code", "state": "state", "scope": "openid profile email", "code_challenge_method": "S256", "login_hint": "ann",
		"ui_locales": "de", "redirect_uri": "https://id.example/login/upstream/company/callback", "prompt": "", "max_age": "",
	} {
		if got := f.asked.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	got, err := c.Finish(t.Context(), conn, p, upstream.Ask{}, upstream.Response{Code: "code", Issuer: f.URL})
	if err != nil {
		t.Fatal(err)
	}
	want := upstream.Identity{
		Issuer: f.URL, Subject: "ann-at-idp", Username: "ann", Email: "Ann@example.org", EmailVerified: true, Name: "Ann",
		AuthTime: now.Add(-time.Minute), Methods: []string{"pwd", "mfa", "<odd>"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(upstream.Identity{}, "Claims")); diff != "" {
		t.Errorf("who has signed in (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"fed"}, upstream.Methods(conn, got)); diff != "" {
		t.Errorf("methods that count (-want +got):\n%s", diff)
	}
	conn.TrustMethods = true
	if diff := cmp.Diff([]string{"fed", "mfa"}, upstream.Methods(conn, got)); diff != "" {
		t.Errorf("methods that count where the provider is trusted (-want +got):\n%s", diff)
	}
}

func TestBegin_AsksForAFreshLogin(t *testing.T) {
	f, c := newFake(t), newClient(t)
	conn, p, age := newConnector(t, c, f.URL), upstream.NewProof([]byte("s")), int64(60)
	conn.Prompt = "select_account"
	begin(t, f, c, conn, p, upstream.Ask{})
	if got := f.asked.Get("prompt"); got != "select_account" {
		t.Errorf("prompt is %q", got)
	}
	begin(t, f, c, conn, p, upstream.Ask{Fresh: true, MaxAge: &age})
	if got := f.asked.Get("prompt") + " " + f.asked.Get("max_age"); got != "login 60" {
		t.Errorf("prompt and max_age are %q", got)
	}
	f.claims = map[string]any{"auth_time": now.Add(-time.Hour).Unix()}
	_, err := c.Finish(t.Context(), conn, p, upstream.Ask{MaxAge: &age}, upstream.Response{Code: "code"})
	wantProblem(t, "an old login", err, upstream.ProblemNotFresh)
}

func wantProblem(t *testing.T, what string, err error, want upstream.Problem) {
	t.Helper()
	var e *upstream.Error
	if !errors.As(err, &e) || e.Problem != want {
		t.Errorf("%s: %v, want the problem %s", what, err, want)
		return
	}
	for _, secret := range []string{"secret", "code_verifier", "<script>"} {
		if strings.Contains(e.Error(), secret+"=") || strings.Contains(e.Error(), "<script>") {
			t.Errorf("%s: the error tells too much: %v", what, e)
		}
	}
}

// Each way in which a provider, or somebody between, can misbehave signs nobody in.
func TestFinish_RefusesWhatProvesNothing(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const rejected, unavailable, misconfigured = upstream.ProblemRejected, upstream.ProblemUnavailable, upstream.ProblemMisconfigured
	for name, c := range map[string]struct {
		change   func(f *fakeProvider)
		response upstream.Response
		want     upstream.Problem
	}{
		"no nonce":                    {change: func(f *fakeProvider) { f.claims = map[string]any{"nonce": nil} }, want: rejected},
		"another nonce":               {change: func(f *fakeProvider) { f.claims = map[string]any{"nonce": "other"} }, want: rejected},
		"another issuer in the token": {change: func(f *fakeProvider) { f.claims = map[string]any{"iss": "https://evil.example"} }, want: rejected},
		"another audience":            {change: func(f *fakeProvider) { f.claims = map[string]any{"aud": "other"} }, want: rejected},
		"two audiences and no azp":    {change: func(f *fakeProvider) { f.claims = map[string]any{"aud": []string{clientID, "other"}} }, want: rejected},
		"another azp":                 {change: func(f *fakeProvider) { f.claims = map[string]any{"azp": "other"} }, want: rejected},
		"an expired token":            {change: func(f *fakeProvider) { f.claims = map[string]any{"exp": now.Add(-time.Hour).Unix()} }, want: rejected},
		"nobody":                      {change: func(f *fakeProvider) { f.claims = map[string]any{"sub": ""} }, want: rejected},
		"a long subject":              {change: func(f *fakeProvider) { f.claims = map[string]any{"sub": strings.Repeat("x", 256)} }, want: rejected},
		"another key":                 {change: func(f *fakeProvider) { f.signer = other }, want: rejected},
		"mix-up":                      {response: upstream.Response{Code: "code", Issuer: "https://evil.example"}, want: rejected},
		"no issuer where it is promised": {change: func(f *fakeProvider) {
			f.metadata = map[string]any{"authorization_response_iss_parameter_supported": true}
		}, want: rejected},
		"a wrong code":           {response: upstream.Response{Code: "guess"}, want: rejected},
		"no code":                {response: upstream.Response{Issuer: "x"}, want: rejected},
		"denied":                 {response: upstream.Response{Error: "access_denied"}, want: upstream.ProblemDenied},
		"an error of the server": {response: upstream.Response{Error: "server_error"}, want: unavailable},
		"another error":          {response: upstream.Response{Error: "<script>"}, want: misconfigured},
		"userinfo of another": {change: func(f *fakeProvider) {
			f.claims, f.userInfo = map[string]any{"email": nil}, map[string]any{"sub": "eve"}
		}, want: rejected},
		"no ID token":                     {change: answers(http.StatusOK, `{"access_token":"at","token_type":"Bearer"}`), want: rejected},
		"garbage for an ID token":         {change: answers(http.StatusOK, `{"access_token":"at","token_type":"Bearer","id_token":"a.b.c"}`), want: rejected},
		"500":                             {change: answers(http.StatusInternalServerError, `oops`), want: unavailable},
		"HTML":                            {change: answers(http.StatusOK, `<html><script>`), want: unavailable},
		"no JSON":                         {change: answers(http.StatusOK, ``), want: unavailable},
		"the wrong secret":                {change: answers(http.StatusUnauthorized, `{"error":"invalid_client"}`), want: misconfigured},
		"a redirect":                      {change: answers(http.StatusFound, ``), want: rejected},
		"more than anybody needs to read": {change: answers(http.StatusOK, `{"access_token":"`+strings.Repeat("x", 2<<20)+`"}`), want: unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			f, client := newFake(t), newClient(t)
			if c.change != nil {
				c.change(f)
			}
			conn, p := newConnector(t, client, f.URL), upstream.NewProof([]byte("s"))
			begin(t, f, client, conn, p, upstream.Ask{})
			response := c.response
			if response == (upstream.Response{}) {
				response.Code = "code"
			}
			_, err := client.Finish(t.Context(), conn, p, upstream.Ask{}, response)
			wantProblem(t, name, err, c.want)
		})
	}
}

func answers(status int, body string) func(*fakeProvider) {
	return func(f *fakeProvider) {
		f.token = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = bytes.NewBufferString(body).WriteTo(w)
		}
	}
}

// What belongs to another browser, or was used before, signs nobody in.
func TestFinish_IsOfOneAttempt(t *testing.T) {
	f, c := newFake(t), newClient(t)
	conn, p := newConnector(t, c, f.URL), upstream.NewProof([]byte("one"))
	begin(t, f, c, conn, p, upstream.Ask{})
	_, err := c.Finish(t.Context(), conn, upstream.NewProof([]byte("another")), upstream.Ask{}, upstream.Response{Code: "code"})
	wantProblem(t, "in another browser", err, upstream.ProblemRejected)

	f = newFake(t)
	conn = newConnector(t, c, f.URL)
	begin(t, f, c, conn, p, upstream.Ask{})
	if _, err := c.Finish(t.Context(), conn, p, upstream.Ask{}, upstream.Response{Code: "code"}); err != nil {
		t.Fatal(err)
	}
	_, err = c.Finish(t.Context(), conn, p, upstream.Ask{}, upstream.Response{Code: "code"})
	wantProblem(t, "a second time", err, upstream.ProblemRejected)
}

func TestBegin_WithoutAProvider(t *testing.T) {
	c := newClient(t)
	f := newFake(t)
	conn := newConnector(t, c, f.URL)
	f.metadata = map[string]any{"issuer": "https://other.example"}
	_, err := c.Begin(t.Context(), conn, upstream.NewProof(nil), upstream.Ask{})
	wantProblem(t, "metadata of another issuer", err, upstream.ProblemMisconfigured)
	f.Close()
	_, err = c.Begin(t.Context(), conn, upstream.NewProof(nil), upstream.Ask{})
	wantProblem(t, "a provider that is down", err, upstream.ProblemUnavailable)
	f = newFake(t)
	moved := conn
	moved.Issuer = f.URL // the secret was sealed for another provider
	_, err = c.Begin(t.Context(), moved, upstream.NewProof(nil), upstream.Ask{})
	wantProblem(t, "the secret of another provider", err, upstream.ProblemMisconfigured)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	conn = newConnector(t, c, f.URL)
	if _, err = c.Begin(ctx, conn, upstream.NewProof(nil), upstream.Ask{}); err == nil {
		t.Error("a request that nobody waits for succeeds")
	}
}

// userinfo adds what the ID token lacks, and changes nothing that it has.
func TestFinish_AsksForMissingClaims(t *testing.T) {
	f, c := newFake(t), newClient(t)
	f.claims = map[string]any{"email_verified": nil}
	f.userInfo = map[string]any{"sub": "ann-at-idp", "email": "other@example.org", "email_verified": true, "department": "sales"}
	conn, p := newConnector(t, c, f.URL), upstream.NewProof([]byte("s"))
	conn.RoleRules = []storage.RoleRule{{Claim: "department", Value: "sales", Role: "seller"}}
	begin(t, f, c, conn, p, upstream.Ask{})
	got, err := c.Finish(t.Context(), conn, p, upstream.Ask{}, upstream.Response{Code: "code"})
	if err != nil || got.Email != "Ann@example.org" || got.EmailVerified || got.Claims["department"] != "sales" {
		t.Errorf("%+v, %v", got, err)
	}
}
