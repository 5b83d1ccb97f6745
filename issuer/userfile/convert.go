package userfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/signet/internal/secret"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/password"
)

// values are the known values of one user, none of them nil or empty text.
type values map[field]any

// converter makes records of raw users, as the options say.
type converter struct {
	names   fieldNames
	plain   bool // plain passwords are taken
	now     time.Time
	unclear []Unclear // each field once
}

// record makes a Record of a raw user, or a *LineError. The names of what it leaves
// out come back in either case.
func (c *converter) record(raw row) (Record, []string, error) {
	v, names, privileges, ignored, err := c.classify(raw.members)
	d := draft{Record: Record{Line: raw.line}, names: names, now: c.now}
	if err == nil {
		err = v.fill(&d, c.plain)
	}
	for _, u := range d.unclear {
		c.note(u)
	}
	if err != nil {
		return Record{}, ignored, &LineError{Line: raw.line, Reason: err.Error()}
	}
	if len(d.Roles) == 0 {
		ignored = append(ignored, privileges...)
	}
	return d.Record, ignored, nil
}

// note remembers an unclear field, within bounds.
func (c *converter) note(u Unclear) {
	if u.Field = printable(u.Field); len(c.unclear) < maxIgnored && !slices.Contains(c.unclear, u) {
		c.unclear = append(c.unclear, u)
	}
}

// classify tells known members from others, and flags that would make somebody an
// administrator from both. No flag becomes a role: what is_admin gave elsewhere is not
// what a role gives here.
func (c *converter) classify(members []member) (v values, names map[field]string, privileges, ignored []string, err error) {
	v, names = make(values), make(map[field]string)
	ranks := make(map[field]int)
	for _, m := range members {
		value := unwrapMongo(m.value)
		a := c.names.of(m.name)
		switch {
		case a.field == fieldID && !isUUID(value):
			ignored = append(ignored, m.name)
			if text := idText(value); text != "" && (v[fieldForeignID] == nil || a.rank < ranks[fieldForeignID]) {
				v[fieldForeignID], ranks[fieldForeignID] = text, a.rank
			}
		case a.field == fieldUnknown:
			ignored = append(ignored, m.name)
			c.judgeUnknown(m.name, value)
		case value == nil, value == "" && !a.keepsEmpty():
		case a.field == fieldPrivilege:
			if set, err := toBool(value); err != nil || set {
				privileges = append(privileges, m.name)
			}
		case a.field == fieldBlocked && v[a.field] != nil:
			if says(value) == saysYes { // any of them is enough
				v[a.field] = value
			}
		case v[a.field] != nil && ranks[a.field] < a.rank, v[a.field] != nil && sameText(v[a.field], value):
		case v[a.field] != nil && ranks[a.field] == a.rank:
			err = fmt.Errorf("%s is given twice", a.field)
		default:
			v[a.field], names[a.field], ranks[a.field] = value, m.name, a.rank
		}
	}
	return v, names, privileges, ignored, err
}

// judgeUnknown notes an unknown field that restricts, or that holds the passwords.
func (c *converter) judgeUnknown(name string, value any) {
	if c.names.told(name) {
		return
	}
	if mayRestrict(name, value) {
		c.note(Unclear{Field: name, Reason: "may mean that its user must not log in"})
	}
	if text, is := value.(string); is && holdsHash(name, text) {
		c.note(Unclear{Field: name, Reason: "holds password hashes"})
	}
}

// holdsHash tells whether a value is a password hash: of a kind that is read, whatever
// its field is called, or of any kind where the name speaks of passwords.
func holdsHash(name, text string) bool {
	text = unquoteHash(text)
	if text == "" || len(text) > MaxField {
		return false
	}
	if password.CheckHash(text) == nil {
		return true
	}
	short := normalize(name)
	speaks := strings.Contains(short, "pass") || strings.Contains(short, "pwd") || strings.Contains(short, "digest")
	return speaks && password.LooksHashed(text)
}

func sameText(a, b any) bool {
	x, isX := a.(string)
	y, isY := b.(string)
	return isX && isY && x == y
}

func isUUID(value any) bool {
	text, is := value.(string)
	return is && account.LooksLikeID(text)
}

