package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/factor"
)

func newUserFactors(p *process) *cobra.Command {
	c := &cobra.Command{
		Use: "factors", Short: "Show the second factors of a user, without any secret",
		Example: "  signet user factors alice\n  signet user factors alice --output json",
	}
	return newFactorCommand(p, c, func(context.Context, *adminContext, string) error { return nil })
}

func newUserResetFactors(p *process) *cobra.Command {
	c := &cobra.Command{
		Use: "reset-factors", Short: "Remove the second factors of a user",
		Long: "Remove the second factors and recovery codes of a user, such as of one who has lost them. The password alone signs\n" +
			"the user in then, unless a role or client demands a second factor: make sure who asks for it. Sessions go on.",
		Example: "  signet user reset-factors alice",
	}
	return newFactorCommand(p, c, func(ctx context.Context, ac *adminContext, id string) error {
		return ac.admin.Factors().Reset(ctx, id)
	})
}

func newUserDemandFactor(p *process) *cobra.Command {
	c := &cobra.Command{
		Use: "demand-factor", Short: "Let a user put off a second factor no longer",
		Long: "End the time that --enrol-within gives a user to set up the second factor that a role or client demands: the next\n" +
			"sign-in does not go on without it. A user who has one is left alone.",
		Example: "  signet user demand-factor alice",
	}
	return newFactorCommand(p, c, func(ctx context.Context, ac *adminContext, id string) error {
		return ac.admin.Factors().Demand(ctx, id)
	})
}

// newFactorCommand builds a command on the second factors of one user that prints them afterwards.
func newFactorCommand(p *process, c *cobra.Command, change func(ctx context.Context, ac *adminContext, id string) error) *cobra.Command {
	s := newSettings()
	c.Use += " USER"
	c.Args = exactArgs("USER")
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		u, err := ac.admin.Users().Find(ctx, args[0])
		if err != nil {
			return hintNotFound(err, args[0], "signet user list shows them; USER is a username, an e-mail or an id")
		}
		if err := change(ctx, ac, u.ID); err != nil {
			return hintNotFound(err, u.Username, "signet user factors shows what there is")
		}
		f, err := ac.admin.Factors().Show(ctx, u.ID)
		if err != nil {
			return err
		}
		return ac.printResult(f, func(w io.Writer) { writeFactors(w, f) })
	})
}

func writeFactors(w io.Writer, f factor.Summary) {
	app, used, by := "none", "", ""
	if f.TOTP != nil {
		app, used = "since "+formatTime(f.TOTP.CreatedAt), formatLastUse(f.TOTP.LastUsedAt)
	}
	if f.EnrolBy != nil {
		by = "until " + formatTime(*f.EnrolBy)
		if !f.EnrolBy.After(time.Now()) {
			by = "no longer"
		}
	}
	fields := []string{"authenticator app", app, "last used", used}
	for _, k := range f.Passkeys {
		fields = append(fields, "passkey", fmt.Sprintf("%q since %s, last used %s", k.Name, formatTime(k.CreatedAt), formatLastUse(k.LastUsedAt)))
	}
	writeFields(w, append(fields, "recovery codes left", strconv.Itoa(f.RecoveryCodesLeft), "may be put off", by)...)
	if f.TOTP == nil && len(f.Passkeys) == 0 {
		fmt.Fprintln(w, "the password alone signs the user in, unless a role or client demands more")
	}
}

// formatLastUse is "never" for none.
func formatLastUse(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return formatTime(*t)
}

// requirement is what a role or a client demands of a sign-in, "" for nothing.
func requirement(level string) string {
	if level == "none" {
		return ""
	}
	return level
}
