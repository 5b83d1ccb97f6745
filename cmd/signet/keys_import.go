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

func newKeysImport(p *process) *cobra.Command {
	var as, kid string
	var verifyFor time.Duration
	c := &cobra.Command{
		Use: "import FILE.pem", Short: "Take over another issuer's private key, so that its tokens go on verifying", Args: exactArgs("FILE.pem"),
		Long: "Take over another issuer's private key (PEM: PKCS #8, PKCS #1 or SEC 1, not encrypted), so that the tokens that\n" +
			"are out there go on verifying by this issuer's JWKS.\n" +
			"  --as retired   it is published for --verify-for, and never signs\n" +
			"  --as active    it signs from now on; the next rotation retires it\n" +
			"Whoever else has the private key can sign tokens that count as long as it is published.",
		Example: "  signet keys import old-issuer.pem --as retired --kid 2024-key --verify-for 1h\n" +
			"  signet keys import old-issuer.pem --as active",
	}
	c.Flags().StringVar(&as, "as", "", "`STATE` of the key here: active or retired")
	c.Flags().StringVar(&kid, "kid", "", "the `KID` in the headers of the other issuer's tokens (default the RFC 7638 thumbprint)")
	c.Flags().DurationVar(&verifyFor, "verify-for", 24*time.Hour, "of a retired key: how long the tokens that are out there live at most")
	return withStoredKeys(p, c, func(ctx context.Context, ac *adminContext, args []string) error {
		imported := keys.ImportedKey{KID: kid}
		switch as {
		case string(keys.Retired):
			imported.VerifyFor = verifyFor
			if verifyFor <= 0 {
				return usageErrorf("--verify-for is %s, must be positive", verifyFor)
			}
		case string(keys.Active):
		default:
			return usageErrorf("--as is %q, must be active or retired: signet keys import --help explains both", as)
		}
		text, err := readBounded(args[0], maxSecret)
		if err != nil {
			return err
		}
		if imported.Private, err = keys.ParsePEM(text); err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		r, err := ac.operator.Keys().Import(ctx, imported)
		if errors.Is(err, keys.ErrKeyExists) {
			return withHint(err, "signet keys list shows it; nothing was changed")
		} else if err != nil {
			return err
		}
		return ac.printResult(r, func(w io.Writer) { writeImported(w, r, ac.settings) })
	})
}

func writeImported(w io.Writer, r admin.KeyImport, s *settings) {
	if r.As == keys.Active {
		fmt.Fprintf(w, "%s signs from now on; running servers notice within %s\n", r.KID, s.keyringRefresh)
		fmt.Fprintf(w, "a verifier that knows it neither from the other issuer nor from a fresh JWKS refuses new tokens for up to %s\n", s.jwksMaxAge)
		return
	}
	fmt.Fprintf(w, "%s is published, and tokens that it signed verify; running servers notice within %s\n", r.KID, s.keyringRefresh)
}