// idText returns an id that is no UUID, such as a number; "" for what is no id.
func idText(value any) string {
	text, is := value.(string)
	if number, ok := wholeNumber(value); ok {
		text, is = number, true
	}
	if !is || len(text) > maxIDText {
		return ""
	}
	return text
}

// maxIDText bounds an id that is reported, in bytes.
const maxIDText = 128

// fill takes every value over, and stops at the first that is wrong.
func (v values) fill(r *draft, plain bool) error {
	for _, step := range []func(*draft) error{
		v.setID, v.setLogin, v.setVerified, v.setFullName, v.setPhone, v.setRoles,
		func(r *draft) error { return v.setPassword(r, plain) },
		v.setSeed, v.setCreatedAt, v.setDisabled, v.setAttributes,
	} {
		if err := step(r); err != nil {
			return err
		}
	}
	return nil
}

// setSeed sets the seed of an authenticator app. One that cannot be used is left out.
func (v values) setSeed(r *draft) error {
	seed, err := v.keycloakSeed()
	if err != nil {
		r.warn(err)
		return nil
	}
	r.TOTPSeed = secret.Text(seed)
	return nil
}

// setLogin sets username and e-mail address.
func (v values) setLogin(r *draft) error {
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
		if v[fieldFullName] != nil {
			return errNameOnly
		}
		return errors.New("there is neither a username nor an email")
	}
	if r.Username, err = account.Username(login); err != nil {
		return err
	}
	if r.Email == "" && strings.Contains(r.Username, "@") {
		r.Email, _ = account.Email(r.Username) // else OwnAddress says what is wrong
	}
	return account.OwnAddress(r.Username, r.Email)
}

// setVerified leaves out what is neither yes nor no.
func (v values) setVerified(r *draft) error {
	if v[fieldVerified] == nil {
		return nil
	}
	verified, err := toBool(v[fieldVerified])
	if err != nil {
		r.warn(fmt.Errorf("%s %w", fieldVerified, err))
	}
	r.EmailVerified = verified && r.Email != ""
	return nil
}

// loginField chooses what the user logs in with. A name is a person's full name (OIDC
// Core §5.1), never a username.
func (v values) loginField() field {
	switch {
	case v[fieldUsername] != nil:
		return fieldUsername
	case v[fieldEmail] != nil:
		return fieldEmail
	}
	return fieldKey
}

// setID keeps a given UUID, and remembers an id of any other form.
func (v values) setID(r *draft) error {
	r.OldID, _ = v[fieldForeignID].(string)
	if text, is := v[fieldID].(string); is {
		r.ID, r.OldID = strings.ToLower(text), text
	}
	return nil
}

// setFullName takes the full name as one or in two parts.
func (v values) setFullName(r *draft) error {
	parts := []field{fieldFullName}
	if v[fieldFullName] == nil {
		parts = []field{fieldFirstName, fieldLastName}
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

// setPhone leaves out a number that is not understood.
func (v values) setPhone(r *draft) error {
	if number, ok := wholeNumber(v[fieldPhone]); ok {
		v[fieldPhone] = number
	}
	phone, err := v.text(fieldPhone)
	if err != nil {
		r.warn(err)
		return nil
	}
	r.Phone = phone
	return nil
}

func (v values) setRoles(r *draft) error {
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
// one of a kind that cannot be checked must not become a plain password, and what is
// plain is taken only where the operator has said that it is meant.
func (v values) setPassword(r *draft, allowed bool) error {
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
	case plain != "" && !allowed:
		return errPlain
	case plain != "":
		r.Password, err = secret.Text(plain), password.CheckNew(plain, password.UserInputs{})
	}
	return err
}

var errNameOnly = errors.New("there is neither a username nor an email: a name is a full name, --map name=username takes it for a username")

var errPlain = errors.New("password is not a hash: plain passwords are taken with --plain-passwords")

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

// setCreatedAt leaves out a time that is not understood.
func (v values) setCreatedAt(r *draft) error {
	at, err := toTime(v[fieldCreatedAt])
	if err != nil {
		r.warn(err)
		return nil
	}
	r.CreatedAt = at
	return nil
}
