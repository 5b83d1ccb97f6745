package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

func newUser(p *process) *cobra.Command {
	return group("user", "Manage users",
		newUserCreate(p), newUserList(p), newUserShow(p), newUserUpdate(p), newUserDisable(p), newUserEnable(p),
		newUserDelete(p), newUserSetPassword(p), newUserImport(p), newUserExport(p))
}

// profile is the flags that say who a user is.
type profile struct {
	username, email, fullName, phone string
	roles                            []string
}

func (u *profile) add(f *pflag.FlagSet) {
	f.StringVar(&u.email, "email", "", "e-mail `ADDRESS`, good for logging in too")
	f.StringVar(&u.fullName, "full-name", "", "full `NAME`")
	f.StringVar(&u.phone, "phone", "", "phone `NUMBER`")
	f.StringSliceVar(&u.roles, "role", nil, "`ROLE`, may be given several times")
}

func newUserCreate(p *process) *cobra.Command {
	s := newSettings()
	var who profile
	var secret secretSource
	var without, disabled bool
	c := &cobra.Command{
		Use: "create USERNAME", Short: "Create a user", Args: names("USERNAME"),
		Long:    "Create a user. Without --password-stdin or --password-file the password is asked for at the terminal.",
		Example: "  signet user create alice --email alice@example.com --role admin\n  openssl rand -base64 18 | signet user create alice --password-stdin",
	}
	who.add(c.Flags())
	secret.add(c.Flags(), "password")
	c.Flags().BoolVar(&without, "no-password", false, "set no password: nobody can log in until signet user set-password")
	c.Flags().BoolVar(&disabled, "disabled", false, "shut out until signet user enable")
	s.addHashing(c.Flags())
	s.addOutput(c.Flags())
	return p.admin(c, s, mayBegin, func(ctx context.Context, o *office, args []string) error {
		n := issuer.NewUser{Username: args[0], Email: who.email, FullName: who.fullName, Phone: who.phone, Roles: who.roles, Disabled: disabled}
		var err error
		if without && secret.given() {
			return usage("--no-password contradicts --password-stdin and --password-file")
		}
		if !without {
			if n.Password, err = secret.readOrAsk(o.process); err != nil {
				return err
			}
		}
		u, err := o.issuer.CreateUser(ctx, n, o.source)
		if err != nil {
			return fmt.Errorf("create user: %w", err)
		}
		return o.answerUser(u)
	})
}

func newUserList(p *process) *cobra.Command {
	s := newSettings()
	var pages paging
	var filter storage.UserFilter
	c := &cobra.Command{
		Use: "list", Short: "List users", Args: names(),
		Example: "  signet user list --role admin\n  signet user list --prefix ali --output json",
	}
	c.Flags().StringVar(&filter.Prefix, "prefix", "", "only those whose username or e-mail begins with `TEXT`")
	c.Flags().StringVar(&filter.Role, "role", "", "only holders of `ROLE`")
	pages.add(c.Flags())
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, _ []string) error {
		page, err := pages.page()
		if err != nil {
			return err
		}
		users, err := o.issuer.ListUsers(ctx, filter, page)
		if err != nil {
			return fmt.Errorf("list users: %w", err)
		}
		defer o.more(users.Next)
		return o.answer(users, func(w io.Writer) { writeUsers(w, users.Items) })
	})
}

func writeUsers(w io.Writer, users []issuer.User) {
	rows := make([][]string, len(users))
	for n, u := range users {
		rows[n] = []string{u.ID, u.Username, u.Email, list(u.Roles), yesIf(u.Disabled), moment(u.CreatedAt)}
	}
	writeTable(w, []string{"ID", "USERNAME", "EMAIL", "ROLES", "DISABLED", "CREATED"}, rows)
}

// answerUser prints one user.
func (o *office) answerUser(u issuer.User) error {
	return o.answer(u, func(w io.Writer) {
		writeFields(w, "id", u.ID, "username", u.Username, "email", u.Email, "full name", u.FullName, "phone", u.Phone,
			"roles", list(u.Roles), "disabled", yesIf(u.Disabled), "created", moment(u.CreatedAt), "updated", moment(u.UpdatedAt))
	})
}

