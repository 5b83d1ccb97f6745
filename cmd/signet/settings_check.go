package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"example.org/signet/internal/fielderror"
	"example.org/signet/internal/safehttp"
	"example.org/signet/issuer"
	"example.org/signet/issuer/password"
	"example.org/signet/keys"
)

// A check returns the errors in one group of settings.
type check func(all *settings) []error

// check returns all errors in the settings that the command uses, each once: two
// parts may refuse a value that both use for the same reason.
func (s *settings) check() []error {
	errs := s.checkText()
	for _, c := range s.checks {
		for _, err := range c(s) {
			if !slices.ContainsFunc(errs, func(other error) bool { return sameFault(other, err) }) {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

func sameFault(a, b error) bool {
	var x, y *settingError
	return errors.As(a, &x) && errors.As(b, &y) && *x == *y
}

// checkText refuses control characters, and white space at either end, in every setting of
// free text (paths, URLs, addresses, names): they are invisible and change what is named.
func (s *settings) checkText() []error {
	var errs []error
	s.all.VisitAll(func(f *pflag.Flag) {
		if f.Value.Type() != "string" {
			return
		}
		switch value := f.Value.String(); {
		case strings.ContainsFunc(value, unicode.IsControl):
			errs = append(errs, s.errorf(f.Name, "holds a control character, such as a line break"))
		case value != strings.TrimFunc(value, isBlank):
			errs = append(errs, s.errorf(f.Name, "begins or ends with white space"))
		}
	})
	return errs
}

// isBlank tells whether r shows nothing at the border of a text: white space, or a
// byte order mark.
func isBlank(r rune) bool { return unicode.IsSpace(r) || r == bomRune }

func (s *configSettings) check(*settings) []error { return nil } // reading the file checks it

func (s *outputSettings) check(all *settings) []error {
	return all.checkOneOf("output", s.output, outputText, outputJSON)
}

func (s *settings) checkOneOf(name, value string, allowed ...string) []error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return []error{s.errorf(name, "%q is none of %s", value, strings.Join(allowed, ", "))}
}

func (s *issuerSettings) check(all *settings) []error {
	if _, err := issuer.ParseURL(s.issuer); err != nil {
		return []error{all.errorf("issuer", "%v", err)}
	}
	return nil
}

// check refuses addresses that nothing can listen on, and two listeners on one
// address.
func (s *listenSettings) check(all *settings) []error {
	var errs []error
	for _, l := range []struct {
		name, address string
		optional      bool
	}{{"listen", s.listen, false}, {"admin-listen", s.adminListen, true}, {"metrics-listen", s.metricsListen, true}} {
		if l.optional && l.address == "" {
			continue
		}
		if err := checkAddress(l.address); err != nil {
			errs = append(errs, all.errorf(l.name, "%v", err))
		}
	}
	if !slices.Contains([]string{consoleAdmin, consolePublic, consoleOff}, s.console) {
		errs = append(errs, all.errorf("console", "must be %s, %s or %s, is %q", consoleAdmin, consolePublic, consoleOff, s.console))
	}
	if s.consoleURL != "" {
		if _, err := issuer.ParseURL(s.consoleURL); err != nil {
			errs = append(errs, all.errorf("console-url", "%v", err))
		}
	}
	for _, other := range []struct{ name, address string }{{"listen", s.listen}, {"admin-listen", s.adminListen}} {
		if other.address == s.metricsListen && s.metricsListen != "" && !strings.HasSuffix(s.metricsListen, ":0") {
			errs = append(errs, all.errorf("metrics-listen", "is the address of --%s", other.name))
		}
	}
	return errs
}

func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT, such as 127.0.0.1:8080", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("port %q is not a number up to 65535", port)
	}
	return nil
}

func (s *tokenSettings) check(all *settings) []error {
	errs := all.faults(all.issuerConfig(time.Now).Validate())
	if s.statusTTL == 0 { // which stands for the default there
		errs = append(errs, all.errorf("status-ttl", "must lie between 1s and 1h, is 0s"))
	}
	return append(errs, all.checkOneOf("registration", s.registration, "closed", "client", "open")...)
}

func (s *keySettings) check(all *settings) []error {
	return all.faults(all.keysConfig(time.Now).Validate())
}

func (s *hashSettings) check(all *settings) []error {
	errs := all.faults(s.hashConfig().Validate())
	if s.bcryptCost == 0 { // which stands for the default there
		errs = append(errs, all.errorf("bcrypt-cost", "must be positive"))
	}
	return errs
}

// faults returns the faults that a package found in its configuration, each with
// the flag that it is about and where the value came from.
func (s *settings) faults(err error) []error {
	var errs []error
	for _, f := range fielderror.All(err) {
		errs = append(errs, s.errorf(f.Field, "%s", f.Reason))
	}
	if err != nil && errs == nil {
		return []error{err}
	}
	return errs
}

// check compares the TLS settings with the issuer's scheme, so that passwords and
// tokens are not sent in the clear unnoticed.
func (s *transportSettings) check(all *settings) []error {
	var errs []error
	switch https := strings.HasPrefix(all.issuer, "https:"); {
	case (s.tlsCert == "") != (s.tlsKey == ""):
		errs = append(errs, all.errorf("tls-cert", "needs --tls-key, and the other way round"))
	case https && s.tlsCert == "" && !s.behindProxy:
		errs = append(errs, all.errorf("issuer", "is https but --listen would serve plain http: give --tls-cert and --tls-key, or --behind-proxy where a proxy ends TLS"))
	case !https && s.tlsCert != "":
		errs = append(errs, all.errorf("issuer", "is http but --tls-cert makes --listen serve https: let it begin with https://"))
	}
	if s.behindProxy && len(s.trustedProxies) == 0 {
		errs = append(errs, all.errorf("behind-proxy", "needs --trusted-proxies: without them all clients look like one network, and are throttled as one"))
	}
	if _, err := s.proxies(); err != nil {
		errs = append(errs, all.errorf("trusted-proxies", "%v", err))
	}
	if _, err := parsePrefixes(s.outboundNetworks); err != nil {
		errs = append(errs, all.errorf("outbound-networks", "%v", err))
	}
	return errs
}

// outboundAllowed returns what tells whether Signet may connect to an address that is not public.
func (s *settings) outboundAllowed() (func(netip.Addr) bool, error) {
	networks, err := parsePrefixes(s.outboundNetworks)
	if err != nil {
		return nil, err
	}
	u, err := issuer.ParseURL(s.issuer)
	if err != nil {
		return nil, err
	}
	local := u.Hostname() == "localhost" || isLoopbackAddress(u.Hostname())
	return func(a netip.Addr) bool {
		return local && safehttp.Loopback(a) || slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) })
	}, nil
}

