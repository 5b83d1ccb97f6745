package versus_test

import (
	"context"
	"crypto/rsa"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	golangjwt "github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"example.org/signet/verify"
	"example.org/signet/verify/verifytest"
)

const api = "https://api.example.com"

// contender checks a token offline, its keys at hand, and returns the subject.
type contender struct {
	name  string
	check func(token string) (subject string, err error)
}

// contenders are set up as their documentation has it, each told the issuer, the
// audience and, where it can be, the algorithm. Ours stands first.
func contenders(t testing.TB, issuer *verifytest.Issuer) []contender {
	t.Helper()
	ctx := context.Background()
	cfg := issuer.Config(api)
	cfg.Status = verify.StatusIgnored // nobody else reads status lists
	ours, err := verify.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jwk.Fetch(ctx, cfg.JWKSURL)
	if err != nil {
		t.Fatal(err)
	}
	theirs := oidc.NewVerifier(issuer.URL, oidc.NewRemoteKeySet(ctx, cfg.JWKSURL), &oidc.Config{ClientID: api, Now: issuer.Now})
	return []contender{
		{"verify", func(token string) (string, error) {
			c, err := ours.Verify(ctx, token)
			if err != nil {
				return "", err
			}
			return c.Subject, nil
		}},
		{"go-oidc", func(token string) (string, error) {
			c, err := theirs.Verify(ctx, token)
			if err != nil {
				return "", err
			}
			return c.Subject, nil
		}},
		{"jwx", func(token string) (string, error) {
			c, err := jwt.ParseString(token, jwt.WithKeySet(keys), jwt.WithIssuer(issuer.URL), jwt.WithAudience(api), jwt.WithClock(jwt.ClockFunc(issuer.Now)))
			if err != nil {
				return "", err
			}
			subject, _ := c.Subject()
			return subject, nil
		}},
		{"golang-jwt", golangJWT(t, issuer, keys)},
	}
}

// golangJWT has no key set of its own: a map of public keys is the fastest.
func golangJWT(t testing.TB, issuer *verifytest.Issuer, keys jwk.Set) func(string) (string, error) {
	t.Helper()
	public := map[string]*rsa.PublicKey{}
	for n := range keys.Len() {
		key, _ := keys.Key(n)
		kid, _ := key.KeyID()
		public[kid] = new(rsa.PublicKey)
		if err := jwk.Export(key, public[kid]); err != nil {
			t.Fatal(err)
		}
	}
	parser := golangjwt.NewParser(golangjwt.WithValidMethods([]string{"RS256"}), golangjwt.WithIssuer(issuer.URL), golangjwt.WithAudience(api),
		golangjwt.WithExpirationRequired(), golangjwt.WithTimeFunc(issuer.Now))
	return func(token string) (string, error) {
		var c golangjwt.RegisteredClaims
		_, err := parser.ParseWithClaims(token, &c, func(t *golangjwt.Token) (any, error) {
			kid, _ := t.Header["kid"].(string)
			if key := public[kid]; key != nil {
				return key, nil
			}
			return nil, fmt.Errorf("unknown key")
		})
		return c.Subject, err
	}
}

// TestContendersAgree: what is compared does the job, all of it.
func TestContendersAgree(t *testing.T) {
	issuer := verifytest.New(t)
	good, foreign := issuer.Token(api), issuer.Token("https://other.example.com")
	for _, c := range contenders(t, issuer) {
		if subject, err := c.check(good); err != nil || subject != "user-1" {
			t.Errorf("%s: %q, %v", c.name, subject, err)
		}
		for what, token := range map[string]string{"another audience": foreign, "a cut signature": good[:len(good)-4], "altered": good[:len(good)-8] + "AAAAAAAA"} {
			if _, err := c.check(token); err == nil {
				t.Errorf("%s takes %s", c.name, what)
			}
		}
	}
}

// BenchmarkOffline takes all in turn, in another order each time, so that a noisy
// machine disturbs them alike, and reports by medians how much of the others' time
// ours takes: below 1 is faster.
func BenchmarkOffline(b *testing.B) {
	issuer := verifytest.New(b)
	token, all := issuer.Token(api), contenders(b, issuer)
	took := make([][]time.Duration, len(all))
	check := func(n int) time.Duration {
		start := time.Now()
		if _, err := all[n].check(token); err != nil {
			b.Fatal(all[n].name, err)
		}
		return time.Since(start)
	}
	for n := range all {
		check(n) // fetches keys
	}
	for round := 0; b.Loop(); round++ {
		for n := range all {
			n = (n + round) % len(all)
			took[n] = append(took[n], check(n))
		}
	}
	for n := range all {
		slices.Sort(took[n])
	}
	for n, c := range all[1:] {
		b.ReportMetric(float64(median(took[0]))/float64(median(took[n+1])), "ours/"+c.name)
	}
}

func median(sorted []time.Duration) time.Duration { return sorted[len(sorted)/2] }

// BenchmarkAlone is each by itself, with what it allocates.
func BenchmarkAlone(b *testing.B) {
	issuer := verifytest.New(b)
	token := issuer.Token(api)
	for _, c := range contenders(b, issuer) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.check(token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