// newUserTask is a command on one user that answers with what became of them.
func newUserTask(p *process, c *cobra.Command, s *settings, change func(ctx context.Context, o *office, ref string) (issuer.User, error)) *cobra.Command {
	c.Use += " USER"
	c.Args = names("USER")
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, args []string) error {
		u, err := change(ctx, o, args[0])
		if err != nil {
			return hintUnknown(err, "signet user list shows them; USER is a username, an e-mail or an id")
		}
		return o.answerUser(u)
	})
}

func newUserShow(p *process) *cobra.Command {
	c := &cobra.Command{Use: "show", Short: "Show a user", Example: "  signet user show alice\n  signet user show alice@example.com --output json"}
	return newUserTask(p, c, newSettings(), func(ctx context.Context, o *office, ref string) (issuer.User, error) {
		return o.issuer.FindUser(ctx, ref)
	})
}

func newUserDisable(p *process) *cobra.Command {
	var sure insistence
	c := &cobra.Command{Use: "disable", Short: "Shut a user out; their sessions end", Example: "  signet user disable alice"}
	sure.add(c.Flags())
	return newUserTask(p, c, newSettings(), func(ctx context.Context, o *office, ref string) (issuer.User, error) {
		return o.issuer.DisableUser(ctx, ref, sure.source(o))
	})
}

func newUserEnable(p *process) *cobra.Command {
	c := &cobra.Command{Use: "enable", Short: "Let a user in again; ended sessions stay ended", Example: "  signet user enable alice"}
	return newUserTask(p, c, newSettings(), func(ctx context.Context, o *office, ref string) (issuer.User, error) {
		return o.issuer.EnableUser(ctx, ref, o.source)
	})
}

func newUserSetPassword(p *process) *cobra.Command {
	s := newSettings()
	var secret secretSource
	c := &cobra.Command{
		Use: "set-password", Short: "Set a user's password; their sessions end",
		Example: "  signet user set-password alice\n  signet user set-password alice --password-file new-password.txt",
	}
	secret.add(c.Flags(), "password")
	s.addHashing(c.Flags())
	return newUserTask(p, c, s, func(ctx context.Context, o *office, ref string) (issuer.User, error) {
		pw, err := secret.readOrAsk(o.process)
		if err != nil {
			return issuer.User{}, err
		}
		return o.issuer.SetPassword(ctx, ref, pw, o.source)
	})
}

func newUserUpdate(p *process) *cobra.Command {
	var who profile
	var sure insistence
	c := &cobra.Command{
		Use: "update", Short: "Change a user",
		Long:    "Change what the flags name, and nothing else. --role sets the roles anew; an empty value takes a field away.",
		Example: "  signet user update alice --role user --role editor\n  signet user update alice --email \"\"",
	}
	who.add(c.Flags())
	c.Flags().StringVar(&who.username, "username", "", "new `NAME` to log in with; the id stays")
	sure.add(c.Flags())
	return newUserTask(p, c, newSettings(), func(ctx context.Context, o *office, ref string) (issuer.User, error) {
		change := issuer.UserChange{
			Username: changed(c, "username", &who.username), Email: changed(c, "email", &who.email), FullName: changed(c, "full-name", &who.fullName),
			Phone: changed(c, "phone", &who.phone), Roles: changed(c, "role", &who.roles),
		}
		if change == (issuer.UserChange{}) {
			return issuer.User{}, usage("nothing to change: see %s --help", c.CommandPath())
		}
		return o.issuer.UpdateUser(ctx, ref, change, sure.source(o))
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
	var sure consent
	var even insistence
	c := &cobra.Command{
		Use: "delete USER", Short: "Delete a user for ever; their sessions end", Args: names("USER"),
		Example: "  signet user delete alice\n  signet user delete alice --yes",
	}
	sure.add(c.Flags())
	even.add(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, args []string) error {
		u, err := o.issuer.FindUser(ctx, args[0])
		if err != nil {
			return hintUnknown(err, "signet user list shows them")
		}
		if err := sure.ask(o.process, fmt.Sprintf("Delete the user %s (%s) for ever?", u.Username, u.ID)); err != nil {
			return err
		}
		if err := o.issuer.DeleteUser(ctx, u.ID, even.source(o)); err != nil {
			return fmt.Errorf("delete user: %w", err)
		}
		o.say("deleted the user %s", u.Username)
		return nil
	})
}
