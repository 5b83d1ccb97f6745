package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
)

func newKeysRotate(p *process) *cobra.Command {
	var now bool
	c := &cobra.Command{
		Use: "rotate", Short: "Rotate the signing keys: the standby key signs next", Args: exactArgs(),
		Long: "The standby key becomes the active one: now if it has been published for --publish-ahead, else at that time.\n" +
			"Tokens signed before stay valid. Running servers notice within --keyring-refresh.",
		Example: "  signet keys rotate\n  signet keys rotate --now     in an emergency; see also signet keys revoke",
	}
	c.Flags().BoolVar(&now, "now", false, "do not wait until the standby has been published for --publish-ahead")
	return withKeys(p, c, func(ctx context.Context, ac *adminContext, _ []string) error {
		before, err := ac.admin.Keys().List(ctx)
		if err != nil {
			return err
		}
		if now {
			ac.messagef("warning: a verifier that fetched the JWKS before the new key was in it and does not fetch it again on an unknown kid refuses new tokens for up to %s", ac.settings.jwksMaxAge)
		}
		r, err := ac.admin.Keys().Rotate(ctx, now)
		if err != nil {
			return explainRotation(err)
		}
		return ac.printResult(r, func(w io.Writer) { writeRotation(w, r, before.Active(), ac.now(), ac.settings) })
	})
}

// explainRotation adds a hint to a rotation's error.
func explainRotation(err error) error {
	var scheduled *keys.ScheduledError
	var rollbackErr *keys.RollbackUnavailableError
	switch {
	case errors.As(err, &rollbackErr):
		return withHint(err, "nothing was changed; go forward by signet keys rotate, with the --signing-alg that you want")
	case errors.As(err, &scheduled):
		return withHint(err, "nothing was changed; signet keys rotate --now makes it happen at once, signet keys revoke %s calls it off", scheduled.KID)
	case errors.Is(err, keys.ErrRotated):
		return withHint(err, "another instance rotated first; signet keys list shows the outcome")
	}
	return err
}

// writeRotation says what will happen, and when.
func writeRotation(w io.Writer, r admin.KeyRotation, previous string, now time.Time, s *settings) {
	if wait := r.At.Sub(now); wait > 0 {
		fmt.Fprintf(w, "%s starts to sign at %s, in %s, when it has been published for %s\n", r.Activates, formatTime(r.At), wait.Round(time.Second), s.publishAhead)
		fmt.Fprintf(w, "%s signs until then\n", previous)
	} else {
		fmt.Fprintf(w, "%s signs from now on; running servers notice within %s\n", r.Activates, s.keyringRefresh)
		fmt.Fprintf(w, "%s has retired: its tokens stay valid until they expire\n", previous)
	}
	fmt.Fprintf(w, "%s is the new standby\n", r.NewStandby)
}

func newKeysRollback(p *process) *cobra.Command {
	c := &cobra.Command{
		Use: "rollback", Short: "Roll back: the previous key signs again", Args: exactArgs(),
		Long: "Have the key that signed before the present one sign again, at once: every verifier knows it. All tokens stay\n" +
			"valid, those of both keys. It is possible as long as every server can hear of it before the previous key leaves\n" +
			"the JWKS. The key that it takes over from retires for good; the next rotation starts the newest standby.",
		Example: "  signet keys plan rollback\n  signet keys rollback",
	}
	return withKeys(p, c, func(ctx context.Context, ac *adminContext, _ []string) error {
		before, err := ac.admin.Keys().List(ctx)
		if err != nil {
			return err
		}
		r, err := ac.admin.Keys().RollBack(ctx)
		if err != nil {
			return explainRotation(err)
		}
		return ac.printResult(r, func(w io.Writer) {
			fmt.Fprintf(w, "%s signs again; running servers notice within %s\n", r.Activates, ac.settings.keyringRefresh)
			fmt.Fprintf(w, "%s has retired: its tokens stay valid until they expire\n", before.Active())
			fmt.Fprintf(w, "%s is a new standby\n", r.NewStandby)
		})
	})
}
