package admin

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

// Connector is a provider at which people may sign in, as it is shown: without its secret.
type Connector struct {
	ID                   string    `json:"id"`
	Name                 string    `json:"name"`
	Kind                 string    `json:"kind"`
	Issuer               string    `json:"issuer"`
	ClientID             string    `json:"client_id"`
	HasSecret            bool      `json:"has_secret"`
	RedirectURI          string    `json:"redirect_uri"` // to be registered at the provider
	Scopes               []string  `json:"scopes"`
	Prompt               string    `json:"prompt"`
	Domains              []string  `json:"domains"`
	AuthoritativeDomains []string  `json:"authoritative_domains"`
	CreateUsers          bool      `json:"create_users"`
	TrustMethods         bool      `json:"trust_methods"`
	UsernameClaim        string    `json:"username_claim"`
	EmailClaim           string    `json:"email_claim"`
	NameClaim            string    `json:"name_claim"`
	RoleRules            []string  `json:"role_rules"` // ROLE:CLAIM=VALUE
	Disabled             bool      `json:"disabled"`
	CreatedBy            string    `json:"created_by"`
	CreatedAt            time.Time `json:"created_at"`
	UpdatedAt            time.Time `json:"updated_at"`
	Revision             string    `json:"-"`
}

// ConnectorList is all of them, ordered by id.
type ConnectorList struct {
	Items []Connector `json:"items"`
}

// ConnectorChange changes the fields that are not nil. Issuer, ClientID and Secret belong
// together: a change of the first two without the secret takes the secret away.
type ConnectorChange struct {
	Name                 *string
	Issuer               *string
	ClientID             *string
	Secret               *issuer.Secret // "" takes it away
	Scopes               *[]string
	Prompt               *string
	Domains              *[]string
	AuthoritativeDomains *[]string
	CreateUsers          *bool
	TrustMethods         *bool
	UsernameClaim        *string
	EmailClaim           *string
	NameClaim            *string
	RoleRules            *[]string
	Disabled             *bool
}

// Bounds of a connector.
const (
	maxConnectors     = 32
	maxConnectorName  = 60   // bytes
	maxConnectorText  = 512  // bytes: client id, claim names
	maxConnectorValue = 2048 // bytes: issuer, secret
	maxDomains        = 100
	maxRules          = 200
)

// connectorID is part of a URL, and of the name of users whose other names are taken.
var connectorID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

func toConnector(c storage.Connector, redirect string) Connector {
	v := Connector{
		ID: c.ID, Name: c.Name, Kind: c.Kind, Issuer: c.Issuer, ClientID: c.ClientID, HasSecret: c.SealedSecret != "", RedirectURI: redirect,
		Scopes: orEmpty(c.Scopes), Prompt: c.Prompt, Domains: orEmpty(c.Domains), AuthoritativeDomains: orEmpty(c.AuthoritativeDomains),
		CreateUsers: c.CreateUsers, TrustMethods: c.TrustMethods, UsernameClaim: c.Claims.Username, EmailClaim: c.Claims.Email, NameClaim: c.Claims.Name,
		RoleRules: []string{}, Disabled: c.Disabled, CreatedBy: c.CreatedBy, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		Revision: revision(c.CreatedAt, c.Version),
	}
	for _, r := range c.RoleRules {
		v.RoleRules = append(v.RoleRules, r.Role+":"+r.Claim+"="+r.Value)
	}
	return v
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// applyConnector validates a change but for its roles and its secret, and applies it.
func applyConnector(c *storage.Connector, ch ConnectorChange) error {
	var v validation
	text := func(name string, limit int) func(string) (string, error) {
		return func(s string) (string, error) { return checkText(name, s, limit) }
	}
	v.set(&c.Name, ch.Name, text("name", maxConnectorName))
	v.set(&c.Issuer, ch.Issuer, checkConnectorIssuer)
	v.set(&c.ClientID, ch.ClientID, text("client_id", maxConnectorText))
	v.set(&c.Prompt, ch.Prompt, checkPrompt)
	v.set(&c.Claims.Username, ch.UsernameClaim, text("username_claim", maxConnectorText))
	v.set(&c.Claims.Email, ch.EmailClaim, text("email_claim", maxConnectorText))
	v.set(&c.Claims.Name, ch.NameClaim, text("name_claim", maxConnectorText))
	setIfGiven(&c.CreateUsers, ch.CreateUsers)
	setIfGiven(&c.TrustMethods, ch.TrustMethods)
	setIfGiven(&c.Disabled, ch.Disabled)
	list := func(into *[]string, value *[]string, check func([]string) ([]string, error)) {
		if value == nil {
			return
		}
		checked, err := check(*value)
		v.add(err)
		*into = checked
	}
	list(&c.Scopes, ch.Scopes, func(s []string) ([]string, error) { return checkScopes("scopes", s) })
	list(&c.Domains, ch.Domains, func(d []string) ([]string, error) { return checkDomains("domains", d) })
	list(&c.AuthoritativeDomains, ch.AuthoritativeDomains, func(d []string) ([]string, error) { return checkDomains("authoritative_domains", d) })
	if ch.RoleRules != nil {
		rules, err := parseRules(*ch.RoleRules)
		v.add(err)
		c.RoleRules = rules
	}
	if c.Kind == upstream.KindGitHub {
		c.Issuer = strings.TrimSuffix(cmp.Or(c.Issuer, upstream.GitHubIssuer), "/")
	}
	if err := v.err(); err != nil {
		return err
	}
	for _, field := range []struct{ name, value string }{{"name", c.Name}, {"issuer", c.Issuer}, {"client_id", c.ClientID}} {
		if field.value == "" {
			v.add(newFieldError(field.name, "is missing"))
		}
	}
	return v.err()
}

// checkConnectorIssuer checks the URL of a provider: https, or http on this machine.
func checkConnectorIssuer(s string) (string, error) {
	u, err := url.Parse(s)
	loopback := err == nil && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
	switch {
	case s == "":
		return "", nil
	case err != nil || len(s) > maxConnectorValue || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "", newFieldError("issuer", "is not the URL of a provider, such as https://accounts.google.com")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback):
		return "", newFieldError("issuer", "must begin with https://")
	case strings.Contains(s, "{"), strings.HasSuffix(u.Path, "/common/v2.0"), strings.HasSuffix(u.Path, "/organizations/v2.0"):
		return "", newFieldError("issuer", "must be that of one tenant: a provider of many says in each token another issuer")
	}
	return s, nil
}

