package issuer

import (
	"slices"

	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/factor"
	"example.org/signet/storage"
)

// Authentication methods (RFC 8176 §2).
const (
	amrPassword = "pwd"
	amrOTP      = "otp" // the code of an authenticator app, or a recovery code
	amrMultiple = "mfa" // two kinds were used
)

// levelOf returns the level that the methods reach.
func levelOf(amr []string) authorization.Level {
	switch {
	case slices.Contains(amr, amrMultiple):
		return authorization.Level2FA
	case slices.Contains(amr, amrPassword):
		return authorization.Level1FA
	}
	return authorization.LevelNone
}

// acrOf returns the authentication context class that the methods reach (OpenID Connect Core
// §2); "" where they are not known.
func acrOf(amr []string) string { return levelOf(amr).ACR() }

// reachableWith returns the level of a login with all factors that the user has.
func reachableWith(f storage.UserFactors) authorization.Level {
	if factor.Any(f) {
		return authorization.Level2FA
	}
	return authorization.Level1FA
}

// withMethods returns the methods with one more and, from two kinds on, mfa.
func withMethods(before []string, method string) []string {
	all := slices.Clone(before)
	for _, m := range []string{method, amrMultiple} {
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// AuthenticationMFA is the policy of a role or client that demands two factors.
const AuthenticationMFA = "mfa"

// policyLevel returns the level that a stored policy demands. One that is not known, of a newer
// program, demands two factors: no failure lets anybody in.
func policyLevel(policy string) authorization.Level {
	if policy == "" {
		return authorization.LevelNone
	}
	return authorization.Level2FA
}
