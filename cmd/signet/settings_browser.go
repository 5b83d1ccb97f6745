package main

import (
	"time"

	"github.com/spf13/pflag"

	"example.org/signet/issuer"
)

// browserSettings are the lives of browser sessions.
type browserSettings struct {
	browserSessionIdle    time.Duration
	browserSessionTTL     time.Duration
	rememberedSessionIdle time.Duration
	rememberedSessionTTL  time.Duration
	rememberMe            string
	enrolWithin           time.Duration
}

func (s *browserSettings) define(f *pflag.FlagSet) {
	d := issuer.DefaultBrowserSessions()
	f.DurationVar(&s.browserSessionIdle, "browser-session-idle", d.Idle, "a sign-in in a browser ends when it is unused for this long")
	f.DurationVar(&s.browserSessionTTL, "browser-session-ttl", d.TTL, "absolute life of a sign-in in a browser; it also ends when the browser is closed")
	f.DurationVar(&s.rememberedSessionIdle, "remembered-session-idle", d.RememberedIdle, "as --browser-session-idle, of people who stay signed in when they close the browser")
	f.DurationVar(&s.rememberedSessionTTL, "remembered-session-ttl", d.RememberedTTL, "as --browser-session-ttl, of people who stay signed in when they close the browser")
	f.StringVar(&s.rememberMe, "remember-me", string(d.Remember), "`WHO` stays signed in when they close the browser: off (nobody), optional (who ticks the box) or always (everybody)")
	f.DurationVar(&s.enrolWithin, "enrol-within", 0, "how long users may put off setting up a second factor that a role or client demands of them; 0 for not at all")
}

// check leaves to the issuer what it knows, and refuses zero, which stands for the default
// there.
func (s *browserSettings) check(all *settings) (errs []error) {
	for _, life := range []struct {
		name       string
		idle, life time.Duration
	}{
		{"browser-session", s.browserSessionIdle, s.browserSessionTTL},
		{"remembered-session", s.rememberedSessionIdle, s.rememberedSessionTTL},
	} {
		for name, value := range map[string]time.Duration{"-idle": life.idle, "-ttl": life.life} {
			if value == 0 {
				errs = append(errs, all.errorf(life.name+name, "must be positive, is 0s"))
			}
		}
		if life.idle > life.life {
			errs = append(errs, all.errorf(life.name+"-idle", "must not exceed --%s-ttl, is %s", life.name, life.idle))
		}
	}
	if s.rememberMe == "" {
		errs = append(errs, all.errorf("remember-me", "must be off, optional or always"))
	}
	return errs
}

// browserSessions converts the settings.
func (s *browserSettings) browserSessions() issuer.BrowserSessions {
	return issuer.BrowserSessions{
		Idle: s.browserSessionIdle, TTL: s.browserSessionTTL,
		RememberedIdle: s.rememberedSessionIdle, RememberedTTL: s.rememberedSessionTTL, Remember: issuer.RememberPolicy(s.rememberMe),
	}
}
