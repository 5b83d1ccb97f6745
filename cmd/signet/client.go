package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

func newClient(p *process) *cobra.Command {
	return commandGroup("client", "Manage clients: programs that ask for tokens, and APIs that introspect them",
		newClientCreate(p), newClientList(p), newClientShow(p), newClientUpdate(p), newClientDelete(p), newClientRotateSecret(p))
}

// clientFlags are the flags that describe a client.
type clientFlags struct {
	name                                                 string
	grants, scopes                                       []string
	audiences, resources, origins                        []string
	idTokenOnRefresh, trustClientIP, disabled, passwords bool
}

func (r *clientFlags) add(f *pflag.FlagSet) {
	f.StringVar(&r.name, "name", "", "`NAME` for people")
	f.StringSliceVar(&r.grants, "grant", nil, "`GRANT` it may use, several times: password, refresh_token, client_credentials")
	f.StringArrayVar(&r.scopes, "scope", nil, "`SCOPES` it may ask for, separated by spaces, or several flags")
	f.StringArrayVar(&r.audiences, "audience", nil, "`URI` of an API that its tokens are for, several times; none means the issuer itself")
	f.StringArrayVar(&r.resources, "resource", nil, "`URI` of an API that it is: it may introspect tokens addressed to that, several times")
	f.StringArrayVar(&r.origins, "origin", nil, "browser `ORIGIN` that may call the token endpoint, such as https://app.example.com, several times")
	f.BoolVar(&r.idTokenOnRefresh, "id-token-on-refresh", false, "a refresh brings an ID token too, for a second signature each time")
	f.BoolVar(&r.trustClientIP, "trust-client-ip", false, "the client names its users' addresses in the header Signet-Client-IP, for throttling and the audit log")
	f.BoolVar(&r.passwords, "insecure-public-password", false, "allow a public client the password grant: anybody can then guess passwords in its name")
}

// checkGrants refuses a grant that the token endpoint does not know.
func (r *clientFlags) checkGrants() error {
	for _, name := range r.grants {
		switch meant := nearest(name, issuer.GrantTypes()); {
		case issuer.KnownGrant(name):
		case meant != "":
			return usageErrorf("--grant: there is no grant %q: did you mean %s?", name, meant)
		default:
			return usageErrorf("--grant: there is no grant %q: the grants are %s", name, strings.Join(issuer.GrantTypes(), ", "))
		}
	}
	return nil
}

// change returns the fields whose flags were given.
func (r *clientFlags) change(c *cobra.Command) admin.ClientChange {
	scopes := splitWords(r.scopes)
	return admin.ClientChange{
		Name: changed(c, "name", &r.name), Grants: changed(c, "grant", &r.grants), Scopes: changed(c, "scope", &scopes),
		Audiences: changed(c, "audience", &r.audiences), Resources: changed(c, "resource", &r.resources), Origins: changed(c, "origin", &r.origins),
		IDTokenOnRefresh: changed(c, "id-token-on-refresh", &r.idTokenOnRefresh), TrustClientIP: changed(c, "trust-client-ip", &r.trustClientIP),
		Disabled:               changed(c, "disabled", &r.disabled),
		InsecurePublicPassword: r.passwords,
	}
}

func newClientCreate(p *process) *cobra.Command {
	s := newSettings()
	var r clientFlags
	var secret secretInput
	var public bool
	c := &cobra.Command{
		Use: "create CLIENT", Short: "Create a client", Args: exactArgs("CLIENT"),
		Long: "Create a client. Unless it is --public it gets a secret, generated here and shown once.\n" +
			"Signet's own API is open to a client only where its --scope names it: signet:account for /me, signet:admin for the\n" +
			"admin API, which a public client never has. Tokens for that API are addressed to the issuer alone.",
		Example: "  signet client create web --grant password --grant refresh_token --scope \"openid items:read items:write\" \\\n" +
			"      --audience https://api.example.com\n" +
			"  signet client create items-api --resource https://api.example.com\n" +
			"  signet client create console --grant password --scope \"openid signet:admin\"",
	}
	r.add(c.Flags())
	c.Flags().BoolVar(&public, "public", false, "a program that can keep no secret, such as a browser or phone app")
	secret.add(c.Flags(), "secret")
	s.offer(c.Flags(), &s.issuerSettings, &s.hashSettings, &s.outputSettings)
	return p.withAdmin(c, s, createIfMissing, func(ctx context.Context, ac *adminContext, args []string) error {
		if err := r.checkGrants(); err != nil {
			return err
		}
		n := admin.NewClient{ID: args[0], Public: public, InsecurePublicPassword: r.passwords, Settings: r.change(c)}
		var err error
		if secret.isSet() {
			if n.Secret, err = secret.read(ac.process); err != nil {
				return err
			}
		}
		made, err := ac.operator.Clients().Create(ctx, n)
		if err != nil {
			return fmt.Errorf("create client: %w", err)
		}
		if len(made.Grants) == 0 && len(made.Resources) == 0 {
			ac.messagef("signet: the client %s has no grant: it can get no tokens; signet client update %s --grant GRANT gives it one: password, refresh_token or client_credentials", made.ID, made.ID)
		}
		return ac.printResult(made, func(w io.Writer) {
			writeClient(w, made)
			writeSnippets(w, s.issuer, made)
		})
	})
}

