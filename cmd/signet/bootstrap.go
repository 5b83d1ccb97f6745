package main

import (
	"fmt"

	"example.org/signet/issuer"
)

// minBootstrapSecret is the minimum length in bytes. The secret gives all rights, and nobody
// has to remember it.
const minBootstrapSecret = 20

// bootstrapSecret reads the one-time secret, if there is one.
func (s *tokenSettings) bootstrapSecret() (issuer.Secret, error) {
	if s.bootstrapSecretFile == "" {
		return "", nil
	}
	text, err := readBounded(s.bootstrapSecretFile, maxSecret)
	if err != nil {
		return "", fmt.Errorf("--bootstrap-secret-file: %w", err)
	}
	input := secretInput{what: "bootstrap secret"}
	secret, err := input.parse(string(text))
	if err != nil {
		return "", fmt.Errorf("--bootstrap-secret-file: %w", err)
	}
	if len(secret) < minBootstrapSecret {
		return "", withHint(fmt.Errorf("--bootstrap-secret-file: the secret has fewer than %d characters", minBootstrapSecret), "generate one: openssl rand -base64 24")
	}
	return secret, nil
}
