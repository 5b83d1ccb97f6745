package upstream_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

// newGitHub serves what the connector asks GitHub Enterprise Server for.
func newGitHub(t *testing.T, token, user, emails string) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "access_token") && r.Header.Get("Authorization") != "Bearer at" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(body))
		}
	}
	mux.HandleFunc("/login/oauth/access_token", text(token))
	mux.HandleFunc("/api/v3/user", text(user))
	mux.HandleFunc("/api/v3/user/emails", text(emails))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestGitHub(t *testing.T) {
	const token, user = `{"access_token":"at","token_type":"bearer","scope":"user"}`, `{"id":42,"login":"octocat","name":"The Cat","email":"profile@example.org"}`
	const emails = `[{"email":"old@example.org","primary":false,"verified":true},{"email":"cat@example.org","primary":true,"verified":true}]`
	for name, c := range map[string]struct {
		token, user, emails string
		want                upstream.Problem // "" for success
		email               string
		verified            bool
	}{
		"all is well":          {token, user, emails, "", "cat@example.org", true},
		"not verified":         {token, user, `[{"email":"cat@example.org","primary":true,"verified":false}]`, "", "cat@example.org", false},
		"no address":           {token, user, `[]`, "", "", false},
		"an error with a 200":  {`{"error":"bad_verification_code"}`, user, emails, upstream.ProblemRejected, "", false},
		"the wrong secret":     {`{"error":"incorrect_client_credentials"}`, user, emails, upstream.ProblemMisconfigured, "", false},
		"nobody":               {token, `{"login":"octocat"}`, emails, upstream.ProblemRejected, "", false},
		"no JSON":              {token, `<html>`, emails, upstream.ProblemUnavailable, "", false},
		"no list of addresses": {token, user, `{"message":"Not Found"}`, upstream.ProblemUnavailable, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			g, client := newGitHub(t, c.token, c.user, c.emails), newClient(t)
			conn := storage.Connector{ID: "gh", Kind: upstream.KindGitHub, Issuer: g.URL, ClientID: clientID, Version: 1}
			p := upstream.NewProof([]byte("s"))
			text, err := client.Begin(t.Context(), conn, p, upstream.Ask{State: "state"})
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(text)
			if err != nil || u.Path != "/login/oauth/authorize" || u.Query().Get("code_challenge") == "" || u.Query().Get("scope") != "read:user user:email" {
				t.Errorf("the browser is sent to %s", text)
			}
			got, err := client.Finish(t.Context(), conn, p, upstream.Ask{}, upstream.Response{Code: "code"})
			if c.want != "" {
				wantProblem(t, name, err, c.want)
				return
			}
			if err != nil || got.Subject != "42" || got.Issuer != g.URL || got.Username != "octocat" || got.Name != "The Cat" || got.Email != c.email || got.EmailVerified != c.verified {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
