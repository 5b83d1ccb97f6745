package issuer

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// BootstrapRequest makes the first super_admin of an installation.
type BootstrapRequest struct {
	Secret Secret  // the one that the operator gave the server
	User   NewUser // names and password
	Info   RequestInfo
}

// ErrBootstrapped means that there is, or was, a first super_admin.
var ErrBootstrapped = errors.New("there is a first super_admin already")

var (
	errBootstrapDisabled = newError(AccessDenied, "no bootstrap secret is set: make the first super_admin by signet user create")
	errBootstrapSecret   = newError(AccessDenied, "the bootstrap secret is wrong")
)

// The shared sets of the bootstrap: the id that the first super_admin will have,
// whoever makes them, and that it is done.
const (
	sharedSetBootstrap    = "bootstrap"
	sharedSetBootstrapped = "bootstrapped"
)

// Bootstrap makes the first super_admin, exactly once: all who ask agree on one
// id first, and a store holds an id once. A stop at any point leaves either no
// super_admin, and another request can make one, or the one.
func (i *Issuer) Bootstrap(ctx context.Context, r BootstrapRequest) (User, error) {
	if err := i.checkBootstrapSecret(ctx, r); err != nil {
		return User{}, err
	}
	if err := i.checkNotBootstrapped(ctx); err != nil {
		return User{}, err
	}
	n := NewUser{Username: r.User.Username, Email: r.User.Email, FullName: r.User.FullName, Phone: r.User.Phone, Password: r.User.Password}
	n.Roles = []string{RoleUser, RoleSuperAdmin}
	u, err := i.newUserWithPassword(ctx, n, r.Info)
	if err != nil {
		return User{}, err
	}
	if u.ID, err = i.agreeOnID(ctx, u.ID); err != nil {
		return User{}, err
	}
	err = i.createUser(ctx, u, r.Info, storage.AuditEvent{Type: audit.EventBootstrapped, Actor: u.ID, Target: u.ID})
	var taken *storage.DuplicateError
	switch {
	case errors.As(err, &taken) && taken.Field == "id":
		return User{}, ErrBootstrapped
	case err != nil:
		return User{}, err
	}
	u.Version = 1
	_, err = i.store.SwapSharedSet(ctx, storage.SharedSet{Name: sharedSetBootstrapped, Members: []string{u.ID}})
	return toUser(u), storeError(err)
}

// checkBootstrapSecret checks the secret. Guesses are counted like those at a password.
func (i *Issuer) checkBootstrapSecret(ctx context.Context, r BootstrapRequest) error {
	if i.cfg.BootstrapSecret == "" {
		return errBootstrapDisabled
	}
	t, err := i.throttler.Count(ctx, Attempt{Kind: "bootstrap", Account: sharedSetBootstrap, Info: r.Info})
	if err != nil {
		return err
	}
	want, got := sha256.Sum256([]byte(i.cfg.BootstrapSecret)), sha256.Sum256([]byte(r.Secret))
	if subtle.ConstantTimeCompare(want[:], got[:]) == 1 {
		return t.Succeeded(ctx)
	}
	if err := i.audit(ctx, r.Info, storage.AuditEvent{Type: audit.EventLoginFailed, Detail: sharedSetBootstrap}); err != nil {
		return err
	}
	return errBootstrapSecret
}

// checkNotBootstrapped refuses where the bootstrap was done, or where somebody holds
// super_admin by another way, disabled or not.
func (i *Issuer) checkNotBootstrapped(ctx context.Context) error {
	_, err := i.store.SharedSet(ctx, sharedSetBootstrapped)
	if err == nil {
		return ErrBootstrapped
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return storeError(err)
	}
	page, err := i.store.ListUsers(ctx, storage.UserFilter{Role: RoleSuperAdmin}, storage.Page{Limit: 1})
	if err != nil {
		return storeError(err)
	}
	if len(page.Users) > 0 {
		return ErrBootstrapped
	}
	return nil
}

// agreeOnID is the id that the first of all requests has proposed.
func (i *Issuer) agreeOnID(ctx context.Context, proposed string) (string, error) {
	g, err := i.store.SwapSharedSet(ctx, storage.SharedSet{Name: sharedSetBootstrap, Members: []string{proposed}})
	if errors.Is(err, storage.ErrConflict) {
		g, err = i.store.SharedSet(ctx, sharedSetBootstrap)
	}
	if err != nil {
		return "", storeError(err)
	}
	return g.Members[0], nil
}
