package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/issuer/admin"
)

// nameMissingRole returns an error that names the flag and the role where err refuses a
// role that does not exist, else err.
func (ac *adminContext) nameMissingRole(ctx context.Context, err error, names []string) error {
	if !errors.Is(err, admin.ErrNoSuchRole) {
		return err
	}
	list, listErr := ac.admin.Roles().List(ctx)
	if listErr != nil {
		return err
	}
	var known []string
	for _, r := range list.Items {
		known = append(known, r.Name)
	}
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		missing := fmt.Errorf("--role: there is no role %q", name)
		if meant := nearest(name, known); meant != "" {
			return fmt.Errorf("%w: did you mean %s?", missing, meant)
		}
		return withHint(missing, "signet role list shows them, signet role create makes one")
	}
	return err
}

func newRole(p *process) *cobra.Command {
	return commandGroup("role", "Manage roles, the scopes they give and whom they outrank",
		newRoleCreate(p), newRoleList(p), newRoleShow(p), newRoleUpdate(p), newRoleDelete(p))
}

// roleFlags are the flags that describe a role.
type roleFlags struct {
	description    string
	scopes         []string
	rank           int64
	authentication string
	releaseScopes  bool
}

func (r *roleFlags) add(f *pflag.FlagSet) {
	f.StringVar(&r.description, "description", "", "`TEXT` for people")
	f.StringArrayVar(&r.scopes, "scope", nil, "`SCOPES` that only holders of a role that names them get; separated by spaces, or several flags")
	f.Int64Var(&r.rank, "rank", 0, "`NUMBER`: whoever gives the role must outrank it: user is 0, admin 100, super_admin 1000")
	f.StringVar(&r.authentication, "require-authentication", "", "`WHAT` holders must sign in with: "+strings.Join(admin.AuthenticationPolicies(), ", "))
}

// change returns the fields whose flags were given.
func (r *roleFlags) change(c *cobra.Command) admin.RoleChange {
	scopes := splitWords(r.scopes)
	return admin.RoleChange{
		Description: changed(c, "description", &r.description), Rank: changed(c, "rank", &r.rank),
		Scopes: changed(c, "scope", &scopes), ReleaseScopes: r.releaseScopes,
		Authentication: changed(c, "require-authentication", &r.authentication),
	}
}

// splitWords splits at spaces, as OAuth writes scopes (RFC 6749 §3.3).
func splitWords(values []string) []string { return strings.Fields(strings.Join(values, " ")) }

func newRoleCreate(p *process) *cobra.Command {
	var flags roleFlags
	c := &cobra.Command{Use: "create", Short: "Create a role", Example: "  signet role create editor --scope \"items:read items:write\" --rank 10"}
	flags.add(c.Flags())
	return newRoleCommand(p, c, createIfMissing, func(ctx context.Context, ac *adminContext, name string) (admin.Role, error) {
		return ac.admin.Roles().Create(ctx, name, flags.change(c))
	})
}

func newRoleShow(p *process) *cobra.Command {
	c := &cobra.Command{Use: "show", Short: "Show a role", Example: "  signet role show editor"}
	return newRoleCommand(p, c, mustExist, func(ctx context.Context, ac *adminContext, name string) (admin.Role, error) {
		return ac.admin.Roles().Show(ctx, name)
	})
}

