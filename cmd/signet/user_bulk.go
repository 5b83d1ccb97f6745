package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

func newUserBulk(p *process) *cobra.Command {
	s := newSettings()
	var b bulkFlags
	c := &cobra.Command{
		Use: "bulk ACTION", Short: "Disable, enable or sign out many users, give them a role or take it", Args: exactArgs("ACTION"),
		Long: "Change the users that --user names, or else those that the filters select. ACTION is disable, enable, end-sessions,\n" +
			"add-role or take-role. Each user is changed by a step of its own; who cannot be changed is reported, and does not\n" +
			"keep the others from it. It can be stopped and repeated: who is so already is left alone.",
		Example: "  signet user bulk disable --prefix contractor- --yes\n  signet user bulk add-role --change-role editor --user alice --user bob\n  signet user bulk end-sessions --role editor",
	}
	c.Flags().StringArrayVar(&b.users, "user", nil, "`USER` to change, several times: a username, an e-mail or an id")
	c.Flags().StringVar(&b.change.Role, "change-role", "", "`ROLE` that add-role gives and take-role takes")
	c.Flags().StringVar(&b.query.Prefix, "prefix", "", "those whose username or e-mail begins with `TEXT`")
	c.Flags().StringVar(&b.query.Role, "role", "", "holders of `ROLE`")
	c.Flags().BoolVar(&b.disabled, "disabled", false, "disabled users; --disabled=false: the others")
	c.Flags().BoolVar(&b.mustChange, "must-change-password", false, "those who must choose a new password; --must-change-password=false: the others")
	c.Flags().BoolVar(&b.everybody, "everybody", false, "all users")
	b.confirm.add(c.Flags())
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		b.query.Disabled, b.query.MustChangePassword = changed(c, "disabled", &b.disabled), changed(c, "must-change-password", &b.mustChange)
		return b.run(ctx, ac, args[0])
	})
}

// bulkFlags say what is done to whom.
type bulkFlags struct {
	change     admin.BulkChange
	users      []string
	query      admin.UserQuery
	disabled   bool
	mustChange bool
	everybody  bool
	confirm    confirmation
}

// check returns what is wrong with the flags.
func (b *bulkFlags) check(action string) error {
	b.change.Action = admin.BulkAction(strings.ReplaceAll(action, "-", "_"))
	filtered := b.query != admin.UserQuery{}
	named := []bool{len(b.users) > 0, filtered, b.everybody}
	switch {
	case !slices.Contains(admin.BulkActions(), b.change.Action):
		return usageErrorf("%q is no action: there are disable, enable, end-sessions, add-role and take-role", action)
	case len(slices.DeleteFunc(named, func(is bool) bool { return !is })) != 1:
		return usageErrorf("give --user, or filters, or --everybody")
	}
	return nil
}

var errSomeFailed = errors.New("some users could not be changed")

func (b *bulkFlags) run(ctx context.Context, ac *adminContext, action string) error {
	if err := b.check(action); err != nil {
		return err
	}
	var ids []string
	for _, ref := range b.users {
		u, err := ac.admin.Users().Find(ctx, ref)
		if err != nil {
			return hintNotFound(err, ref, "signet user list shows them; USER is a username, an e-mail or an id")
		}
		ids = append(ids, u.ID)
	}
	if err := b.confirm.ask(ac.process, fmt.Sprintf("%s: do it to all users who are selected?", action)); err != nil {
		return err
	}
	all, err := b.perform(ctx, ac, ids)
	if printed := ac.printResult(all, func(w io.Writer) { writeBulk(w, all) }); err == nil {
		err = printed
	}
	if err == nil && slices.ContainsFunc(all.Results, func(r admin.BulkResult) bool { return r.Outcome == admin.BulkFailed }) {
		err = errSomeFailed
	}
	return err
}

// perform changes page after page, and returns the report as far as it has come.
func (b *bulkFlags) perform(ctx context.Context, ac *adminContext, ids []string) (all admin.BulkReport, err error) {
	all.Results = []admin.BulkResult{}
	for p := (storage.Page{Limit: admin.MaxBulk}); ; {
		var one admin.BulkReport
		if len(b.users) > 0 {
			part := ids[:min(len(ids), admin.MaxBulk)]
			one, err = ac.admin.Users().ChangeEach(ctx, b.change, part)
			ids = ids[len(part):]
		} else {
			one, err = ac.admin.Users().ChangeSelected(ctx, b.change, b.query, p)
		}
		all.Results = append(all.Results, one.Results...)
		if p.After = one.Next; err != nil || len(ids) == 0 && p.After == "" {
			return all, err
		}
		ac.messagef("%d users so far", len(all.Results))
	}
}

func writeBulk(w io.Writer, all admin.BulkReport) {
	rows := make([][]string, len(all.Results))
	for n, r := range all.Results {
		rows[n] = []string{r.ID, r.Username, string(r.Outcome), r.Detail}
	}
	writeTable(w, []string{"ID", "USERNAME", "OUTCOME", "WHY"}, rows)
}
