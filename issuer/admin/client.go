package admin

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// Client is a client as administrators see it. Names follow RFC 7591 §2 where
// it has one. Secret is set only in the response that generated it.
type Client struct {
	ID               string   `json:"client_id"`
	Secret           string   `json:"client_secret,omitempty"`
	Name             string   `json:"client_name,omitempty"`
	Public           bool     `json:"public"`
	Grants           []string `json:"grant_types"`
	Scope            string   `json:"scope"`
	Audiences        []string `json:"audiences,omitempty"`
	Resources        []string `json:"resources,omitempty"`
	Origins          []string `json:"origins,omitempty"`
	IDTokenOnRefresh bool     `json:"id_token_on_refresh"`
	TrustClientIP    bool     `json:"trust_client_ip"`

	ClientSignIn
	ClientDisplay

	Disabled  bool      `json:"disabled"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	Revision string `json:"-"` // names this state of the record, for a Precondition

	OldSecretUntil *time.Time `json:"old_secret_until,omitempty"` // until when the secret before works too
}

// ClientList is one page of clients.
type ClientList struct {
	Items []Client `json:"items"`
	Next  string   `json:"next,omitempty"`
}

// NewClient is what a client is created from.
type NewClient struct {
	ID     string
	Public bool
	Secret issuer.Secret // chosen; empty draws one, unless Public

	// InsecurePublicPassword allows the password grant to a public client:
	// anybody can then present that client's name and guess passwords with it.
	InsecurePublicPassword bool

	Settings ClientChange
}

// ClientChange changes the fields that are not nil.
type ClientChange struct {
	Name             *string
	Grants           *[]string
	Scopes           *[]string
	Audiences        *[]string
	Resources        *[]string
	Origins          *[]string
	IDTokenOnRefresh *bool
	TrustClientIP    *bool // the client names its users' addresses in Signet-Client-IP
	Disabled         *bool

	ClientSignInChange
	ClientDisplayChange

	// InsecurePublicPassword as in NewClient.
	InsecurePublicPassword bool
}

func toClient(c storage.Client) Client {
	v := Client{
		ID: c.ID, Name: c.Name, Public: c.Public, Grants: append([]string{}, c.Grants...), Scope: strings.Join(c.Scopes, " "),
		Audiences: c.Audiences, Resources: c.Resources, Origins: c.Origins,
		IDTokenOnRefresh: c.IDTokenOnRefresh, TrustClientIP: c.TrustClientIP, Disabled: c.Disabled, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		ClientSignIn: toClientSignIn(c), ClientDisplay: toClientDisplay(c),
		Revision: revision(c.CreatedAt, c.Version),
	}
	if !c.OldSecretUntil.IsZero() {
		v.OldSecretUntil = &c.OldSecretUntil
	}
	return v
}

// Bounds of a client's lists.
const (
	maxListEntries = 50
	maxResource    = 512 // bytes
)

// applyClient checks a change and makes it on c. It names every field at fault.
func applyClient(c *storage.Client, ch ClientChange) error {
	var v validation
	v.set(&c.Name, ch.Name, func(text string) (string, error) { return checkText("client_name", text, maxDescription) })
	v.add(ch.applyScopes(c))
	v.addAll(ch.applyLists(c))
	v.addAll(ch.ClientSignInChange.apply(c))
	v.addAll(ch.ClientDisplayChange.apply(c))
	setIfGiven(&c.IDTokenOnRefresh, ch.IDTokenOnRefresh)
	setIfGiven(&c.TrustClientIP, ch.TrustClientIP)
	if ch.TrustClientIP != nil && c.Public && c.TrustClientIP {
		v.add(newFieldError("trust_client_ip", "is for clients with a secret: anybody can present a public client's id"))
	}
	if err := v.err(); err != nil {
		return err
	}
	v.add(checkPublic(*c, ch.InsecurePublicPassword))
	v.addAll(checkSignIn(*c))
	return v.err()
}

// setIfGiven sets a field to the value of a change, where there is one.
func setIfGiven[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// applyScopes sets the scopes.
func (ch ClientChange) applyScopes(c *storage.Client) error {
	if ch.Scopes == nil {
		return nil
	}
	scopes, err := checkScopes("scope", *ch.Scopes)
	if err != nil {
		return err
	}
	if n := scopeBytes(scopes); n > issuer.MaxScopeBytes && n > scopeBytes(c.Scopes) {
		return newFieldError("scope", fmt.Sprintf("takes %d bytes of a token, at most %d: the client's tokens would be too long for their readers", n, issuer.MaxScopeBytes))
	}
	c.Scopes = scopes
	return nil
}

func scopeBytes(scopes []string) int { return len(strings.Join(scopes, " ")) }

// applyLists sets the lists that the change names, each without faults.
func (ch ClientChange) applyLists(c *storage.Client) error {
	return setLists([]listChange{
		{"grant_types", ch.Grants, &c.Grants, maxListEntries, checkGrant},
		{"audiences", ch.Audiences, &c.Audiences, maxListEntries, checkAudience},
		{"resources", ch.Resources, &c.Resources, maxListEntries, checkAudience},
		{"origins", ch.Origins, &c.Origins, maxListEntries, checkOrigin},
	})
}

// listChange is a new value of a list, nil for none, and the check of each entry.
type listChange struct {
	name  string
	list  *[]string
	to    *[]string
	most  int // entries
	check func(string) error
}

// setLists sets the lists that are given, sorted and without duplicates. It returns every
// list at fault, with its first fault.
func setLists(lists []listChange) error {
	var v validation
	for _, l := range lists {
		if l.list == nil {
			continue
		}
		list, err := checkList(l.name, *l.list, l.most, l.check)
		v.add(err)
		if err == nil {
			*l.to = list
		}
	}
	return v.err()
}

func checkList(name string, list []string, most int, check func(string) error) ([]string, error) {
	if len(list) > most {
		return nil, newFieldError(name, fmt.Sprintf("has more than %d entries", most))
	}
	for _, s := range list {
		if err := check(s); err != nil {
			return nil, newFieldError(name, err.Error())
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(list))), nil
}

func checkGrant(g string) error {
	if !issuer.KnownGrant(g) {
		return fmt.Errorf("has a grant type that is not one of %s", strings.Join(issuer.GrantTypes(), ", "))
	}
	return nil
}

// checkAudience demands a StringOrURI (RFC 7519 §2): a plain name, or an absolute URI
// without fragment (RFC 8707 §2). What has a slash and no scheme is neither.
func checkAudience(s string) error {
	u, err := url.Parse(s)
	isURI := err == nil && u.IsAbs() && !strings.Contains(s, "#")
	if s == "" || len(s) > maxResource || strings.ContainsFunc(s, notVisible) || strings.ContainsAny(s, ":/#") && !isURI {
		return fmt.Errorf("must be names such as api or absolute URIs without fragment such as https://api.example.com, in visible ASCII, of at most %d bytes", maxResource)
	}
	return nil
}

// notVisible tells whether a character is none of visible ASCII, or would need an
// escape between quotation marks.
func notVisible(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' }

func checkPublic(c storage.Client, insecurePassword bool) error {
	switch {
	case !c.Public:
		return nil
	case slices.Contains(c.Grants, issuer.GrantClientCredentials):
		return newFieldError("grant_types", "client_credentials needs a client with a secret (RFC 6749 section 4.4)")
	case slices.Contains(c.Grants, issuer.GrantPassword) && !insecurePassword:
		return newFieldError("grant_types", "password on a public client lets anybody guess passwords in its name; --insecure-public-password allows it")
	case slices.Contains(c.Scopes, issuer.ScopeAdmin) && !issuer.AdministersByDevice(c):
		return newFieldError("scope", issuer.ScopeAdmin+" needs a client with a secret: anybody can present a public client's id")
	case len(c.Resources) > 0:
		return newFieldError("resources", "introspection needs a client with a secret")
	}
	return nil
}
