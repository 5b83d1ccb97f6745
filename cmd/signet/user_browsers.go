package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// withUser is withAdmin for a command whose first argument is a user.
func (p *process) withUser(c *cobra.Command, s *settings, run func(ctx context.Context, ac *adminContext, u admin.User, rest []string) error) *cobra.Command {
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		u, err := ac.admin.Users().Find(ctx, args[0])
		if err != nil {
			return hintNotFound(err, args[0], "signet user list shows them; USER is a username, an e-mail or an id")
		}
		return run(ctx, ac, u, args[1:])
	})
}

func newUserBrowsers(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "browsers USER", Short: "List the browsers in which a user is signed in", Args: exactArgs("USER"), Example: "  signet user browsers alice",
	}
	s.offer(c.Flags(), &s.outputSettings)
	return p.withUser(c, s, func(ctx context.Context, ac *adminContext, u admin.User, _ []string) error {
		list, err := ac.admin.Browsers().Sessions(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("list browser sessions: %w", err)
		}
		return ac.printResult(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for n, b := range list.Items {
				rows[n] = append(browserColumns(b), joinWords(b.Clients))
			}
			writeTable(w, append(browserHeadings(), "CLIENTS"), rows)
		})
	})
}

func browserHeadings() []string {
	return []string{"ID", "DEVICE", "NETWORK", "REMEMBERED", "SIGNED IN", "LAST SEEN", "EXPIRES"}
}

func browserColumns(b issuer.BrowserSessionView) []string {
	return []string{b.Handle, b.Device, b.Network, formatBool(b.Remembered), formatTime(b.AuthTime), formatTime(b.LastSeen), formatTime(b.ExpiresAt)}
}

func newUserEndBrowsers(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "end-browsers USER [ID]", Short: "Sign a user out of one browser or of all", Args: cobra.RangeArgs(1, 2),
		Long:    "Sign a user out of the browser of that ID, or of all, and of the applications that end with it.",
		Example: "  signet user end-browsers alice\n  signet user end-browsers alice ID",
	}
	return p.withUser(c, s, func(ctx context.Context, ac *adminContext, u admin.User, rest []string) error {
		if len(rest) == 0 {
			if err := ac.admin.Browsers().EndSessions(ctx, u.ID); err != nil {
				return err
			}
			ac.messagef("signed %s out of every browser", u.Username)
			return nil
		}
		if err := ac.admin.Browsers().EndSession(ctx, u.ID, rest[0]); err != nil {
			return hintNotFound(err, rest[0], "signet user browsers shows them")
		}
		ac.messagef("signed %s out of the browser %s", u.Username, rest[0])
		return nil
	})
}

func newUserConsents(p *process) *cobra.Command {
	s := newSettings()
	var pages pageFlags
	c := &cobra.Command{
		Use: "consents USER", Short: "List what a user has allowed applications", Args: exactArgs("USER"), Example: "  signet user consents alice",
	}
	pages.add(c.Flags())
	s.offer(c.Flags(), &s.outputSettings)
	return p.withUser(c, s, func(ctx context.Context, ac *adminContext, u admin.User, _ []string) error {
		page, err := pages.page()
		if err != nil {
			return err
		}
		list, err := ac.admin.Browsers().Consents(ctx, u.ID, page)
		if err != nil {
			return listError(c, "consents", err)
		}
		defer ac.printNextPage(list.Next)
		return ac.printResult(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for n, x := range list.Items {
				rows[n] = []string{x.ClientID, x.Scope, joinWords(x.Audiences), formatTime(x.CreatedAt), formatTime(x.UpdatedAt)}
			}
			writeTable(w, []string{"CLIENT", "SCOPE", "AUDIENCES", "CREATED", "UPDATED"}, rows)
		})
	})
}

func newUserWithdrawConsent(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "withdraw-consent USER CLIENT", Short: "Take back what a user has allowed a client; its sessions of the user end", Args: exactArgs("USER", "CLIENT"),
		Example: "  signet user withdraw-consent alice notes",
	}
	return p.withUser(c, s, func(ctx context.Context, ac *adminContext, u admin.User, rest []string) error {
		if err := ac.admin.Browsers().RevokeConsent(ctx, u.ID, rest[0]); err != nil {
			return hintNotFound(err, rest[0], "signet user consents shows them")
		}
		ac.messagef("%s has allowed %s nothing any more", u.Username, rest[0])
		return nil
	})
}

func newSessionBrowsers(p *process) *cobra.Command {
	s := newSettings()
	var pages pageFlags
	c := &cobra.Command{
		Use: "browsers", Short: "List the browser sessions of all users", Args: exactArgs(), Example: "  signet session browsers --limit 20",
	}
	pages.add(c.Flags())
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, _ []string) error {
		page, err := pages.page()
		if err != nil {
			return err
		}
		list, err := ac.admin.Browsers().List(ctx, page)
		if err != nil {
			return listError(c, "browser sessions", err)
		}
		defer ac.printNextPage(list.Next)
		return ac.printResult(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for n, b := range list.Items {
				rows[n] = append([]string{b.UserID}, browserColumns(b.BrowserSessionView)...)
			}
			writeTable(w, append([]string{"USER"}, browserHeadings()...), rows)
		})
	})
}
