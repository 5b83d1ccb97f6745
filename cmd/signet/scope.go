package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/admin"
)

func newScope(p *process) *cobra.Command {
	return commandGroup("scope", "Manage what people read about scopes when they are asked for their consent",
		newScopeList(p), newScopeSet(p), newScopeDelete(p))
}

func newScopeList(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{Use: "list", Short: "List the texts of scopes", Args: exactArgs(), Example: "  signet scope list"}
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, _ []string) error {
		list, err := ac.admin.Scopes().List(ctx)
		if err != nil {
			return fmt.Errorf("list texts of scopes: %w", err)
		}
		return ac.printResult(list, func(w io.Writer) { writeScopeTexts(w, list.Items...) })
	})
}

// writeScopeTexts prints a line for each text.
func writeScopeTexts(w io.Writer, scopes ...admin.ScopeText) {
	var rows [][]string
	for _, s := range scopes {
		for _, tag := range slices.Sorted(maps.Keys(s.Texts)) {
			rows = append(rows, []string{s.Scope, tag, s.Texts[tag]})
		}
	}
	writeTable(w, []string{"SCOPE", "LANGUAGE", "TEXT"}, rows)
}

func newScopeSet(p *process) *cobra.Command {
	s := newSettings()
	var pairs []string
	c := &cobra.Command{
		Use: "set SCOPE", Short: "Say in words what a scope allows", Args: exactArgs("SCOPE"),
		Long:    "Say in words what a scope allows, in each language. The texts replace those that the scope has.",
		Example: "  signet scope set items:read --text en=\"read your items\" --text de=\"deine Einträge lesen\"",
	}
	c.Flags().StringArrayVar(&pairs, "text", nil, "`LANGUAGE=TEXT`, such as en=\"read your items\", several times")
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, createIfMissing, func(ctx context.Context, ac *adminContext, args []string) error {
		texts := map[string]string{}
		for _, pair := range pairs {
			tag, text, found := strings.Cut(pair, "=")
			if _, twice := texts[tag]; !found || twice {
				return usageErrorf("--text %s: give LANGUAGE=TEXT, such as en=\"read your items\", each language once", pair)
			}
			texts[tag] = text
		}
		if len(texts) == 0 {
			return usageErrorf("--text is missing: give LANGUAGE=TEXT, such as en=\"read your items\"")
		}
		t, err := ac.admin.Scopes().Put(ctx, args[0], texts)
		if err != nil {
			return fmt.Errorf("set the texts of a scope: %w", err)
		}
		return ac.printResult(t, func(w io.Writer) { writeScopeTexts(w, t) })
	})
}

func newScopeDelete(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{Use: "delete SCOPE", Short: "Take the texts of a scope away", Args: exactArgs("SCOPE"), Example: "  signet scope delete items:read"}
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		if err := ac.admin.Scopes().Delete(ctx, args[0]); err != nil {
			return hintNotFound(err, args[0], "signet scope list shows them")
		}
		ac.messagef("deleted the texts of the scope %s", args[0])
		return nil
	})
}
