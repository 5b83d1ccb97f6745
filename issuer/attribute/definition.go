package attribute

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"example.org/signet/issuer/account"
	"example.org/signet/storage"
)

// Types of attributes.
const (
	TypeString  = "string"
	TypeInteger = "integer"
	TypeBoolean = "boolean"
	TypeStrings = "strings" // a list of strings
)

// Types returns all types.
func Types() []string { return []string{TypeString, TypeInteger, TypeBoolean, TypeStrings} }

// Who reads and writes an attribute.
const (
	Admin = "admin" // administrators alone
	User  = "user"  // the user too
)

// Bounds.
const (
	MaxAttributes = 50      // definitions
	MaxBytes      = 8 << 10 // of all values of one user, as they are stored

	maxLength     = 2048 // bytes of a string
	defaultLength = 256
	maxCount      = 100 // strings of a list
	defaultCount  = 20
)

// namePattern is what names and claims are made of: no separator that means something in a
// path, in a field of MongoDB or in JavaScript.
var namePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// reserved are the claims that OpenID Connect and the registry of JWT claims define, those that
// Signet itself uses, fields of users, and names that objects have in JavaScript; in lower case.
var reserved = strings.Fields(`
	iss sub aud exp nbf iat jti azp nonce auth_time acr amr at_hash c_hash s_hash sid sub_jwk cnf act may_act events toe txn
	scope client_id roles groups entitlements status status_list vot vtm htm htu ath rt_hash active username token_type
	name given_name family_name middle_name nickname preferred_username profile picture website email email_verified gender
	birthdate zoneinfo locale phone_number phone_number_verified address updated_at nationalities birth_family_name
	birth_given_name birth_middle_name salutation title msisdn also_known_as place_of_birth
	id full_name phone role disabled created_at must_change_password password hashed_password attribute attributes
	constructor prototype tostring valueof hasownproperty`)

// A Fault is a field of a definition that is wrong.
type Fault struct{ Field, Reason string }

// Define returns the definition with its defaults, and everything that is wrong with it.
func Define(a storage.Attribute) (storage.Attribute, []Fault) {
	var faults []Fault
	fault := func(field, format string, args ...any) {
		faults = append(faults, Fault{field, fmt.Sprintf(format, args...)})
	}
	if reason := checkName(a.Name); reason != "" {
		fault("name", "%s", reason)
	}
	if !slices.Contains(Types(), a.Type) {
		fault("type", "must be one of %s", strings.Join(Types(), ", "))
	}
	setBound(&a.MaxLength, "max_length", a.Type == TypeString || a.Type == TypeStrings, defaultLength, maxLength, fault)
	setBound(&a.MaxCount, "max_count", a.Type == TypeStrings, defaultCount, maxCount, fault)
	for _, who := range []struct {
		field string
		value *string
	}{{"readers", &a.Readers}, {"writers", &a.Writers}} {
		if *who.value == "" {
			*who.value = Admin
		}
		if *who.value != Admin && *who.value != User {
			fault(who.field, "must be %s or %s", Admin, User)
		}
	}
	if a.Writers == User && a.Readers != User {
		fault("readers", "must be %s: who writes an attribute reads it", User)
	}
	faults = append(faults, checkClaim(a)...)
	return a, faults
}

// IsName tells whether an attribute could have the name.
func IsName(name string) bool { return checkName(name) == "" }

// checkName returns why a name is refused, "" where it is not.
func checkName(name string) string {
	switch {
	case !namePattern.MatchString(name):
		return "must be a letter and up to 63 letters, digits, _ and -"
	case slices.Contains(reserved, strings.ToLower(name)):
		return "has a meaning already"
	}
	return ""
}

// setBound sets a bound that was not given, and refuses one that is too large or means nothing.
func setBound(bound *int64, field string, meaningful bool, usual, most int64, fault func(field, format string, args ...any)) {
	switch {
	case !meaningful && *bound != 0:
		fault(field, "means nothing for this type")
	case !meaningful:
	case *bound == 0:
		*bound = usual
	case *bound < 0 || *bound > most:
		fault(field, "must lie between 1 and %d", most)
	}
}

// ungivenScopes give no claims: each means something else.
var ungivenScopes = []string{"offline_access", "signet:account", "signet:admin"}

// checkClaim checks the claim and its scope. A claim reaches the user, who can read an ID token.
func checkClaim(a storage.Attribute) (faults []Fault) {
	switch {
	case a.Claim == "" && a.Scope != "":
		return []Fault{{"scope", "means nothing without a claim"}}
	case a.Claim == "":
		return nil
	}
	if reason := checkName(a.Claim); reason != "" {
		faults = append(faults, Fault{"claim", reason})
	}
	if a.Readers == Admin {
		faults = append(faults, Fault{"claim", "shows the value to the user: readers must be " + User})
	}
	switch {
	case a.Scope == "":
		faults = append(faults, Fault{"scope", "is missing: name the scope that gives the claim"})
	case account.Scope(a.Scope) != nil:
		faults = append(faults, Fault{"scope", "is not one scope of RFC 6749"})
	case slices.Contains(ungivenScopes, a.Scope):
		faults = append(faults, Fault{"scope", "gives no claims"})
	}
	return faults
}