func checkPrompt(s string) (string, error) {
	if s != "" && s != "select_account" && s != "login" && s != "consent" {
		return "", newFieldError("prompt", "must be select_account, login or consent")
	}
	return s, nil
}

// checkDomains sorts the domains of addresses.
func checkDomains(name string, domains []string) ([]string, error) {
	if len(domains) > maxDomains {
		return nil, newFieldError(name, fmt.Sprintf("has more than %d domains", maxDomains))
	}
	var checked []string
	for _, d := range domains {
		address, err := account.Email("a@" + strings.TrimPrefix(d, "@"))
		if err != nil {
			return nil, newFieldError(name, quote(d)+" is not a domain such as example.org")
		}
		checked = append(checked, strings.TrimPrefix(address, "a@"))
	}
	return slices.Compact(slices.Sorted(slices.Values(checked))), nil
}

// parseRules reads rules of the form ROLE:CLAIM=VALUE.
func parseRules(texts []string) (rules []storage.RoleRule, err error) {
	if len(texts) > maxRules {
		return nil, newFieldError("role_rules", fmt.Sprintf("has more than %d rules", maxRules))
	}
	for _, text := range texts {
		name, rest, ok := strings.Cut(text, ":")
		claim, value, ok2 := strings.Cut(rest, "=")
		if !ok || !ok2 || name == "" || claim == "" || value == "" || len(text) > maxConnectorValue {
			return nil, newFieldError("role_rules", quote(text)+" is not of the form ROLE:CLAIM=VALUE, such as editor:groups=staff")
		}
		rules = append(rules, storage.RoleRule{Claim: claim, Value: value, Role: name})
	}
	return rules, nil
}

// connectorChanges is the detail of an audit event. It holds no secret.
func connectorChanges(a, b storage.Connector) string {
	var c changes
	c.field("name", a.Name != b.Name)
	c.uris("issuer", one(a.Issuer), one(b.Issuer))
	c.field("client_id", a.ClientID != b.ClientID)
	c.field("secret", a.SealedSecret != b.SealedSecret)
	c.values("scopes", a.Scopes, b.Scopes)
	c.field("prompt", a.Prompt != b.Prompt)
	c.values("domains", a.Domains, b.Domains)
	c.values("authoritative domains", a.AuthoritativeDomains, b.AuthoritativeDomains)
	c.toggle("create users", a.CreateUsers, b.CreateUsers)
	c.toggle("trust methods", a.TrustMethods, b.TrustMethods)
	c.field("claims", a.Claims != b.Claims)
	c.values("role rules", toConnector(a, "").RoleRules, toConnector(b, "").RoleRules)
	c.toggle("disabled", a.Disabled, b.Disabled)
	return strings.Join(c, ", ")
}

func one(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}
