package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"example.org/signet/keys"
)

func newKeys(p *process) *cobra.Command {
	return group("keys", "Manage the signing keys", newKeysList(p), newKeysPlan(p), newKeysRotate(p), newKeysRollback(p), newKeysRevoke(p), newKeysReseal(p), newKeysImport(p))
}

// keyTask is a command on the signing keys at work.
type keyTask func(ctx context.Context, o *office, k *keys.Manager, args []string) error

// onKeys makes a command of a task: it opens the keyring, and writes what
// happened to the keys in the audit log.
func onKeys(p *process, c *cobra.Command, t keyTask) *cobra.Command {
	s := newSettings()
	s.addKeys(c.Flags())
	s.addAccessTokenTTL(c.Flags()) // a retired key stays as long as its tokens
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, args []string) error {
		j := p.newJournal(zerolog.Nop(), o.store, o.master.Master(), actor)
		k, err := p.openKeyring(ctx, s, o.store, o.master, j)
		if err != nil {
			return err
		}
		return errors.Join(t(ctx, o, k, args), j.flush(ctx))
	})
}

func newKeysRevoke(p *process) *cobra.Command {
	c := &cobra.Command{
		Use: "revoke KID", Short: "Withdraw a key for ever: tokens that it signed are refused", Args: names("KID"),
		Long: "Withdraw a key for ever, because its private part may be known to others. It leaves the JWKS at once and\n" +
			"its tokens introspect as inactive; verifiers that cached the JWKS take them for --jwks-max-age longer. Refresh\n" +
			"tokens stay good, so clients get new access tokens by refreshing. If the key is the signing one, the standby\n" +
			"takes over at once.",
		Example: "  signet keys revoke $(signet keys list | sed -n 's/ .*active.*//p')",
	}
	return onKeys(p, c, func(ctx context.Context, o *office, k *keys.Manager, args []string) error {
		if err := o.warnOfRevocation(k, args[0]); err != nil {
			return hintUnknown(err, "signet keys list shows them")
		}
		if err := o.issuer.OrderKeyChange(ctx, "revoke", args[0], o.source); err != nil {
			return err
		}
		if err := k.Revoke(ctx, args[0]); err != nil {
			return hintUnknown(err, "signet keys list shows them")
		}
		signs, _, err := k.Active()
		if err != nil {
			return err
		}
		l, err := listKeys(k)
		if err != nil {
			return err
		}
		return o.answer(l, func(w io.Writer) {
			fmt.Fprintf(w, "%s is revoked; running servers notice within %s, caches of the JWKS within %s\n", args[0], o.settings.keyringRefresh, o.settings.jwksMaxAge)
			fmt.Fprintf(w, "%s signs\n", signs)
		})
	})
}

// warnOfRevocation says before anything is done where a key has to take over
// that not every verifier can know yet.
func (o *office) warnOfRevocation(k *keys.Manager, kid string) error {
	plan, err := k.Plan(keys.Intent{Revoke: kid})
	if err != nil {
		return err
	}
	for _, c := range plan.Changes {
		if c.To == keys.Active && c.Lag > 0 && !c.At.After(plan.At) {
			o.say("warning: %s takes over before it has been published for %s: a verifier that fetched the JWKS before it was in it and asks for no unknown key refuses new tokens for up to %s",
				cmp.Or(c.KID, "a new key"), o.settings.publishAhead, c.Lag)
		}
	}
	return nil
}
