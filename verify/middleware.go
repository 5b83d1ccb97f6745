package verify

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// contextValue is the value that the middleware puts into a request's context.
type contextValue struct {
	claims   *Claims
	verifier *Verifier // nil where [NewContext] put the claims there
}

type contextKey struct{}

// FromContext returns the claims of the request's token. Behind a Verifier's
// middleware they are always there.
func FromContext(ctx context.Context) (*Claims, bool) {
	id, ok := ctx.Value(contextKey{}).(contextValue)
	return id.claims, ok
}

// NewContext returns a context that holds claims, to test a handler without tokens.
// Middleware does not trust it and still requires a token.
func NewContext(ctx context.Context, claims *Claims) context.Context {
	return context.WithValue(ctx, contextKey{}, contextValue{claims: claims})
}

// Middleware lets requests with a valid token through to next, their claims in the
// context, and answers the others after RFC 6750 §3: 401 for no token or a bad one,
// 400 for a token sent in a wrong way, 503 while the keys cannot be fetched.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return v.protect(next, func(*Claims) error { return nil })
}

// RequireScope is [Verifier.Middleware] that also demands all of scopes, else 403
// insufficient_scope. Behind the same Verifier's Middleware it does not check the
// token a second time. It panics, as registering a bad route does, when scopes is
// empty or holds what is not an RFC 6749 §3.3 scope.
func (v *Verifier) RequireScope(scopes ...string) func(http.Handler) http.Handler {
	scopes = requireNonEmpty("RequireScope", scopes)
	if !slices.ContainsFunc(scopes, isInvalidScope) {
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
	roles = requireNonEmpty("RequireRole", roles)
	return v.require(func(c *Claims) error {
		if containsAll(c.Roles, roles) {
			return nil
		}
		return &InsufficientError{Roles: roles}
	})
}

// RequireAnyRole is like [Verifier.RequireRole], but one of roles is enough.
func (v *Verifier) RequireAnyRole(roles ...string) func(http.Handler) http.Handler {
	roles = requireNonEmpty("RequireAnyRole", roles)
	return v.require(func(c *Claims) error {
		if slices.ContainsFunc(roles, c.HasRole) {
			return nil
		}
		return &InsufficientError{Roles: roles}
	})
}

// A Requirement is what a route requires of a token beyond being valid; see [Scope],
// [Role], [All] and [Any].
type Requirement struct {
	satisfied func(*Claims) bool
	missing   InsufficientError
}

// Scope requires a scope. It panics on what is not an RFC 6749 §3.3 scope.
func Scope(scope string) Requirement {
	if scope == "" || isInvalidScope(scope) {
		panic("verify: Scope: not a scope")
	}
	return Requirement{func(c *Claims) bool { return c.HasScope(scope) }, InsufficientError{Scopes: []string{scope}}}
}

// Role requires a role.
func Role(role string) Requirement {
	requireNonEmpty("Role", []string{role})
	return Requirement{func(c *Claims) bool { return c.HasRole(role) }, InsufficientError{Roles: []string{role}}}
}

// All is met by a token that meets all of the requirements.
func All(requirements ...Requirement) Requirement {
	return combine("All", requirements, func(c *Claims) bool {
		return !slices.ContainsFunc(requirements, func(d Requirement) bool { return !d.satisfied(c) })
	})
}

// Any is met by a token that meets one of the requirements.
func Any(requirements ...Requirement) Requirement {
	return combine("Any", requirements, func(c *Claims) bool {
		return slices.ContainsFunc(requirements, func(d Requirement) bool { return d.satisfied(c) })
	})
}

// combine returns all scopes and roles that the requirements name, missing or not.
func combine(by string, requirements []Requirement, satisfied func(*Claims) bool) Requirement {
	combined := Requirement{satisfied: satisfied}
	for _, d := range requirements {
		if d.satisfied == nil {
			panic("verify: " + by + ": requires nothing")
		}
		combined.missing.Scopes = append(combined.missing.Scopes, d.missing.Scopes...)
		combined.missing.Roles = append(combined.missing.Roles, d.missing.Roles...)
	}
	if len(requirements) == 0 {
		panic("verify: " + by + ": requires nothing")
	}
	return combined
}

// RequireAll is like [Verifier.RequireScope] for any requirements: all must be met.
func (v *Verifier) RequireAll(requirements ...Requirement) func(http.Handler) http.Handler {
	return v.middlewareFor(All(slices.Clone(requirements)...))
}

// RequireAny is like [Verifier.RequireAll], but one of the requirements is enough.
func (v *Verifier) RequireAny(requirements ...Requirement) func(http.Handler) http.Handler {
	return v.middlewareFor(Any(slices.Clone(requirements)...))
}

func (v *Verifier) middlewareFor(d Requirement) func(http.Handler) http.Handler {
	return v.require(func(c *Claims) error {
		if d.satisfied(c) {
			return nil
		}
		missing := d.missing
		return &missing
	})
}

func (v *Verifier) require(requirement func(*Claims) error) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return v.protect(next, requirement) }
}

// requireNonEmpty panics on an empty list, which every token would meet.
func requireNonEmpty(by string, names []string) []string {
	if len(names) == 0 || slices.Contains(names, "") {
		panic("verify: " + by + ": requires nothing")
	}
	return slices.Clone(names)
}

// isInvalidScope reports whether text is not a scope (RFC 6749 §3.3:
// scope-token = 1*( %x21 / %x23-5B / %x5D-7E )).
func isInvalidScope(scope string) bool {
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

// protect authenticates, checks the requirement, and then calls next or writes the error.
func (v *Verifier) protect(next http.Handler, requirement func(*Claims) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authenticated, claims, err := v.authenticate(r)
		if err == nil {
			err = requirement(claims)
		}
		if err != nil {
			v.writeError(w, r, err)
			return
		}
		next.ServeHTTP(w, authenticated)
	})
}

// authenticate returns the request with its claims in the context. Claims that this
// Verifier has put there are not checked again.
func (v *Verifier) authenticate(r *http.Request) (*http.Request, *Claims, error) {
	if id, ok := r.Context().Value(contextKey{}).(contextValue); ok && id.verifier == v {
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
	r = r.WithContext(context.WithValue(r.Context(), contextKey{}, contextValue{claims, v}))
	if formHasToken(r) {
		return nil, nil, errTwoTokens
	}
	return r, claims, nil
}

var errTwoTokens = fmt.Errorf("%w: token in the header and in the form", ErrInvalidRequest)
