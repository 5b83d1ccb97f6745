package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/admin"
)

func newUserDiagnose(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "diagnose USER", Short: "Say why a user cannot sign in, and what to do", Args: exactArgs("USER"),
		Long: "Say why a user cannot sign in, by what a sign-in goes by: the account, its second factors and what the roles demand,\n" +
			"the counts of failed logins, and the failed logins of the audit log since the last one that succeeded.",
		Example: "  signet user diagnose alice\n  signet user diagnose alice@example.com --output json",
	}
	s.offer(c.Flags(), &s.throttleSettings, &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		u, err := ac.admin.Users().Find(ctx, args[0])
		if err != nil {
			return hintNotFound(err, args[0], "signet user list shows them; USER is a username, an e-mail or an id")
		}
		d, err := ac.admin.Users().Diagnose(ctx, u.ID)
		if err != nil {
			return err
		}
		return ac.printResult(d, func(w io.Writer) { writeDiagnosis(w, u, d) })
	})
}

func writeDiagnosis(w io.Writer, u admin.User, d admin.Diagnosis) {
	last := "none in the audit log"
	if d.LastLoginAt != nil {
		last = formatTime(*d.LastLoginAt)
	}
	writeFields(w, "user", u.Username, "id", u.ID, "last login", last)
	if len(d.Reasons) == 0 {
		fmt.Fprintln(w, "nothing keeps the user from signing in")
	}
	for _, r := range d.Reasons {
		fmt.Fprint(w, "\n", r.Detail)
		if r.Count > 0 {
			fmt.Fprintf(w, " (%d)", r.Count)
		}
		if r.Until != nil {
			fmt.Fprint(w, ", until ", formatTime(*r.Until))
		}
		fmt.Fprintln(w, "\n  "+r.Remedy)
	}
	if len(d.Failures) == 0 {
		return
	}
	rows := make([][]string, len(d.Failures))
	for n, e := range d.Failures {
		rows[n] = []string{formatTime(e.At), e.Type, e.ClientID, e.Address, e.Detail}
	}
	fmt.Fprintln(w, "\nfailed logins since the last login:")
	writeTable(w, []string{"TIME", "TYPE", "CLIENT", "ADDRESS", "DETAIL"}, rows)
}
