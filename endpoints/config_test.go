package endpoints_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"example.org/signet/endpoints"
	"example.org/signet/internal/protocoltest"
)

func TestConfig_ReportsAllErrors(t *testing.T) {
	s := protocoltest.Start(t, openSQLite)
	valid := func() endpoints.Config {
		return endpoints.Config{
			Issuer: "https://id.example.com", Service: s.Service, Admin: s.Admin, SelfService: s.Self, Keys: s.Keys, Store: s.Store,
			SignIn:  s.Service.SignIn(s.Admin),
			Metrics: endpoints.NewMetrics(), Log: zerolog.Nop(), Now: s.Clock.Now, Rand: rand.Reader,
		}
	}
	if _, err := endpoints.New(valid()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(*endpoints.Config)
		word  string
	}{
		"no issuer":      {func(c *endpoints.Config) { c.Issuer = "" }, "issuer"},
		"trailing slash": {func(c *endpoints.Config) { c.Issuer += "/" }, "issuer"},
		"query":          {func(c *endpoints.Config) { c.Issuer += "?x" }, "issuer"},
		"no host":        {func(c *endpoints.Config) { c.Issuer = "/path" }, "issuer"},
		"service":        {func(c *endpoints.Config) { c.Service = nil }, "service"},
		"sign-in":        {func(c *endpoints.Config) { c.SignIn = nil }, "sign-in"},
		"keys":           {func(c *endpoints.Config) { c.Keys = nil }, "keys"},
		"store":          {func(c *endpoints.Config) { c.Store = nil }, "store"},
		"metrics":        {func(c *endpoints.Config) { c.Metrics = nil }, "metrics"},
		"clock":          {func(c *endpoints.Config) { c.Now = nil }, "clock"},
		"rand":           {func(c *endpoints.Config) { c.Rand = nil }, "random source"},
		"timeout":        {func(c *endpoints.Config) { c.StoreTimeout = -time.Second }, "negative"},
	} {
		cfg := valid()
		c.spoil(&cfg)
		if _, err := endpoints.New(cfg); err == nil || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: %v, want an error about %q", name, err, c.word)
		}
	}
	_, err := endpoints.New(endpoints.Config{})
	for _, word := range []string{"issuer", "service", "keys", "store", "metrics", "clock", "random source"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("all at once: %v does not name %q", err, word)
		}
	}
}
