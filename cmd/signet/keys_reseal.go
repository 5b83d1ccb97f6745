package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/admin"
)

func newKeysReseal(p *process) *cobra.Command {
	c := &cobra.Command{
		Use: "reseal", Short: "Seal the signing keys under another master key", Args: exactArgs(),
		Long: "Seal every signing key under the master key, from under the one that --previous-master-key-file or\n" +
			"--next-master-key-file names. Nothing stops meanwhile:\n" +
			"  1. every server gets the new key by --next-master-key-file, and accepts both\n" +
			"  2. every server gets the new key by --master-key-file and the old one by --previous-master-key-file\n" +
			"  3. signet keys reseal, with the settings of step 2\n" +
			"  4. after --refresh-token-ttl, --previous-master-key-file is taken away: a refresh token made under the old key\n" +
			"     counts as long as a server has it\n" +
			"Cut off in the middle, the command does the rest when it is run again.",
		Example: "  head -c 32 /dev/urandom | base64 > new.key; chmod 600 new.key\n" +
			"  signet keys reseal --master-key-file new.key --previous-master-key-file old.key",
	}
	return withKeys(p, c, func(ctx context.Context, ac *adminContext, _ []string) error {
		r, err := ac.operator.Keys().Reseal(ctx)
		if err != nil {
			return withHint(err, "%d keys are done; run it again for the rest", len(r.Resealed))
		}
		return ac.printResult(r, func(w io.Writer) { writeResealResult(w, r, len(ac.master.DecryptOnly()) > 0) })
	})
}

func writeResealResult(w io.Writer, r admin.KeyReseal, others bool) {
	for _, kid := range r.Resealed {
		fmt.Fprintf(w, "%s is sealed under the master key now\n", kid)
	}
	fmt.Fprintf(w, "%d keys sealed under this master key, %d were already\n", len(r.Resealed), r.AlreadyResealed)
	if others {
		fmt.Fprintln(w, "refresh tokens made under the other master key count as long as servers accept it: keep it for --refresh-token-ttl")
	}
}
