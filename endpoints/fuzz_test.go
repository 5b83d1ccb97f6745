package endpoints_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"example.org/signet/internal/protocoltest"
)

// FuzzToken sends raw requests at the token endpoint (T31): no panic, no 5xx,
// an answer in the form of RFC 6749, and a token only for right credentials.
func FuzzToken(f *testing.F) {
	s := protocoltest.Start(f, openSQLite)
	tokens := s.Login(f, s.Web, s.Alice, "openid")
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	right := basic(s.Web.ID + ":" + s.Web.Secret)
	const form = "application/x-www-form-urlencoded"
	for _, seed := range [][5]string{
		{"POST", "", form, right, s.Alice.LoginForm("openid").Encode()},
		{"POST", "", form, "", "client_id=web&client_secret=" + s.Web.Secret + "&grant_type=refresh_token&refresh_token=" + tokens.Refresh},
		{"GET", "grant_type=password", form, right, ""}, {"POST", "username=a", form, right, "grant_type=password"}, {"POST", "", "application/json", right, `{"grant_type":"password"}`},
		{"POST", "", "multipart/form-data; boundary=x", right, "--x--"}, {"POST", "", form + "; charset=utf-16", right, "x"}, {"POST", "", form, right, "grant_type=password&grant_type=password"},
		{"POST", "", form, right, "grant_type=password&username=%ff%00%c0%af%ed%a0%80&password=%0d%0a"}, {"POST", "", form, right, strings.Repeat("a=1&", 200)},
		{"POST", "", form, "Basic !!!", "grant_type=client_credentials"}, {"POST", "", form, basic("web"), "grant_type=client_credentials"}, {"POST", "", form, "Bearer " + tokens.Access, "grant_type=password"},
		{"POST", "", form, right, "client_id=other&grant_type=refresh_token&refresh_token=" + tokens.Access}, {"POST", "", form, basic("web:%zz"), "x"}, {"POST", "", form, basic(":"), "scope=" + strings.Repeat("x+", 300)},
		{"POST", "", form, right, "username[$ne]=x&grant_type[]=password"}, {"POST", "", form, right, "grant_type=refresh_token&refresh_token=sgr_" + strings.Repeat("A", 71)}, {"PUT", "%zz", "", "", "%"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, method, query, contentType, authorization, body string) {
		r, err := http.NewRequest(method, "http://localhost"+protocoltest.Token, strings.NewReader(body))
		if err != nil {
			t.Skip("net/http would not let such a method in")
		}
		r.RemoteAddr, r.URL.RawQuery = "192.0.2.1:1234", query
		r.Header = http.Header{"Content-Type": {contentType}, "Authorization": {authorization}}
		w := httptest.NewRecorder()
		s.Handler.ServeHTTP(w, r)
		checkTokenResponse(t, w, hasCredentials(s, authorization, body))
	})
}

// hasCredentials tells whether the request carries the secrets without which there
// is no token: the client's, and the user's or a refresh token.
func hasCredentials(s *protocoltest.Signet, authorization, body string) bool {
	values, _ := url.ParseQuery(body)
	_, credentials, _ := strings.Cut(authorization, " ")
	header, _ := base64.StdEncoding.DecodeString(credentials)
	secret, _ := url.QueryUnescape(string(header))
	client := strings.Contains(secret, s.Web.Secret) || values.Get("client_secret") == s.Web.Secret
	return client && (values.Get("password") == s.Alice.Password || strings.HasPrefix(values.Get("refresh_token"), "sgr_"))
}

func checkTokenResponse(t *testing.T, w *httptest.ResponseRecorder, rightful bool) {
	t.Helper()
	var response map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &response); err != nil {
		t.Fatalf("status %d, no JSON: %q", w.Code, w.Body)
	}
	if w.Code >= 500 || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, headers %v, %s", w.Code, w.Header(), w.Body)
	}
	if _, token := response["access_token"]; token != (w.Code == http.StatusOK) || token && !rightful {
		t.Fatalf("status %d, token %t, right credentials %t", w.Code, token, rightful)
	}
	if _, failed := response["error"]; failed == (w.Code == http.StatusOK) {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
}
