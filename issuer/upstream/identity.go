package upstream

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"example.org/signet/storage"
)

// Bounds of what is kept of a person, in bytes.
const (
	maxSubject = 255 // OpenID Connect Core §8 has as many characters
	maxText    = 320
)

// Identity is who has signed in at a provider, by what it says.
type Identity struct {
	Issuer        string
	Subject       string
	Username      string // "" for none
	Email         string // "" for none
	EmailVerified bool
	Name          string
	AuthTime      time.Time // zero where it is not said
	Methods       []string  // RFC 8176, as the provider says; see MethodsThatCount
	Claims        map[string]any
}

// LinkID is the key of the link of this account.
func (i Identity) LinkID() string { return storage.LinkID(i.Issuer, i.Subject) }

// newIdentity reads the claims.
func newIdentity(conn storage.Connector, issuer, subject string, claims map[string]any) (Identity, error) {
	i := Identity{
		Issuer: issuer, Subject: subject, Claims: claims,
		Username: text(claims, nameOr(conn.Claims.Username, "preferred_username")),
		Email:    text(claims, nameOr(conn.Claims.Email, "email")),
		Name:     text(claims, nameOr(conn.Claims.Name, "name")),
		Methods:  list(claims, "amr"),
	}
	i.EmailVerified = isTrue(claims["email_verified"]) && nameOr(conn.Claims.Email, "email") == "email"
	if at, ok := number(claims["auth_time"]); ok && at > 0 {
		i.AuthTime = time.Unix(at, 0).UTC()
	}
	if i.Subject == "" {
		return Identity{}, rejected("the provider names nobody")
	}
	return i, nil
}

func nameOr(name, usual string) string { return cmp.Or(name, usual) }

// text returns a claim that is a text, cut to what is kept; "" for any other.
func text(claims map[string]any, name string) string {
	s, _ := claims[name].(string)
	if s = strings.TrimSpace(s); len(s) > maxText {
		return ""
	}
	return s
}

// list returns the texts of a claim that is a list, or a text alone.
func list(claims map[string]any, name string) (all []string) {
	switch v := claims[name].(type) {
	case string:
		return []string{v}
	case []any:
		for _, one := range v {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// isTrue accepts true, and the text that some providers send for it.
func isTrue(v any) bool { return v == true || v == "true" }

func number(v any) (int64, bool) {
	switch n := v.(type) {
	case float64:
		return int64(n), n >= 0 && n < 1<<53
	case json.Number:
		i, err := n.Int64()
		return i, err == nil
	}
	return 0, false
}

// methodsKnown are the methods of a provider that can count here: what says how sure it is.
var methodsKnown = []string{"mfa", "otp", "swk", "hwk", "user"}

// MethodFederated is the method of a sign-in at another provider. RFC 8176 has no word for it.
const MethodFederated = "fed"

// Methods returns the methods that a sign-in by this connector has proven.
func Methods(conn storage.Connector, i Identity) []string {
	methods := []string{MethodFederated}
	if !conn.TrustMethods {
		return methods
	}
	for _, m := range methodsKnown {
		if slices.Contains(i.Methods, m) {
			methods = append(methods, m)
		}
	}
	return methods
}
