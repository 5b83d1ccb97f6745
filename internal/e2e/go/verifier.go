package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	jwtmiddleware "github.com/auth0/go-jwt-middleware/v2"
	"github.com/auth0/go-jwt-middleware/v2/jwks"
	"github.com/auth0/go-jwt-middleware/v2/validator"
	golangjwt "github.com/golang-jwt/jwt/v5"
	capjwt "github.com/hashicorp/cap/jwt"
	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

const jwksPath = "/.well-known/jwks.json"

// verifier is a resource server on one library, with the library's own handling
// of keys. It returns the token's subject.
type verifier struct {
	name   string
	verify func(token string) (subject string, err error)
}

// verifiers makes new ones, which have fetched no keys or have fetched them now.
func verifiers(ctx context.Context, issuer, audience string) (made []verifier, err error) {
	for name, start := range map[string]func(context.Context, string, string) (func(string) (string, error), error){
		"jwx": startJWX, "cap": startCap, "go-jwt-middleware": startMiddleware, "keyfunc": startKeyfunc,
	} {
		verify, startErr := start(ctx, issuer, audience)
		if startErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", name, startErr))
		}
		made = append(made, verifier{name, verify})
	}
	return made, err
}

// startJWX: jwx's cache goes by time alone. It is told what the token must be.
func startJWX(ctx context.Context, issuer, audience string) (func(string) (string, error), error) {
	cache, err := jwk.NewCache(ctx, httprc.NewClient())
	if err != nil {
		return nil, err
	}
	if err := cache.Register(ctx, issuer+jwksPath); err != nil {
		return nil, err
	}
	keys, err := cache.CachedSet(issuer + jwksPath)
	if err != nil {
		return nil, err
	}
	return func(token string) (string, error) {
		message, err := jws.Parse([]byte(token))
		if err != nil {
			return "", err
		}
		if typ, _ := message.Signatures()[0].ProtectedHeaders().Type(); typ != "at+jwt" {
			return "", fmt.Errorf("typ is %q", typ)
		}
		parsed, err := jwt.Parse([]byte(token), jwt.WithKeySet(keys), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
			jwt.WithRequiredClaim("exp"), jwt.WithRequiredClaim("sub"))
		if err != nil {
			return "", err
		}
		subject, _ := parsed.Subject()
		return subject, nil
	}, nil
}

// startCap finds the keys by discovery. Without the negative leeway it would give
// an expired token a minute more.
func startCap(ctx context.Context, issuer, audience string) (func(string) (string, error), error) {
	keys, err := capjwt.NewOIDCDiscoveryKeySet(ctx, issuer, "")
	if err != nil {
		return nil, err
	}
	checks, err := capjwt.NewValidator(keys)
	if err != nil {
		return nil, err
	}
	expected := capjwt.Expected{
		Issuer: issuer, Audiences: []string{audience}, SigningAlgorithms: []capjwt.Alg{capjwt.RS256},
		ClockSkewLeeway: -1,
	}
	return func(token string) (string, error) {
		claims, err := checks.Validate(ctx, token, expected)
		if err != nil {
			return "", err
		}
		subject, _ := claims["sub"].(string)
		return subject, nil
	}, nil
}

// startMiddleware asks through the HTTP middleware, as an application has it.
func startMiddleware(_ context.Context, issuer, audience string) (func(string) (string, error), error) {
	base, err := url.Parse(issuer)
	if err != nil {
		return nil, err
	}
	keys := jwks.NewCachingProvider(base, 5*time.Minute)
	checks, err := validator.New(keys.KeyFunc, validator.RS256, issuer, []string{audience})
	if err != nil {
		return nil, err
	}
	whoami := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := r.Context().Value(jwtmiddleware.ContextKey{}).(*validator.ValidatedClaims)
		_, _ = w.Write([]byte(claims.RegisteredClaims.Subject))
	})
	guarded := jwtmiddleware.New(checks.ValidateToken).CheckJWT(whoami)
	return func(token string) (string, error) {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer "+token)
		guarded.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			return "", fmt.Errorf("%d %s", w.Code, w.Body)
		}
		return w.Body.String(), nil
	}, nil
}

// startKeyfunc gives golang-jwt its keys.
func startKeyfunc(ctx context.Context, issuer, audience string) (func(string) (string, error), error) {
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{issuer + jwksPath})
	if err != nil {
		return nil, err
	}
	return func(token string) (string, error) {
		parsed, err := golangjwt.Parse(token, keys.Keyfunc, golangjwt.WithValidMethods([]string{"RS256"}),
			golangjwt.WithIssuer(issuer), golangjwt.WithAudience(audience), golangjwt.WithExpirationRequired())
		if err != nil {
			return "", err
		}
		return parsed.Claims.GetSubject()
	}, nil
}
