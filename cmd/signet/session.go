package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/admin"
)

func newSession(p *process) *cobra.Command {
	return commandGroup("session", "List and end sessions", newSessionList(p), newSessionBrowsers(p), newSessionRevoke(p))
}

func newSessionList(p *process) *cobra.Command {
	s := newSettings()
	var pages pageFlags
	var q admin.SessionQuery
	var user string
	c := &cobra.Command{
		Use: "list", Short: "List sessions", Args: exactArgs(),
		Example: "  signet session list --user alice\n  signet session list --client web --active",
	}
	c.Flags().StringVar(&user, "user", "", "only those of `USER`: a username, an e-mail or an id")
	c.Flags().StringVar(&q.ClientID, "client", "", "only those at `CLIENT`")
	c.Flags().BoolVar(&q.Active, "active", false, "only those that are alive")
	c.Flags().BoolVar(&q.Ended, "ended", false, "only those that have ended")
	c.Flags().StringVar(&q.Network, "network", "", "only those from `NETWORK`, or from the one that has this address")
	c.Flags().StringVar(&q.Device, "device", "", "only those of a device with `TEXT` in its name")
	c.MarkFlagsMutuallyExclusive("active", "ended")
	pages.add(c.Flags())
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, _ []string) error {
		page, err := pages.page()
		if err != nil {
			return err
		}
		if user != "" {
			u, err := ac.admin.Users().Find(ctx, user)
			if err != nil {
				return hintNotFound(err, user, "signet user list shows them")
			}
			q.UserID = u.ID
		}
		sessions, err := ac.admin.Sessions().List(ctx, q, page)
		if err != nil {
			return listError(c, "sessions", err)
		}
		if len(sessions.Items) == 0 && q.ClientID != "" {
			if _, err := ac.admin.Clients().Show(ctx, q.ClientID); err != nil {
				return hintNotFound(err, q.ClientID, "signet client list shows them")
			}
		}
		defer ac.printNextPage(sessions.Next)
		return ac.printResult(sessions, func(w io.Writer) {
			rows := make([][]string, len(sessions.Items))
			for n, x := range sessions.Items {
				rows[n] = []string{x.ID, x.UserID, x.ClientID, sessionState(x.Active, x.Reason), x.Device, x.Network, formatTime(x.CreatedAt), formatTime(x.RefreshedAt), formatTime(x.ExpiresAt)}
			}
			writeTable(w, []string{"SID", "USER", "CLIENT", "STATE", "DEVICE", "NETWORK", "LOGIN", "REFRESHED", "EXPIRES"}, rows)
		})
	})
}

func sessionState(active bool, reason string) string {
	switch {
	case active:
		return "active"
	case reason != "":
		return reason
	}
	return "expired"
}

// revokeResult is the output of session revoke.
type revokeResult struct {
	Ended int64 `json:"ended"` // sessions that were alive and are no more
}

func newSessionRevoke(p *process) *cobra.Command {
	s := newSettings()
	var user, client string
	var all bool
	var confirm confirmation
	c := &cobra.Command{
		Use: "revoke [SID]", Short: "End a session, a user's, a client's, or all", Args: cobra.MaximumNArgs(1),
		Long: "End one session, every session of a user or at a client, or every session of everybody. Its refresh token stops working at\n" +
			"once and its access tokens introspect as inactive.",
		Example: "  signet session revoke $SID\n  signet session revoke --user alice\n  signet session revoke --client web --yes\n  signet session revoke --all --yes",
	}
	c.Flags().StringVar(&user, "user", "", "all of `USER`: a username, an e-mail or an id")
	c.Flags().StringVar(&client, "client", "", "all at `CLIENT`, whoever's")
	c.Flags().BoolVar(&all, "all", false, "all of everybody")
	confirm.add(c.Flags())
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		n, err := ac.endSessions(ctx, args, user, client, all, confirm)
		if err != nil {
			return err
		}
		return ac.printResult(revokeResult{n}, func(w io.Writer) { fmt.Fprintf(w, "ended %d\n", n) })
	})
}

// endSessions ends the sessions that exactly one of its arguments selects.
func (ac *adminContext) endSessions(ctx context.Context, sids []string, user, client string, all bool, confirm confirmation) (int64, error) {
	switch {
	case len(sids) == 1 && user == "" && client == "" && !all:
		err := ac.admin.Sessions().End(ctx, sids[0])
		return 1, hintNotFound(err, sids[0], "signet session list shows them")
	case len(sids) == 0 && user != "" && client == "" && !all:
		u, err := ac.admin.Users().Find(ctx, user)
		if err != nil {
			return 0, hintNotFound(err, user, "signet user list shows them")
		}
		return ac.admin.Users().EndSessions(ctx, u.ID)
	case len(sids) == 0 && user == "" && client != "" && !all:
		if err := confirm.ask(ac.process, "End every session at "+client+", whoever's?"); err != nil {
			return 0, err
		}
		n, err := ac.admin.Clients().EndSessions(ctx, client)
		return n, hintNotFound(err, client, "signet client list shows them")
	case len(sids) == 0 && user == "" && client == "" && all:
		if err := confirm.ask(ac.process, "End every session of everybody?"); err != nil {
			return 0, err
		}
		return ac.admin.Sessions().EndAll(ctx)
	}
	return 0, usageErrorf("say which sessions: one SID, --user USER, --client CLIENT or --all")
}
