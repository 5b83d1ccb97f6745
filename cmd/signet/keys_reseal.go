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
		Long: "Seal every signing key and every seed of a second factor under the master key, from under the one that --previous-master-key-file or\n" +
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
	return withStoredKeys(p, c, func(ctx context.Context, ac *adminContext, _ []string) error {
		r, err := ac.operator.Keys().Reseal(ctx)
		if err != nil {
			return withHint(err, "%s done; run it again for the rest", countOf(len(r.Resealed), "key is", "keys are"))
		}
		return ac.printResult(r, func(w io.Writer) { writeResealResult(w, r, ac.settings) })
	})
}

// writeResealResult prints what was done, and the step of a change of the master key that
// is still to be done (docs/keys.md).
func writeResealResult(w io.Writer, r admin.KeyReseal, s *settings) {
	for _, kid := range r.Resealed {
		fmt.Fprintf(w, "%s is sealed under the master key now\n", kid)
	}
	fmt.Fprintf(w, "%s sealed under this master key, %s already\n", countOf(len(r.Resealed), "key", "keys"), countOf(r.AlreadyResealed, "was", "were"))
	if r.ConnectorSecrets > 0 {
		fmt.Fprintf(w, "%s of connectors sealed under this master key\n", countOf(r.ConnectorSecrets, "secret", "secrets"))
	}
	if r.Seeds > 0 {
		fmt.Fprintf(w, "%s of second factors sealed under this master key\n", countOf(r.Seeds, "seed", "seeds"))
	}
	next, previous := s.otherKeys[0].given(), s.otherKeys[1].given()
	if next || previous {
		fmt.Fprintln(w, "refresh tokens made under the other master key count as long as servers accept it: keep it for --refresh-token-ttl")
	}
	switch {
	case next:
		fmt.Fprintln(w, "still to be done: the key of --next-master-key-file is accepted, and seals nothing yet. Give every server, and this command, "+
			"that key by --master-key-file and the old one by --previous-master-key-file; then run signet keys reseal again")
	case !previous && len(r.Resealed) == 0:
		fmt.Fprintln(w, "nothing was to be done: to change the master key, give the new one by --master-key-file and the old one by --previous-master-key-file; "+
			"signet keys reseal --help says how, without a stop")
	}
}
