package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/upstream"
)

func newConnector(p *process) *cobra.Command {
	return commandGroup("connector", "Manage the providers that people may sign in at instead of with a password here",
		newConnectorCreate(p), newConnectorList(p), newConnectorShow(p), newConnectorUpdate(p), newConnectorDelete(p))
}

func newConnectorCreate(p *process) *cobra.Command {
	var flags connectorFlags
	kind := upstream.KindOIDC
	c := &cobra.Command{
		Use: "create", Short: "Let people sign in at another provider",
		Long: "Let people sign in at another provider. The redirect URI that is printed must be registered there.\n" +
			"Who has no account here is asked to sign in here once, or becomes a new user with --create-users.",
		Example: "  signet connector create google --name Google --provider-issuer https://accounts.google.com --client-id ID --secret-file FILE\n" +
			"  signet connector create company --name Company --provider-issuer https://login.microsoftonline.com/TENANT/v2.0 --client-id ID \\\n" +
			"      --secret-stdin --domain example.com --authoritative-domain example.com --create-users --role-rule editor:groups=staff\n" +
			"  signet connector create github --kind github --name GitHub --client-id ID --secret-stdin",
	}
	c.Flags().StringVar(&kind, "kind", kind, "`KIND` of provider: oidc or github")
	flags.add(c)
	return newConnectorCommand(p, c, createIfMissing, func(ctx context.Context, ac *adminContext, id string) (admin.Connector, error) {
		change, err := flags.change(c, ac.process)
		if err != nil {
			return admin.Connector{}, err
		}
		made, err := ac.admin.Connectors().Create(ctx, id, kind, change)
		if err != nil {
			return made, hintTaken(fmt.Errorf("create connector: %w", err), "id", "signet connector update changes the one that exists")
		}
		return made, nil
	})
}

func newConnectorUpdate(p *process) *cobra.Command {
	var flags connectorFlags
	c := &cobra.Command{
		Use: "update", Short: "Change a connector",
		Long:    "Change what the flags name, and nothing else. Lists are set anew. Another provider or client id takes the secret away unless it comes along.",
		Example: "  signet connector update company --role-rule editor:groups=staff --role-rule reader:groups=guests\n  signet connector update company --disabled",
	}
	flags.add(c)
	return newConnectorCommand(p, c, mustExist, func(ctx context.Context, ac *adminContext, id string) (admin.Connector, error) {
		change, err := flags.change(c, ac.process)
		if err != nil {
			return admin.Connector{}, err
		}
		if change == (admin.ConnectorChange{}) {
			return admin.Connector{}, usageErrorf("nothing to change: see %s --help", c.CommandPath())
		}
		return ac.admin.Connectors().Update(ctx, id, change)
	})
}

func newConnectorShow(p *process) *cobra.Command {
	c := &cobra.Command{Use: "show", Short: "Show a connector", Example: "  signet connector show company"}
	return newConnectorCommand(p, c, mustExist, func(ctx context.Context, ac *adminContext, id string) (admin.Connector, error) {
		return ac.admin.Connectors().Show(ctx, id)
	})
}

func newConnectorList(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{Use: "list", Short: "List connectors", Args: exactArgs(), Example: "  signet connector list"}
	s.offer(c.Flags(), &s.issuerSettings, &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, _ []string) error {
		list, err := ac.admin.Connectors().List(ctx)
		if err != nil {
			return fmt.Errorf("list connectors: %w", err)
		}
		return ac.printResult(list, func(w io.Writer) {
			var rows [][]string
			for _, x := range list.Items {
				rows = append(rows, []string{x.ID, x.Name, x.Kind, x.Issuer, formatBool(x.Disabled)})
			}
			writeTable(w, []string{"CONNECTOR", "NAME", "KIND", "ISSUER", "DISABLED"}, rows)
		})
	})
}

func newConnectorDelete(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "delete CONNECTOR", Short: "Delete a connector", Args: exactArgs("CONNECTOR"), Example: "  signet connector delete company",
		Long: "Delete a connector. Who can sign in by it alone cannot any more. The links of users stay: they count again once\n" +
			"there is a connector to the same provider.",
	}
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		if err := ac.admin.Connectors().Delete(ctx, args[0]); err != nil {
			return hintNotFound(err, args[0], "signet connector list shows them")
		}
		ac.messagef("deleted the connector %s", args[0])
		return nil
	})
}

// newConnectorCommand builds a command on one connector that prints it afterwards.
func newConnectorCommand(p *process, c *cobra.Command, mode openMode, change func(ctx context.Context, ac *adminContext, id string) (admin.Connector, error)) *cobra.Command {
	s := newSettings()
	c.Use += " CONNECTOR"
	c.Args = exactArgs("CONNECTOR")
	s.offer(c.Flags(), &s.issuerSettings, &s.outputSettings)
	return p.withAdmin(c, s, mode, func(ctx context.Context, ac *adminContext, args []string) error {
		x, err := change(ctx, ac, args[0])
		if err != nil {
			return hintNotFound(err, args[0], "signet connector list shows them")
		}
		return ac.printResult(x, func(w io.Writer) { writeConnector(w, x) })
	})
}

