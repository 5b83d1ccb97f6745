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

// actor is whom the audit log names for what is done at the command line.
const actor = "cli"

// office is where administrators' commands work: the store itself, opened
// beside a server that may be running. Servers notice within --keyring-refresh.
type office struct {
	*process
	settings *settings
	store    storage.Store
	master   keys.Ring
	issuer   *issuer.Issuer
	source   issuer.Source
}

// openOffice opens the store and makes sure of the built-in roles.
func (p *process) openOffice(ctx context.Context, s *settings, b beginning) (*office, error) {
	store, err := p.openStore(ctx, s, b)
	if err != nil {
		return nil, err
	}
	o := &office{process: p, settings: s, store: store, source: issuer.Source{Actor: actor}}
	if err := o.furnish(ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return o, nil
}

func (o *office) furnish(ctx context.Context) error {
	err := checkWhole(ctx, o.settings, o.store)
	if err != nil {
		return err
	}
	if o.master, err = o.masterKeys(ctx, o.settings, o.store); err != nil {
		return err
	}
	hashing := o.settings.hashConfig()
	hashing.Queue = 4 * importWorkers // here nobody else waits, and an import's workers must all find a place
	passwords, err := password.NewPool(hashing)
	if err != nil {
		return err
	}
	if o.issuer, err = o.newIssuer(o.settings, o.store, noKeyring{}, o.master, passwords); err != nil {
		return err
	}
	return o.issuer.EnsureRoles(ctx)
}

// newIssuer builds the issuer over its parts.
func (p *process) newIssuer(s *settings, store issuer.Store, keyring issuer.Keyring, master keys.Ring, passwords *password.Pool) (*issuer.Issuer, error) {
	secret, err := s.bootstrapSecret()
	if err != nil {
		return nil, err
	}
	cfg := s.issuerConfig(p.now)
	cfg.Rand, cfg.OtherMasterKeys, cfg.BootstrapSecret = p.random, master.Others(), secret
	return issuer.New(cfg, store, keyring, master.Master(), passwords)
}

// noKeyring stands where no token is made or read.
type noKeyring struct{}

var _ issuer.Keyring = noKeyring{}

func (noKeyring) Current() (keys.Signing, error) { return keys.Signing{}, keys.ErrNoKey }

func (noKeyring) Verify(context.Context, string) ([]byte, keys.Header, error) {
	return nil, keys.Header{}, keys.ErrNoKey
}

func (noKeyring) Counts(string) bool { return false }

// task is an administrator's command at work.
type task func(ctx context.Context, o *office, args []string) error

// admin makes a command of a task: it opens the office, and closes it again.
func (p *process) admin(c *cobra.Command, s *settings, b beginning, t task) *cobra.Command {
	s.addConfig(c.Flags())
	s.addStore(c.Flags())
	return p.does(c, s, func(ctx context.Context, args []string) error {
		o, err := p.openOffice(ctx, s, b)
		if err != nil {
			return err
		}
		return errors.Join(t(ctx, o, args), o.store.Close())
	})
}
