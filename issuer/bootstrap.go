package issuer

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"example.org/signet/storage"
)

// BootstrapRequest makes the first super_admin of an installation.
type BootstrapRequest struct {
	Secret Secret  // the one that the operator gave the server
	User   NewUser // names and password
	Source Source
}

// ErrBootstrapped means that there is, or was, a first super_admin.
var ErrBootstrapped = errors.New("there is a first super_admin already")

var (
	errNoBootstrap    = refuse(AccessDenied, "no bootstrap secret is set: make the first super_admin by signet user create")
	errWrongBootstrap = refuse(AccessDenied, "the bootstrap secret is wrong")
)

// The guards of the bootstrap: the id that the first super_admin will have,
// whoever makes them, and that it is done.
const (
	guardBootstrap    = "bootstrap"
	guardBootstrapped = "bootstrapped"
)

// Bootstrap makes the first super_admin, exactly once: all who ask agree on one
// id first, and a store holds an id once. A stop at any point leaves either no
// super_admin, and another request can make one, or the one.
func (i *Issuer) Bootstrap(ctx context.Context, r BootstrapRequest) (User, error) {
	if err := i.knowsBootstrap(ctx, r); err != nil {
		return User{}, err
	}
	if err := i.unbootstrapped(ctx); err != nil {
		return User{}, err
	}
	n := NewUser{Username: r.User.Username, Email: r.User.Email, FullName: r.User.FullName, Phone: r.User.Phone, Password: r.User.Password}
	n.Roles = []string{RoleUser, RoleSuperAdmin}
	u, err := i.hashed(ctx, n, r.Source)
	if err != nil {
		return User{}, err
	}
	if u.ID, err = i.agreedID(ctx, u.ID); err != nil {
		return User{}, err
	}
	err = i.createUser(ctx, u, r.Source, storage.AuditEvent{Type: EventBootstrapped, Actor: u.ID, Target: u.ID})
	var taken *storage.DuplicateError
	switch {
	case errors.As(err, &taken) && taken.Field == "id":
		return User{}, ErrBootstrapped
	case err != nil:
		return User{}, err
	}
	u.Version = 1
	_, err = i.store.SwapGuard(ctx, storage.Guard{Name: guardBootstrapped, Members: []string{u.ID}})
	return userView(u), adminError(err)
}

// knowsBootstrap checks the secret. Guesses are counted like those at a password.
func (i *Issuer) knowsBootstrap(ctx context.Context, r BootstrapRequest) error {
	if i.cfg.BootstrapSecret == "" {
		return errNoBootstrap
	}
	t, err := i.throttle(ctx, try{kind: "bootstrap", account: guardBootstrap, source: r.Source})
	if err != nil {
		return err
	}
	want, got := sha256.Sum256([]byte(i.cfg.BootstrapSecret)), sha256.Sum256([]byte(r.Secret))
	if subtle.ConstantTimeCompare(want[:], got[:]) == 1 {
		return t.succeeded(ctx)
	}
	if err := i.audit(ctx, r.Source, storage.AuditEvent{Type: EventLoginFailed, Detail: guardBootstrap}); err != nil {
		return err
	}
	return errWrongBootstrap
}

// unbootstrapped refuses where the bootstrap was done, or where somebody holds
// super_admin by another way, disabled or not.
func (i *Issuer) unbootstrapped(ctx context.Context) error {
	_, err := i.store.Guard(ctx, guardBootstrapped)
	if err == nil {
		return ErrBootstrapped
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return adminError(err)
	}
	page, err := i.store.ListUsers(ctx, storage.UserFilter{Role: RoleSuperAdmin}, storage.Page{Limit: 1})
	if err != nil {
		return adminError(err)
	}
	if len(page.Users) > 0 {
		return ErrBootstrapped
	}
	return nil
}

// agreedID is the id that the first of all requests has proposed.
func (i *Issuer) agreedID(ctx context.Context, proposed string) (string, error) {
	g, err := i.store.SwapGuard(ctx, storage.Guard{Name: guardBootstrap, Members: []string{proposed}})
	if errors.Is(err, storage.ErrConflict) {
		g, err = i.store.Guard(ctx, guardBootstrap)
	}
	if err != nil {
		return "", adminError(err)
	}
	return g.Members[0], nil
}
