package password

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Keycloak is a password credential as Keycloak exports one, in parts.
type Keycloak struct {
	Algorithm  string // pbkdf2, pbkdf2-sha256, pbkdf2-sha512 or argon2
	Iterations string
	Salt       string // base64, as is Value
	Value      string

	// Of argon2: id or i, 1.3, KiB and lanes.
	Type, Version, Memory, Parallelism string
}

// Encode writes the credential in a form that Recognize accepts; whether it does is for
// the caller to ask. The error wraps ErrFormat.
func (k Keycloak) Encode() (string, error) {
	salt, good := decodeStrictly(base64.StdEncoding, k.Salt)
	value, fine := decodeStrictly(base64.StdEncoding, k.Value)
	if !good || !fine {
		return "", formatError("Keycloak salt and value are not base64")
	}
	switch {
	case strings.HasPrefix(k.Algorithm, "pbkdf2"):
		return fmt.Sprintf("$%s$%s$%s$%s", k.Algorithm, k.Iterations, base64Passlib.EncodeToString(salt), base64Passlib.EncodeToString(value)), nil
	case k.Algorithm != "argon2":
		return "", formatError("of Keycloak's kinds only pbkdf2 and argon2 are read")
	case k.Version != "1.3":
		return "", formatError("only argon2 version 1.3 is read")
	}
	return fmt.Sprintf("$argon2%s$v=19$m=%s,t=%s,p=%s$%s$%s", k.Type, k.Memory, k.Iterations, k.Parallelism,
		base64PHC.EncodeToString(salt), base64PHC.EncodeToString(value)), nil
}
