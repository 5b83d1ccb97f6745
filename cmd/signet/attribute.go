package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/attribute"
)

func newAttribute(p *process) *cobra.Command {
	return commandGroup("attribute", "Manage the attributes that users may have, and the claims they become",
		newAttributeCreate(p), newAttributeList(p), newAttributeUpdate(p), newAttributeDelete(p))
}

// attributeFlags are the flags that describe an attribute.
type attributeFlags struct {
	typ, description, readers, writers, claim, scope string
	maxLength, maxCount                              int64
}

func (a *attributeFlags) add(f *pflag.FlagSet) {
	f.StringVar(&a.description, "description", "", "`TEXT` for people")
	f.Int64Var(&a.maxLength, "max-length", 0, "`BYTES` of a string, or of each string of a list (default 256)")
	f.Int64Var(&a.maxCount, "max-count", 0, "`NUMBER` of strings of a list (default 20)")
	f.StringVar(&a.readers, "readers", "", "`WHO` sees values: admin, or user for the user too (default admin)")
	f.StringVar(&a.writers, "writers", "", "`WHO` sets values: admin, or user for the user too (default admin)")
	f.StringVar(&a.claim, "claim", "", "the claim `NAME` that values become in ID tokens and at userinfo")
	f.StringVar(&a.scope, "scope", "", "the `SCOPE` that gives the claim")
}

// change returns the fields whose flags were given.
func (a *attributeFlags) change(c *cobra.Command) admin.AttributeChange {
	return admin.AttributeChange{
		Type: changed(c, "type", &a.typ), Description: changed(c, "description", &a.description),
		MaxLength: changed(c, "max-length", &a.maxLength), MaxCount: changed(c, "max-count", &a.maxCount),
		Readers: changed(c, "readers", &a.readers), Writers: changed(c, "writers", &a.writers),
		Claim: changed(c, "claim", &a.claim), Scope: changed(c, "scope", &a.scope),
	}
}

func newAttributeCreate(p *process) *cobra.Command {
	var flags attributeFlags
	c := &cobra.Command{
		Use: "create", Short: "Define an attribute",
		Example: "  signet attribute create department --type=string --readers user --claim department --scope profile\n" +
			"  signet attribute create color --type=string --readers user --writers user",
	}
	c.Flags().StringVar(&flags.typ, "type", "", "`TYPE` of the values: "+strings.Join(attribute.Types(), ", "))
	flags.add(c.Flags())
	return newAttributeCommand(p, c, createIfMissing, func(ctx context.Context, ac *adminContext, name string) (admin.Attribute, error) {
		return ac.admin.Attributes().Create(ctx, name, flags.change(c))
	})
}

func newAttributeUpdate(p *process) *cobra.Command {
	var flags attributeFlags
	c := &cobra.Command{
		Use: "update", Short: "Change an attribute",
		Long:    "Change what the flags name, and nothing else. A value that fits no more stays, and is not given as a claim.",
		Example: "  signet attribute update department --max-length 64\n  signet attribute update department --claim \"\" --scope \"\"",
	}
	flags.add(c.Flags())
	return newAttributeCommand(p, c, mustExist, func(ctx context.Context, ac *adminContext, name string) (admin.Attribute, error) {
		change := flags.change(c)
		if change == (admin.AttributeChange{}) {
			return admin.Attribute{}, usageErrorf("nothing to change: see %s --help", c.CommandPath())
		}
		return ac.admin.Attributes().Update(ctx, name, change)
	})
}

// newAttributeCommand builds a command on one attribute that prints it afterwards.
func newAttributeCommand(p *process, c *cobra.Command, mode openMode, change func(ctx context.Context, ac *adminContext, name string) (admin.Attribute, error)) *cobra.Command {
	s := newSettings()
	c.Use += " ATTRIBUTE"
	c.Args = exactArgs("ATTRIBUTE")
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mode, func(ctx context.Context, ac *adminContext, args []string) error {
		a, err := change(ctx, ac, args[0])
		if err != nil {
			return hintNotFound(err, args[0], "signet attribute list shows them")
		}
		return ac.printResult(a, func(w io.Writer) {
			writeFields(w, "attribute", a.Name, "type", a.Type, "description", a.Description, "bounds", formatBounds(a), "readers", a.Readers, "writers", a.Writers,
				"claim", a.Claim, "scope", a.Scope, "created", formatTime(a.CreatedAt), "updated", formatTime(a.UpdatedAt))
		})
	})
}

// formatBounds says how much a value may hold, nothing where its type says all.
func formatBounds(a admin.Attribute) string {
	switch a.Type {
	case attribute.TypeString:
		return strconv.FormatInt(a.MaxLength, 10) + " bytes"
	case attribute.TypeStrings:
		return fmt.Sprintf("%d of %d bytes", a.MaxCount, a.MaxLength)
	}
	return ""
}

func newAttributeList(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{Use: "list", Short: "List all attributes", Args: exactArgs(), Example: "  signet attribute list"}
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, _ []string) error {
		list, err := ac.admin.Attributes().List(ctx)
		if err != nil {
			return fmt.Errorf("list attributes: %w", err)
		}
		return ac.printResult(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for n, a := range list.Items {
				rows[n] = []string{a.Name, a.Type, formatBounds(a), a.Readers, a.Writers, a.Claim, a.Scope}
			}
			writeTable(w, []string{"ATTRIBUTE", "TYPE", "BOUNDS", "READERS", "WRITERS", "CLAIM", "SCOPE"}, rows)
		})
	})
}

func newAttributeDelete(p *process) *cobra.Command {
	s := newSettings()
	var confirm confirmation
	c := &cobra.Command{
		Use: "delete ATTRIBUTE", Short: "Delete an attribute; the values of users are lost", Args: exactArgs("ATTRIBUTE"),
		Example: "  signet attribute delete department --yes",
	}
	confirm.add(c.Flags())
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		if _, err := ac.admin.Attributes().Show(ctx, args[0]); err != nil {
			return hintNotFound(err, args[0], "signet attribute list shows them")
		}
		if err := confirm.ask(ac.process, fmt.Sprintf("Delete the attribute %s and all its values for ever?", args[0])); err != nil {
			return err
		}
		if err := ac.admin.Attributes().Delete(ctx, args[0]); err != nil {
			return hintNotFound(err, args[0], "signet attribute list shows them")
		}
		ac.messagef("deleted the attribute %s", args[0])
		return nil
	})
}

// checkAttributes refuses a name that no attribute has.
func (ac *adminContext) checkAttributes(ctx context.Context, names []string) error {
	for _, name := range names {
		if _, err := ac.admin.Attributes().Show(ctx, name); err != nil {
			return hintNotFound(err, name, "signet attribute list shows them")
		}
	}
	return nil
}

// parseAttributes reads NAME=VALUE pairs; an empty value removes one.
func parseAttributes(pairs []string) (attribute.Change, error) {
	c := attribute.Change{}
	for _, pair := range pairs {
		name, value, found := strings.Cut(pair, "=")
		if _, twice := c[name]; !found || name == "" || twice {
			return nil, usageErrorf("--attribute: give NAME=VALUE, such as department=Sales, each attribute once")
		}
		c[name] = attribute.Text(value)
	}
	return c, nil
}
