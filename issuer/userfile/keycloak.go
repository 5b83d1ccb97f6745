package userfile

import (
	"encoding/json"
	"errors"

	"example.org/signet/issuer/password"
	"example.org/signet/issuer/totp"
)

var errCredentials = errors.New("credentials is not as Keycloak exports it")

// keycloakHash is the hash in the password among Keycloak's credentials, "" where there
// is none. See keycloakSeed for second factors.
func (v values) keycloakHash() (string, error) {
	if v[fieldCredentials] == nil {
		return "", nil
	}
	list, ok := v[fieldCredentials].([]any)
	if !ok {
		return "", errCredentials
	}
	for _, item := range list {
		credential, ok := item.(map[string]any)
		if !ok {
			return "", errCredentials
		}
		if credential["type"] != "password" {
			continue
		}
		k, err := keycloakPassword(credential)
		if err != nil {
			return "", err
		}
		return k.Encode()
	}
	return "", nil
}

// keycloakPassword reads both the newer form, whose parts are JSON in text, and the
// older one.
func keycloakPassword(credential map[string]any) (k password.Keycloak, err error) {
	secret, data := credential, credential
	if credential["secretData"] != nil {
		if secret, err = innerObject(credential["secretData"]); err != nil {
			return k, err
		}
		if data, err = innerObject(credential["credentialData"]); err != nil {
			return k, err
		}
	}
	more, _ := data["additionalParameters"].(map[string]any)
	k = password.Keycloak{
		Algorithm: scalarText(data["algorithm"]), Iterations: scalarText(data["hashIterations"]), Salt: scalarText(secret["salt"]), Value: scalarText(secret["value"]),
		Type: firstText(more["type"]), Version: firstText(more["version"]), Memory: firstText(more["memory"]), Parallelism: firstText(more["parallelism"]),
	}
	if k.Value == "" {
		k.Value = scalarText(credential["hashedSaltedValue"])
	}
	return k, nil
}

// innerObject returns an object, or the one whose JSON is in a text.
func innerObject(value any) (map[string]any, error) {
	switch value := value.(type) {
	case map[string]any:
		return value, nil
	case string:
		if len(value) > MaxField {
			return nil, errCredentials
		}
		members, err := decodeObject([]byte(value))
		if err != nil {
			return nil, errCredentials
		}
		object := make(map[string]any, len(members))
		for _, m := range members {
			object[m.name] = m.value
		}
		return object, nil
	}
	return nil, errCredentials
}

// scalarText is a text, or the digits of a number; "" for anything else.
func scalarText(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	}
	return ""
}

// firstText is the first of a list of texts.
func firstText(value any) string {
	if list, ok := value.([]any); ok && len(list) > 0 {
		return scalarText(list[0])
	}
	return ""
}

// errOTP refuses what authenticator apps do not make.
var errOTP = errors.New("the authenticator app of credentials is none of six digits, HMAC-SHA-1 and 30 seconds")

// keycloakSeed is the seed of the first authenticator app among Keycloak's credentials; "" where
// there is none. Keycloak takes the text itself for the seed, unless it names an encoding.
func (v values) keycloakSeed() (seed string, err error) {
	list, _ := v[fieldCredentials].([]any)
	for _, item := range list {
		credential, _ := item.(map[string]any)
		if credential["type"] != "otp" && credential["type"] != "totp" {
			continue
		}
		secret, data := credential, credential
		if credential["secretData"] != nil {
			if secret, err = innerObject(credential["secretData"]); err != nil {
				return "", err
			}
			if data, err = innerObject(credential["credentialData"]); err != nil {
				return "", err
			}
		}
		return keycloakTOTP(scalarText(secret["value"]), data)
	}
	return "", nil
}

// keycloakTOTP reads a seed whose kind Keycloak describes in data.
func keycloakTOTP(value string, data map[string]any) (string, error) {
	for name, wanted := range map[string]string{"subType": "totp", "digits": "6", "period": "30", "algorithm": "HmacSHA1"} {
		if given := scalarText(data[name]); given != "" && given != wanted {
			return "", errOTP
		}
	}
	seed := []byte(value)
	if scalarText(data["secretEncoding"]) == "BASE32" {
		decoded, err := totp.Decode(value)
		if err != nil {
			return "", err
		}
		seed = decoded
	}
	return string(seed), totp.CheckSeed(seed)
}
