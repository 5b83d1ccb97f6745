package issuer

import (
	"slices"

	"example.org/signet/issuer/authorization"
)

// acrOf returns the authentication context class that the methods reach (OpenID Connect Core
// §2); "" where they are not known.
func acrOf(amr []string) string {
	if slices.Contains(amr, amrPassword) {
		return authorization.ACR1FA
	}
	return ""
}
