package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.org/signet/storage"
)

// An ImportedKey is the key of another issuer, imported so that its tokens go on
// verifying here.
type ImportedKey struct {
	Private crypto.Signer // RSA of 2048 bits or more, P-256 or Ed25519

	// KID is the name by which the other issuer's tokens call the key; empty for
	// the RFC 7638 thumbprint.
	KID string

	// VerifyFor is how long the tokens that are out there live at most. The key
	// then is retired: it never signs, and leaves the JWKS after that time and
	// [Config.Leeway]. Zero makes it the signing key, at once.
	VerifyFor time.Duration
}

// ErrKeyExists refuses to import a key that the store has, or whose kid is in use.
var ErrKeyExists = errors.New("the store has this key, or its kid is in use")

const maxKID = 200 // characters, so that a token's header stays small

// Import stores another issuer's key and returns its kid. A key that is to sign
// takes over at once, also from a rotation that is scheduled; verifiers that
// know neither the other issuer's JWKS nor a fresh one of this issuer refuse
// its tokens for up to [Config.JWKSMaxAge]. It fails with [ErrKeyExists].
func (m *Manager) Import(ctx context.Context, k ImportedKey, c Change) (kid string, err error) {
	p, err := prepareImport(m.cfg.Alg, k)
	if err == nil {
		err = m.changer.withLock(ctx, func() error { return m.changer.insertImported(ctx, p, k.VerifyFor, c.By) })
	}
	if err != nil {
		return "", fmt.Errorf("import a key: %w", err)
	}
	return p.kid, nil
}

// prepareImport returns the key pair under its kid, after checking both. newKeysAlg is
// the algorithm of the keys that are made here.
func prepareImport(newKeysAlg string, k ImportedKey) (*keyPair, error) {
	if k.VerifyFor < 0 {
		return nil, fmt.Errorf("the life of its tokens is %s, must not be negative", k.VerifyFor)
	}
	p, err := newKeyPair(importedAlg(newKeysAlg, k.Private), k.Private)
	switch odd := func(r rune) bool { return r <= ' ' || r > '~' }; {
	case err != nil:
		return nil, err
	case k.KID == "" && looksLikeFlag(p.kid):
		return nil, fmt.Errorf("its thumbprint %s begins with a dash, which no kid may: name the key by a kid of its own", p.kid)
	case k.KID == "":
		return p, nil
	case len(k.KID) > maxKID || looksLikeFlag(k.KID) || strings.ContainsFunc(k.KID, odd):
		return nil, fmt.Errorf("the kid must be up to %d visible ASCII characters and not begin with a dash", maxKID)
	}
	return p.withKID(k.KID), nil
}

// importedAlg returns the algorithm that the key signs with: for an RSA key PS256 if
// new keys have it, else RS256.
func importedAlg(newKeysAlg string, private crypto.Signer) string {
	switch private.(type) {
	case *ecdsa.PrivateKey:
		return ES256
	case ed25519.PrivateKey:
		return EdDSA
	case *rsa.PrivateKey:
		if newKeysAlg == PS256 {
			return PS256
		}
	}
	return RS256
}

// insertImported stores the key: as the signing key, or for verifyFor as a retired
// one. It fails with [ErrKeyExists].
func (c *changer) insertImported(ctx context.Context, p *keyPair, verifyFor time.Duration, by string) error {
	for range maxAttempts {
		if err := c.snapshots.reload(ctx); err != nil {
			return err
		}
		s, now := c.snapshots.get()
		for _, existing := range s.pairs {
			if existing.kid == p.kid || samePublic(existing.public, p.public) {
				return fmt.Errorf("key %s: %w", existing.kid, ErrKeyExists)
			}
		}
		record := s.line.nextRecord(now)
		if verifyFor > 0 {
			record.VerifiesUntil = storage.Time(now.Add(verifyFor + c.cfg.Leeway))
		} else {
			record.ActivatesAt = record.CreatedAt
		}
		record, err := c.insertKeyPair(ctx, record, p)
		if err == nil {
			c.cfg.report(Event{Kind: EventImported, KID: p.kid, At: record.CreatedAt, By: by})
			return c.ensureStandby(ctx, by)
		}
		if !errors.Is(err, storage.ErrConflict) {
			return err
		}
	}
	return errNoProgress
}

// ParsePEM reads the one private key in a PEM file: PKCS #8, PKCS #1 or SEC 1,
// not encrypted. Certificates and parameters beside it are skipped. No error repeats
// the content of the file.
func ParsePEM(data []byte) (crypto.Signer, error) {
	var found crypto.Signer
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		key, err := parseBlock(block)
		switch {
		case err != nil:
			return nil, err
		case key != nil && found != nil:
			return nil, errors.New("more than one private key in the file")
		case key != nil:
			found = key
		}
	}
	if found == nil {
		return nil, errors.New("no private key in PEM in the file")
	}
	return found, nil
}

// parseBlock returns the private key in the block, nil for a block of another type.
func parseBlock(block *pem.Block) (crypto.Signer, error) {
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
		return nil, errors.New("the private key is encrypted: decrypt it first, for example by openssl pkey")
	}
	var parsedKey any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		parsedKey, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsedKey, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsedKey, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, nil
	}
	key, ok := parsedKey.(crypto.Signer)
	if err != nil || !ok {
		return nil, fmt.Errorf("the %s in the file cannot be read", strings.ToLower(block.Type)) // the cause could tell of its content
	}
	return key, nil
}
