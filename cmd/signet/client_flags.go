package main

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// clientFlags are the flags that describe a client.
type clientFlags struct {
	name                                                 string
	grants, scopes                                       []string
	audiences, resources, origins                        []string
	idTokenOnRefresh, trustClientIP, disabled, passwords bool

	signInFlags
	displayFlags
}

// signInFlags are the flags of sign-in in a browser.
type signInFlags struct {
	redirectURIs, postLogoutURIs     []string
	backchannelURI, initiateLoginURI string
	consent, authMethod              string
	maxAge                           time.Duration
	backchannelSession, noPKCE       bool
	localhostPorts, requireAuthTime  bool
	authentication                   string
	grantWithoutMFA                  bool
}

// displayFlags are the flags of what people are shown.
type displayFlags struct {
	home, logo, policy, terms string
	contacts                  []string
}

func (r *clientFlags) add(f *pflag.FlagSet) {
	f.StringVar(&r.name, "name", "", "`NAME` for people")
	f.StringSliceVar(&r.grants, "grant", nil, "`GRANT` it may use, several times: "+strings.Join(grantNames(), ", "))
	f.StringArrayVar(&r.scopes, "scope", nil, "`SCOPES` it may ask for, separated by spaces, or several flags")
	f.StringArrayVar(&r.audiences, "audience", nil, "`URI` of an API that its tokens are for, several times; none means the issuer itself")
	f.StringArrayVar(&r.resources, "resource", nil, "`URI` of an API that it is: it may introspect tokens addressed to that, several times")
	f.StringArrayVar(&r.origins, "origin", nil, "browser `ORIGIN` that may call the token endpoint, such as https://app.example.com, several times")
	f.BoolVar(&r.idTokenOnRefresh, "id-token-on-refresh", false, "a refresh brings an ID token too, for a second signature each time")
	f.BoolVar(&r.trustClientIP, "trust-client-ip", false, "the client names its users' addresses in the header Signet-Client-IP, for throttling and the audit log")
	f.BoolVar(&r.passwords, "insecure-public-password", false, "allow a public client the password grant: anybody can then guess passwords in its name")
	r.signInFlags.add(f)
	r.displayFlags.add(f)
}

func (r *signInFlags) add(f *pflag.FlagSet) {
	f.StringArrayVar(&r.redirectURIs, "redirect-uri", nil, "`URI` that the answer to a sign-in may go to, several times; compared as it is")
	f.StringArrayVar(&r.postLogoutURIs, "post-logout-redirect-uri", nil, "`URI` that a browser may go to after a logout, several times")
	f.StringVar(&r.backchannelURI, "backchannel-logout-uri", "", "`URI` that logout tokens are sent to")
	f.BoolVar(&r.backchannelSession, "backchannel-logout-session-required", false, "logout tokens must name the session")
	f.StringVar(&r.initiateLoginURI, "initiate-login-uri", "", "`URI` where a sign-in that went stale begins anew")
	f.BoolVar(&r.noPKCE, "no-require-pkce", false, "a client with a secret may do without PKCE; --no-require-pkce=false demands it again")
	f.StringVar(&r.consent, "consent", "", "`WHEN` people are asked what they allow it: "+strings.Join(admin.ConsentPolicies(), ", "))
	f.StringVar(&r.authMethod, "auth-method", "", "the one `METHOD` it authenticates with: client_secret_basic or client_secret_post; empty for both")
	f.DurationVar(&r.maxAge, "default-max-age", 0, "how old a sign-in may be where the request does not say; negative for any age")
	f.BoolVar(&r.localhostPorts, "allow-localhost", false, "a redirect URI on http://localhost matches on any port, as those on 127.0.0.1 and [::1] do")
	f.StringVar(&r.authentication, "require-authentication", "", "`WHAT` people must sign in to it with: "+strings.Join(admin.AuthenticationPolicies(), ", "))
	f.BoolVar(&r.grantWithoutMFA, "password-grant-without-mfa", false, "the password grant takes users too who have or must have a second factor: a way round it")
	f.BoolVar(&r.requireAuthTime, "require-auth-time", false, "ID tokens always say when the user signed in")
}

