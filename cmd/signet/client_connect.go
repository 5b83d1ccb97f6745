package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/connect"
)

func newClientConnect(p *process) *cobra.Command {
	s := newSettings()
	var kind string
	c := &cobra.Command{
		Use: "connect CLIENT", Short: "Print the configuration of a program for a client", Args: exactArgs("CLIENT"),
		Long: "Print the configuration of a program for a client, and what the client lacks for that program. The secret is\n" +
			"never in it: the program reads it from its environment.",
		Example: "  signet client connect portal --for grafana\n  signet client connect portal --for nginx --output json",
	}
	c.Flags().StringVar(&kind, "for", "", "`PROGRAM`: "+strings.Join(connect.Kinds(), ", "))
	s.offer(c.Flags(), &s.issuerSettings, &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		if !slices.Contains(connect.Kinds(), kind) {
			return usageErrorf("--for must be one of %s", strings.Join(connect.Kinds(), ", "))
		}
		g, err := ac.admin.Clients().Connect(ctx, args[0], kind)
		if err != nil {
			return hintNotFound(err, args[0], "signet client list shows them")
		}
		return ac.printResult(g, func(w io.Writer) { writeGuide(w, g) })
	})
}

func writeGuide(w io.Writer, g connect.Guide) {
	for _, f := range g.Files {
		fmt.Fprintf(w, "--- %s\n%s\n", f.Name, f.Text)
	}
	for _, note := range g.Notes {
		fmt.Fprintln(w, note)
	}
	if len(g.Misfits) == 0 {
		return
	}
	fmt.Fprintln(w, "The client does not suit yet:")
	for _, m := range g.Misfits {
		fmt.Fprintf(w, "%s  %s\n", m.Field, m.Detail)
		if m.Value != "" {
			fmt.Fprintf(w, "%s  add or set %s\n", strings.Repeat(" ", len(m.Field)), m.Value)
		}
	}
}

func newClientRefusals(p *process) *cobra.Command {
	s := newSettings()
	var pages pageFlags
	c := &cobra.Command{
		Use: "refusals CLIENT", Short: "List the last requests of a client that were refused", Args: exactArgs("CLIENT"),
		Long:    "List the last requests of a client that were refused, the newest first, by the audit log: sign-ins and codes.",
		Example: "  signet client refusals portal --limit 10",
	}
	pages.add(c.Flags())
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		page, err := pages.page()
		if err != nil {
			return err
		}
		list, err := ac.admin.Clients().Refusals(ctx, args[0], page)
		if err != nil {
			return hintNotFound(listError(c, "refusals", err), args[0], "signet client list shows them")
		}
		defer ac.printNextPage(list.Next)
		return ac.printResult(list, func(w io.Writer) { writeRefusals(w, list) })
	})
}

func writeRefusals(w io.Writer, list admin.RefusalList) {
	for _, r := range list.Items {
		fmt.Fprintf(w, "%s  %s  %s\n", formatTime(r.At), r.Type, r.Detail)
		if r.Received != "" {
			fmt.Fprintf(w, "  received    %q\n", r.Received)
		}
		if r.DiffersAt != nil {
			fmt.Fprintf(w, "  registered  %q\n  differs     %s^\n", r.Nearest, strings.Repeat(" ", 1+*r.DiffersAt))
		}
	}
}
