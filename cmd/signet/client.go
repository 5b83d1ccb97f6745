package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/issuer"
)

func newClient(p *process) *cobra.Command {
	return group("client", "Manage clients: programs that ask for tokens, and APIs that introspect them",
		newClientCreate(p), newClientList(p), newClientShow(p), newClientUpdate(p), newClientDelete(p), newClientRotateSecret(p))
}

// registration is the flags that say what a client may do.
type registration struct {
	name                                  string
	grants, scopes                        []string
	audiences, resources, origins         []string
	idTokenOnRefresh, disabled, passwords bool
}

func (r *registration) add(f *pflag.FlagSet) {
	f.StringVar(&r.name, "name", "", "`NAME` for people")
	f.StringSliceVar(&r.grants, "grant", nil, "`GRANT` it may use, several times: password, refresh_token, client_credentials")
	f.StringArrayVar(&r.scopes, "scope", nil, "`SCOPES` it may ask for, separated by spaces, or several flags")
	f.StringArrayVar(&r.audiences, "audience", nil, "`URI` of an API that its tokens are for, several times; none means the issuer itself")
	f.StringArrayVar(&r.resources, "resource", nil, "`URI` of an API that it is: it may introspect tokens addressed to that, several times")
	f.StringArrayVar(&r.origins, "origin", nil, "browser `ORIGIN` that may call the token endpoint, such as https://app.example.com, several times")
	f.BoolVar(&r.idTokenOnRefresh, "id-token-on-refresh", false, "a refresh brings an ID token too, for a second signature each time")
	f.BoolVar(&r.passwords, "insecure-public-password", false, "allow a public client the password grant: anybody can then guess passwords in its name")
}

// change is what the flags say, as far as they were given.
func (r *registration) change(c *cobra.Command) issuer.ClientChange {
	scopes := words(r.scopes)
	return issuer.ClientChange{
		Name: changed(c, "name", &r.name), Grants: changed(c, "grant", &r.grants), Scopes: changed(c, "scope", &scopes),
		Audiences: changed(c, "audience", &r.audiences), Resources: changed(c, "resource", &r.resources), Origins: changed(c, "origin", &r.origins),
		IDTokenOnRefresh: changed(c, "id-token-on-refresh", &r.idTokenOnRefresh), Disabled: changed(c, "disabled", &r.disabled),
		InsecurePublicPassword: r.passwords,
	}
}

func newClientCreate(p *process) *cobra.Command {
	s := newSettings()
	var r registration
	var secret secretSource
	var public bool
	c := &cobra.Command{
		Use: "create CLIENT", Short: "Create a client", Args: names("CLIENT"),
		Long: "Create a client. Unless it is --public it gets a secret, drawn here and shown once.",
		Example: "  signet client create web --grant password --grant refresh_token --scope \"openid items:read items:write\" \\\n" +
			"      --audience https://api.example.com\n" +
			"  signet client create items-api --resource https://api.example.com",
	}
	r.add(c.Flags())
	c.Flags().BoolVar(&public, "public", false, "a program that can keep no secret, such as a browser or phone app")
	secret.add(c.Flags(), "secret")
	s.addIssuer(c.Flags())
	s.addHashing(c.Flags())
	s.addOutput(c.Flags())
	return p.admin(c, s, mayBegin, func(ctx context.Context, o *office, args []string) error {
		n := issuer.NewClient{ID: args[0], Public: public, InsecurePublicPassword: r.passwords, Settings: r.change(c)}
		var err error
		if secret.given() {
			if n.Secret, err = secret.read(o.process); err != nil {
				return err
			}
		}
		made, err := o.issuer.CreateClient(ctx, n, o.source)
		if err != nil {
			return fmt.Errorf("create client: %w", err)
		}
		return o.answer(made, func(w io.Writer) {
			writeClient(w, made)
			writeSnippets(w, s.issuer, made)
		})
	})
}

func writeClient(w io.Writer, c issuer.Client) {
	writeFields(w, "client id", c.ID, "client secret", c.Secret, "name", c.Name, "public", yesIf(c.Public), "grants", list(c.Grants),
		"scope", c.Scope, "audiences", list(c.Audiences), "resources", list(c.Resources), "origins", list(c.Origins),
		"ID token on refresh", yesIf(c.IDTokenOnRefresh), "disabled", yesIf(c.Disabled), "old secret works until", momentOf(c.OldSecretUntil), "created", moment(c.CreatedAt), "updated", moment(c.UpdatedAt))
	if c.Secret != "" {
		fmt.Fprintln(w, "\nThe secret is shown this once and cannot be read again: keep it now.")
	}
}

