package admin

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.org/signet/issuer"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// ClientSignIn is what a client has for sign-in in a browser, as administrators see it.
// Names follow the registries of RFC 7591 and OpenID Connect where they have one.
type ClientSignIn struct {
	RedirectURIs            []string `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs  []string `json:"post_logout_redirect_uris,omitempty"`
	BackchannelLogoutURI    string   `json:"backchannel_logout_uri,omitempty"`
	BackchannelSession      bool     `json:"backchannel_logout_session_required"`
	InitiateLoginURI        string   `json:"initiate_login_uri,omitempty"`
	RequirePKCE             bool     `json:"require_pkce"`
	Consent                 string   `json:"consent"`                              // never, once or always
	AuthMethod              string   `json:"token_endpoint_auth_method,omitempty"` // "" for any with the secret
	DefaultMaxAge           *int64   `json:"default_max_age,omitempty"`            // seconds
	LocalhostPorts          bool     `json:"allow_localhost"`                      // a redirect URI on localhost matches on any port
	RequireAuthTime         bool     `json:"require_auth_time"`
	Authentication          string   `json:"require_authentication"` // none, mfa or phishing_resistant
	PasswordGrantWithoutMFA bool     `json:"password_grant_without_mfa"`
}

// ClientSignInChange changes the fields that are not nil. An empty URI or method, and a
// negative default max age, stand for none.
type ClientSignInChange struct {
	RedirectURIs            *[]string
	PostLogoutRedirectURIs  *[]string
	BackchannelLogoutURI    *string
	BackchannelSession      *bool
	InitiateLoginURI        *string
	RequirePKCE             *bool
	Consent                 *string
	AuthMethod              *string
	DefaultMaxAge           *int64
	LocalhostPorts          *bool
	RequireAuthTime         *bool
	Authentication          *string
	PasswordGrantWithoutMFA *bool
}

// The consent policies of a client.
const (
	ConsentNever  = "never"
	ConsentOnce   = "once"
	ConsentAlways = "always"
)

// ConsentPolicies returns the consent policies.
func ConsentPolicies() []string { return []string{ConsentNever, ConsentOnce, ConsentAlways} }

// What people must sign in with, by the policy of a role or client.
const (
	AuthenticationNone = "none" // a password is enough
	AuthenticationMFA  = issuer.AuthenticationMFA

	// AuthenticationPhishingResistant demands a passkey.
	AuthenticationPhishingResistant = issuer.AuthenticationPhishingResistant
)

// AuthenticationPolicies returns the policies, from the weakest up.
func AuthenticationPolicies() []string {
	return []string{AuthenticationNone, AuthenticationMFA, AuthenticationPhishingResistant}
}

// checkAuthentication returns a policy as it is stored: "" for none.
func checkAuthentication(s string) (string, error) {
	s, err := oneOf("require_authentication", AuthenticationPolicies())(s)
	if s == AuthenticationNone {
		s = ""
	}
	return s, err
}

// AuthMethods returns the authentication methods that a client may be bound to.
func AuthMethods() []string {
	return []string{string(issuer.AuthBasic), string(issuer.AuthPost), string(issuer.AuthNone)}
}

// Bounds of the settings.
const (
	maxContacts = 10
	maxContact  = 256              // bytes
	maxMaxAge   = 10 * 365 * 86400 // seconds
)

func toClientSignIn(c storage.Client) ClientSignIn {
	v := ClientSignIn{
		RedirectURIs: c.RedirectURIs, PostLogoutRedirectURIs: c.PostLogoutRedirectURIs,
		BackchannelLogoutURI: c.BackchannelLogoutURI, BackchannelSession: c.BackchannelSession, InitiateLoginURI: c.InitiateLoginURI,
		RequirePKCE: !c.PKCEOptional, Consent: cmp.Or(c.Consent, ConsentNever), AuthMethod: c.AuthMethod, DefaultMaxAge: c.DefaultMaxAge,
		LocalhostPorts: c.LocalhostPorts, RequireAuthTime: c.RequireAuthTime,
		Authentication: cmp.Or(c.Authentication, AuthenticationNone), PasswordGrantWithoutMFA: c.PasswordGrantWithoutMFA,
	}
	if c.Public {
		v.AuthMethod = string(issuer.AuthNone)
	}
	return v
}

// apply checks the change and makes it on c. It returns every field at fault.
func (ch ClientSignInChange) apply(c *storage.Client) error {
	var v validation
	v.addAll(setLists([]listChange{
		{"redirect_uris", ch.RedirectURIs, &c.RedirectURIs, maxListEntries, quoted(authorization.CheckRedirectURI)},
		{"post_logout_redirect_uris", ch.PostLogoutRedirectURIs, &c.PostLogoutRedirectURIs, maxListEntries, quoted(authorization.CheckPostLogoutURI)},
	}))
	v.set(&c.BackchannelLogoutURI, ch.BackchannelLogoutURI, optionalURI("backchannel_logout_uri"))
	v.set(&c.InitiateLoginURI, ch.InitiateLoginURI, optionalURI("initiate_login_uri"))
	v.set(&c.Consent, ch.Consent, oneOf("consent", ConsentPolicies()))
	v.set(&c.AuthMethod, ch.AuthMethod, oneOf("token_endpoint_auth_method", append(AuthMethods(), "")))
	setIfGiven(&c.BackchannelSession, ch.BackchannelSession)
	setIfGiven(&c.LocalhostPorts, ch.LocalhostPorts)
	setIfGiven(&c.RequireAuthTime, ch.RequireAuthTime)
	v.set(&c.Authentication, ch.Authentication, checkAuthentication)
	setIfGiven(&c.PasswordGrantWithoutMFA, ch.PasswordGrantWithoutMFA)
	if ch.RequirePKCE != nil {
		c.PKCEOptional = !*ch.RequirePKCE
	}
	v.add(ch.applyMaxAge(c))
	if c.Public && c.AuthMethod == string(issuer.AuthNone) {
		c.AuthMethod = "" // a public client has no other
	}
	if c.Consent == "" && c.Public && slices.ContainsFunc(c.RedirectURIs, authorization.IsNative) {
		c.Consent = ConsentOnce // RFC 8252 §8.6: any app can pretend to be this one
	}
	return v.err()
}

func (ch ClientSignInChange) applyMaxAge(c *storage.Client) error {
	switch age := ch.DefaultMaxAge; {
	case age == nil:
	case *age < 0:
		c.DefaultMaxAge = nil
	case *age > maxMaxAge:
		return newFieldError("default_max_age", fmt.Sprintf("%d is more than %d seconds", *age, maxMaxAge))
	case c.DefaultMaxAge == nil || *c.DefaultMaxAge != *age:
		seconds := *age
		c.DefaultMaxAge = &seconds
	}
	return nil
}

// checkSignIn checks that the settings of a client agree with each other. It returns every
// field at fault.
func checkSignIn(c storage.Client) error {
	var v validation
	if slices.Contains(c.Grants, issuer.GrantAuthorizationCode) && len(c.RedirectURIs) == 0 {
		v.add(newFieldError("redirect_uris", "must not be empty: with the grant authorization_code the answer goes to one of them"))
	}
	if c.Public && c.PKCEOptional {
		v.add(newFieldError("require_pkce", "must be true: a public client proves by PKCE alone that the code is its own"))
	}
	none := string(issuer.AuthNone)
	switch {
	case c.Public && c.AuthMethod != "" && c.AuthMethod != none:
		v.add(newFieldError("token_endpoint_auth_method", fmt.Sprintf("%q needs a client with a secret: this one is public", c.AuthMethod)))
	case !c.Public && c.AuthMethod == none:
		v.add(newFieldError("token_endpoint_auth_method", `"none" is for public clients: this one has a secret`))
	}
	return v.err()
}

// quoted returns a check whose error begins with the value at fault.
func quoted(check func(string) error) func(string) error {
	return func(s string) error {
		if err := check(s); err != nil {
			return fmt.Errorf("%s %w", quote(s), err)
		}
		return nil
	}
}

// maxQuoted bounds a value in an error, in bytes.
const maxQuoted = 120

// quote returns a value between quotation marks, shortened, and without the user name and
// password of a URI.
func quote(s string) string {
	scheme, rest, found := strings.Cut(s, "//")
	if authority, _, _ := strings.Cut(rest, "/"); found && strings.Contains(authority, "@") {
		s = scheme + "//…" + rest[strings.LastIndex(authority, "@"):]
	}
	if len(s) > maxQuoted {
		s = strings.ToValidUTF8(s[:maxQuoted], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}

// optionalURI returns the check of a URI that may be empty.
func optionalURI(name string) func(string) (string, error) {
	return func(s string) (string, error) {
		if s == "" {
			return "", nil
		}
		if err := quoted(authorization.CheckHTTPSURI)(s); err != nil {
			return "", newFieldError(name, err.Error())
		}
		return s, nil
	}
}

// oneOf returns the check of a value that is one of a few.
func oneOf(name string, values []string) func(string) (string, error) {
	return func(s string) (string, error) {
		if slices.Contains(values, s) {
			return s, nil
		}
		return "", newFieldError(name, quote(s)+" is not one of "+strings.TrimSuffix(strings.Join(values, ", "), ", "))
	}
}
