package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

func newClient(p *process) *cobra.Command {
	return commandGroup("client", "Manage clients: programs that ask for tokens, and APIs that introspect them",
		newClientCreate(p), newClientList(p), newClientShow(p), newClientUpdate(p), newClientDelete(p), newClientRotateSecret(p), newClientImport(p), newClientConnect(p), newClientRefusals(p))
}

func newClientCreate(p *process) *cobra.Command {
	s := newSettings()
	var r clientFlags
	var secret secretInput
	var public bool
	var preset string
	c := &cobra.Command{
		Use: "create CLIENT", Short: "Create a client", Args: exactArgs("CLIENT"),
		Long: "Create a client. Unless it is --public it gets a secret, generated here and shown once.\n" +
			"--preset sets what a kind of client needs, and other flags win over it: spa for a page in a browser, web for a server,\n" +
			"native for an app on a phone, a desktop or a command line, machine for a program without a user,\n" +
			"api for an API that introspects tokens, mcp for a client of Model Context Protocol servers.\n" +
			"Signet's own API is open to a client only where its --scope names it: signet:account for /me, signet:admin for the\n" +
			"admin API, which a public client never has. Tokens for that API are addressed to the issuer alone.",
		Example: "  signet client create shop --preset spa --redirect-uri https://shop.example.com/callback\n" +
			"  signet client create backend --preset web --redirect-uri https://example.com/auth/callback\n" +
			"  signet client create web --grant password --grant refresh_token --scope \"openid items:read items:write\" \\\n" +
			"      --audience https://api.example.com\n" +
			"  signet client create items-api --resource https://api.example.com\n" +
			"  signet client create console --grant password --scope \"openid signet:admin\"",
	}
	c.Flags().StringVar(&preset, "preset", "", "`KIND` of client, which sets what it needs: "+strings.Join(admin.Presets(), ", "))
	r.add(c.Flags())
	c.Flags().BoolVar(&public, "public", false, "a program that can keep no secret, such as a browser or phone app")
	secret.add(c.Flags(), "secret")
	s.offer(c.Flags(), &s.issuerSettings, &s.hashSettings, &s.outputSettings)
	return p.withAdmin(c, s, createIfMissing, func(ctx context.Context, ac *adminContext, args []string) error {
		n, err := r.newClient(c, args[0], preset, public)
		if err != nil {
			return err
		}
		if secret.isSet() {
			if n.Secret, err = secret.read(ac.process); err != nil {
				return err
			}
		}
		made, err := ac.admin.Clients().Create(ctx, n)
		if err != nil {
			return hintTaken(fmt.Errorf("create client: %w", err), "client_id", "signet client update changes the one that exists")
		}
		if len(made.Grants) == 0 && len(made.Resources) == 0 {
			ac.messagef("signet: the client %s has no grant: it can get no tokens; signet client update %s --grant GRANT gives it one: %s", made.ID, made.ID, strings.Join(grantNames(), ", "))
		}
		return ac.printResult(made, func(w io.Writer) {
			writeClient(w, made)
			writeSnippets(w, s.issuer, made)
			if !s.isSet("issuer") {
				fmt.Fprintf(w, "\n# %s is the default issuer: give --issuer or SIGNET_ISSUER if your server has another\n", s.issuer)
			}
		})
	})
}

// newClient returns what the flags of create describe.
func (r *clientFlags) newClient(c *cobra.Command, id, preset string, public bool) (admin.NewClient, error) {
	if err := r.checkGrants(); err != nil {
		return admin.NewClient{}, err
	}
	n := admin.NewClient{ID: id, Public: public, InsecurePublicPassword: r.passwords, Settings: r.change(c)}
	if preset == "" {
		return n, nil
	}
	n, err := n.WithPreset(preset)
	var fault *issuer.FieldError
	switch {
	case errors.As(err, &fault) && fault.Field == "preset":
		return n, usageErrorf("--preset: %s", fault.Reason)
	case errors.As(err, &fault):
		return n, usageErrorf("--redirect-uri: %s", fault.Reason)
	}
	if c.Flags().Changed("public") {
		n.Public = public
	}
	return n, err
}

