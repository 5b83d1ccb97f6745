package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

func newKeys(p *process) *cobra.Command {
	return commandGroup("keys", "Manage the signing keys", newKeysList(p), newKeysPlan(p), newKeysRotate(p), newKeysRollback(p), newKeysRevoke(p), newKeysReseal(p), newKeysImport(p))
}

// withKeys sets the command's RunE: it calls run on the keys of the store, or with --server on those
// of a server. Of its adminContext run uses nothing but admin, the settings and the process.
func withKeys(p *process, c *cobra.Command, run adminFunc) *cobra.Command {
	s := newSettings()
	return p.withKeyring(c, s, run, p.atServer(s, run))
}

// withStoredKeys is withKeys for commands that need the store itself.
func withStoredKeys(p *process, c *cobra.Command, run adminFunc) *cobra.Command {
	return p.withKeyring(c, newSettings(), run, refuseServer(c))
}

// withKeyring sets the command's RunE: it opens the keyring, calls run, and writes the key events to
// the audit log; with --server it calls atServer.
func (p *process) withKeyring(c *cobra.Command, s *settings, run adminFunc, atServer runFunc) *cobra.Command {
	s.offer(c.Flags(), &s.keySettings)
	s.defineAccessTokenTTL(c.Flags()) // a retired key stays as long as its tokens
	s.offer(c.Flags(), &s.outputSettings)
	return p.withStoreOr(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		audit := newKeyAudit(zerolog.Nop(), ac.auditLog, actor)
		k, err := p.openKeyring(ctx, s, ac.store, ac.master, audit)
		if err != nil {
			return err
		}
		ac.open(k)
		return errors.Join(run(ctx, ac, args), audit.flush(ctx))
	}, atServer)
}

func newKeysRevoke(p *process) *cobra.Command {
	var confirm confirmation
	c := &cobra.Command{
		Use: "revoke KID", Short: "Withdraw a key for ever: tokens that it signed are refused", Args: exactArgs("KID"),
		Long: "Withdraw a key for ever, because its private part may be known to others. It leaves the JWKS at once and\n" +
			"its tokens introspect as inactive; verifiers that cached the JWKS take them for --jwks-max-age longer. Refresh\n" +
			"tokens stay good, so clients get new access tokens by refreshing. If the key is the signing one, the standby\n" +
			"takes over at once.",
		Example: "  signet keys revoke $(signet keys list | sed -n 's/ .*active.*//p')",
	}
	confirm.add(c.Flags())
	return withKeys(p, c, func(ctx context.Context, ac *adminContext, args []string) error {
		if err := ac.warnBeforeRevoke(ctx, args[0]); err != nil {
			return hintNotFound(err, "", "signet keys list shows them")
		}
		if err := confirm.ask(p, "Revoke the key "+args[0]+" for ever? Tokens that it signed are refused."); err != nil {
			return err
		}
		l, err := ac.admin.Keys().Revoke(ctx, args[0])
		if err != nil {
			return hintNotFound(err, "", "signet keys list shows them")
		}
		return ac.printResult(l, func(w io.Writer) {
			fmt.Fprintf(w, "%s is revoked; running servers notice within %s, caches of the JWKS within %s\n", args[0], ac.settings.keyringRefresh, ac.settings.jwksMaxAge)
			fmt.Fprintf(w, "%s signs\n", l.Active())
		})
	})
}

// warnBeforeRevoke warns if the key that takes over has not been published for
// --publish-ahead yet, as far as the store can be looked into. ErrNotFound for a key that is not there.
func (ac *adminContext) warnBeforeRevoke(ctx context.Context, kid string) error {
	if ac.operator == nil {
		return ac.findKey(ctx, kid)
	}
	plan, err := ac.operator.Keys().Plan(keys.PlanRequest{Revoke: kid})
	if err != nil {
		return err
	}
	for _, c := range plan.Changes {
		if c.To == keys.Active && c.PropagationDelay > 0 && !c.At.After(plan.At) {
			ac.messagef("warning: %s takes over before it has been published for %s: a verifier that fetched the JWKS before it was in it and does not fetch it again on an unknown kid refuses new tokens for up to %s",
				cmp.Or(c.KID, "a new key"), ac.settings.publishAhead, c.PropagationDelay)
		}
	}
	return nil
}

// findKey returns ErrNotFound for a key that is not there.
func (ac *adminContext) findKey(ctx context.Context, kid string) error {
	list, err := ac.admin.Keys().List(ctx)
	if err == nil && !slices.ContainsFunc(list.Items, func(k admin.Key) bool { return k.KID == kid }) {
		err = fmt.Errorf("key: %w", storage.ErrNotFound)
	}
	return err
}
