package issuer

import (
	"slices"

	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

// Authentication methods (RFC 8176 §2).
const (
	amrPassword = "pwd"
	amrOTP      = "otp" // the code of an authenticator app, or a recovery code
	amrMultiple = "mfa" // two kinds were used

	amrSoftwareKey = "swk"  // a passkey that may be synced
	amrHardwareKey = "hwk"  // a passkey that its device keeps
	amrUser        = "user" // the authenticator has verified the person
)

// AppMethods returns the methods that the code of an authenticator app proves.
func AppMethods() []string { return []string{amrOTP} }

// PasskeyMethods returns the methods that a new passkey proves.
func PasskeyMethods(k storage.Passkey) []string {
	return passkeyMethods(k.BackupEligible, k.UserVerified)
}

// passkeyMethods returns the methods that a passkey proves. Proven with verification, it is two
// kinds by itself: what the person has, and what they know or are.
func passkeyMethods(synced, verified bool) []string {
	methods := []string{amrHardwareKey}
	if synced {
		methods[0] = amrSoftwareKey
	}
	if verified {
		methods = append(methods, amrUser)
	}
	return methods
}

// levelOf returns the level that the methods reach.
func levelOf(amr []string) authorization.Level {
	switch {
	case slices.Contains(amr, amrMultiple) && (slices.Contains(amr, amrSoftwareKey) || slices.Contains(amr, amrHardwareKey)):
		return authorization.LevelPHR
	case slices.Contains(amr, amrMultiple):
		return authorization.Level2FA
	case slices.Contains(amr, amrPassword), slices.Contains(amr, upstream.MethodFederated):
		return authorization.Level1FA
	}
	return authorization.LevelNone
}

// acrOf returns the authentication context class that the methods reach (OpenID Connect Core
// §2); "" where they are not known.
func acrOf(amr []string) string { return levelOf(amr).ACR() }

// reachableWith returns the level of a login with all factors that the user has.
func reachableWith(f storage.UserFactors) authorization.Level {
	switch {
	case len(f.Passkeys) > 0:
		return authorization.LevelPHR
	case factor.Any(f):
		return authorization.Level2FA
	}
	return authorization.Level1FA
}

// withMethods returns the methods with those of another kind, and mfa: of two kinds, or of a
// passkey that has verified the person.
func withMethods(before []string, methods ...string) []string {
	all := slices.Clone(before)
	for _, m := range append(slices.Clone(methods), amrMultiple) {
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// The policies of a role or client.
const (
	AuthenticationMFA               = "mfa"                // demands two factors
	AuthenticationPhishingResistant = "phishing_resistant" // demands a passkey as one of them
)

// policyLevel returns the level that a stored policy demands. One that is not known, of a newer
// program, demands two factors: no failure lets anybody in.
func policyLevel(policy string) authorization.Level {
	switch policy {
	case "":
		return authorization.LevelNone
	case AuthenticationPhishingResistant:
		return authorization.LevelPHR
	}
	return authorization.Level2FA
}
