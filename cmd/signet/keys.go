package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"example.org/signet/keys"
)

func newKeys(p *process) *cobra.Command {
	return group("keys", "Manage the signing keys", newKeysList(p), newKeysPlan(p), newKeysRotate(p), newKeysRevoke(p))
}

// keyTask is a command on the signing keys at work.
type keyTask func(ctx context.Context, o *office, k *keys.Manager, args []string) error

// onKeys makes a command of a task: it opens the keyring, and writes what
// happened to the keys in the audit log.
func onKeys(p *process, c *cobra.Command, t keyTask) *cobra.Command {
	s := newSettings()
	s.addKeys(c.Flags())
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, args []string) error {
		j := p.newJournal(zerolog.Nop(), o.store, actor)
		k, err := p.openKeyring(ctx, s, o.store, o.master, j)
		if err != nil {
			return err
		}
		return errors.Join(t(ctx, o, k, args), j.flush(ctx))
	})
}

// rotation is the answer to keys rotate.
type rotation struct {
	Activates  string    `json:"activates"`
	At         time.Time `json:"at"`
	NewStandby string    `json:"new_standby"`
}

func newKeysRotate(p *process) *cobra.Command {
	var now bool
	c := &cobra.Command{
		Use: "rotate", Short: "Have the standby key take over", Args: names(),
		Long: "Have the standby key take over: now if it has been published for --publish-ahead, else as soon as it has.\n" +
			"Tokens signed before stay valid. Running servers notice within --keyring-refresh.",
		Example: "  signet keys rotate\n  signet keys rotate --now     in an emergency; see also signet keys revoke",
	}
	c.Flags().BoolVar(&now, "now", false, "do not wait until the standby has been published for --publish-ahead")
	return onKeys(p, c, func(ctx context.Context, o *office, k *keys.Manager, _ []string) error {
		before, _, _ := k.Active() // none signs where all are revoked
		if now {
			o.say("warning: a verifier that fetched the JWKS before the new key was in it and asks for no unknown key refuses new tokens for up to %s", o.settings.jwksMaxAge)
		}
		done, err := k.Rotate(ctx, now)
		if err != nil {
			return explainRotation(err)
		}
		r := rotation{Activates: done.Activates, At: done.At, NewStandby: done.NewStandby}
		return o.answer(r, func(w io.Writer) { writeRotation(w, r, before, o.now(), o.settings) })
	})
}

// explainRotation says what to do where the keys are rotated already.
func explainRotation(err error) error {
	var scheduled *keys.ScheduledError
	switch {
	case errors.As(err, &scheduled):
		return hint(err, "nothing was changed; --now makes it happen at once")
	case errors.Is(err, keys.ErrRotated):
		return hint(err, "somebody else was faster, signet keys list shows the outcome")
	}
	return err
}

// writeRotation says what will happen, and when.
func writeRotation(w io.Writer, r rotation, before string, now time.Time, s *settings) {
	if wait := r.At.Sub(now); wait > 0 {
		fmt.Fprintf(w, "%s starts to sign at %s, in %s, when it has been published for %s\n", r.Activates, moment(r.At), wait.Round(time.Second), s.publishAhead)
		fmt.Fprintf(w, "%s signs until then\n", before)
	} else {
		fmt.Fprintf(w, "%s signs from now on; running servers notice within %s\n", r.Activates, s.keyringRefresh)
		fmt.Fprintf(w, "%s has retired: its tokens stay valid until they expire\n", before)
	}
	fmt.Fprintf(w, "%s is the new standby\n", r.NewStandby)
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
