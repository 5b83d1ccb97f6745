package userfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/signet/internal/secret"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/password"
)

// values are the known values of one user, none of them nil or empty text.
type values map[field]any

// toRecord makes a Record of a raw user, or a *LineError. The names of what it leaves
// out come back in either case.
func toRecord(raw row) (Record, []string, error) {
	v, privileges, ignored, err := classify(raw.members)
	record := Record{Line: raw.line}
	if err == nil {
		err = v.fill(&record)
	}
	if err != nil {
		return Record{}, ignored, &LineError{Line: raw.line, Reason: err.Error()}
	}
	if len(record.Roles) == 0 {
		ignored = append(ignored, privileges...)
	}
	return record, ignored, nil
}

// classify tells known members from others, and flags that would make somebody an
// administrator from both. No flag becomes a role: what is_admin gave elsewhere is not
// what a role gives here.
func classify(members []member) (v values, privileges, ignored []string, err error) {
	v = make(values)
	for _, m := range members {
		value := unwrapMongo(m.value)
		f := fieldOf(m.name)
		switch {
		case f == fieldUnknown:
			ignored = append(ignored, m.name)
		case value == nil || value == "":
		case f == fieldPrivilege:
			if set, err := toBool(value); err != nil || set {
				privileges = append(privileges, m.name)
			}
		case v[f] != nil:
			err = fmt.Errorf("%s is given twice", f)
		default:
			v[f] = value
		}
	}
	return v, privileges, ignored, err
}

// fill takes every value over, and stops at the first that is wrong.
func (v values) fill(r *Record) error {
	for _, step := range []func(*Record) error{
		v.setLogin, v.setFullName, v.setPhone, v.setRoles, v.setPassword, v.setCreatedAt, v.setDisabled,
	} {
		if err := step(r); err != nil {
			return err
		}
	}
	return nil
}

// setLogin sets username and e-mail address.
func (v values) setLogin(r *Record) error {
	address, err := v.text(fieldEmail)
	if err != nil {
		return err
	}
	if address != "" {
		if r.Email, err = account.Email(address); err != nil {
			return err
		}
	}
	login, err := v.text(v.loginField())
	if err != nil {
		return err
	}
	if login == "" {
		return errors.New("there is neither a username nor an email")
	}
	r.Username, err = account.Username(login)
	return err
}

// loginField chooses what the user logs in with. A name is a username only if nothing
// better is there and it is not the full name.
func (v values) loginField() field {
	switch {
	case v[fieldUsername] != nil:
		return fieldUsername
	case v[fieldName] != nil && (v[fieldEmail] == nil || v.hasFullName()):
		return fieldName
	case v[fieldEmail] != nil:
		return fieldEmail
	}
	return fieldKey
}

func (v values) hasFullName() bool {
	return v[fieldFullName] != nil || v[fieldFirstName] != nil || v[fieldLastName] != nil
}

// setFullName takes the full name as one or in two parts, or what is called name and is
// not the username.
func (v values) setFullName(r *Record) error {
	parts := []field{fieldFullName}
	switch {
	case v[fieldFullName] != nil:
	case v.hasFullName():
		parts = []field{fieldFirstName, fieldLastName}
	case v.loginField() != fieldName:
		parts = []field{fieldName}
	}
	var texts []string
	for _, part := range parts {
		text, err := v.text(part)
		if err != nil {
			return err
		}
		texts = append(texts, text)
	}
	r.FullName = strings.TrimSpace(strings.Join(texts, " "))
	return nil
}

func (v values) setPhone(r *Record) (err error) {
	if number, ok := wholeNumber(v[fieldPhone]); ok {
		v[fieldPhone] = number
	}
	r.Phone, err = v.text(fieldPhone)
	return err
}

func (v values) setRoles(r *Record) error {
	names, err := parseRoles(v[fieldRoles])
	if err != nil {
		return err
	}
	for _, name := range names {
		name = strings.ToLower(name)
		if err := account.RoleName(name); err != nil {
			return err
		}
		if !slices.Contains(r.Roles, name) {
			r.Roles = append(r.Roles, name)
		}
	}
	return nil
}

// setPassword sets either password or hash. A hash often stands under the name password;
// one of a kind that cannot be checked must not become a plain password.
func (v values) setPassword(r *Record) error {
	hash, err := v.secret(fieldHash)
	if err != nil {
		return err
	}
	inner, err := v.keycloakHash()
	if err != nil {
		return err
	}
	if hash != "" && inner != "" {
		return errors.New("there are two password hashes")
	}
	hash = cmp.Or(hash, inner)
	plain, err := v.secret(fieldPassword)
	if err != nil {
		return err
	}
	if hash != "" && plain != "" {
		return errors.New("there are both a password and a password hash")
	}
	if inside := unquoteHash(plain); password.LooksHashed(inside) {
		hash, plain = inside, ""
	}
	switch {
	case hash != "":
		hash = unquoteHash(hash)
		r.PasswordHash, err = secret.Text(hash), password.CheckHash(hash)
	case plain != "":
		r.Password, err = secret.Text(plain), password.CheckNew(plain, password.UserInputs{})
	}
	return err
}

// unquoteHash takes a hash out of white space and out of b'…', which is what Python makes
// of a hash that was never decoded to text.
func unquoteHash(s string) string {
	s = strings.TrimSpace(s)
	for _, mark := range []string{"'", `"`} {
		inside, found := strings.CutPrefix(s, "b"+mark)
		if inside, closed := strings.CutSuffix(inside, mark); found && closed {
			return inside
		}
	}
	return s
}

func (v values) setCreatedAt(r *Record) (err error) {
	r.CreatedAt, err = toTime(v[fieldCreatedAt])
	return err
}

// setDisabled understands the flag and its opposite.
func (v values) setDisabled(r *Record) error {
	for f, inverse := range map[field]bool{fieldDisabled: false, fieldActive: true} {
		if v[f] == nil {
			continue
		}
		set, err := toBool(v[f])
		if err != nil {
			return fmt.Errorf("%s %w", f, err)
		}
		off := set != inverse
		if r.Disabled != nil && *r.Disabled != off {
			return errors.New("disabled and is_active contradict each other")
		}
		r.Disabled = &off
	}
	return nil
}
