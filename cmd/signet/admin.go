package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"example.org/signet/issuer"
	"example.org/signet/issuer/password"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// actor is the actor of the command line in the audit log.
const actor = "cli"

// adminContext is what an administrator's command works on: the store, opened
// beside a server that may be running. Servers notice within --keyring-refresh.
type adminContext struct {
	*process
	settings *settings
	store    storage.Store
	master   keys.MasterKeys
	issuer   *issuer.Issuer
	request  issuer.RequestInfo
}

// openAdmin opens the store and ensures the built-in roles.
func (p *process) openAdmin(ctx context.Context, s *settings, mode openMode) (*adminContext, error) {
	store, err := p.openStore(ctx, s, mode)
	if err != nil {
		return nil, err
	}
	admin := &adminContext{process: p, settings: s, store: store, request: issuer.RequestInfo{Actor: actor}}
	if err := admin.init(ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return admin, nil
}

func (admin *adminContext) init(ctx context.Context) error {
	err := checkComplete(ctx, admin.settings, admin.store)
	if err != nil {
		return err
	}
	if admin.master, err = admin.masterKeys(ctx, admin.settings, admin.store); err != nil {
		return err
	}
	hashing := admin.settings.hashConfig()
	hashing.Queue = 4 * importWorkers // no other requests wait here, and every import worker needs a slot
	passwords, err := password.NewPool(hashing)
	if err != nil {
		return err
	}
	if admin.issuer, err = admin.newIssuer(admin.settings, admin.store, noKeyring{}, admin.master, passwords); err != nil {
		return err
	}
	return admin.issuer.EnsureRoles(ctx)
}

// newIssuer builds the issuer over its parts.
func (p *process) newIssuer(s *settings, store issuer.Store, keyring issuer.Keyring, master keys.MasterKeys, passwords *password.Pool) (*issuer.Issuer, error) {
	secret, err := s.bootstrapSecret()
	if err != nil {
		return nil, err
	}
	cfg := s.issuerConfig(p.now)
	cfg.Rand, cfg.OtherMasterKeys, cfg.BootstrapSecret = p.random, master.DecryptOnly(), secret
	return issuer.New(cfg, store, keyring, master.Primary(), passwords)
}

// noKeyring is used by commands that neither issue nor verify tokens.
type noKeyring struct{}

var _ issuer.Keyring = noKeyring{}

func (noKeyring) Current() (keys.Signer, error) { return keys.Signer{}, keys.ErrNoKey }

func (noKeyring) Verify(context.Context, string) ([]byte, keys.Header, error) {
	return nil, keys.Header{}, keys.ErrNoKey
}

func (noKeyring) Accepts(string) bool { return false }

// adminFunc is the work of an administrator's command.
type adminFunc func(ctx context.Context, admin *adminContext, args []string) error

// withAdmin sets the command's RunE: it opens the store, calls run, and closes the
// store.
func (p *process) withAdmin(c *cobra.Command, s *settings, mode openMode, run adminFunc) *cobra.Command {
	s.addConfig(c.Flags())
	s.addStore(c.Flags())
	return p.withSettings(c, s, func(ctx context.Context, args []string) error {
		p.warnOfVariables()
		admin, err := p.openAdmin(ctx, s, mode)
		if err != nil {
			return err
		}
		return errors.Join(run(ctx, admin, args), admin.store.Close())
	})
}
