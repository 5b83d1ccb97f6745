package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/issuer/admin"
)

func newUser(p *process) *cobra.Command {
	return commandGroup("user", "Manage users",
		newUserCreate(p), newUserList(p), newUserShow(p), newUserUpdate(p), newUserDisable(p), newUserEnable(p), newUserUnlock(p), newUserDiagnose(p), newUserBulk(p),
		newUserDelete(p), newUserSetPassword(p), newUserInvite(p), newUserResetLink(p), newUserImport(p), newUserExport(p),
		newUserFactors(p), newUserResetFactors(p), newUserDemandFactor(p), newUserLinks(p), newUserUnlink(p),
		newUserBrowsers(p), newUserEndBrowsers(p), newUserConsents(p), newUserWithdrawConsent(p))
}

// userFlags are the flags that describe a user.
type userFlags struct {
	username, email, fullName, phone string
	verified, mustChange             bool
	roles                            []string
	attributes                       []string
}

func (u *userFlags) add(f *pflag.FlagSet) {
	f.StringVar(&u.email, "email", "", "e-mail `ADDRESS`, good for logging in too")
	f.BoolVar(&u.verified, "email-verified", false, "the e-mail address is known to be the user's; --email-verified=false takes it back")
	f.BoolVar(&u.mustChange, "must-change-password", false, "the next sign-in in a browser leads to a new password first, and the password grant is refused")
	f.StringVar(&u.fullName, "full-name", "", "full `NAME`")
	f.StringVar(&u.phone, "phone", "", "phone `NUMBER`")
	f.StringSliceVar(&u.roles, "role", nil, "`ROLE`, may be given several times")
	f.StringArrayVar(&u.attributes, "attribute", nil, "`NAME=VALUE` of an attribute, several times; a list is separated by commas, an empty value removes it")
}

func newUserCreate(p *process) *cobra.Command {
	s := newSettings()
	var flags userFlags
	var secret secretInput
	var noPassword, disabled bool
	c := &cobra.Command{
		Use: "create USERNAME", Short: "Create a user", Args: exactArgs("USERNAME"),
		Long:    "Create a user. Without --password-stdin or --password-file the password is asked for at the terminal.",
		Example: "  signet user create alice --email alice@example.com --role admin\n  openssl rand -base64 18 | signet user create alice --password-stdin",
	}
	flags.add(c.Flags())
	secret.add(c.Flags(), "password")
	c.Flags().BoolVar(&noPassword, "no-password", false, "set no password: nobody can log in until signet user set-password")
	c.Flags().BoolVar(&disabled, "disabled", false, "shut out until signet user enable")
	s.offer(c.Flags(), &s.hashSettings, &s.outputSettings)
	return p.withAdmin(c, s, createIfMissing, func(ctx context.Context, ac *adminContext, args []string) error {
		n := admin.NewUser{Username: args[0], Email: flags.email, EmailVerified: flags.verified, FullName: flags.fullName, Phone: flags.phone, Roles: flags.roles, Disabled: disabled, MustChangePassword: flags.mustChange}
		var err error
		if n.Attributes, err = parseAttributes(flags.attributes); err != nil {
			return err
		}
		if noPassword && secret.isSet() {
			return usageErrorf("--no-password contradicts --password-stdin and --password-file")
		}
		if !noPassword {
			if n.Password, err = secret.readOrPrompt(ac.process); err != nil {
				return err
			}
		}
		u, err := ac.admin.Users().Create(ctx, n)
		if err != nil {
			return fmt.Errorf("create user: %w", ac.nameMissingRole(ctx, err, flags.roles))
		}
		return ac.printUser(u)
	})
}

func newUserList(p *process) *cobra.Command {
	s := newSettings()
	var pages pageFlags
	var query admin.UserQuery
	var disabled, mustChange bool
	var columns []string
	c := &cobra.Command{
		Use: "list", Short: "List users", Args: exactArgs(),
		Example: "  signet user list --role admin\n  signet user list --prefix ali --output json\n  signet user list --disabled --sort -created_at\n  signet user list --show-attribute department",
	}
	c.Flags().StringVar(&query.Prefix, "prefix", "", "only those whose username or e-mail begins with `TEXT`")
	c.Flags().StringVar(&query.Role, "role", "", "only holders of `ROLE`")
	c.Flags().BoolVar(&disabled, "disabled", false, "only disabled users; --disabled=false: only the others")
	c.Flags().BoolVar(&mustChange, "must-change-password", false, "only those who must choose a new password; --must-change-password=false: only the others")
	c.Flags().StringVar(&query.Sort, "sort", "", "`ORDER`: created_at or username, with a - before it the other way round (default created_at, with --prefix username)")
	c.Flags().StringArrayVar(&columns, "show-attribute", nil, "`NAME` of an attribute that gets a column, several times; --output json shows all")
	pages.add(c.Flags())
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, _ []string) error {
		page, err := pages.page()
		if err == nil {
			err = ac.checkAttributes(ctx, columns)
		}
		if err != nil {
			return err
		}
		query.Disabled, query.MustChangePassword = changed(c, "disabled", &disabled), changed(c, "must-change-password", &mustChange)
		users, err := ac.admin.Users().List(ctx, query, page)
		if err != nil {
			return listError(c, "users", err)
		}
		defer ac.printNextPage(users.Next)
		return ac.printResult(users, func(w io.Writer) { writeUsers(w, users.Items, columns) })
	})
}

