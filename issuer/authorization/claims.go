package authorization

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"example.org/signet/internal/strictjson"
)

// Bounds of the claims parameter.
const (
	maxClaims      = 50 // members of one object
	maxClaimValues = 20
)

// claimNames are the claims that a request may name, beside those that the operator's attributes
// become. Others are ignored (OpenID Connect Core §5.5).
var claimNames = []string{
	"acr", "auth_time", "email", "email_verified", "name", "phone_number", "preferred_username", "roles", "sub", "updated_at",
}

// Claims is the claims parameter (OpenID Connect Core §5.5), as far as it is honoured.
type Claims struct {
	Sent     string // as it was sent; "" for none
	UserInfo []Claim
	IDToken  []Claim
}

// Claim is one claim that is asked for.
type Claim struct {
	Name      string
	Essential bool
	Value     string   // of sub; "" for any
	Values    []string // of acr; nil for any
}

var errClaims = errors.New("the claims parameter is not what OpenID Connect Core section 5.5 describes")

// parseClaims reads the claims parameter.
func parseClaims(sent string) (Claims, error) {
	if sent == "" {
		return Claims{}, nil
	}
	members, err := strictjson.Object(nil, []byte(sent), maxClaims)
	if err != nil {
		return Claims{}, errClaims
	}
	c := Claims{Sent: sent}
	for _, part := range []struct {
		name string
		into *[]Claim
	}{{"userinfo", &c.UserInfo}, {"id_token", &c.IDToken}} {
		value, given := strictjson.Find(members, part.name)
		if !given || value == "null" {
			continue
		}
		if *part.into, err = parseClaimList(value); err != nil {
			return Claims{}, err
		}
	}
	return c, nil
}

// parseClaimList reads the member userinfo or id_token, sorted by name.
func parseClaimList(value string) ([]Claim, error) {
	members, err := strictjson.Object(nil, []byte(value), maxClaims)
	if err != nil {
		return nil, errClaims
	}
	var list []Claim
	for _, m := range members {
		claim, err := parseClaim(m)
		if err != nil {
			return nil, err
		}
		if slices.Contains(claimNames, claim.Name) || isAttributeName(claim.Name) {
			list = append(list, claim)
		}
	}
	slices.SortFunc(list, func(a, b Claim) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// isAttributeName tells whether the claim may be that of an attribute: whether there is one shows
// when the rights are computed.
func isAttributeName(name string) bool { return attributeName.MatchString(name) }

var attributeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// parseClaim reads one claim: null, or an object (OpenID Connect Core §5.5.1).
func parseClaim(m strictjson.Member) (Claim, error) {
	c := Claim{Name: m.Name}
	if m.Value == "null" {
		return c, nil
	}
	members, err := strictjson.Object(nil, []byte(m.Value), maxClaims)
	if err != nil {
		return c, errClaims
	}
	if essential, given := strictjson.Find(members, "essential"); given {
		if essential != "true" && essential != "false" {
			return c, errClaims
		}
		c.Essential = essential == "true"
	}
	value, given := strictjson.Find(members, "value")
	text, isText := strictjson.String(value)
	switch {
	case !given, m.Name != "sub" && m.Name != "acr":
	case !isText:
		return c, errClaims
	case m.Name == "acr":
		c.Values = []string{text}
	default:
		c.Value = text
	}
	return c.withValues(members)
}

// withValues reads the member values, which is honoured for acr.
func (c Claim) withValues(members []strictjson.Member) (Claim, error) {
	value, given := strictjson.Find(members, "values")
	if !given || c.Name != "acr" {
		return c, nil
	}
	values, ok := strictjson.Strings(value)
	if !ok || len(values) > maxClaimValues {
		return c, errClaims
	}
	c.Values = append(c.Values, values...)
	return c, nil
}

// IDTokenClaim returns what the member id_token says about the claim.
func (c Claims) IDTokenClaim(name string) (Claim, bool) {
	for _, claim := range c.IDToken {
		if claim.Name == name {
			return claim, true
		}
	}
	return Claim{}, false
}
