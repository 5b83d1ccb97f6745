package admin

import (
	"strings"
	"testing"
)

func TestCheckOrigin(t *testing.T) {
	for _, origin := range []string{
		"https://app.example.com", "https://app.example.com:8443", "http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:8080",
		"https://xn--bcher-kva.example", "https://my_app.example.com", "https://a", "capacitor://localhost", "ionic://localhost",
		"tauri://localhost", "app://obsidian.md", "chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb",
		"moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc", "safari-web-extension://2c127fa4",
	} {
		if err := checkOrigin(origin); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
	for origin, reason := range map[string]string{
		"https://*.example.com":           "asterisk",
		"*":                               "such as",
		"null":                            "such as",
		"":                                "such as",
		"app.example.com":                 "such as",
		"https://app.example.com/":        "without a path",
		"https://app.example.com/x":       "without a path",
		"https://app.example.com?x":       "without a path",
		"https://app.example.com#x":       "without a path",
		"https://user@app.example.com":    "without a path",
		"https://":                        "such as",
		"https://app.example.com:443":     "default port of https",
		"http://app.example.com:80":       "default port of http",
		"https://app.example.com:":        "port",
		"https://app.example.com:0":       "port",
		"https://app.example.com:08443":   "port",
		"https://app.example.com:99999":   "port",
		"https://b\u00fccher.example":     "xn--",
		"https://App.example.com":         "lower case",
		"HTTPS://app.example.com":         "lower case",
		"https://app.example.com,https":   "host name",
		"https://-app.example.com":        "host name",
		"https://[0:0:0:0:0:0:0:1]":       "host name",
		"https://app.example.com https:/": "such as",
		"file://localhost":                "null",
		"data://x":                        "null",
	} {
		err := checkOrigin(origin)
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: %v, want an error with %q", origin, err, reason)
		}
	}
}

func TestCheckAudience(t *testing.T) {
	for _, audience := range []string{"api", "my-api", "Items.v1", "https://api.example.com", "https://api.example.com/v1?x=y", "urn:example:api", "api://1f2e", strings.Repeat("a", maxResource)} {
		if err := checkAudience(audience); err != nil {
			t.Errorf("%.40s: %v", audience, err)
		}
	}
	for _, audience := range []string{"", "my api", "api\n", "\u00e4pi", "https://api.example.com#x", "https://api.example.com#", ":api", "1:2", "/api", "api.example.com/v1", "#", `a"b`, strings.Repeat("a", maxResource+1)} {
		if checkAudience(audience) == nil {
			t.Errorf("%.40q is accepted", audience)
		}
	}
}
