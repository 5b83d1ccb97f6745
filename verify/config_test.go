package verify_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/verify"
)

func TestConfig_ReportsAllErrors(t *testing.T) {
	v, err := verify.New(verify.Config{
		Issuer: "http://id.example.com", Audience: []string{""}, JWKSURL: "ftp://x/", Algorithms: []string{"none", "HS256", "RS1"},
		Leeway: time.Hour, CacheTTL: -1, MaxCacheTTL: 48 * time.Hour, MinRefetchInterval: time.Hour, StaleIfError: 48 * time.Hour,
		MaxTokenBytes: 1, RolesClaim: "aud",
	})
	if v != nil || err == nil {
		t.Fatalf("got %v, %v", v, err)
	}
	for _, field := range []string{
		"Issuer", "Audience", "JWKSURL", `"none"`, `"HS256"`, `"RS1"`, "Leeway", "CacheTTL", "MaxCacheTTL", "MinRefetchInterval", "StaleIfError", "MaxTokenBytes", "RolesClaim",
	} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named in:\n%v", field, err)
		}
	}
}

func TestConfig(t *testing.T) {
	tests := []struct {
		name   string
		change func(*verify.Config)
		fault  string // empty: accepted
	}{
		{"the least", func(*verify.Config) {}, ""},
		{"no issuer", func(c *verify.Config) { c.Issuer = "" }, "Issuer: needed"},
		{"no audience", func(c *verify.Config) { c.Audience = nil }, "Audience: needed"},
		{"empty audience", func(c *verify.Config) { c.Audience = []string{api, ""} }, "Audience"},

		{"loopback name", func(c *verify.Config) { c.Issuer = "http://localhost:8080" }, ""},
		{"loopback v4", func(c *verify.Config) { c.Issuer = "http://127.3.4.5:8080" }, ""},
		{"loopback v6", func(c *verify.Config) { c.Issuer = "http://[::1]:8080" }, ""},
		{"issuer with a path", func(c *verify.Config) { c.Issuer = "https://example.com/tenant/" }, ""},
		{"plain http", func(c *verify.Config) { c.Issuer = "http://id.example.com" }, "plain http"},
		{"plain http, any address", func(c *verify.Config) { c.Issuer = "http://0.0.0.0" }, "plain http"},
		{"plain http, loopback look-alike", func(c *verify.Config) { c.Issuer = "http://localhost.example.com" }, "plain http"},
		{"plain http, loopback as user", func(c *verify.Config) { c.Issuer = "http://localhost@example.com" }, "credentials"},
		{"plain http allowed", func(c *verify.Config) { c.Issuer = "http://id.internal"; c.InsecureAllowHTTP = true }, ""},
		{"ftp, http allowed", func(c *verify.Config) { c.Issuer = "ftp://id.internal"; c.InsecureAllowHTTP = true }, "scheme"},
		{"issuer with a query", func(c *verify.Config) { c.Issuer += "?x=1" }, "query"},
		{"issuer with an empty query", func(c *verify.Config) { c.Issuer += "?" }, "query"},
		{"issuer with a fragment", func(c *verify.Config) { c.Issuer += "#x" }, "fragment"},
		{"issuer no URL", func(c *verify.Config) { c.Issuer = "https://[" }, "not a URL"},
		{"issuer without scheme", func(c *verify.Config) { c.Issuer = "id.example.com" }, "absolute"},
		{"issuer with scheme in upper case", func(c *verify.Config) { c.Issuer = "HTTPS://id.example.com" }, "absolute"},
		{"issuer without host", func(c *verify.Config) { c.Issuer = "https:///x" }, "absolute"},
		{"opaque issuer", func(c *verify.Config) { c.Issuer = "https:id.example.com" }, "absolute"},

		{"key address with a query", func(c *verify.Config) { c.JWKSURL = "https://keys.example.com/?v=1" }, ""},
		{"key address in plain http", func(c *verify.Config) { c.JWKSURL = "http://keys.example.com/" }, "JWKSURL: plain http"},
		{"key address with credentials", func(c *verify.Config) { c.JWKSURL = "https://a:b@keys.example.com/" }, "JWKSURL: holds credentials"},

		{"all algorithms", func(c *verify.Config) { c.Algorithms = []string{"RS256", "PS256", "ES256", "EdDSA"} }, ""},
		{"none", func(c *verify.Config) { c.Algorithms = []string{"RS256", "nOnE"} }, "no signature"},
		{"HS256", func(c *verify.Config) { c.Algorithms = []string{"HS256"} }, "symmetric"},
		{"hs512", func(c *verify.Config) { c.Algorithms = []string{"hs512"} }, "symmetric"},
		{"RS512", func(c *verify.Config) { c.Algorithms = []string{"RS512"} }, "not one of"},
		{"rs256", func(c *verify.Config) { c.Algorithms = []string{"rs256"} }, "not one of"},
		{"empty algorithm", func(c *verify.Config) { c.Algorithms = []string{""} }, "not one of"},

		{"leeway at its bound", func(c *verify.Config) { c.Leeway = 5 * time.Minute }, ""},
		{"leeway over its bound", func(c *verify.Config) { c.Leeway = 5*time.Minute + 1 }, "Leeway"},
		{"no leeway", func(c *verify.Config) { c.Leeway = -1 }, ""},
		{"long TTL", func(c *verify.Config) { c.CacheTTL = time.Hour }, ""},
		{"short TTL", func(c *verify.Config) { c.CacheTTL = time.Second }, ""},
		{"too short a TTL", func(c *verify.Config) { c.CacheTTL = time.Second - 1 }, "CacheTTL"},
		{"cap below the TTL", func(c *verify.Config) { c.CacheTTL, c.MaxCacheTTL = time.Hour, time.Minute }, "MaxCacheTTL"},
		{"too short an interval", func(c *verify.Config) { c.MinRefetchInterval = time.Millisecond }, "MinRefetchInterval"},
		{"never stale", func(c *verify.Config) { c.StaleIfError = -1 }, ""},
		{"largest token", func(c *verify.Config) { c.MaxTokenBytes = 64 << 10 }, ""},
		{"too large a token", func(c *verify.Config) { c.MaxTokenBytes = 64<<10 + 1 }, "MaxTokenBytes"},
		{"negative token", func(c *verify.Config) { c.MaxTokenBytes = -1 }, "MaxTokenBytes"},
		{"roles elsewhere", func(c *verify.Config) { c.RolesClaim = "groups" }, ""},
		{"roles in scope", func(c *verify.Config) { c.RolesClaim = "scope" }, "RolesClaim"},
		{"own client", func(c *verify.Config) { c.HTTPClient = &http.Client{} }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := verify.Config{Issuer: issuerURL, Audience: []string{api}}
			tt.change(&cfg)
			v, err := verify.New(cfg)
			switch {
			case tt.fault == "" && err != nil, (v == nil) != (err != nil):
				t.Errorf("got %v, %v", v, err)
			case tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)):
				t.Errorf("got %v, want %q", err, tt.fault)
			}
		})
	}
}

// The zero HTTPClient and the zero clock work: a verifier of today's tokens.
func TestDefaultsReachTheIssuer(t *testing.T) {
	h := newHost(t, rsaKey())
	v := newVerifier(t, verify.Config{Issuer: issuerURL, Audience: []string{api}, JWKSURL: h.URL + keysPath})
	now := time.Now().Unix()
	if err := check(v, rsaKey().token(goodClaims().with("iat", now).with("exp", now+3600).json())); err != nil {
		t.Error(err)
	}
	h.CloseClientConnections() // the default client keeps one connection for the next fetch
}