func (r *displayFlags) add(f *pflag.FlagSet) {
	f.StringVar(&r.home, "home-page", "", "`URI` of its home page")
	f.StringVar(&r.logo, "logo", "", "`URI` of a PNG, JPEG, WebP or GIF of at most 64 KiB, which is fetched now and served by Signet")
	f.StringVar(&r.policy, "policy-uri", "", "`URI` of its privacy policy")
	f.StringVar(&r.terms, "terms-uri", "", "`URI` of its terms of service")
	f.StringArrayVar(&r.contacts, "contact", nil, "`ADDRESS` of somebody responsible for it, several times")
}

// shortDeviceCode is the device flow at the command line, instead of the URN of RFC 8628.
const shortDeviceCode = "device_code"

// grantNames are the grants as the command line lists them.
func grantNames() []string {
	names := issuer.GrantTypes()
	names[slices.Index(names, issuer.GrantDeviceCode)] = shortDeviceCode
	return names
}

// checkGrants replaces short names, and refuses a grant that the token endpoint does not know.
func (r *clientFlags) checkGrants() error {
	for n, name := range r.grants {
		if name == shortDeviceCode {
			r.grants[n] = issuer.GrantDeviceCode
			continue
		}
		switch meant := nearest(name, grantNames()); {
		case issuer.KnownGrant(name):
		case meant != "":
			return usageErrorf("--grant: there is no grant %q: did you mean %s?", name, meant)
		default:
			return usageErrorf("--grant: there is no grant %q: the grants are %s", name, strings.Join(grantNames(), ", "))
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
		ClientSignInChange:     r.signInFlags.change(c),
		ClientDisplayChange:    r.displayFlags.change(c),
	}
}

func (r *signInFlags) change(c *cobra.Command) admin.ClientSignInChange {
	requirePKCE := !r.noPKCE
	seconds := int64(r.maxAge / time.Second)
	if r.maxAge < 0 {
		seconds = -1
	}
	return admin.ClientSignInChange{
		RedirectURIs: changedList(c, "redirect-uri", &r.redirectURIs), PostLogoutRedirectURIs: changedList(c, "post-logout-redirect-uri", &r.postLogoutURIs),
		BackchannelLogoutURI: changed(c, "backchannel-logout-uri", &r.backchannelURI), BackchannelSession: changed(c, "backchannel-logout-session-required", &r.backchannelSession),
		InitiateLoginURI: changed(c, "initiate-login-uri", &r.initiateLoginURI), RequirePKCE: changed(c, "no-require-pkce", &requirePKCE),
		Consent: changed(c, "consent", &r.consent), AuthMethod: changed(c, "auth-method", &r.authMethod), DefaultMaxAge: changed(c, "default-max-age", &seconds),
		LocalhostPorts: changed(c, "allow-localhost", &r.localhostPorts), RequireAuthTime: changed(c, "require-auth-time", &r.requireAuthTime),
		Authentication: changed(c, "require-authentication", &r.authentication), PasswordGrantWithoutMFA: changed(c, "password-grant-without-mfa", &r.grantWithoutMFA),
	}
}

func (r *displayFlags) change(c *cobra.Command) admin.ClientDisplayChange {
	return admin.ClientDisplayChange{
		HomeURI: changed(c, "home-page", &r.home), LogoURI: changed(c, "logo", &r.logo), PolicyURI: changed(c, "policy-uri", &r.policy),
		TermsURI: changed(c, "terms-uri", &r.terms), Contacts: changedList(c, "contact", &r.contacts),
	}
}

// changedList is changed, and takes one empty value for an empty list.
func changedList(c *cobra.Command, flag string, values *[]string) *[]string {
	if slices.Equal(*values, []string{""}) {
		values = &[]string{}
	}
	return changed(c, flag, values)
}