func writeClient(w io.Writer, c admin.Client) {
	fields := []string{
		"client id", c.ID, "client secret", c.Secret, "name", c.Name, "public", formatBool(c.Public), "grants", joinWords(c.Grants),
		"scope", c.Scope, "audiences", joinWords(c.Audiences), "resources", joinWords(c.Resources), "origins", joinWords(c.Origins),
		"ID token on refresh", formatBool(c.IDTokenOnRefresh), "names its users' addresses", formatBool(c.TrustClientIP),
	}
	fields = append(fields, signInFields(c)...)
	fields = append(fields, "home page", c.HomeURI, "logo", c.LogoURI, "policy", c.PolicyURI, "terms", c.TermsURI, "contacts", strings.Join(c.Contacts, ", "),
		"disabled", formatBool(c.Disabled), "old secret works until", formatOptionalTime(c.OldSecretUntil), "created", formatTime(c.CreatedAt), "updated", formatTime(c.UpdatedAt))
	writeFields(w, fields...)
	if c.Secret != "" {
		fmt.Fprintln(w, "\nThe secret is shown this once and cannot be read again: keep it now.")
	}
}

// signInFields are the lines about sign-in in a browser. Those that always have a value are
// left out of clients that do not sign users in.
func signInFields(c admin.Client) []string {
	fields := []string{
		"redirect URIs", joinWords(c.RedirectURIs), "post-logout redirect URIs", joinWords(c.PostLogoutRedirectURIs),
		"back-channel logout URI", c.BackchannelLogoutURI, "logout tokens name the session", formatBool(c.BackchannelSession),
		"login is initiated at", c.InitiateLoginURI, "any port of localhost", formatBool(c.LocalhostPorts), "auth_time in every ID token", formatBool(c.RequireAuthTime),
		"requires authentication", requirement(c.Authentication), "password grant without second factor", formatBool(c.PasswordGrantWithoutMFA),
	}
	if c.DefaultMaxAge != nil {
		fields = append(fields, "default max age", (time.Duration(*c.DefaultMaxAge) * time.Second).String())
	}
	if c.AuthMethod != string(issuer.AuthNone) {
		fields = append(fields, "authenticates by", c.AuthMethod)
	}
	if !slices.Contains(c.Grants, issuer.GrantAuthorizationCode) {
		return fields
	}
	pkce := "required"
	if !c.RequirePKCE {
		pkce = "optional"
	}
	return append(fields, "PKCE", pkce, "consent", c.Consent)
}

// newClientCommand builds a command on one client that prints the client afterwards.
func newClientCommand(p *process, c *cobra.Command, s *settings, change func(ctx context.Context, ac *adminContext, id string) (admin.Client, error)) *cobra.Command {
	c.Use += " CLIENT"
	c.Args = exactArgs("CLIENT")
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		client, err := change(ctx, ac, args[0])
		if err != nil {
			return hintNotFound(err, args[0], "signet client list shows them")
		}
		return ac.printResult(client, func(w io.Writer) { writeClient(w, client) })
	})
}

func newClientShow(p *process) *cobra.Command {
	c := &cobra.Command{Use: "show", Short: "Show a client", Example: "  signet client show web"}
	return newClientCommand(p, c, newSettings(), func(ctx context.Context, ac *adminContext, id string) (admin.Client, error) {
		return ac.admin.Clients().Show(ctx, id)
	})
}

func newClientUpdate(p *process) *cobra.Command {
	var r clientFlags
	c := &cobra.Command{
		Use: "update", Short: "Change a client",
		Long: "Change what the flags name, and nothing else. A list that is given replaces the one before; an empty value takes a field away.",
		Example: "  signet client update web --scope \"openid items:read\"\n  signet client update web --redirect-uri https://example.com/callback --consent once\n" +
			"  signet client update web --disabled=true",
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
		return ac.admin.Clients().Update(ctx, id, change)
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
		return ac.admin.Clients().RotateSecret(ctx, id, r)
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
		clients, err := ac.admin.Clients().List(ctx, page)
		if err != nil {
			return listError(c, "clients", err)
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
		if _, err := ac.admin.Clients().Show(ctx, args[0]); err != nil {
			return hintNotFound(err, args[0], "signet client list shows them")
		}
		if err := confirm.ask(p, "Delete the client "+args[0]+" for ever? Its sessions end."); err != nil {
			return err
		}
		if err := ac.admin.Clients().Delete(ctx, args[0]); err != nil {
			return hintNotFound(err, args[0], "signet client list shows them")
		}
		ac.messagef("deleted the client %s", args[0])
		return nil
	})
}
