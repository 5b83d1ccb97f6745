//go:build !openssl

package openssl

import (
	"crypto"
	"crypto/rsa"
)

// Load returns [ErrNotBuilt].
func Load() (version string, err error) { return "", ErrNotBuilt }

// NewRSASigner returns [ErrNotBuilt].
func NewRSASigner(*rsa.PrivateKey) (crypto.Signer, error) { return nil, ErrNotBuilt }
