package userfile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.org/signet/issuer/attribute"
)

// field is a value that this package knows, by the name it has in messages and in
// Options.Map.
type field string

const (
	fieldUnknown   field = ""
	fieldID        field = "id" // kept where it is a UUID
	fieldUsername  field = "username"
	fieldEmail     field = "email"
	fieldKey       field = "key" // a username where nothing else names the user
	fieldVerified  field = "email_verified"
	fieldFullName  field = "full_name"
	fieldFirstName field = "first_name"
	fieldLastName  field = "last_name"
	fieldPhone     field = "phone"
	fieldRoles     field = "roles"
	fieldPrivilege field = "is_admin"
	fieldHash      field = "hashed_password"
	fieldPassword  field = "password"
	fieldCreatedAt field = "created_at"

	// Fields that may say that somebody must not log in: restriction.go.
	fieldDisabled field = "disabled"
	fieldActive   field = "is_active"
	fieldBlocked  field = "blocked"
	fieldUntil    field = "blocked_until"
	fieldExpires  field = "expires_at"
	fieldStatus   field = "status"

	// fieldForeignID is an id that is no UUID. No name maps to it.
	fieldForeignID field = "foreign id"

	fieldCredentials field = "credentials" // Keycloak's
)

// alias is the field that a name spells. Of several names of one field in one record
// that hold different values, the one with the lowest rank is taken; of one rank they
// contradict each other.
type alias struct {
	field field
	rank  int
}

// mappedRank is before every rank of the table: a name that was mapped on purpose.
const mappedRank = -1

// fieldAliases are the names under which stores keep what is known here, in the form
// of normalize, so that user_name, userName and User Name are one.
var fieldAliases = func() map[string]alias {
	table := map[string]alias{}
	for _, of := range []struct {
		field field
		ranks []string // names of one rank, separated by spaces
	}{
		{fieldID, []string{"id", "uuid userid useruuid", "sub guid objectid", "_id"}},
		{fieldUsername, []string{"username", "preferredusername", "cognito:username", "login loginname userlogin", "userprincipalname samaccountname"}},
		{fieldEmail, []string{"email emailaddress mail useremail"}},
		{fieldVerified, []string{"emailverified isemailverified emailconfirmed isemailconfirmed"}},
		{fieldKey, []string{"key"}},
		{fieldFullName, []string{"fullname", "name", "displayname commonname cn"}},
		{fieldFirstName, []string{"firstname givenname"}},
		{fieldLastName, []string{"lastname familyname surname sn"}},
		{fieldPhone, []string{"phone phonenumber", "mobile mobilephone telephonenumber"}},
		{fieldRoles, []string{"role roles"}},
		{fieldPrivilege, []string{"isadmin issuperuser isstaff admin superuser"}},
		{fieldHash, []string{"hashedpassword passwordhash hash"}},
		{fieldPassword, []string{"password", "userpassword userpass passwd"}},
		{fieldCreatedAt, []string{"createdat", "created datejoined createdtimestamp", "userregistered creationdate whencreated"}},
		{fieldDisabled, []string{"disabled isdisabled accountdisabled"}},
		{fieldActive, []string{"isactive active enabled isenabled accountenabled accountactive"}},
		{fieldCredentials, []string{"credentials"}},
		{fieldStatus, []string{"status state userstatus accountstatus userstate accountstate"}},
		{fieldBlocked, []string{
			"blocked isblocked blockedat banned isbanned bannedat locked islocked lockedat lockedout islockedout accountlocked accountblocked " +
				"suspended issuspended suspendedat deleted isdeleted deletedat archived isarchived archivedat deactivated isdeactivated deactivatedat " +
				"disabledat inactive isinactive revoked revokedat terminated terminatedat closed closedat",
		}},
		{fieldUntil, []string{"blockeduntil banneduntil lockeduntil suspendeduntil disableduntil lockoutend lockoutuntil"}},
		{fieldExpires, []string{"expiresat expires expiry expired isexpired expirydate expirationdate accountexpires accountexpiresat validuntil accountexpired"}},
	} {
		for rank, names := range of.ranks {
			for _, name := range strings.Fields(names) {
				table[name] = alias{of.field, rank}
			}
		}
	}
	return table
}()

// mappable are the fields that Options.Map may name.
var mappable = func() []string {
	names := map[string]bool{}
	for _, a := range fieldAliases {
		names[string(a.field)] = true
	}
	return slices.Sorted(maps.Keys(names))
}()

const (
	// attributePrefix stands before the name of an attribute in Options.Map.
	attributePrefix = "attribute:"
	// attributesMember stands before the members of an object called attributes.
	attributesMember = "attributes."
)

// attributeField is the field of an attribute, and fieldUnknown where none can have that name.
func attributeField(name string) field {
	if !attribute.IsName(name) {
		return fieldUnknown
	}
	return field(attributePrefix + name)
}

// attribute returns the name of the attribute that the field is, if it is one.
func (f field) attribute() (name string, is bool) {
	name, is = strings.CutPrefix(string(f), attributePrefix)
	return name, is && attribute.IsName(name)
}

var withoutSeparators = strings.NewReplacer("_", "", "-", "", " ", "", ".", "")

// normalize brings a name into the form of fieldAliases. A name that begins with an
// underscore, as MongoDB's _id does, keeps it.
func normalize(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	short := withoutSeparators.Replace(name)
	if strings.HasPrefix(name, "_") {
		return "_" + short
	}
	return short
}

// ErrUnknownField is returned by NewReader when Options.Map names a field that no user has.
var ErrUnknownField = errors.New("is no field")

// fieldNames decides what a name in a file stands for.
type fieldNames struct {
	mapped  map[string]field // by the normalized name
	ignored map[string]bool
}

func newFieldNames(o Options) (fieldNames, error) {
	n := fieldNames{mapped: map[string]field{}, ignored: map[string]bool{}}
	for old, name := range o.Map {
		if _, is := field(name).attribute(); !is && !slices.Contains(mappable, name) {
			return n, fmt.Errorf("%q %w: map to one of %s, or to attribute:NAME", printable(name), ErrUnknownField, strings.Join(mappable, ", "))
		}
		n.mapped[normalize(old)] = field(name)
	}
	for _, name := range o.Ignore {
		n.ignored[normalize(name)] = true
	}
	return n, nil
}

// of finds the field that a name spells.
func (n fieldNames) of(name string) alias {
	if len(name) > len(attributesMember)+maxIgnoredName {
		return alias{}
	}
	short := normalize(name)
	if f, ok := n.mapped[short]; ok {
		return alias{f, mappedRank}
	}
	if n.ignored[short] {
		return alias{}
	}
	if name, inside := strings.CutPrefix(name, attributesMember); inside {
		return alias{field: attributeField(name)}
	}
	if len(name) > maxIgnoredName {
		return alias{}
	}
	return fieldAliases[short]
}

// told reports whether the operator has said that the name is to be left out.
func (n fieldNames) told(name string) bool { return n.ignored[normalize(name)] }

// printable makes a field's name fit for a terminal: bounded, without controls, and
// nothing at all where it is more likely somebody's data than a name.
func printable(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.TrimSpace(name))
	if strings.Contains(name, "@") {
		return "(a name with @)"
	}
	for len(name) > maxIgnoredName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}
