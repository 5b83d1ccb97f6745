package authorization_test

import (
	"strings"
	"testing"

	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// Z08 of the interactive checklist.
func TestCheckRedirectURI(t *testing.T) {
	for uri, reason := range map[string]string{
		"https://app.example.com":                   "",
		"https://app.example.com/":                  "",
		"https://app.example.com/cb?tenant=a&x=%2F": "",
		"https://app.example.com:8443/cb":           "",
		"https://xn--bcher-kva.example/cb":          "",
		"https://192.0.2.1/cb":                      "",
		"https://[2001:db8::1]:8443/cb":             "",
		"http://127.0.0.1/cb":                       "",
		"http://127.0.0.1:8080/cb":                  "",
		"http://[::1]/cb":                           "",
		"http://[::1]:3000/cb":                      "",
		"http://localhost:3000/cb":                  "",
		"com.example.app:/oauth2redirect":           "",
		"com.example.app://callback":                "",
		"com.Example.App:/cb":                       "",
		"com.example.app:cb":                        "",
		"https://a/" + strings.Repeat("x", 1024-10): "",
		"": "empty",
		"https://a/" + strings.Repeat("x", 1024-9): "1024 bytes",
		"/cb":                                      "absolute",
		"app.example.com/cb":                       "absolute",
		"https://app.example.com/%zz":              "absolute",
		"https:///cb":                              "host",
		"https:app.example.com":                    "host",
		"https://-a/cb":                            "host",
		"https://[::1%25eth0]/cb":                  "host",
		"https://app.example.com:/cb":              "port",
		"https://app.example.com:0/cb":             "port",
		"https://app.example.com:65536/cb":         "port",
		"http://app.example.com/cb":                "https://",
		"http://127.0.0.2/cb":                      "https://",
		"http://0.0.0.0/cb":                        "https://",
		"http://2130706433/cb":                     "https://",
		"http://127.1/cb":                          "https://",
		"http://[::ffff:127.0.0.1]/cb":             "https://",
		"http://localhost.example.com/cb":          "https://",
		"http://LOCALHOST/cb":                      "https://",
		"https://app.example.com/cb#x":             "fragment",
		"https://app.example.com/cb#":              "fragment",
		"https://*.example.com/cb":                 "asterisk",
		"https://app.example.com/*":                "asterisk",
		"https://user:password@app.example.com/cb": "user name",
		"https://user@app.example.com/cb":          "user name",
		"https://app.example.com/a/../cb":          "..",
		"https://app.example.com/a/%2e%2e/cb":      "..",
		"https://app.example.com/cb?a=1;b=2":       "query",
		"https://app.example.com/cb?a=%zz":         "query",
		"https://app.example.com/cb?code=1":        "parameter code",
		"https://app.example.com/cb?iss=1":         "parameter iss",
		"https://app.example.com/cb?st%61te":       "parameter state",
		"https://app.example.com/c b":              "characters",
		"https://app.example.com/cb\n":             "characters",
		"https://b\u00fccher.example/cb":           "characters",
		`https://app.example.com\@evil.example`:    "characters",
		"javascript:alert(1)":                      "period",
		"JavaScript:alert(1)//a.b":                 "period",
		"data:text/html,x":                         "period",
		"file:///etc/passwd":                       "period",
		"vbscript:x":                               "period",
		"about:blank":                              "period",
		"blob:https://app.example.com/1":           "period",
		"ftp://app.example.com/cb":                 "period",
		"myapp://callback":                         "period",
		"urn:ietf:wg:oauth:2.0:oob":                "period",
		"com.example.app:":                         "after its scheme",
		"com.example.app://":                       "after its scheme",
	} {
		checkReason(t, uri, authorization.CheckRedirectURI(uri), reason)
	}
}

func checkReason(t *testing.T, uri string, err error, reason string) {
	t.Helper()
	switch {
	case reason == "" && err != nil:
		t.Errorf("%s is refused: %v", uri, err)
	case reason != "" && err == nil:
		t.Errorf("%s is accepted", uri)
	case reason != "" && !strings.Contains(err.Error(), reason):
		t.Errorf("%s is refused with %q, want %q in it", uri, err, reason)
	}
}

func TestCheckPostLogoutURI(t *testing.T) {
	for uri, reason := range map[string]string{
		"https://app.example.com/bye?code=1": "",
		"http://localhost:3000/":             "",
		"com.example.app:/bye":               "",
		"https://app.example.com/?state=1":   "parameter state",
		"http://app.example.com/bye":         "https://",
		"https://app.example.com/bye#x":      "fragment",
		"https://app.example.com/*":          "asterisk",
		"javascript:alert(1)":                "period",
	} {
		checkReason(t, uri, authorization.CheckPostLogoutURI(uri), reason)
	}
}

func TestCheckHTTPSURI(t *testing.T) {
	for uri, reason := range map[string]string{
		"https://app.example.com/logo.png?v=2": "",
		"https://app.example.com/?state=1":     "",
		"http://127.0.0.1:8080/logo.png":       "",
		"http://localhost/logo.png":            "",
		"http://app.example.com/logo.png":      "https://",
		"com.example.app:/x":                   "https://",
		"javascript:alert(1)":                  "https://",
		"https://app.example.com/#x":           "fragment",
		"https://u:p@app.example.com/":         "user name",
		"":                                     "empty",
	} {
		checkReason(t, uri, authorization.CheckHTTPSURI(uri), reason)
	}
}

// Z05 of the interactive checklist: bytes are compared, nothing is normalized.
func TestMatchRedirectURI_ComparesBytes(t *testing.T) {
	client := storage.Client{RedirectURIs: []string{"https://app.example.com/cb", "https://app.example.com/q?a=1", "com.example.app:/cb"}}
	for _, uri := range client.RedirectURIs {
		if !authorization.MatchRedirectURI(client, uri) {
			t.Errorf("%s is registered and does not match", uri)
		}
	}
	for what, uri := range map[string]string{
		"nothing":            "",
		"trailing slash":     "https://app.example.com/cb/",
		"missing path":       "https://app.example.com",
		"case of the host":   "https://APP.example.com/cb",
		"case of the scheme": "HTTPS://app.example.com/cb",
		"case of the path":   "https://app.example.com/CB",
		"added query":        "https://app.example.com/cb?x=1",
		"empty query":        "https://app.example.com/cb?",
		"other query":        "https://app.example.com/q?a=2",
		"missing query":      "https://app.example.com/q",
		"encoded slash":      "https://app.example.com%2Fcb",
		"encoded letter":     "https://app.example.com/%63b",
		"user information":   "https://x@app.example.com/cb",
		"default port":       "https://app.example.com:443/cb",
		"other port":         "https://app.example.com:8443/cb",
		"fragment":           "https://app.example.com/cb#x",
		"empty fragment":     "https://app.example.com/cb#",
		"dot segments":       "https://app.example.com/x/../cb",
		"dot in the path":    "https://app.example.com/./cb",
		"subdomain":          "https://evil.app.example.com/cb",
		"suffix of the host": "https://app.example.com.evil.example/cb",
		"http":               "http://app.example.com/cb",
		"backslash":          `https://app.example.com\cb`,
		"space":              "https://app.example.com/cb ",
		"line break":         "https://app.example.com/cb\n",
		"scheme only":        "com.example.app:",
		"two slashes":        "com.example.app://cb",
		"case of an app":     "com.example.App:/cb",
	} {
		if authorization.MatchRedirectURI(client, uri) {
			t.Errorf("%s: %q matches", what, uri)
		}
	}
}

// Z06 of the interactive checklist.
func TestMatchRedirectURI_LoopbackAddressesMatchOnAnyPort(t *testing.T) {
	client := storage.Client{RedirectURIs: []string{"http://127.0.0.1/cb", "http://[::1]:8080/cb?a=1", "https://127.0.0.1:8443/tls", "http://127.0.0.1:9000"}}
	for uri, want := range map[string]bool{
		"http://127.0.0.1/cb":                 true,
		"http://127.0.0.1:1/cb":               true,
		"http://127.0.0.1:65535/cb":           true,
		"http://[::1]/cb?a=1":                 true,
		"http://[::1]:50000/cb?a=1":           true,
		"http://127.0.0.1:1234":               true,
		"http://127.0.0.1":                    true,
		"https://127.0.0.1:8443/tls":          true,
		"http://127.0.0.1:65536/cb":           false,
		"http://127.0.0.1:0/cb":               false,
		"http://127.0.0.1:080/cb":             false,
		"http://127.0.0.1:/cb":                false,
		"http://127.0.0.1:80x/cb":             false,
		"http://127.0.0.1:99999999999999/cb":  false,
		"http://127.0.0.1:80@evil.example/cb": false,
		"http://127.0.0.1@evil.example/cb":    false,
		"http://127.0.0.1.evil.example/cb":    false,
		"http://127.0.0.1:80#/cb":             false,
		"http://127.0.0.1:8080/cb/":           false,
		"http://127.0.0.1:8080/other":         false,
		"http://127.0.0.1:8080/cb?a=1":        false,
		"http://127.0.0.1:8080/cb#x":          false,
		"http://[::1]:50000/cb":               false,
		"http://[::1]:50000/cb?a=2":           false,
		"http://[0:0:0:0:0:0:0:1]/cb?a=1":     false,
		"http://[::ffff:127.0.0.1]/cb":        false,
		"http://127.0.0.2/cb":                 false,
		"http://127.1/cb":                     false,
		"http://0.0.0.0/cb":                   false,
		"http://2130706433/cb":                false,
		"http://localhost/cb":                 false,
		"HTTP://127.0.0.1/cb":                 false,
		"https://127.0.0.1/cb":                false,
		"https://127.0.0.1:9443/tls":          false,
		"http://127.0.0.1:8443/tls":           false,
	} {
		if got := authorization.MatchRedirectURI(client, uri); got != want {
			t.Errorf("%s: %t, want %t", uri, got, want)
		}
	}
}

// Z07 of the interactive checklist.
func TestMatchRedirectURI_LocalhostMatchesOnAnyPortIfTheClientAllowsIt(t *testing.T) {
	for _, c := range []struct {
		uri           string
		with, without bool
	}{
		{"http://localhost:3000/cb", true, true},
		{"http://localhost:3001/cb", true, false},
		{"http://localhost/cb", true, false},
		{"http://localhost:3001/other", false, false},
		{"http://LOCALHOST:3000/cb", false, false},
		{"http://localhost.:3000/cb", false, false},
		{"http://localhost.example.com:3000/cb", false, false},
		{"https://localhost:3000/cb", false, false},
		{"http://127.0.0.1:3000/cb", false, false},
	} {
		client := storage.Client{RedirectURIs: []string{"http://localhost:3000/cb"}}
		if got := authorization.MatchRedirectURI(client, c.uri); got != c.without {
			t.Errorf("%s without the flag: %t", c.uri, got)
		}
		client.LocalhostPorts = true
		if got := authorization.MatchRedirectURI(client, c.uri); got != c.with {
			t.Errorf("%s with the flag: %t", c.uri, got)
		}
	}
}

func TestIsNative(t *testing.T) {
	for uri, want := range map[string]bool{
		"https://app.example.com/cb": false,
		"https://127.0.0.1/cb":       false,
		"http://127.0.0.1/cb":        true,
		"http://localhost:3000/cb":   true,
		"com.example.app:/cb":        true,
	} {
		if got := authorization.IsNative(uri); got != want {
			t.Errorf("%s: %t, want %t", uri, got, want)
		}
	}
}
