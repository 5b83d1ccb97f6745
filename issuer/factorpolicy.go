package issuer

import (
	"context"
	"slices"
	"time"

	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// factorPolicy says who must sign in with a second factor.
type factorPolicy struct {
	roles   *role.Cache
	factors *factor.Service
	within  time.Duration // how long a user may take to set one up; 0 for not at all
}

// demanded returns the level that the roles of the user and the client demand.
func (p factorPolicy) demanded(ctx context.Context, u storage.User, c storage.Client) (authorization.Level, error) {
	set, err := p.roles.Get(ctx)
	if err != nil {
		return authorization.LevelNone, unavailable(err)
	}
	level := policyLevel(c.Authentication)
	for _, name := range u.Roles {
		level = max(level, policyLevel(set.Authentication(name)))
	}
	return level, nil
}

// isAdministrator tells whether the user administers: then a factor that they have is always
// demanded.
func isAdministrator(u storage.User) bool {
	return slices.Contains(u.Roles, role.Admin) || slices.Contains(u.Roles, role.SuperAdmin)
}

// apply fills in what is demanded of the user who is signed in, and what they can reach. It reads
// the factors of users only of whom more may be demanded than their session has proven.
func (p factorPolicy) apply(ctx context.Context, v *visit, state *authorization.State) error {
	u := v.signedIn.User
	var err error
	if state.Policy, err = p.demanded(ctx, u, v.client); err != nil {
		return err
	}
	wanted := state.Policy > state.Level || v.request.WantsLevel() || isAdministrator(u) && state.Level < authorization.Level2FA
	if !wanted || state.Level >= authorization.LevelPHR {
		return nil
	}
	f, err := p.factors.Of(ctx, u)
	if err != nil {
		return unavailable(err)
	}
	v.factors = &f
	if state.Reachable = max(state.Level, reachableWith(f)); isAdministrator(u) && factor.Any(f) {
		state.Policy = max(state.Policy, authorization.Level2FA)
	}
	state.EnrolShown = !f.EnrolBy.IsZero()
	state.EnrolLater = p.within > 0 && (f.EnrolBy.IsZero() || v.now.Before(f.EnrolBy))
	return nil
}

// refusesGrant tells whether the password grant refuses the user at the client: it cannot ask for
// a second factor.
func (p factorPolicy) refusesGrant(ctx context.Context, u storage.User, c storage.Client) (bool, error) {
	if c.PasswordGrantWithoutMFA {
		return false, nil
	}
	level, err := p.demanded(ctx, u, c)
	if err != nil || level >= authorization.Level2FA {
		return true, err
	}
	return p.hasFactor(ctx, u)
}

// hasFactor tells whether the user has a second factor; true with an error.
func (p factorPolicy) hasFactor(ctx context.Context, u storage.User) (bool, error) {
	f, err := p.factors.Of(ctx, u)
	if err != nil {
		return true, unavailable(err)
	}
	return factor.Any(f), nil
}
