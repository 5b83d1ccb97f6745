package endpoints_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.org/signet/internal/protocoltest"
)

// otherEndpoints are the OAuth endpoints besides the token endpoint.
var otherEndpoints = []string{protocoltest.Introspect, protocoltest.Revoke, protocoltest.UserInfo, protocoltest.DeviceAuthorization}

// FuzzOtherEndpoints sends raw requests at the other endpoints (T31): no panic, no 5xx,
// JSON that no cache keeps, and nothing told without the right credentials.
func FuzzOtherEndpoints(f *testing.F) {
	s := protocoltest.Start(f, openSQLite)
	tokens := s.Login(f, s.Web, s.Alice, "openid")
	const form = "application/x-www-form-urlencoded"
	right, header := "client_id=web&client_secret="+s.Web.Secret+"&token=", "Bearer "+tokens.Access
	for n := range otherEndpoints {
		for _, seed := range [][5]string{
			{"POST", "", form, "", right + tokens.Access}, {"POST", "", form, "", right + tokens.Refresh}, {"POST", "", form, "", right + "garbage"},
			{"POST", "", form, "", right + "x&token=x"}, {"POST", "token=x", form, "", right + "x"}, {"POST", "", form, "", "token=%ff%00&client_id=%0d%0a"},
			{"GET", "", "", header, ""}, {"POST", "", form, header, "access_token=" + tokens.Access}, {"POST", "", form, header, strings.Repeat("a=1&", 200)},
			{"GET", "access_token=x", "", header, ""}, {"GET", "", "", "Bearer " + tokens.ID, ""}, {"GET", "", "", "Bearer", ""}, {"PUT", "%zz", "", "Basic !!!", "%"},
			{"GET", "response_type=code&client_id=web&redirect_uri=https://evil.example.com/", "", "", ""}, {"POST", "", "application/json", "", `{"token":{"$ne":null}}`},
		} {
			f.Add(uint8(n), seed[0], seed[1], seed[2], seed[3], seed[4])
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, method, query, contentType, authorization, body string) {
		path := otherEndpoints[int(which)%len(otherEndpoints)]
		r, err := http.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
		if err != nil || method == http.MethodHead {
			t.Skip("net/http would not let such a method in, or send its answer's body")
		}
		r.RemoteAddr, r.URL.RawQuery = "192.0.2.1:1234", query
		r.Header = http.Header{"Content-Type": {contentType}, "Authorization": {authorization}}
		w := httptest.NewRecorder()
		s.Handler.ServeHTTP(w, r)
		told := checkResponse(t, w)
		entitled := strings.Contains(body, tokens.Access) || strings.Contains(body, tokens.Refresh) || strings.Contains(authorization, tokens.Access)
		if told && !entitled {
			t.Fatalf("%s disclosed user data without credentials: %s", path, w.Body)
		}
	})
}

// checkResponse checks the response's form, and returns whether it holds user data.
func checkResponse(t *testing.T, w *httptest.ResponseRecorder) bool {
	t.Helper()
	if w.Code == http.StatusNoContent { // a preflight's
		return false
	}
	response := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &response); err != nil || w.Code >= 500 || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, headers %v, %q: %v", w.Code, w.Header(), w.Body, err)
	}
	if response["error"] != nil && w.Code == http.StatusOK {
		t.Fatalf("an error with status 200: %s", w.Body)
	}
	return response["active"] == true || response["sub"] != nil
}
