package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/password"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// actor is the actor of the command line in the audit log.
const actor = "cli"

// adminContext is what an administrator's command works on: the store, opened
// beside a server that may be running, which notices within --keyring-refresh; or, with
// --server, the admin API of a server, and nothing but admin is set.
type adminContext struct {
	*process
	settings  *settings
	store     storage.Store
	master    keys.MasterKeys
	auditLog  *audit.Log
	passwords *password.Pool
	service   *admin.Service
	operator  *admin.Admin   // nil at a server
	admin     administration // the same at a store and at a server
}

// openAdmin opens the store and ensures the built-in roles.
func (p *process) openAdmin(ctx context.Context, s *settings, mode openMode) (*adminContext, error) {
	store, err := p.openStore(ctx, s, mode)
	if err != nil {
		return nil, err
	}
	ac := &adminContext{process: p, settings: s, store: store}
	if err := ac.init(ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return ac, nil
}

func (ac *adminContext) init(ctx context.Context) error {
	err := checkComplete(ctx, ac.settings, ac.store)
	if err != nil {
		return err
	}
	if ac.master, err = ac.masterKeys(ac.settings).all(ctx, ac.store); err != nil {
		return err
	}
	hashing := ac.settings.hashConfig()
	hashing.Queue = 4 * importWorkers // no other requests wait here, and every import worker needs a slot
	passwords, err := password.NewPool(hashing)
	if err != nil {
		return err
	}
	ac.passwords = passwords
	ac.auditLog = audit.New(ac.store, ac.master.Primary(), ac.now, ac.random, ac.master.DecryptOnly()...)
	ac.open(nil)
	return ac.service.EnsureRoles(ctx)
}

// open builds the administration. The keyring is nil where a command needs no keys.
func (ac *adminContext) open(keyring *keys.Manager) {
	throttler := issuer.NewThrottler(ac.settings.throttle, ac.store, ac.auditLog, ac.now)
	ac.service = admin.New(admin.Config{
		Issuer: ac.settings.issuer, RefreshTokenTTL: ac.settings.refreshTokenTTL, Now: ac.now, Rand: ac.random,
	}, admin.Parts{Store: ac.store, Passwords: ac.passwords, Audit: ac.auditLog, Throttler: throttler, Keys: keyring, Factors: factor.New(ac.store, ac.master, ac.random, ac.settings.issuer), Fetch: logoFetcher(ac.settings), Notifier: ac.notifier(),
		Connectors: ac.newUpstream(ac.settings, ac.master, nil)})
	ac.operator = ac.service.Operator(issuer.RequestInfo{Actor: actor})
	ac.admin = localAdmin{ac.operator}
}

// adminFunc is the work of an administrator's command.
type adminFunc func(ctx context.Context, ac *adminContext, args []string) error

// withAdmin sets the command's RunE: it calls run on the store, or with --server on the admin API of
// a server. Of its adminContext run uses nothing but admin and the process.
func (p *process) withAdmin(c *cobra.Command, s *settings, mode openMode, run adminFunc) *cobra.Command {
	return p.withStoreOr(c, s, mode, run, p.atServer(s, run))
}

// atServer runs the command on the server that --server names.
func (p *process) atServer(s *settings, run adminFunc) runFunc {
	return func(ctx context.Context, args []string) error {
		ac, err := p.openServer(s)
		if err != nil {
			return err
		}
		return run(ctx, ac, args)
	}
}

// withStore is withAdmin for commands that need the store itself.
func (p *process) withStore(c *cobra.Command, s *settings, mode openMode, run adminFunc) *cobra.Command {
	return p.withStoreOr(c, s, mode, run, refuseServer(c))
}

// refuseServer refuses --server for a command that needs the store itself.
func refuseServer(c *cobra.Command) runFunc {
	return func(context.Context, []string) error {
		return usageErrorf("%s works on the store alone, not with --server: run it where the store is", c.CommandPath())
	}
}

// withStoreOr sets the command's RunE: it opens the store, calls run, and closes the store; with
// --server it calls atServer.
func (p *process) withStoreOr(c *cobra.Command, s *settings, mode openMode, run adminFunc, atServer runFunc) *cobra.Command {
	s.offer(c.Flags(), &s.configSettings, &s.storeSettings, &s.serverSettings)
	return p.withSettings(c, s, func(ctx context.Context, args []string) error {
		p.warnOfVariables()
		if s.serverURL != "" {
			return atServer(ctx, args)
		}
		ac, err := p.openAdmin(ctx, s, mode)
		if err != nil {
			return err
		}
		return errors.Join(run(ctx, ac, args), ac.close(ctx))
	})
}

// close has the audit log's anchor attest what the command audited, and closes the
// store.
func (ac *adminContext) close(ctx context.Context) error {
	var err error
	if !ac.auditLog.Anchored() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		err = ac.auditLog.Observe(ctx)
	}
	return errors.Join(err, ac.store.Close())
}

// onStore is run for a command that works on the store without an adminContext. It offers --server
// to refuse it.
func (s *settings) onStore(c *cobra.Command, run runFunc) runFunc {
	s.offer(c.Flags(), &s.serverSettings)
	return func(ctx context.Context, args []string) error {
		if s.serverURL != "" {
			return refuseServer(c)(ctx, args)
		}
		return run(ctx, args)
	}
}
