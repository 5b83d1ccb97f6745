package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/issuer"
	"example.org/signet/issuer/accountmail"
	"example.org/signet/issuer/admin"
)

// linkFlags say what becomes of a link.
type linkFlags struct {
	send     bool
	language string
}

func (l *linkFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&l.send, "send", false, "mail the link in the place of printing it: the servers of this store send it, if they have a mail server")
	f.StringVar(&l.language, "language", "", "`LANGUAGE` of the mail, such as en or de (default that of the server's --mail-language)")
}

// passwordLink makes the link of a user and prints it.
func (l *linkFlags) passwordLink(ctx context.Context, ac *adminContext, u admin.User) error {
	i := accountmail.Inviter{Issuer: ac.settings.issuer, Mailer: ac.mailer(), Tokens: ac.mailTokens(), Now: ac.now, Sends: true}
	link, err := i.PasswordLink(ctx, ac.operator.Users(), u.ID, l.send, l.language, issuer.RequestInfo{Actor: actor})
	if err != nil {
		return fmt.Errorf("make the link: %w", err)
	}
	answer := struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		accountmail.PasswordLink
	}{u.ID, u.Username, link}
	return ac.printResult(answer, func(w io.Writer) {
		if link.Sent {
			fmt.Fprintf(w, "the mail to %s waits to be sent\n", u.Email)
			return
		}
		fmt.Fprintln(w, link.Link)
		ac.messagef("hand this link to %s: whoever has it chooses the password, once, until %s", u.Username, formatTime(link.ExpiresAt))
	})
}

func newUserInvite(p *process) *cobra.Command {
	s := newSettings()
	var flags userFlags
	var link linkFlags
	c := &cobra.Command{
		Use: "invite USERNAME", Short: "Create a user who chooses their password by a link", Args: exactArgs("USERNAME"),
		Long: "Create a user without a password, and print a link by which they choose one: within seven days, once. --send mails\n" +
			"it to --email. For a link that was lost: signet user reset-link. The issuer must be that of the server, from\n" +
			"--issuer, the environment or the configuration file.",
		Example: "  signet user invite alice --email alice@example.com --send\n  signet user invite bob --issuer https://id.example.com",
	}
	flags.add(c.Flags())
	link.add(c.Flags())
	s.offer(c.Flags(), &s.issuerSettings, &s.outputSettings)
	return p.withStore(c, s, createIfMissing, func(ctx context.Context, ac *adminContext, args []string) error {
		if link.send && flags.email == "" {
			return usageErrorf("--send needs --email")
		}
		u, err := ac.operator.Users().Create(ctx, admin.NewUser{
			Username: args[0], Email: flags.email, EmailVerified: flags.verified, FullName: flags.fullName, Phone: flags.phone, Roles: flags.roles,
			MustChangePassword: flags.mustChange,
		})
		if err != nil {
			return fmt.Errorf("create user: %w", ac.nameMissingRole(ctx, err, flags.roles))
		}
		return link.passwordLink(ctx, ac, u)
	})
}

func newUserResetLink(p *process) *cobra.Command {
	s := newSettings()
	var link linkFlags
	c := &cobra.Command{
		Use: "reset-link USER", Short: "Make a link by which a user chooses a new password", Args: exactArgs("USER"),
		Long: "Print a link by which the user chooses a password: within an hour, within seven days for a user without one, once.\n" +
			"The password and the sessions stay as they are until then. --send mails it. The issuer must be that of the\n" +
			"server, from --issuer, the environment or the configuration file.",
		Example: "  signet user reset-link alice --issuer https://id.example.com\n  signet user reset-link alice@example.com --send",
	}
	link.add(c.Flags())
	s.offer(c.Flags(), &s.issuerSettings, &s.outputSettings)
	return p.withStore(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		u, err := ac.operator.Users().Find(ctx, args[0])
		if err != nil {
			return hintNotFound(err, args[0], "signet user list shows them; USER is a username, an e-mail or an id")
		}
		return link.passwordLink(ctx, ac, u)
	})
}