func newRoleUpdate(p *process) *cobra.Command {
	var flags roleFlags
	var newName string
	c := &cobra.Command{
		Use: "update", Short: "Change a role",
		Long: "Change what the flags name, and nothing else. --scope sets the scopes anew. --name moves the holders one by one:\n" +
			"they keep their rights, and the same command goes on where it was broken off.",
		Example: "  signet role update editor --scope \"items:read items:write items:delete\"\n  signet role update editor --name author",
	}
	flags.add(c.Flags())
	c.Flags().StringVar(&newName, "name", "", "a new `NAME`, alone: whoever holds the role holds it by the new name then")
	addRelease(c.Flags(), &flags.releaseScopes)
	return newRoleCommand(p, c, mustExist, func(ctx context.Context, ac *adminContext, name string) (admin.Role, error) {
		change := flags.change(c)
		if c.Flags().Changed("name") {
			if change != (admin.RoleChange{}) {
				return admin.Role{}, usageErrorf("--name changes the name alone: change the rest before or after")
			}
			return ac.renameRole(ctx, name, newName)
		}
		if change == (admin.RoleChange{ReleaseScopes: flags.releaseScopes}) {
			return admin.Role{}, usageErrorf("nothing to change: see %s --help", c.CommandPath())
		}
		return ac.admin.Roles().Update(ctx, name, change)
	})
}

// renameRole gives a role another name, step by step.
func (ac *adminContext) renameRole(ctx context.Context, old, name string) (admin.Role, error) {
	for moved := 0; ; {
		step, err := ac.admin.Roles().Rename(ctx, old, name)
		moved += step.Moved
		if err != nil {
			return admin.Role{}, err
		}
		if step.Role.Replaces == "" {
			ac.messagef("renamed %s to %s: %s moved", old, name, countOf(int64(moved), "holder", "holders"))
			return step.Role, nil
		}
		ac.messagef("moved %s so far", countOf(int64(moved), "holder", "holders"))
	}
}

func addRelease(f *pflag.FlagSet, release *bool) {
	f.BoolVar(release, "release-scopes", false, "allow that a scope is no longer named by any role, and so goes to every user")
}

// newRoleCommand builds a command on one role that prints the role afterwards.
func newRoleCommand(p *process, c *cobra.Command, mode openMode, change func(ctx context.Context, ac *adminContext, name string) (admin.Role, error)) *cobra.Command {
	s := newSettings()
	c.Use += " ROLE"
	c.Args = exactArgs("ROLE")
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mode, func(ctx context.Context, ac *adminContext, args []string) error {
		r, err := change(ctx, ac, args[0])
		if err != nil {
			return hintNotFound(err, args[0], "signet role list shows them")
		}
		return ac.printResult(r, func(w io.Writer) {
			writeFields(w, "role", r.Name, "description", r.Description, "scopes", joinWords(r.Scopes), "rank", strconv.FormatInt(r.Rank, 10),
				"requires authentication", requirement(r.Authentication),
				"built in", formatBool(r.BuiltIn), "replaces", r.Replaces, "created", formatTime(r.CreatedAt), "updated", formatTime(r.UpdatedAt))
		})
	})
}

func newRoleList(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{Use: "list", Short: "List all roles", Args: exactArgs(), Example: "  signet role list"}
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, _ []string) error {
		roles, err := ac.admin.Roles().List(ctx)
		if err != nil {
			return fmt.Errorf("list roles: %w", err)
		}
		return ac.printResult(roles, func(w io.Writer) {
			rows := make([][]string, len(roles.Items))
			for n, r := range roles.Items {
				rows[n] = []string{r.Name, strconv.FormatInt(r.Rank, 10), formatBool(r.BuiltIn), joinWords(r.Scopes), r.Description}
			}
			writeTable(w, []string{"ROLE", "RANK", "BUILT IN", "SCOPES", "DESCRIPTION"}, rows)
		})
	})
}

func newRoleDelete(p *process) *cobra.Command {
	s := newSettings()
	var release bool
	c := &cobra.Command{Use: "delete ROLE", Short: "Delete a role that nobody holds", Args: exactArgs("ROLE"), Example: "  signet role delete editor --release-scopes"}
	addRelease(c.Flags(), &release)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		if err := ac.admin.Roles().Delete(ctx, args[0], release); err != nil {
			return hintNotFound(err, args[0], "signet role list shows them")
		}
		ac.messagef("deleted the role %s", args[0])
		return nil
	})
}
