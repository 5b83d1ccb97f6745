package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newUserLinks(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "links USER", Short: "List the accounts at other providers that sign a user in", Args: exactArgs("USER"), Example: "  signet user links alice",
	}
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		u, err := ac.admin.Users().Find(ctx, args[0])
		if err != nil {
			return hintNotFound(err, args[0], "signet user list shows them; USER is a username, an e-mail or an id")
		}
		list, err := ac.admin.Users().Links(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("list links: %w", err)
		}
		return ac.printResult(list, func(w io.Writer) {
			var rows [][]string
			for _, l := range list.Items {
				rows = append(rows, []string{l.ID, l.Connector, l.Email, joinWords(l.Roles), formatTime(l.CreatedAt), formatLastUse(l.LastUsedAt)})
			}
			writeTable(w, []string{"LINK", "CONNECTOR", "E-MAIL", "ROLES", "CREATED", "LAST USED"}, rows)
		})
	})
}

func newUserUnlink(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "unlink USER LINK", Short: "Remove an account at another provider from a user", Args: exactArgs("USER", "LINK"),
		Long:    "Remove an account at another provider from a user, with the roles that it gave. It is refused where the user has no other way to sign in.",
		Example: "  signet user unlink alice LINK",
	}
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		u, err := ac.admin.Users().Find(ctx, args[0])
		if err != nil {
			return hintNotFound(err, args[0], "signet user list shows them; USER is a username, an e-mail or an id")
		}
		if err := ac.admin.Users().Unlink(ctx, u.ID, args[1]); err != nil {
			return hintNotFound(err, args[1], "signet user links shows them")
		}
		ac.messagef("removed the link from %s", u.Username)
		return nil
	})
}
