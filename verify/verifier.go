package verify

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Verifier checks access tokens of one issuer for one API. Make it with [New]; it is
// safe for concurrent use and needs no closing.
type Verifier struct {
	issuer      string
	audience    []string
	errAudience error
	algorithms  []string
	leeway      time.Duration
	rolesClaim  string
	maxBytes    int
	now         func() time.Time
	keys        *cache
	status      *statusChecker // nil where it is ignored

	realm   string // as a quoted-string
	onError func(*http.Request, error)
	observe func(Event) // may be nil
}

// New returns a Verifier, or an error that lists all errors of cfg. It uses no
// network: keys are fetched at the first token, or by [Verifier.Warm].
func New(cfg Config) (*Verifier, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("new verifier: %w", err)
	}
	v := &Verifier{
		issuer:      cfg.Issuer,
		audience:    cfg.Audience,
		errAudience: fmt.Errorf("%w: the token is not for %s", ErrAudience, strings.Join(cfg.Audience, " or ")),
		algorithms:  cfg.Algorithms,
		leeway:      cfg.Leeway,
		rolesClaim:  cfg.RolesClaim,
		maxBytes:    cfg.MaxTokenBytes,
		now:         cfg.Now,
		keys: &cache{
			fetcher:  newHTTPFetcher(cfg),
			now:      cfg.Now,
			interval: cfg.MinRefetchInterval,
			stale:    cfg.StaleIfError,
			observe:  cfg.Observe,
		},
		realm:   quote(cfg.Realm),
		onError: cfg.OnError,
		observe: cfg.Observe,
		status:  newStatusChecker(cfg),
	}
	if v.status != nil {
		v.status.verify = v.verifySigned
	}
	return v, nil
}

// Warm fetches the keys unless they are cached, so that the first request need not wait
// and a wrong URL is found at the start. It fails with *[UnavailableError] where they
// could not be fetched, and with [ErrAlgorithm] where the issuer publishes keys and none
// is for an algorithm of Config.Algorithms: every token would be refused then. The
// Verifier can be used all the same and fetches again.
func (v *Verifier) Warm(ctx context.Context) error {
	set, _, err := v.keys.load(ctx)
	if err != nil {
		return err
	}
	if len(set.keys) == 0 && len(set.unusable) > 0 {
		return fmt.Errorf("%w: the issuer signs by %s, Config.Algorithms has %s", ErrAlgorithm, strings.Join(set.unusable, ", "), strings.Join(v.algorithms, ", "))
	}
	return nil
}

// Verify checks token, the text behind "Bearer", after RFC 9068 §4, and returns its
// claims. An error is either an [ErrInvalidToken], and one of the errors listed there,
// or an [ErrKeysUnavailable]: then nothing is known about the token, and the caller
// answers 503. The claims are nil with every error.
//
// ctx bounds only the wait for keys, where they have to be fetched first.
func (v *Verifier) Verify(ctx context.Context, token string) (*Claims, error) {
	if v.observe == nil {
		return v.verifyToken(ctx, token)
	}
	began := v.now()
	c, err := v.verifyToken(ctx, token)
	v.observe(Event{EventToken, outcomeOf(err), v.now().Sub(began), err})
	return c, err
}

func (v *Verifier) verifyToken(ctx context.Context, token string) (*Claims, error) {
	payload, err := v.verifySigned(ctx, token, accessTokenType, v.maxBytes)
	if err != nil {
		return nil, err
	}
	c, err := v.verifyClaims(payload)
	if err != nil {
		return nil, err
	}
	if err := v.status.check(ctx, c.status); err != nil {
		return nil, err
	}
	return c, nil
}

// verifySigned returns the payload of a token of this type that the issuer has signed.
func (v *Verifier) verifySigned(ctx context.Context, token, typ string, limit int) ([]byte, error) {
	parts, err := split(token, limit)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(parts.header, typ)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(v.algorithms, h.alg) {
		return nil, ErrAlgorithm
	}
	keys, err := v.keys.find(ctx, h.kid)
	if err != nil {
		return nil, err
	}
	if err := checkSignature(parts, h.alg, keys); err != nil {
		return nil, err
	}
	return decodePart(parts.payload, "payload")
}

var errOtherAlgorithm = fmt.Errorf("%w: the key is for another one", ErrAlgorithm)

// checkSignature checks that one of keys, which all have the token's kid, is bound to alg
// and made the signature.
func checkSignature(parts compact, alg string, keys []publicKey) error {
	signature, err := decodePart(parts.signature, "signature")
	if err != nil {
		return err
	}
	err = errOtherAlgorithm
	for _, key := range keys {
		if key.alg != alg {
			continue
		}
		if key.check([]byte(parts.signed), signature) {
			return nil
		}
		err = ErrSignature
	}
	return err
}

// verifyClaims reads and checks the claims of a token whose signature has been checked
// (RFC 8725 §3.3).
func (v *Verifier) verifyClaims(payload []byte) (*Claims, error) {
	c, err := parseClaims(payload, v.rolesClaim, v.status != nil)
	if err != nil {
		return nil, err
	}
	if err := v.checkClaims(c, v.now()); err != nil {
		return nil, err
	}
	return c, nil
}

// checkClaims compares the claims with the configuration and the clock (RFC 9068 §4).
func (v *Verifier) checkClaims(c *Claims, now time.Time) error {
	switch {
	case c.Issuer != v.issuer:
		return ErrIssuer
	case !slices.ContainsFunc(c.Audience, func(aud string) bool { return slices.Contains(v.audience, aud) }):
		return v.errAudience
	case !now.Before(c.Expiry.Add(v.leeway)): // RFC 7519 §4.1.4: on or after is too late
		return ErrExpired
	case now.Add(v.leeway).Before(c.NotBefore), now.Add(v.leeway).Before(c.IssuedAt):
		return ErrNotYetValid
	}
	return nil
}
