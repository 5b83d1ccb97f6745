package verify

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Bounds and defaults of a Config.
const (
	defaultLeeway        = time.Minute
	maxLeeway            = 5 * time.Minute // RFC 9068 §4: no more than a few minutes
	defaultCacheTTL      = 5 * time.Minute
	defaultMaxCacheTTL   = 15 * time.Minute
	defaultRefetch       = 5 * time.Second
	maxRefetch           = 5 * time.Minute
	defaultStaleIfError  = time.Hour
	defaultMaxTokenBytes = 8 << 10
	maxCacheDuration     = 24 * time.Hour
)

// Config says which tokens a resource server accepts. Issuer and Audience are
// needed; the zero value of everything else is a safe default.
type Config struct {
	// Issuer is the issuer's URL exactly as its tokens and its metadata spell it:
	// they are compared byte for byte. It is https, or http on a loopback host.
	Issuer string
	// Audience holds the names that this API answers to. One of them must be in
	// a token's aud, unchanged.
	Audience []string
	// JWKSURL is where the issuer publishes its keys. Empty: taken from the
	// issuer's /.well-known/openid-configuration, whose issuer must be Issuer.
	JWKSURL string
	// Algorithms lists the signature algorithms accepted, among RS256, PS256,
	// ES256 and EdDSA. Empty: RS256 only.
	Algorithms []string
	// Leeway is the clock difference allowed in exp, nbf and iat: 0 is a minute,
	// negative is none, at most 5 minutes.
	Leeway time.Duration
	// RolesClaim names the claim that holds the roles. Empty: roles (RFC 9068 §2.2.3.1).
	RolesClaim string
	// MaxTokenBytes is the longest token looked at: 0 is 8 KiB; 256 bytes to 64 KiB.
	MaxTokenBytes int

	// CacheTTL is the TTL of a key set that comes without Cache-Control max-age: 0 is
	// 5 minutes; a second to a day.
	CacheTTL time.Duration
	// MaxCacheTTL is the upper bound of max-age, and so of the time for which a
	// withdrawn key is accepted: 0 is 15 minutes, or CacheTTL where that is longer;
	// CacheTTL to a day. The lower bound of max-age is MinRefetchInterval.
	MaxCacheTTL time.Duration
	// MinRefetchInterval is the shortest time between two fetches for unknown kids, and
	// the longest between two tries while fetches fail: 0 is 5 seconds; a second to
	// 5 minutes.
	MinRefetchInterval time.Duration
	// StaleIfError is how long beyond its TTL a key set is still used while no new
	// one can be fetched: 0 is an hour, negative is not at all, at most a day.
	StaleIfError time.Duration
	// HTTPClient fetches keys and metadata. Nil: one with tight limits. Redirects
	// to another host are refused whatever its CheckRedirect says.
	HTTPClient *http.Client
	// InsecureAllowHTTP accepts plain http for hosts that are not loopback: everybody on
	// the network path can then replace the keys and forge any token.
	InsecureAllowHTTP bool

	// Status says whether the issuer's status lists are read, which show a logout before
	// the token expires, and what happens where one cannot be fetched.
	Status StatusPolicy
	// StatusMaxAge is how old, counted from its iat, a list may be that is still
	// used while no newer one can be had. 0: its own time to live with
	// StatusFailClosed, an hour with StatusFailOpen; at most a day. While lists can
	// be had, none is older than its own time to live. A list that is past that when
	// it arrives, from a cache that is stuck, could not be had.
	StatusMaxAge time.Duration
	// StatusBaseURL is where status lists are fetched where Issuer's address does
	// not lead to it, such as from inside a cluster: what a list's address has
	// behind Issuer is appended to it. Empty: lists are fetched as addressed, from
	// Issuer's host alone. It may be http only as Issuer may.
	StatusBaseURL string
	// OnStatusError is called for each token whose status is unknown.
	OnStatusError func(err error)

	// Realm is shown in WWW-Authenticate. Empty: the first Audience.
	Realm string
	// OnError is called for each request that the middleware refuses, before it is
	// answered; it is the place for a log line. Neither the error nor its text
	// holds any part of the token.
	OnError func(r *http.Request, err error)
	// Observe is called for each token checked, each request refused and each fetch; it is
	// the place for counters. It is called from many goroutines at once, with no lock
	// held, and must not block: a token waits for it. Nil costs nothing.
	Observe func(Event)
	// Now is the clock. Nil: the system's.
	Now func() time.Time
}