// writeUsers writes a table of users, with a column for each of the attributes.
func writeUsers(w io.Writer, users []admin.User, attributes []string) {
	rows := make([][]string, len(users))
	for n, u := range users {
		rows[n] = []string{u.ID, u.Username, u.Email, joinWords(u.Roles), formatBool(u.Disabled), formatTime(u.CreatedAt)}
		for _, name := range attributes {
			rows[n] = append(rows[n], formatAttribute(u.Attributes[name]))
		}
	}
	writeTable(w, append([]string{"ID", "USERNAME", "EMAIL", "ROLES", "DISABLED", "CREATED"}, attributes...), rows)
}

// printUser prints one user.
func (ac *adminContext) printUser(u admin.User) error {
	return ac.printResult(u, func(w io.Writer) {
		fields := []string{
			"id", u.ID, "username", u.Username, "email", u.Email, "email verified", formatVerified(u), "full name", u.FullName, "phone", u.Phone,
			"roles", joinWords(u.Roles), "disabled", formatBool(u.Disabled), "must change password", formatBool(u.MustChangePassword), "created", formatTime(u.CreatedAt), "updated", formatTime(u.UpdatedAt),
		}
		for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
			fields = append(fields, "attribute "+name, formatAttribute(u.Attributes[name]))
		}
		writeFields(w, fields...)
		for _, lock := range u.Throttled {
			from := "networks from which the user has not logged in before"
			if lock.By == "network" {
				from = "one network or client"
			}
			fmt.Fprintf(w, "logins from %s are refused until %s\n", from, formatTime(lock.Until))
		}
	})
}

// formatAttribute shows a value as --attribute takes it, "" for none.
func formatAttribute(value any) string {
	if value == nil {
		return ""
	}
	if list, is := value.([]any); is {
		texts := make([]string, len(list))
		for n, one := range list {
			texts[n] = fmt.Sprint(one)
		}
		return strings.Join(texts, ", ")
	}
	return fmt.Sprint(value)
}

// formatVerified says yes or no of an e-mail address, and nothing where there is none.
func formatVerified(u admin.User) string {
	switch {
	case u.Email == "":
		return ""
	case u.EmailVerified:
		return "yes"
	}
	return "no"
}

// newUserCommand builds a command on one user that prints the user afterwards.
func newUserCommand(p *process, c *cobra.Command, s *settings, change func(ctx context.Context, ac *adminContext, id string) (admin.User, error)) *cobra.Command {
	c.Use += " USER"
	c.Args = exactArgs("USER")
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		u, err := ac.admin.Users().Find(ctx, args[0])
		if err == nil {
			u, err = change(ctx, ac, u.ID)
		}
		if err != nil {
			return hintNotFound(err, args[0], "signet user list shows them; USER is a username, an e-mail or an id")
		}
		return ac.printUser(u)
	})
}

func newUserShow(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{Use: "show", Short: "Show a user, and whether logins are refused", Example: "  signet user show alice\n  signet user show alice@example.com --output json"}
	s.offer(c.Flags(), &s.throttleSettings)
	return newUserCommand(p, c, s, func(ctx context.Context, ac *adminContext, id string) (admin.User, error) {
		return ac.admin.Users().Show(ctx, id)
	})
}

func newUserDisable(p *process) *cobra.Command {
	var force forceFlag
	c := &cobra.Command{Use: "disable", Short: "Disable a user: logins are refused, and their sessions end", Example: "  signet user disable alice"}
	force.add(c.Flags())
	return newUserCommand(p, c, newSettings(), func(ctx context.Context, ac *adminContext, id string) (admin.User, error) {
		return force.admin(ac).Users().Disable(ctx, id)
	})
}

