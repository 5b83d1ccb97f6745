package verify

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// identity is what the middleware leaves in a request's context.
type identity struct {
	claims *Claims
	by     *Verifier // nil where [NewContext] put the claims there
}

type contextKey struct{}

// FromContext returns the claims of the request's token. Behind a Verifier's
// middleware they are always there.
func FromContext(ctx context.Context) (*Claims, bool) {
	id, ok := ctx.Value(contextKey{}).(identity)
	return id.claims, ok
}

// NewContext returns a context that holds claims, to test a handler without tokens.
// Middleware does not trust it: it asks for a token all the same.
func NewContext(ctx context.Context, claims *Claims) context.Context {
	return context.WithValue(ctx, contextKey{}, identity{claims: claims})
}

// Middleware lets requests with a valid token through to next, their claims in the
// context, and answers the others after RFC 6750 §3: 401 for no token or a bad one,
// 400 for a token carried in a wrong way, 503 while the keys cannot be had.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return v.guard(next, func(*Claims) error { return nil })
}

// RequireScope is [Verifier.Middleware] that also demands all of scopes, else 403
// insufficient_scope. Behind the same Verifier's Middleware it does not check the
// token a second time. It panics, as registering a bad route does, when scopes is
// empty or holds what is not an RFC 6749 §3.3 scope.
func (v *Verifier) RequireScope(scopes ...string) func(http.Handler) http.Handler {
	scopes = demanded("RequireScope", scopes)
	if !slices.ContainsFunc(scopes, notScope) {
		return v.require(func(c *Claims) error {
			if containsAll(c.Scope, scopes) {
				return nil
			}
			return &InsufficientError{Scopes: scopes}
		})
	}
	panic("verify: RequireScope: not a scope in " + strings.Join(scopes, " "))
}

// RequireRole is like [Verifier.RequireScope] for roles: it demands all of them.
func (v *Verifier) RequireRole(roles ...string) func(http.Handler) http.Handler {
	roles = demanded("RequireRole", roles)
	return v.require(func(c *Claims) error {
		if containsAll(c.Roles, roles) {
			return nil
		}
		return &InsufficientError{Roles: roles}
	})
}

// RequireAnyRole is like [Verifier.RequireRole] but content with one of roles.
func (v *Verifier) RequireAnyRole(roles ...string) func(http.Handler) http.Handler {
	roles = demanded("RequireAnyRole", roles)
	return v.require(func(c *Claims) error {
		if slices.ContainsFunc(roles, c.HasRole) {
			return nil
		}
		return &InsufficientError{Roles: roles}
	})
}

func (v *Verifier) require(met func(*Claims) error) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return v.guard(next, met) }
}

// demanded refuses a demand for nothing, which would let every token pass.
func demanded(by string, names []string) []string {
	if len(names) == 0 || slices.Contains(names, "") {
		panic("verify: " + by + ": demands nothing")
	}
	return slices.Clone(names)
}

// notScope: RFC 6749 §3.3, scope-token = 1*( %x21 / %x23-5B / %x5D-7E ).
func notScope(scope string) bool {
	return strings.ContainsFunc(scope, func(r rune) bool {
		return r < 0x21 || r > 0x7e || r == '"' || r == '\\'
	})
}

func containsAll(have, want []string) bool {
	for _, name := range want {
		if !slices.Contains(have, name) {
			return false
		}
	}
	return true
}

// guard authenticates, demands, and then either calls next or refuses.
func (v *Verifier) guard(next http.Handler, met func(*Claims) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authenticated, claims, err := v.authenticate(r)
		if err == nil {
			err = met(claims)
		}
		if err != nil {
			v.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, authenticated)
	})
}

// authenticate returns the request with its claims in the context. What this same
// Verifier has put there is not checked again.
func (v *Verifier) authenticate(r *http.Request) (*http.Request, *Claims, error) {
	if id, ok := r.Context().Value(contextKey{}).(identity); ok && id.by == v {
		return r, id.claims, nil
	}
	token, err := bearerToken(r)
	if err != nil {
		return nil, nil, err
	}
	claims, err := v.Verify(r.Context(), token)
	if err != nil {
		return nil, nil, err
	}
	r = r.WithContext(context.WithValue(r.Context(), contextKey{}, identity{claims, v}))
	if formHasToken(r) {
		return nil, nil, errTwoTokens
	}
	return r, claims, nil
}

var errTwoTokens = fmt.Errorf("%w: token in the header and in the form", ErrInvalidRequest)