// withDefaults returns a copy with every zero value replaced.
func (c Config) withDefaults() Config {
	c.Algorithms = slices.Clone(c.Algorithms)
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{RS256}
	}
	c.Audience = slices.Clone(c.Audience)
	if c.Realm == "" && len(c.Audience) > 0 {
		c.Realm = c.Audience[0]
	}
	if c.RolesClaim == "" {
		c.RolesClaim = "roles"
	}
	if c.MaxTokenBytes == 0 {
		c.MaxTokenBytes = defaultMaxTokenBytes
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Leeway = durationOr(c.Leeway, defaultLeeway)
	c.StaleIfError = durationOr(c.StaleIfError, defaultStaleIfError)
	if c.Status == StatusFailOpen {
		c.StatusMaxAge = orElse(c.StatusMaxAge, defaultMaxAge)
	}
	c.StatusBaseURL = strings.TrimSuffix(c.StatusBaseURL, "/")
	c.CacheTTL = orElse(c.CacheTTL, defaultCacheTTL)
	c.MaxCacheTTL = orElse(c.MaxCacheTTL, max(defaultMaxCacheTTL, c.CacheTTL))
	c.MinRefetchInterval = orElse(c.MinRefetchInterval, min(defaultRefetch, c.CacheTTL))
	return c
}

func orElse(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

// durationOr returns the default for zero, and zero for a negative duration.
func durationOr(d, fallback time.Duration) time.Duration {
	return max(0, orElse(d, fallback))
}

// validate reports all errors at once.
func (c Config) validate() error {
	errs := []error{
		fieldError("Issuer", checkIssuer(c.Issuer, c.InsecureAllowHTTP)),
		fieldError("Audience", checkAudience(c.Audience)),
		checkRange("Leeway", c.Leeway, 0, maxLeeway),
		checkRange("CacheTTL", c.CacheTTL, time.Second, maxCacheDuration),
		checkRange("MaxCacheTTL", c.MaxCacheTTL, c.CacheTTL, maxCacheDuration),
		checkRange("MinRefetchInterval", c.MinRefetchInterval, time.Second, maxRefetch),
		checkRange("StaleIfError", c.StaleIfError, 0, maxCacheDuration),
		checkRange("Status", int(c.Status), int(StatusIgnored), int(StatusFailClosed)),
		checkRange("StatusMaxAge", c.StatusMaxAge, 0, maxCacheDuration),
		checkRange("MaxTokenBytes", c.MaxTokenBytes, 256, 64<<10),
	}
	if c.JWKSURL != "" {
		errs = append(errs, fieldError("JWKSURL", checkURL(c.JWKSURL, c.InsecureAllowHTTP)))
	}
	if c.StatusBaseURL != "" {
		errs = append(errs, fieldError("StatusBaseURL", checkURL(c.StatusBaseURL, c.InsecureAllowHTTP)))
	}
	for _, alg := range c.Algorithms {
		errs = append(errs, fieldError("Algorithms", checkAlgorithm(alg)))
	}
	if slices.Contains(registeredClaims, c.RolesClaim) {
		errs = append(errs, fieldError("RolesClaim", fmt.Errorf("%q is a registered claim", c.RolesClaim)))
	}
	return errors.Join(errs...)
}

func checkRange[T int | time.Duration](name string, got, low, high T) error {
	if got < low || got > high {
		return fieldError(name, fmt.Errorf("%v is not between %v and %v", got, low, high))
	}
	return nil
}

// fieldError returns err with the name of its field, nil for nil.
func fieldError(field string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("config.%s: %w", field, err)
}

func checkIssuer(issuer string, allowHTTP bool) error {
	if issuer == "" {
		return errors.New("needed")
	}
	if strings.Contains(issuer, "?") { // RFC 8414 §2: no query and no fragment
		return errors.New("has a query")
	}
	return checkURL(issuer, allowHTTP)
}

func checkAudience(audience []string) error {
	if len(audience) == 0 {
		return errors.New("needed")
	}
	if slices.Contains(audience, "") {
		return errors.New("has an empty member")
	}
	return nil
}

// checkAlgorithm refuses none and symmetric algorithms: a verifier holds public keys, so
// anybody can make an HMAC with one (RFC 8725 §2.1).
func checkAlgorithm(alg string) error {
	switch {
	case slices.Contains(supported, alg):
		return nil
	case strings.EqualFold(alg, "none"):
		return fmt.Errorf("%q is no signature algorithm", alg)
	case strings.HasPrefix(strings.ToUpper(alg), "HS"):
		return fmt.Errorf("%q is symmetric, and the keys here are public", alg)
	}
	return fmt.Errorf("%q is not one of %s", alg, strings.Join(supported, ", "))
}

// checkURL requires an absolute https URL without credentials or fragment. http is
// allowed for loopback hosts, or where allowHTTP is set.
func checkURL(raw string, allowHTTP bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("not a URL")
	case u.Hostname() == "" || !strings.HasPrefix(raw, u.Scheme+"://"):
		return errors.New("not an absolute URL")
	case u.User != nil:
		return errors.New("holds credentials")
	case strings.Contains(raw, "#"):
		return errors.New("has a fragment")
	case u.Scheme == "https", u.Scheme == "http" && (allowHTTP || loopback(u.Hostname())):
		return nil
	case u.Scheme == "http":
		return errors.New("plain http is for loopback hosts only")
	}
	return fmt.Errorf("scheme %q is not https", u.Scheme)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