func writeConnector(w io.Writer, x admin.Connector) {
	writeFields(w, "connector", x.ID, "name", x.Name, "kind", x.Kind, "issuer", x.Issuer, "client id", x.ClientID, "has a secret", formatBool(x.HasSecret),
		"redirect URI", x.RedirectURI, "scopes", joinWords(x.Scopes), "prompt", x.Prompt, "domains", joinWords(x.Domains),
		"authoritative for", joinWords(x.AuthoritativeDomains), "creates users", formatBool(x.CreateUsers), "its methods count", formatBool(x.TrustMethods),
		"username claim", x.UsernameClaim, "e-mail claim", x.EmailClaim, "name claim", x.NameClaim, "role rules", joinWords(x.RoleRules),
		"disabled", formatBool(x.Disabled), "created", formatTime(x.CreatedAt), "updated", formatTime(x.UpdatedAt))
}

// connectorFlags are the settings of a connector.
type connectorFlags struct {
	name, issuer, clientID, prompt            string
	usernameClaim, emailClaim, nameClaim      string
	scopes, domains, authoritative, roleRules []string
	createUsers, trustMethods, disabled       bool
	secret                                    secretInput
}

func (f *connectorFlags) add(c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.name, "name", "", "`NAME` on the button \"Continue with …\"")
	fs.StringVar(&f.issuer, "provider-issuer", "", "issuer `URL` of the provider")
	fs.StringVar(&f.clientID, "client-id", "", "`ID` of the client that is registered at the provider")
	f.secret.add(fs, "secret")
	fs.StringSliceVar(&f.scopes, "scope", nil, "`SCOPES` to ask for, in the place of openid, profile and email")
	fs.StringVar(&f.prompt, "prompt", "", "`PROMPT` to send to the provider: select_account, login or consent")
	fs.StringSliceVar(&f.domains, "domain", nil, "let only people with a verified address of the `DOMAIN` sign in")
	fs.StringSliceVar(&f.authoritative, "authoritative-domain", nil, "the provider decides who owns addresses of the `DOMAIN`: a verified one is linked to the user who has it")
	fs.BoolVar(&f.createUsers, "create-users", false, "make a user of whoever signs in and has no account here")
	fs.BoolVar(&f.trustMethods, "trust-methods", false, "let the provider's second factor count here")
	fs.StringVar(&f.usernameClaim, "username-claim", "", "`CLAIM` with the name of a new user, in the place of preferred_username")
	fs.StringVar(&f.emailClaim, "email-claim", "", "`CLAIM` with the address, in the place of email; it never counts as verified")
	fs.StringVar(&f.nameClaim, "name-claim", "", "`CLAIM` with the full name, in the place of name")
	fs.StringArrayVar(&f.roleRules, "role-rule", nil, "`ROLE:CLAIM=VALUE` gives the role to whose claim has the value, several times")
	fs.BoolVar(&f.disabled, "disabled", false, "do not offer it; --disabled=false offers it again")
}

// change returns what the flags that were given describe.
func (f *connectorFlags) change(c *cobra.Command, p *process) (ch admin.ConnectorChange, err error) {
	given := func(name string) bool { return c.Flags().Changed(name) }
	for name, to := range map[string]struct {
		into **string
		text *string
	}{
		"name": {&ch.Name, &f.name}, "provider-issuer": {&ch.Issuer, &f.issuer}, "client-id": {&ch.ClientID, &f.clientID}, "prompt": {&ch.Prompt, &f.prompt},
		"username-claim": {&ch.UsernameClaim, &f.usernameClaim}, "email-claim": {&ch.EmailClaim, &f.emailClaim}, "name-claim": {&ch.NameClaim, &f.nameClaim},
	} {
		if given(name) {
			*to.into = to.text
		}
	}
	for name, to := range map[string]struct {
		into **[]string
		list *[]string
	}{
		"scope": {&ch.Scopes, &f.scopes}, "domain": {&ch.Domains, &f.domains}, "authoritative-domain": {&ch.AuthoritativeDomains, &f.authoritative},
		"role-rule": {&ch.RoleRules, &f.roleRules},
	} {
		if given(name) {
			*to.into = to.list
		}
	}
	for name, to := range map[string]struct {
		into **bool
		flag *bool
	}{"create-users": {&ch.CreateUsers, &f.createUsers}, "trust-methods": {&ch.TrustMethods, &f.trustMethods}, "disabled": {&ch.Disabled, &f.disabled}} {
		if given(name) {
			*to.into = to.flag
		}
	}
	if f.secret.isSet() {
		var secret issuer.Secret
		if secret, err = f.secret.read(p); err != nil {
			return ch, err
		}
		ch.Secret = &secret
	}
	return ch, nil
}
