package authorization

import (
	"slices"
	"strings"
)

// Level orders the authentication contexts: a higher one includes the lower ones.
type Level int

// The levels.
const (
	LevelNone Level = iota // not known
	Level1FA               // a password alone
	Level2FA               // two factors
	LevelPHR               // two factors, one of which no imitated page can pass on
)

// The authentication contexts that this issuer names.
const (
	ACR1FA = "urn:signet:1fa"
	ACR2FA = "urn:signet:2fa"
	ACRPHR = "urn:signet:phr"
)

// acrOfLevel are the values by level.
var acrOfLevel = map[Level]string{Level1FA: ACR1FA, Level2FA: ACR2FA, LevelPHR: ACRPHR}

// acrAliases are values that acr_values may have for a level beside ours. Tokens never have them.
var acrAliases = map[string]Level{
	"1": Level1FA, "2": Level2FA, "phr": LevelPHR, "phrh": LevelPHR,
	ACR1FA: Level1FA, ACR2FA: Level2FA, ACRPHR: LevelPHR,
}

// ACR returns the value that tokens have; "" for LevelNone.
func (l Level) ACR() string { return acrOfLevel[l] }

// LevelOf returns the level of a value of acr_values; LevelNone for one that is not known.
func LevelOf(acr string) Level { return acrAliases[acr] }

// ACRValues returns the supported values, as discovery lists them. Without passkeys no login
// reaches the highest.
func ACRValues(passkeys bool) []string {
	if passkeys {
		return []string{ACR1FA, ACR2FA, ACRPHR}
	}
	return []string{ACR1FA, ACR2FA}
}

// essentialLevel returns the lowest level that an essential acr is content with, and whether the
// request has one. LevelNone means that no login reaches any of its values. Only our own values
// count: the ID token must have one of those that were asked for (OpenID Connect Core §5.5.1.1).
func essentialLevel(r Request) (l Level, asked bool) {
	acr, asked := r.Claims.IDTokenClaim("acr")
	if !asked || !acr.Essential || len(acr.Values) == 0 {
		return LevelNone, false
	}
	for _, value := range ACRValues(true) { // from the lowest up
		if slices.Contains(acr.Values, value) {
			return LevelOf(value), true
		}
	}
	return LevelNone, true
}

// voluntaryLevel returns the level of the first of acr_values, or of an acr claim that is not
// essential, that the user can reach; LevelNone for none.
func voluntaryLevel(r Request, reachable Level) Level {
	values := strings.Fields(r.ACRValues)
	if acr, asked := r.Claims.IDTokenClaim("acr"); asked && !acr.Essential {
		values = append(values, acr.Values...)
	}
	for _, value := range values {
		if l := LevelOf(value); l != LevelNone && l <= reachable {
			return l
		}
	}
	return LevelNone
}

// WantsLevel tells whether the request says how the user is to authenticate.
func (r Request) WantsLevel() bool {
	_, asked := r.Claims.IDTokenClaim("acr")
	return asked || r.ACRValues != ""
}