func isLoopbackAddress(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// proxies are the trusted ones as prefixes.
func (s *transportSettings) proxies() ([]netip.Prefix, error) { return parsePrefixes(s.trustedProxies) }

// parsePrefixes parses networks; a bare address is a network of one.
func parsePrefixes(texts []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range texts {
		if a, err := netip.ParseAddr(text); err == nil {
			prefixes = append(prefixes, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", text)
		}
		prefixes = append(prefixes, p.Masked())
	}
	return prefixes, nil
}

func (s *operationSettings) check(all *settings) []error {
	errs := all.checkOneOf("log-format", s.logFormat, "auto", "console", "json")
	if _, err := s.level(); err != nil {
		errs = append(errs, all.errorf("log-level", "%q is none of debug, info, warn, error", s.logLevel))
	}
	if s.drainDelay < 0 {
		errs = append(errs, all.errorf("drain-delay", "must not be negative, is %s", s.drainDelay))
	}
	if s.drainTimeout <= 0 {
		errs = append(errs, all.errorf("drain-timeout", "must be positive, is %s", s.drainTimeout))
	}
	return errs
}

func (s *operationSettings) level() (zerolog.Level, error) {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, s.logLevel) {
		return zerolog.NoLevel, errors.New("unknown level")
	}
	return zerolog.ParseLevel(s.logLevel)
}

// issuerConfig, and those below, convert the settings to the packages' configurations.
func (s *settings) issuerConfig(now func() time.Time) issuer.Config {
	return issuer.Config{
		Issuer: s.issuer, Name: s.brandName, AccessTokenTTL: s.accessTokenTTL, RefreshTokenTTL: s.refreshTokenTTL, SessionTTL: s.sessionTTL,
		RefreshGrace: s.refreshGrace, CodeGrace: s.codeGrace, ClockSkew: s.clockSkew, MaxSessions: s.maxSessions, StatusTTL: s.statusTTL, CacheTTL: s.keyringRefresh, Throttle: s.throttle, Now: now,
		AuditRetention: s.auditRetention, BrowserSessions: s.browserSessions(), EnrolWithin: s.enrolWithin,
	}
}

// statusInterval is how often the status lists are refreshed: an ended session
// shows on every instance within --keyring-refresh, and a list is young enough
// to be worth its time to live. A tenth is left for the jitter.
func (s *settings) statusInterval() time.Duration {
	return min(s.keyringRefresh, s.statusTTL/4) * 9 / 10
}

func (s *settings) keysConfig(now func() time.Time) keys.Config {
	cfg := keys.DefaultConfig(now)
	cfg.Alg, cfg.RSABits = s.signingAlg, s.rsaBits
	cfg.RotationInterval, cfg.PublishAhead = s.rotationInterval, s.publishAhead
	cfg.JWKSMaxAge, cfg.Refresh, cfg.TokenLifetime = s.jwksMaxAge, s.keyringRefresh, s.accessTokenTTL
	cfg.Leeway = s.clockSkew
	return cfg
}

func (s *hashSettings) hashConfig() password.Config {
	return password.Config{
		Workers: s.hashWorkers, Queue: s.hashQueue, Scheme: s.passwordHash,
		Argon2id: password.Argon2id{Memory: s.argon2Memory, Passes: s.argon2Time, Parallelism: 1},
		Bcrypt:   password.Bcrypt{Cost: s.bcryptCost},
	}
}
