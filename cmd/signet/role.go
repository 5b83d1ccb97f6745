package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/issuer"
)

func newRole(p *process) *cobra.Command {
	return group("role", "Manage roles, the scopes they give and whom they outrank",
		newRoleCreate(p), newRoleList(p), newRoleShow(p), newRoleUpdate(p), newRoleDelete(p))
}

// ability is the flags that say what a role gives.
type ability struct {
	description string
	scopes      []string
	rank        int64
	release     bool
}

func (a *ability) add(f *pflag.FlagSet) {
	f.StringVar(&a.description, "description", "", "`TEXT` for people")
	f.StringArrayVar(&a.scopes, "scope", nil, "`SCOPES` that only holders of a role that names them get; separated by spaces, or several flags")
	f.Int64Var(&a.rank, "rank", 0, "whoever gives the role must outrank it: user is 0, admin 100, super_admin 1000")
}

// change is what the flags say, as far as they were given.
func (a *ability) change(c *cobra.Command) issuer.RoleChange {
	scopes := words(a.scopes)
	return issuer.RoleChange{
		Description: changed(c, "description", &a.description), Rank: changed(c, "rank", &a.rank),
		Scopes: changed(c, "scope", &scopes), ReleaseScopes: a.release,
	}
}

// words splits at spaces, as OAuth writes scopes (RFC 6749 §3.3).
func words(values []string) []string { return strings.Fields(strings.Join(values, " ")) }

func newRoleCreate(p *process) *cobra.Command {
	var a ability
	c := &cobra.Command{Use: "create", Short: "Create a role", Example: "  signet role create editor --scope \"items:read items:write\" --rank 10"}
	a.add(c.Flags())
	return newRoleTask(p, c, mayBegin, func(ctx context.Context, o *office, name string) (issuer.Role, error) {
		return o.issuer.CreateRole(ctx, name, a.change(c), o.source)
	})
}

func newRoleShow(p *process) *cobra.Command {
	c := &cobra.Command{Use: "show", Short: "Show a role", Example: "  signet role show editor"}
	return newRoleTask(p, c, mustBeThere, func(ctx context.Context, o *office, name string) (issuer.Role, error) {
		return o.issuer.FindRole(ctx, name)
	})
}

func newRoleUpdate(p *process) *cobra.Command {
	var a ability
	c := &cobra.Command{
		Use: "update", Short: "Change a role",
		Long:    "Change what the flags name, and nothing else. --scope sets the scopes anew.",
		Example: "  signet role update editor --scope \"items:read items:write items:delete\"",
	}
	a.add(c.Flags())
	addRelease(c.Flags(), &a.release)
	return newRoleTask(p, c, mustBeThere, func(ctx context.Context, o *office, name string) (issuer.Role, error) {
		change := a.change(c)
		if change == (issuer.RoleChange{ReleaseScopes: a.release}) {
			return issuer.Role{}, usage("nothing to change: see %s --help", c.CommandPath())
		}
		return o.issuer.UpdateRole(ctx, name, change, o.source)
	})
}

func addRelease(f *pflag.FlagSet, release *bool) {
	f.BoolVar(release, "release-scopes", false, "allow that a scope is no longer named by any role, and so goes to every user")
}

// newRoleTask is a command on one role that answers with what became of it.
func newRoleTask(p *process, c *cobra.Command, b beginning, change func(ctx context.Context, o *office, name string) (issuer.Role, error)) *cobra.Command {
	s := newSettings()
	c.Use += " ROLE"
	c.Args = names("ROLE")
	s.addOutput(c.Flags())
	return p.admin(c, s, b, func(ctx context.Context, o *office, args []string) error {
		r, err := change(ctx, o, args[0])
		if err != nil {
			return hintUnknown(err, "signet role list shows them")
		}
		return o.answer(r, func(w io.Writer) {
			writeFields(w, "role", r.Name, "description", r.Description, "scopes", list(r.Scopes), "rank", strconv.FormatInt(r.Rank, 10),
				"built in", yesIf(r.BuiltIn), "created", moment(r.CreatedAt), "updated", moment(r.UpdatedAt))
		})
	})
}

func newRoleList(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{Use: "list", Short: "List all roles", Args: names(), Example: "  signet role list"}
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, _ []string) error {
		roles, err := o.issuer.ListRoles(ctx)
		if err != nil {
			return fmt.Errorf("list roles: %w", err)
		}
		return o.answer(roles, func(w io.Writer) {
			rows := make([][]string, len(roles.Items))
			for n, r := range roles.Items {
				rows[n] = []string{r.Name, strconv.FormatInt(r.Rank, 10), yesIf(r.BuiltIn), list(r.Scopes), r.Description}
			}
			writeTable(w, []string{"ROLE", "RANK", "BUILT IN", "SCOPES", "DESCRIPTION"}, rows)
		})
	})
}

func newRoleDelete(p *process) *cobra.Command {
	s := newSettings()
	var release bool
	c := &cobra.Command{Use: "delete ROLE", Short: "Delete a role that nobody holds", Args: names("ROLE"), Example: "  signet role delete editor --release-scopes"}
	addRelease(c.Flags(), &release)
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, args []string) error {
		if err := o.issuer.DeleteRole(ctx, args[0], release, o.source); err != nil {
			return hintUnknown(err, "signet role list shows them")
		}
		o.say("deleted the role %s", args[0])
		return nil
	})
}
