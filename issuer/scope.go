package issuer

import (
	"slices"
	"strings"
	"time"

	"example.org/signet/issuer/account"
	"example.org/signet/storage"
)

// The scopes with a meaning of their own (OpenID Connect Core §5.4).
const (
	ScopeOpenID  = "openid"
	ScopeProfile = "profile"
	ScopeEmail   = "email"
	ScopeAddress = "address"
	ScopePhone   = "phone"

	// ScopeOfflineAccess asks for a session that outlives the user's presence
	// (OpenID Connect Core §11).
	ScopeOfflineAccess = "offline_access"
)

// The scopes of Signet's own API. A client has them only where they are named for
// it, and a user's token only through such a client; no role may name them.
const (
	ScopeAccount = "signet:account" // self-service, at /me
	ScopeAdmin   = "signet:admin"   // the admin API; for one public client alone, see AdministersByDevice
)

// userScopes are the scopes that mean nothing without a user.
var userScopes = []string{ScopeOpenID, ScopeOfflineAccess, ScopeAccount, ScopeAdmin}

// ReservedScope tells whether the scope is one of Signet's own API.
func ReservedScope(s string) bool { return s == ScopeAccount || s == ScopeAdmin }

// StandardScope tells whether OpenID Connect defines the scope. Such a one is every
// user's, and no role may restrict it.
func StandardScope(s string) bool {
	switch s {
	case ScopeOpenID, ScopeProfile, ScopeEmail, ScopeAddress, ScopePhone, ScopeOfflineAccess:
		return true
	}
	return false
}

// maxScopes bounds the scopes of one request.
const maxScopes = 100

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// parseScope splits a request's scope parameter (RFC 6749 §3.3). A scope asked
// twice is returned once. An empty parameter is an absent one: nil. More spaces than one
// between scopes, or any around them, are what templates leave behind.
func parseScope(raw string) ([]string, error) {
	if len(raw) > maxScopes*(account.MaxScope+1) {
		return nil, newError(InvalidScope, "too many scopes asked for")
	}
	names := strings.FieldsFunc(raw, func(r rune) bool { return r == ' ' })
	if len(names) > maxScopes {
		return nil, newError(InvalidScope, "too many scopes asked for")
	}
	var scopes []string
	for _, s := range names {
		if account.Scope(s) != nil {
			return nil, newError(InvalidScope, "a scope has characters that RFC 6749 section 3.3 does not allow")
		}
		if !contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes, nil
}

// intersect keeps the members of a that are in b, in a's order; it is never nil. The result may
// be a itself, so nobody changes its elements.
func intersect(a, b []string) []string {
	if a == nil {
		return []string{}
	}
	return keep(a, func(s string) bool { return contains(b, s) })
}

// without keeps the members of a that are not in b, in a's order. The result may be a itself,
// so nobody changes its elements.
func without(a, b []string) []string {
	return keep(a, func(s string) bool { return !contains(b, s) })
}

// keep returns the members that wanted says yes to. Nearly always these are all: then the list is
// not copied.
func keep(list []string, wanted func(string) bool) []string {
	first := slices.IndexFunc(list, func(s string) bool { return !wanted(s) })
	if first < 0 {
		return slices.Clip(list)
	}
	kept := slices.Clone(list[:first])
	for _, s := range list[first+1:] {
		if wanted(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

func joinScope(scopes []string) string { return strings.Join(scopes, " ") }

// CLIClient is the id of the one public client that may have signet:admin: that of signet login.
const CLIClient = "signet-cli"

// AdministersByDevice tells whether a public client may have signet:admin. Anybody can present its
// id, but the device flow is its only way to tokens: so each session of it was allowed by a click on
// a page that names the client and the scope, and nothing is handed over by a redirect.
func AdministersByDevice(c storage.Client) bool {
	return c.ID == CLIClient && contains(c.Grants, GrantDeviceCode) && len(without(c.Grants, []string{GrantDeviceCode, GrantRefreshToken})) == 0
}

// maxAdminByDevice bounds the sessions that a device administers by.
const maxAdminByDevice = 12 * time.Hour
