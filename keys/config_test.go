package keys_test

import (
	"strings"
	"testing"
	"time"

	"example.org/signet/keys"
)

func TestDefaultConfigIsValid(t *testing.T) {
	cfg := keys.DefaultConfig(newClock().Now)
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	if cfg.StaleAfter() <= 3*cfg.Refresh || cfg.StaleAfter() > cfg.PublishAhead-cfg.JWKSMaxAge-cfg.Leeway {
		t.Errorf("stale after %s", cfg.StaleAfter())
	}
}

func TestStaleAfterAndRetention(t *testing.T) {
	cfg := keys.DefaultConfig(newClock().Now)
	if got := cfg.StaleAfter(); got != time.Hour {
		t.Errorf("with a long lead: %s", got)
	}
	cfg.PublishAhead = 10 * time.Minute
	if got := cfg.StaleAfter(); got != 4*time.Minute { // 10 - 5 to cache - 1 of skew
		t.Errorf("with a short lead: %s", got)
	}
	if got := cfg.Retention(); got != 21*time.Minute { // 4 unseen + 15 to live + twice 1 of skew
		t.Errorf("retention %s", got)
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*keys.Config)
		want   string // "" for valid
	}{
		"algorithm":              {func(c *keys.Config) { c.Alg = "HS256" }, "HS256"},
		"no algorithm":           {func(c *keys.Config) { c.Alg = "" }, "signing-alg"},
		"small RSA":              {func(c *keys.Config) { c.RSABits = 1024 }, "rsa-bits"},
		"RSA size without RSA":   {func(c *keys.Config) { c.Alg, c.RSABits = keys.ES256, 0 }, ""},
		"no clock":               {func(c *keys.Config) { c.Now = nil }, "clock"},
		"no randomness":          {func(c *keys.Config) { c.Rand = nil }, ""},
		"negative interval":      {func(c *keys.Config) { c.RotationInterval = -1 }, "rotation-interval"},
		"by hand only":           {func(c *keys.Config) { c.RotationInterval = 0 }, ""},
		"interval below lead":    {func(c *keys.Config) { c.RotationInterval = 23 * time.Hour }, "rotation-interval"},
		"interval is the lead":   {func(c *keys.Config) { c.RotationInterval = 24 * time.Hour }, ""},
		"no refresh":             {func(c *keys.Config) { c.Refresh = 0 }, "keyring-refresh"},
		"no token lifetime":      {func(c *keys.Config) { c.TokenLifetime = 0 }, "access-token-ttl"},
		"negative leeway":        {func(c *keys.Config) { c.Leeway = -time.Second }, "clock-skew"},
		"lead is just too short": {func(c *keys.Config) { c.PublishAhead = 5*time.Minute + 5*time.Second + time.Minute }, "publish-ahead: is 6m5s, must be above 6m5s: jwks-max-age 5m0s + keyring-refresh 5s + clock-skew 1m0s"},
		"lead is just enough":    {func(c *keys.Config) { c.PublishAhead = 5*time.Minute + 5*time.Second + time.Minute + 1 }, ""},
		"in seconds": {func(c *keys.Config) {
			c.PublishAhead, c.JWKSMaxAge, c.Refresh, c.Leeway = 8*time.Second, 3*time.Second, time.Second, time.Second
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := keys.DefaultConfig(newClock().Now)
			c.change(&cfg)
			err := cfg.Validate()
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && err == nil:
				t.Error("accepted")
			case c.want != "" && !strings.Contains(err.Error(), c.want):
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestValidate_ReportsAllErrors(t *testing.T) {
	err := keys.Config{}.Validate()
	if err == nil {
		t.Fatal("the zero configuration is accepted")
	}
	for _, want := range []string{"signing-alg", "clock", "keyring-refresh", "access-token-ttl", "publish-ahead"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

func TestOpenRefusesBadSettings(t *testing.T) {
	store := new(memoryStore)
	cfg := settings(newClock())
	cfg.PublishAhead = time.Minute
	if _, err := keys.Open(t.Context(), store, testMasterKey(t), cfg); err == nil || !strings.Contains(err.Error(), "publish-ahead") {
		t.Errorf("got %v", err)
	}
	if _, err := keys.Open(t.Context(), store, keys.MasterKey{}, settings(newClock())); err == nil {
		t.Error("opened without a master key")
	}
	if len(store.all()) != 0 {
		t.Error("keys were made all the same")
	}
}