// newClientTask is a command on one client that answers with what became of it.
func newClientTask(p *process, c *cobra.Command, s *settings, change func(ctx context.Context, o *office, id string) (issuer.Client, error)) *cobra.Command {
	c.Use += " CLIENT"
	c.Args = names("CLIENT")
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, args []string) error {
		client, err := change(ctx, o, args[0])
		if err != nil {
			return hintUnknown(err, "signet client list shows them")
		}
		return o.answer(client, func(w io.Writer) { writeClient(w, client) })
	})
}

func newClientShow(p *process) *cobra.Command {
	c := &cobra.Command{Use: "show", Short: "Show a client", Example: "  signet client show web"}
	return newClientTask(p, c, newSettings(), func(ctx context.Context, o *office, id string) (issuer.Client, error) {
		return o.issuer.FindClient(ctx, id)
	})
}

func newClientUpdate(p *process) *cobra.Command {
	var r registration
	c := &cobra.Command{
		Use: "update", Short: "Change a client",
		Long:    "Change what the flags name, and nothing else. A list that is given replaces the one before.",
		Example: "  signet client update web --scope \"openid items:read\"\n  signet client update web --disabled=true",
	}
	r.add(c.Flags())
	c.Flags().BoolVar(&r.disabled, "disabled", false, "shut it out, its sessions end; --disabled=false lets it in again")
	return newClientTask(p, c, newSettings(), func(ctx context.Context, o *office, id string) (issuer.Client, error) {
		change := r.change(c)
		if change == (issuer.ClientChange{InsecurePublicPassword: r.passwords}) {
			return issuer.Client{}, usage("nothing to change: see %s --help", c.CommandPath())
		}
		return o.issuer.UpdateClient(ctx, id, change, o.source)
	})
}

func newClientRotateSecret(p *process) *cobra.Command {
	s := newSettings()
	var secret secretSource
	var r issuer.SecretRotation
	c := &cobra.Command{
		Use: "rotate-secret", Short: "Give a client a new secret",
		Long: "Give a client a new secret. The old one stops working within --keyring-refresh, or works too for --overlap,\n" +
			"so that every place that has it can be changed in peace. With --revoke it is taken for stolen: the client's\n" +
			"sessions end as well.",
		Example: "  signet client rotate-secret web --overlap 24h\n  signet client rotate-secret web --revoke",
	}
	secret.add(c.Flags(), "secret")
	c.Flags().DurationVar(&r.Overlap, "overlap", 0, "how long the old secret works too, up to 720h")
	c.Flags().BoolVar(&r.Revoke, "revoke", false, "end the client's sessions too: the old secret is in wrong hands")
	s.addHashing(c.Flags())
	return newClientTask(p, c, s, func(ctx context.Context, o *office, id string) (issuer.Client, error) {
		var err error
		if secret.given() {
			if r.Secret, err = secret.read(o.process); err != nil {
				return issuer.Client{}, err
			}
		}
		return o.issuer.RotateClientSecret(ctx, id, r, o.source)
	})
}

func newClientList(p *process) *cobra.Command {
	s := newSettings()
	var pages paging
	c := &cobra.Command{Use: "list", Short: "List clients", Args: names(), Example: "  signet client list --output json"}
	pages.add(c.Flags())
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, _ []string) error {
		page, err := pages.page()
		if err != nil {
			return err
		}
		clients, err := o.issuer.ListClients(ctx, page)
		if err != nil {
			return fmt.Errorf("list clients: %w", err)
		}
		defer o.more(clients.Next)
		return o.answer(clients, func(w io.Writer) {
			rows := make([][]string, len(clients.Items))
			for n, c := range clients.Items {
				rows[n] = []string{c.ID, yesIf(c.Public), list(c.Grants), c.Scope, list(append(c.Audiences, c.Resources...)), yesIf(c.Disabled)}
			}
			writeTable(w, []string{"CLIENT", "PUBLIC", "GRANTS", "SCOPE", "AUDIENCES, RESOURCES", "DISABLED"}, rows)
		})
	})
}

func newClientDelete(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{Use: "delete CLIENT", Short: "Delete a client; its sessions end", Args: names("CLIENT"), Example: "  signet client delete web"}
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, args []string) error {
		if err := o.issuer.DeleteClient(ctx, args[0], o.source); err != nil {
			return hintUnknown(err, "signet client list shows them")
		}
		o.say("deleted the client %s", args[0])
		return nil
	})
}