func newUserEnable(p *process) *cobra.Command {
	c := &cobra.Command{Use: "enable", Short: "Enable a user again; ended sessions stay ended", Example: "  signet user enable alice"}
	return newUserCommand(p, c, newSettings(), func(ctx context.Context, ac *adminContext, id string) (admin.User, error) {
		return ac.admin.Users().Enable(ctx, id)
	})
}

func newUserUnlock(p *process) *cobra.Command {
	c := &cobra.Command{Use: "unlock", Short: "Reset the count of a user's failed logins", Example: "  signet user unlock alice"}
	return newUserCommand(p, c, newSettings(), func(ctx context.Context, ac *adminContext, id string) (admin.User, error) {
		return ac.admin.Users().Unlock(ctx, id)
	})
}

func newUserSetPassword(p *process) *cobra.Command {
	s := newSettings()
	var secret secretInput
	var mustChange bool
	c := &cobra.Command{
		Use: "set-password", Short: "Set a user's password; their sessions end",
		Example: "  signet user set-password alice --must-change-password\n  signet user set-password alice --password-file new-password.txt",
	}
	secret.add(c.Flags(), "password")
	c.Flags().BoolVar(&mustChange, "must-change-password", false, "the user must choose another one at the next sign-in in a browser; --must-change-password=false takes that back")
	s.offer(c.Flags(), &s.hashSettings)
	return newUserCommand(p, c, s, func(ctx context.Context, ac *adminContext, id string) (admin.User, error) {
		pw, err := secret.readOrPrompt(ac.process)
		if err != nil {
			return admin.User{}, err
		}
		return ac.admin.Users().SetPassword(ctx, id, admin.NewPassword{Password: pw, MustChange: changed(c, "must-change-password", &mustChange)})
	})
}

func newUserUpdate(p *process) *cobra.Command {
	var flags userFlags
	var force forceFlag
	c := &cobra.Command{
		Use: "update", Short: "Change a user",
		Long: "Change what the flags name, and nothing else. --role sets the roles anew; an empty value takes a field away.\n" +
			"A new e-mail address is unverified, unless --email-verified comes with it. A username with an @ must be the user's\n" +
			"own e-mail address.",
		Example: "  signet user update alice --role user --role editor\n  signet user update alice --email \"\"\n  signet user update alice --email-verified",
	}
	flags.add(c.Flags())
	c.Flags().StringVar(&flags.username, "username", "", "new `NAME` to log in with; the id stays")
	force.add(c.Flags())
	return newUserCommand(p, c, newSettings(), func(ctx context.Context, ac *adminContext, id string) (admin.User, error) {
		change := admin.UserChange{
			Username: changed(c, "username", &flags.username), Email: changed(c, "email", &flags.email), FullName: changed(c, "full-name", &flags.fullName),
			Phone: changed(c, "phone", &flags.phone), Roles: changed(c, "role", &flags.roles),
			EmailVerified: changed(c, "email-verified", &flags.verified), MustChangePassword: changed(c, "must-change-password", &flags.mustChange),
		}
		if len(flags.attributes) > 0 {
			attributes, err := parseAttributes(flags.attributes)
			if err != nil {
				return admin.User{}, err
			}
			change.Attributes = &attributes
		}
		if change == (admin.UserChange{}) {
			return admin.User{}, usageErrorf("nothing to change: see %s --help", c.CommandPath())
		}
		u, err := force.admin(ac).Users().Update(ctx, id, change)
		return u, ac.nameMissingRole(ctx, err, flags.roles)
	})
}

// changed is the flag's value if it was given, else nil.
func changed[T any](c *cobra.Command, flag string, value *T) *T {
	if c.Flags().Changed(flag) {
		return value
	}
	return nil
}

func newUserDelete(p *process) *cobra.Command {
	s := newSettings()
	var confirm confirmation
	var force forceFlag
	c := &cobra.Command{
		Use: "delete USER", Short: "Delete a user for ever; their sessions end", Args: exactArgs("USER"),
		Example: "  signet user delete alice\n  signet user delete alice --yes",
	}
	confirm.add(c.Flags())
	force.add(c.Flags())
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		u, err := ac.admin.Users().Find(ctx, args[0])
		if err != nil {
			return hintNotFound(err, args[0], "signet user list shows them")
		}
		if err := confirm.ask(ac.process, fmt.Sprintf("Delete the user %s (%s) for ever?", u.Username, u.ID)); err != nil {
			return err
		}
		if err := force.admin(ac).Users().Delete(ctx, u.ID); err != nil {
			return fmt.Errorf("delete user: %w", err)
		}
		ac.messagef("deleted the user %s", u.Username)
		return nil
	})
}
