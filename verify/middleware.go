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

// A Demand is what a route may ask of a token beyond being valid; see [Scope],
// [Role], [All] and [Any].
type Demand struct {
	met func(*Claims) bool
	why InsufficientError
}

// Scope demands a scope. It panics on what is not an RFC 6749 §3.3 scope.
func Scope(scope string) Demand {
	if scope == "" || notScope(scope) {
		panic("verify: Scope: not a scope")
	}
	return Demand{func(c *Claims) bool { return c.HasScope(scope) }, InsufficientError{Scopes: []string{scope}}}
}

// Role demands a role.
func Role(role string) Demand {
	demanded("Role", []string{role})
	return Demand{func(c *Claims) bool { return c.HasRole(role) }, InsufficientError{Roles: []string{role}}}
}

// All demands all of the demands.
func All(demands ...Demand) Demand {
	return combine("All", demands, func(c *Claims) bool {
		return !slices.ContainsFunc(demands, func(d Demand) bool { return !d.met(c) })
	})
}

// Any demands one of the demands.
func Any(demands ...Demand) Demand {
	return combine("Any", demands, func(c *Claims) bool {
		return slices.ContainsFunc(demands, func(d Demand) bool { return d.met(c) })
	})
}

// combine names all that the demands name: which of it is lacking is for the
// client to see from its token.
func combine(by string, demands []Demand, met func(*Claims) bool) Demand {
	combined := Demand{met: met}
	for _, d := range demands {
		if d.met == nil {
			panic("verify: " + by + ": demands nothing")
		}
		combined.why.Scopes = append(combined.why.Scopes, d.why.Scopes...)
		combined.why.Roles = append(combined.why.Roles, d.why.Roles...)
	}
	if len(demands) == 0 {
		panic("verify: " + by + ": demands nothing")
	}
	return combined
}

// RequireAll is like [Verifier.RequireScope] for any demands: it makes all of them.
func (v *Verifier) RequireAll(demands ...Demand) func(http.Handler) http.Handler {
	return v.demand(All(slices.Clone(demands)...))
}

// RequireAny is like [Verifier.RequireAll] but content with one of the demands.
func (v *Verifier) RequireAny(demands ...Demand) func(http.Handler) http.Handler {
	return v.demand(Any(slices.Clone(demands)...))
}

func (v *Verifier) demand(d Demand) func(http.Handler) http.Handler {
	return v.require(func(c *Claims) error {
		if d.met(c) {
			return nil
		}
		why := d.why
		return &why
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
