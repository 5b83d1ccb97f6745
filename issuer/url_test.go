package issuer_test

import (
	"strings"
	"testing"

	"example.org/signet/issuer"
)

func TestParseURL(t *testing.T) {
	for _, good := range []string{
		"https://id.example.com", "https://id.example.com:8443", "https://id.example.com/tenant", "https://id.example.com/a%20b",
		"http://localhost:8080", "http://127.0.0.1:0", "http://127.8.9.10", "http://[::1]:8080",
	} {
		if _, err := issuer.ParseURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, reason := range map[string]string{
		"":                             "empty",
		"id.example.com":               "not a URL",
		"https:id.example.com":         "not a URL",
		"https://":                     "not a URL",
		"https://id.example.com/":      "slash",
		"https://id.example.com?":      "query",
		"https://id.example.com#":      "fragment",
		"https://u@id.example.com":     "credentials",
		"https://ID.example.com":       "lower case",
		"HTTPS://id.example.com":       "lower case",
		"ftp://id.example.com":         "https",
		"http://id.example.com":        "loopback",
		"http://localhost.example.com": "loopback",
		"http://127.0.0.1.example.com": "loopback",
		"http://0.0.0.0:8080":          "loopback",
		"https://id.example.com:0":     "port 0",
		"https://id.example.com/%zz":   "not a URL",
	} {
		if _, err := issuer.ParseURL(bad); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: got %v, want something about %s", bad, err, reason)
		}
	}
}
