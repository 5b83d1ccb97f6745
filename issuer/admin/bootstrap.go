package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// BootstrapRequest makes the first super_admin of an installation.
type BootstrapRequest struct {
	Secret issuer.Secret // the one that the operator gave the server
	User   NewUser       // names and password
	Info   issuer.RequestInfo
}

// ErrBootstrapped means that there is, or was, a first super_admin.
var ErrBootstrapped = errors.New("there is a first super_admin already")

var (
	errBootstrapDisabled = refusal(issuer.AccessDenied, "no bootstrap secret is set: make the first super_admin by signet user create")
	errBootstrapSecret   = refusal(issuer.AccessDenied, "the bootstrap secret is wrong")
)

// The shared sets of the bootstrap: the id that the first super_admin will have,
// whoever makes them, and that it is done.
const (
	sharedSetBootstrap    = "bootstrap"
	sharedSetBootstrapped = "bootstrapped"
)

// Bootstrap creates the first super_admin, exactly once: concurrent requests first agree on
// one id, and a store holds an id once. A crash at any point leaves either no super_admin,
// so that another request can create one, or exactly one.
func (s *Service) Bootstrap(ctx context.Context, r BootstrapRequest) (User, error) {
	if err := s.checkBootstrapSecret(ctx, r); err != nil {
		return User{}, err
	}
	if err := s.checkNotBootstrapped(ctx); err != nil {
		return User{}, err
	}
	n := NewUser{Username: r.User.Username, Email: r.User.Email, FullName: r.User.FullName, Phone: r.User.Phone, Password: r.User.Password}
	n.Roles = []string{role.User, role.SuperAdmin}
	u, err := s.accounts.newWithPassword(ctx, n, r.Info)
	if err != nil {
		return User{}, err
	}
	if u.ID, err = s.agreeOnID(ctx, u.ID); err != nil {
		return User{}, err
	}
	e := storage.AuditEvent{Type: audit.EventBootstrapped, Actor: u.ID, Target: u.ID}
	first, err := s.Operator(r.Info).Users().insert(ctx, u, e)
	var taken *storage.DuplicateError
	switch {
	case errors.As(err, &taken) && taken.Field == "id":
		return User{}, ErrBootstrapped
	case err != nil:
		return User{}, err
	}
	_, err = s.store.SwapSharedSet(ctx, storage.SharedSet{Name: sharedSetBootstrapped, Members: []string{u.ID}})
	return first, issuer.StoreError(err)
}

// AwaitsBootstrap tells whether the first super_admin can be made now: the server has a bootstrap
// secret, and there is no super_admin.
func (s *Service) AwaitsBootstrap(ctx context.Context) (bool, error) {
	if s.cfg.BootstrapSecret == "" {
		return false, nil
	}
	err := s.checkNotBootstrapped(ctx)
	if errors.Is(err, ErrBootstrapped) {
		return false, nil
	}
	return err == nil, err
}

// checkBootstrapSecret checks the secret. Guesses are counted like those at a password.
func (s *Service) checkBootstrapSecret(ctx context.Context, r BootstrapRequest) error {
	if s.cfg.BootstrapSecret == "" {
		return errBootstrapDisabled
	}
	t, err := s.throttler.Count(ctx, issuer.Attempt{Kind: issuer.AttemptBootstrap, Account: sharedSetBootstrap, Info: r.Info})
	if err != nil {
		return err
	}
	defer t.Release(ctx)
	want, got := sha256.Sum256([]byte(s.cfg.BootstrapSecret)), sha256.Sum256([]byte(r.Secret))
	if subtle.ConstantTimeCompare(want[:], got[:]) == 1 {
		return t.Succeeded(ctx)
	}
	if err := t.Failed(ctx, storage.AuditEvent{Type: audit.EventLoginFailed, Detail: sharedSetBootstrap}); err != nil {
		return err
	}
	return errBootstrapSecret
}

// checkNotBootstrapped refuses where the bootstrap was done, or where somebody holds
// super_admin by another way, disabled or not.
func (s *Service) checkNotBootstrapped(ctx context.Context) error {
	_, err := s.store.SharedSet(ctx, sharedSetBootstrapped)
	if err == nil {
		return ErrBootstrapped
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return issuer.StoreError(err)
	}
	page, err := s.store.ListUsers(ctx, storage.UserFilter{Role: role.SuperAdmin}, storage.Page{Limit: 1})
	if err != nil {
		return issuer.StoreError(err)
	}
	if len(page.Users) > 0 {
		return ErrBootstrapped
	}
	return nil
}

// agreeOnID returns the id that the first request has stored.
func (s *Service) agreeOnID(ctx context.Context, proposed string) (string, error) {
	g, err := s.store.SwapSharedSet(ctx, storage.SharedSet{Name: sharedSetBootstrap, Members: []string{proposed}})
	if errors.Is(err, storage.ErrConflict) {
		g, err = s.store.SharedSet(ctx, sharedSetBootstrap)
	}
	if err != nil {
		return "", issuer.StoreError(err)
	}
	return g.Members[0], nil
}
