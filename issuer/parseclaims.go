package issuer

import (
	"strconv"

	"example.org/signet/internal/strictjson"
	"example.org/signet/issuer/status"
)

// maxClaims bounds the members of one JSON object in a token.
const maxClaims = 256

// parseClaims parses the claims and compares names exactly (RFC 7519 §4): encoding/json
// would read `Exp` as `exp`. Claims that are not known are ignored; null is an absent claim.
func parseClaims(payload []byte) (c accessClaims, ok bool) {
	var buf [20]strictjson.Member
	members, err := strictjson.Object(buf[:0], payload, maxClaims)
	if err != nil {
		return accessClaims{}, false
	}
	for _, m := range members {
		if m.Value != "null" && !c.set(m.Name, m.Value) {
			return accessClaims{}, false
		}
	}
	return c, true
}

// set reads the value of one claim; false where it is of another type.
func (c *accessClaims) set(name, value string) bool {
	switch name {
	case "iss":
		return setString(&c.Issuer, value)
	case "sub":
		return setString(&c.Subject, value)
	case "aud":
		return c.Audience.set(value)
	case "client_id":
		return setString(&c.ClientID, value)
	case "exp":
		return setInt(&c.Expiry, value)
	case "iat":
		return setInt(&c.IssuedAt, value)
	case "nbf":
		return setInt(&c.NotBefore, value)
	case "jti":
		return setString(&c.ID, value)
	case "scope":
		return setString(&c.Scope, value)
	case "sid":
		return setString(&c.SessionID, value)
	case "roles":
		return setStrings(&c.Roles, value)
	case "auth_time":
		return setInt(&c.AuthTime, value)
	case "acr":
		return setString(&c.ACR, value)
	case "amr":
		return setStrings(&c.AMR, value)
	case "client_epoch":
		return setInt(&c.ClientEpoch, value)
	case "status":
		claim, ok := status.ParseClaim(value)
		c.Status = claim
		return ok
	}
	return true
}

// set reads one audience or several (RFC 7519 §4.1.3).
func (a *audience) set(value string) bool {
	var one string
	if setString(&one, value) {
		*a = audience{one}
		return true
	}
	return setStrings((*[]string)(a), value)
}

func setString(to *string, value string) (ok bool) {
	*to, ok = strictjson.String(value)
	return ok
}

func setStrings(to *[]string, value string) (ok bool) {
	*to, ok = strictjson.Strings(value)
	return ok
}

// setInt reads a whole number without an exponent, as every reader of ours writes it.
func setInt(to *int64, value string) bool {
	n, err := strconv.ParseInt(value, 10, 64)
	*to = n
	return err == nil
}
