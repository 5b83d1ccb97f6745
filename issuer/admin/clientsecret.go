package admin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"example.org/signet/internal/random"
	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// Bounds of client secrets, in bytes.
const (
	secretBytes     = 32 // drawn: 256 bits, 43 characters
	minChosenSecret = 8  // of a secret that an administrator chose
)

// SecretRotation is how a client gets a new secret.
type SecretRotation struct {
	Secret  issuer.Secret // chosen; empty draws one
	Overlap time.Duration // how long the old secret works too, up to MaxOverlap; 0 for not at all
	Revoke  bool          // end the client's sessions too: the old secret is in wrong hands
}

// MaxOverlap bounds how long a client's old secret works beside the new one.
const MaxOverlap = 30 * 24 * time.Hour

// setSecret sets a confidential client's secret, drawn where none was chosen,
// and returns what the caller may show: the secret, or nothing.
func (s *Service) setSecret(ctx context.Context, c *storage.Client, chosen issuer.Secret) (issuer.Secret, error) {
	if c.Public {
		if chosen != "" {
			return "", newFieldError("client_secret", "a public client has none")
		}
		return "", nil
	}
	if chosen == "" {
		drawn, err := random.Text(s.cfg.Rand, secretBytes)
		if err != nil {
			return "", issuer.OutcomeUnknown(err)
		}
		chosen = issuer.Secret(drawn)
	} else if err := checkChosenSecret(chosen); err != nil {
		return "", err
	}
	hash, err := issuer.HashClientSecret(ctx, s.passwords, chosen)
	if err != nil {
		return "", issuer.OutcomeUnknown(err)
	}
	c.SecretHash = hash
	return chosen, nil
}

// checkChosenSecret refuses characters that client libraries encode in different ways (RFC
// 6749 §2.3.1), so that every client can send the secret.
func checkChosenSecret(s issuer.Secret) error {
	switch {
	case len(s) < minChosenSecret:
		return newFieldError("client_secret", fmt.Sprintf("must have at least %d characters, better 32 random ones", minChosenSecret))
	case len(s) > maxResource:
		return newFieldError("client_secret", "is too long")
	case strings.ContainsFunc(string(s), func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("%+:\"\\", r) }):
		return newFieldError("client_secret", "may hold visible ASCII without % + : \" and backslash: clients disagree about how to send those")
	}
	return nil
}

func (r SecretRotation) check() error {
	switch {
	case r.Overlap < 0, r.Overlap > MaxOverlap:
		return newFieldError("overlap", fmt.Sprintf("must lie between 0 and %d hours", MaxOverlap/time.Hour))
	case r.Overlap > 0 && r.Revoke:
		return newFieldError("overlap", "lets a secret go on working whose sessions are to end: give one of the two")
	}
	return nil
}