func writeClient(w io.Writer, c admin.Client) {
	writeFields(w, "client id", c.ID, "client secret", c.Secret, "name", c.Name, "public", formatBool(c.Public), "grants", joinWords(c.Grants),
		"scope", c.Scope, "audiences", joinWords(c.Audiences), "resources", joinWords(c.Resources), "origins", joinWords(c.Origins),
		"ID token on refresh", formatBool(c.IDTokenOnRefresh), "names its users' addresses", formatBool(c.TrustClientIP), "disabled", formatBool(c.Disabled), "old secret works until", formatOptionalTime(c.OldSecretUntil), "created", formatTime(c.CreatedAt), "updated", formatTime(c.UpdatedAt))
	if c.Secret != "" {
		fmt.Fprintln(w, "\nThe secret is shown this once and cannot be read again: keep it now.")
	}
}

// newClientCommand builds a command on one client that prints the client afterwards.
func newClientCommand(p *process, c *cobra.Command, s *settings, change func(ctx context.Context, ac *adminContext, id string) (admin.Client, error)) *cobra.Command {
	c.Use += " CLIENT"
	c.Args = exactArgs("CLIENT")
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		client, err := change(ctx, ac, args[0])
		if err != nil {
			return hintNotFound(err, "signet client list shows them")
		}
		return ac.printResult(client, func(w io.Writer) { writeClient(w, client) })
	})
}

func newClientShow(p *process) *cobra.Command {
	c := &cobra.Command{Use: "show", Short: "Show a client", Example: "  signet client show web"}
	return newClientCommand(p, c, newSettings(), func(ctx context.Context, ac *adminContext, id string) (admin.Client, error) {
		return ac.operator.Clients().Show(ctx, id)
	})
}

func newClientUpdate(p *process) *cobra.Command {
	var r clientFlags
	c := &cobra.Command{
		Use: "update", Short: "Change a client",
		Long:    "Change what the flags name, and nothing else. A list that is given replaces the one before.",
		Example: "  signet client update web --scope \"openid items:read\"\n  signet client update web --disabled=true",
	}
	r.add(c.Flags())
	c.Flags().BoolVar(&r.disabled, "disabled", false, "shut it out, its sessions end; --disabled=false lets it in again")
	return newClientCommand(p, c, newSettings(), func(ctx context.Context, ac *adminContext, id string) (admin.Client, error) {
		if err := r.checkGrants(); err != nil {
			return admin.Client{}, err
		}
		change := r.change(c)
		if change == (admin.ClientChange{InsecurePublicPassword: r.passwords}) {
			return admin.Client{}, usageErrorf("nothing to change: see %s --help", c.CommandPath())
		}
		return ac.operator.Clients().Update(ctx, id, change)
	})
}

func newClientRotateSecret(p *process) *cobra.Command {
	s := newSettings()
	var secret secretInput
	var r admin.SecretRotation
	c := &cobra.Command{
		Use: "rotate-secret", Short: "Give a client a new secret",
		Long: "Give a client a new secret. The old one stops working within --keyring-refresh, or works too for --overlap,\n" +
			"so that the places that have it can be changed one by one. With --revoke, for a secret that was stolen, the\n" +
			"client's sessions end as well.",
		Example: "  signet client rotate-secret web --overlap 24h\n  signet client rotate-secret web --revoke",
	}
	secret.add(c.Flags(), "secret")
	c.Flags().DurationVar(&r.Overlap, "overlap", 0, "how long the old secret works too, up to 720h")
	c.Flags().BoolVar(&r.Revoke, "revoke", false, "end the client's sessions too: the old secret is in wrong hands")
	s.offer(c.Flags(), &s.hashSettings)
	return newClientCommand(p, c, s, func(ctx context.Context, ac *adminContext, id string) (admin.Client, error) {
		var err error
		if secret.isSet() {
			if r.Secret, err = secret.read(ac.process); err != nil {
				return admin.Client{}, err
			}
		}
		return ac.operator.Clients().RotateSecret(ctx, id, r)
	})
}

func newClientList(p *process) *cobra.Command {
	s := newSettings()
	var pages pageFlags
	c := &cobra.Command{Use: "list", Short: "List clients", Args: exactArgs(), Example: "  signet client list --output json"}
	pages.add(c.Flags())
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, _ []string) error {
		page, err := pages.page()
		if err != nil {
			return err
		}
		clients, err := ac.operator.Clients().List(ctx, page)
		if err != nil {
			return fmt.Errorf("list clients: %w", err)
		}
		defer ac.printNextPage(clients.Next)
		return ac.printResult(clients, func(w io.Writer) {
			rows := make([][]string, len(clients.Items))
			for n, c := range clients.Items {
				rows[n] = []string{c.ID, formatBool(c.Public), joinWords(c.Grants), c.Scope, joinWords(append(c.Audiences, c.Resources...)), formatBool(c.Disabled)}
			}
			writeTable(w, []string{"CLIENT", "PUBLIC", "GRANTS", "SCOPE", "AUDIENCES, RESOURCES", "DISABLED"}, rows)
		})
	})
}

func newClientDelete(p *process) *cobra.Command {
	s := newSettings()
	var confirm confirmation
	c := &cobra.Command{Use: "delete CLIENT", Short: "Delete a client; its sessions end", Args: exactArgs("CLIENT"), Example: "  signet client delete web"}
	confirm.add(c.Flags())
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		if _, err := ac.operator.Clients().Show(ctx, args[0]); err != nil {
			return hintNotFound(err, "signet client list shows them")
		}
		if err := confirm.ask(p, "Delete the client "+args[0]+" for ever? Its sessions end."); err != nil {
			return err
		}
		if err := ac.operator.Clients().Delete(ctx, args[0]); err != nil {
			return hintNotFound(err, "signet client list shows them")
		}
		ac.messagef("deleted the client %s", args[0])
		return nil
	})
}
