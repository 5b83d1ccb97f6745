package userfile

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// field is a value that this package knows, by the name it has in messages.
type field string

const (
	fieldUnknown   field = ""
	fieldUsername  field = "username"
	fieldEmail     field = "email"
	fieldName      field = "name" // a username or a full name, by what stands beside it
	fieldKey       field = "key"  // a username where nothing else names the user
	fieldFullName  field = "full_name"
	fieldFirstName field = "first_name"
	fieldLastName  field = "last_name"
	fieldPhone     field = "phone"
	fieldRoles     field = "roles"
	fieldPrivilege field = "is_admin"
	fieldHash      field = "hashed_password"
	fieldPassword  field = "password"
	fieldCreatedAt field = "created_at"
	fieldDisabled  field = "disabled"
	fieldActive    field = "is_active"

	fieldCredentials field = "credentials" // Keycloak's
)

// fieldAliases are the names under which stores keep what is known here, without case
// and without _ - and space, so that user_name, userName and User Name are one.
var fieldAliases = map[string]field{
	"username":         fieldUsername,
	"email":            fieldEmail,
	"emailaddress":     fieldEmail,
	"mail":             fieldEmail,
	"name":             fieldName,
	"key":              fieldKey,
	"fullname":         fieldFullName,
	"displayname":      fieldFullName,
	"firstname":        fieldFirstName,
	"givenname":        fieldFirstName,
	"lastname":         fieldLastName,
	"familyname":       fieldLastName,
	"surname":          fieldLastName,
	"phone":            fieldPhone,
	"phonenumber":      fieldPhone,
	"role":             fieldRoles,
	"roles":            fieldRoles,
	"isadmin":          fieldPrivilege,
	"issuperuser":      fieldPrivilege,
	"isstaff":          fieldPrivilege,
	"admin":            fieldPrivilege,
	"superuser":        fieldPrivilege,
	"hashedpassword":   fieldHash,
	"passwordhash":     fieldHash,
	"hash":             fieldHash,
	"password":         fieldPassword,
	"createdat":        fieldCreatedAt,
	"created":          fieldCreatedAt,
	"datejoined":       fieldCreatedAt,
	"createdtimestamp": fieldCreatedAt, // Keycloak
	"credentials":      fieldCredentials,
	"disabled":         fieldDisabled,
	"isdisabled":       fieldDisabled,
	"isactive":         fieldActive,
	"active":           fieldActive,
	"enabled":          fieldActive,
	"isenabled":        fieldActive,
}

var withoutSeparators = strings.NewReplacer("_", "", "-", "", " ", "")

// fieldOf finds the field that a name spells.
func fieldOf(name string) field {
	if len(name) > maxIgnoredName {
		return fieldUnknown
	}
	return fieldAliases[withoutSeparators.Replace(strings.ToLower(strings.TrimSpace(name)))]
}

// printable makes a field's name fit for a terminal: bounded, and without controls.
func printable(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.TrimSpace(name))
	for len(name) > maxIgnoredName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}
