package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/signet/issuer"
)

func newSession(p *process) *cobra.Command {
	return group("session", "See and end logins", newSessionList(p), newSessionRevoke(p))
}

func newSessionList(p *process) *cobra.Command {
	s := newSettings()
	var pages paging
	var q issuer.SessionQuery
	c := &cobra.Command{
		Use: "list", Short: "List sessions", Args: names(),
		Example: "  signet session list --user alice\n  signet session list --client web --active",
	}
	c.Flags().StringVar(&q.User, "user", "", "only those of `USER`: a username, an e-mail or an id")
	c.Flags().StringVar(&q.Client, "client", "", "only those at `CLIENT`")
	c.Flags().BoolVar(&q.Active, "active", false, "only those that are alive")
	pages.add(c.Flags())
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, _ []string) error {
		page, err := pages.page()
		if err != nil {
			return err
		}
		sessions, err := o.issuer.ListSessions(ctx, q, page)
		if err != nil {
			return hintUnknown(err, "signet user list shows them")
		}
		defer o.more(sessions.Next)
		return o.answer(sessions, func(w io.Writer) {
			rows := make([][]string, len(sessions.Items))
			for n, x := range sessions.Items {
				rows[n] = []string{x.ID, x.UserID, x.ClientID, state(x.Active, x.Reason), x.Device, x.Network, moment(x.CreatedAt), moment(x.RefreshedAt), moment(x.ExpiresAt)}
			}
			writeTable(w, []string{"SID", "USER", "CLIENT", "STATE", "DEVICE", "NETWORK", "LOGIN", "REFRESHED", "EXPIRES"}, rows)
		})
	})
}

func state(active bool, reason string) string {
	switch {
	case active:
		return "active"
	case reason != "":
		return reason
	}
	return "expired"
}

// ended is the answer to session revoke.
type ended struct {
	Ended int64 `json:"ended"` // sessions that were alive and are no more
}

func newSessionRevoke(p *process) *cobra.Command {
	s := newSettings()
	var user string
	var all bool
	var sure consent
	c := &cobra.Command{
		Use: "revoke [SID]", Short: "End a session, a user's, or all", Args: cobra.MaximumNArgs(1),
		Long: "End one session, every session of a user, or every session of everybody. Its refresh token stops working at\n" +
			"once and its access tokens introspect as inactive.",
		Example: "  signet session revoke $SID\n  signet session revoke --user alice\n  signet session revoke --all --yes",
	}
	c.Flags().StringVar(&user, "user", "", "all of `USER`: a username, an e-mail or an id")
	c.Flags().BoolVar(&all, "all", false, "all of everybody")
	sure.add(c.Flags())
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, args []string) error {
		n, err := o.endSessions(ctx, args, user, all, sure)
		if err != nil {
			return err
		}
		return o.answer(ended{n}, func(w io.Writer) { fmt.Fprintf(w, "ended %d\n", n) })
	})
}

// endSessions ends what exactly one of its arguments names.
func (o *office) endSessions(ctx context.Context, sids []string, user string, all bool, sure consent) (int64, error) {
	switch {
	case len(sids) == 1 && user == "" && !all:
		err := o.issuer.EndSession(ctx, sids[0], o.source)
		return 1, hintUnknown(err, "signet session list shows them")
	case len(sids) == 0 && user != "" && !all:
		n, err := o.issuer.EndUserSessions(ctx, user, o.source)
		return n, hintUnknown(err, "signet user list shows them")
	case len(sids) == 0 && user == "" && all:
		if err := sure.ask(o.process, "End every session of everybody?"); err != nil {
			return 0, err
		}
		return o.issuer.EndAllSessions(ctx, o.source)
	}
	return 0, usage("say which sessions: one SID, --user USER or --all")
}
