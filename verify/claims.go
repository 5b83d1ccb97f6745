package verify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"example.org/signet/internal/strictjson"
)

// registeredClaims have a type of their own and cannot be the roles claim.
var registeredClaims = []string{
	"iss", "sub", "aud", "client_id", "exp", "iat", "nbf", "jti", "scope", "sid", "auth_time", "status", "acr", "amr",
}

// Claims are the claims of a token that has passed every check (RFC 9068 §2.2).
// They are shared by all who hold the pointer: read, do not write.
type Claims struct {
	Issuer    string    // iss
	Subject   string    // sub: a user's id, or the client's for client_credentials
	Audience  []string  // aud, in the token's order
	ClientID  string    // client_id
	Expiry    time.Time // exp, in UTC and whole seconds like all times here
	IssuedAt  time.Time // iat
	NotBefore time.Time // nbf; zero if absent
	ID        string    // jti
	Scope     []string  // scope, split at its spaces; nil if absent
	Roles     []string  // Config.RolesClaim; nil if absent
	SessionID string    // sid; empty if absent
	AuthTime  time.Time // auth_time: when the user logged in; zero if absent
	ACR       string    // acr: how well, such as urn:signet:2fa; empty if absent
	AMR       []string  // amr: by which methods (RFC 8176); nil if absent

	payload []byte
	status  *statusRef // its index in a status list; nil if absent
}

// HasScope reports whether the token was granted scope.
func (c *Claims) HasScope(scope string) bool { return slices.Contains(c.Scope, scope) }

// HasRole reports whether the subject has role.
func (c *Claims) HasRole(role string) bool { return slices.Contains(c.Roles, role) }

// Decode unmarshals all claims into v, a pointer to a struct or a map, for those
// that Claims does not name. Unlike with encoding/json, a claim's name must equal
// the field's name or json tag in every letter's case.
func (c *Claims) Decode(v any) error {
	if err := json.Unmarshal(c.payload, v); err != nil {
		return fmt.Errorf("decode claims: %w", err)
	}
	return nil
}

// parseClaims reads a payload whose signature has been checked.
func parseClaims(payload []byte, rolesClaim string, readStatus bool) (*Claims, error) {
	var buf [16]strictjson.Member
	members, err := strictjson.Object(buf[:0], payload, maxMembers)
	if err != nil {
		return nil, fmt.Errorf("%w: payload: %w", ErrMalformed, err)
	}
	c := &Claims{payload: payload}
	for _, m := range members {
		if problem := c.set(m, rolesClaim, readStatus); problem != "" {
			return nil, &ClaimError{Claim: m.Name, Problem: problem}
		}
	}
	if missing := c.missing(); missing != "" {
		return nil, &ClaimError{Claim: missing, Problem: "missing"}
	}
	return c, nil
}

// set sets the field of one claim and returns what is wrong with the claim, "" for
// nothing. Unknown claims are ignored (RFC 7519 §4).
func (c *Claims) set(m strictjson.Member, rolesClaim string, readStatus bool) (problem string) {
	if m.Name == rolesClaim {
		return setStrings(&c.Roles, m.Value)
	}
	switch m.Name {
	case "iss":
		return setText(&c.Issuer, m.Value)
	case "sub":
		return setText(&c.Subject, m.Value)
	case "client_id":
		return setText(&c.ClientID, m.Value)
	case "jti":
		return setText(&c.ID, m.Value)
	case "sid":
		return setText(&c.SessionID, m.Value)
	case "scope":
		return setScope(&c.Scope, m.Value)
	case "aud":
		return setAudience(&c.Audience, m.Value)
	case "exp":
		return setTime(&c.Expiry, m.Value)
	case "iat":
		return setTime(&c.IssuedAt, m.Value)
	case "nbf":
		return setTime(&c.NotBefore, m.Value)
	case "auth_time":
		return setTime(&c.AuthTime, m.Value)
	case "acr":
		return setText(&c.ACR, m.Value)
	case "amr":
		return setStrings(&c.AMR, m.Value)
	case "status":
		if readStatus {
			return setStatus(&c.status, m.Value)
		}
	}
	return ""
}

// missing returns the first claim that RFC 9068 §2.2 requires and the token lacks, or "".
func (c *Claims) missing() string {
	switch {
	case c.Issuer == "":
		return "iss"
	case c.Expiry.IsZero():
		return "exp"
	case c.Audience == nil:
		return "aud"
	case c.Subject == "":
		return "sub"
	case c.ClientID == "":
		return "client_id"
	case c.IssuedAt.IsZero():
		return "iat"
	case c.ID == "":
		return "jti"
	}
	return ""
}

func setText(into *string, value string) string {
	text, ok := strictjson.String(value)
	if !ok {
		return "not a string"
	}
	*into = text
	return ""
}

func setStrings(into *[]string, value string) string {
	list, ok := strictjson.Strings(value)
	if !ok {
		return "not an array of strings"
	}
	*into = list
	return ""
}

// setAudience reads RFC 7519 §4.1.3's string or array of strings.
func setAudience(into *[]string, value string) string {
	if text, ok := strictjson.String(value); ok {
		*into = []string{text}
		return ""
	}
	return setStrings(into, value)
}

// setScope reads RFC 6749 §3.3's space-separated list.
func setScope(into *[]string, value string) string {
	text, ok := strictjson.String(value)
	if !ok {
		return "not a string"
	}
	*into = strings.FieldsFunc(text, func(r rune) bool { return r == ' ' })
	return ""
}

const lastSecond = 253402300799 // the end of the year 9999, the last that RFC 3339 can write

// setTime reads RFC 7519 §2's NumericDate, of which only whole seconds since 1970
// are accepted: fractions, exponents and signs are read differently by different
// parsers, and no issuer needs them.
func setTime(into *time.Time, value string) string {
	var seconds int64
	for i := range len(value) {
		digit := value[i]
		if digit < '0' || digit > '9' || i == len("253402300799") {
			return "not a time in whole seconds"
		}
		seconds = seconds*10 + int64(digit-'0')
	}
	if seconds > lastSecond {
		return "beyond the year 9999"
	}
	*into = time.Unix(seconds, 0).UTC()
	return ""
}
