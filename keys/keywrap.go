package keys

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
)

// A KeyWrapper seals the private keys that the store holds. A [MasterKey] is one, a
// [MasterKeys] of several while the master key changes, and a key management service
// can be one too: it is asked when a key is made and when a record is read for
// the first time, never for a signature.
type KeyWrapper interface {
	// Seal encrypts and authenticates plain, and authenticates associated.
	Seal(ctx context.Context, random io.Reader, plain, associated []byte) ([]byte, error)

	// Open returns what was sealed together with associated. Its errors hold no
	// secret; where it cannot tell, they are [storage.ErrUnavailable].
	Open(ctx context.Context, sealed, associated []byte) ([]byte, error)

	// IsCurrent reports whether the envelope was sealed under the key that Seal uses
	// now. [Manager.Reseal] seals the others again.
	IsCurrent(sealed []byte) bool
}

var (
	_ KeyWrapper = MasterKey{}
	_ KeyWrapper = MasterKeys{}
)

// The envelope of a sealed private key:
//
//	version (1 byte) ‖ master key id (8) ‖ nonce (12) ‖ AES-256-GCM(PKCS #8) with tag
const (
	envelopeVersion = 1
	masterIDSize    = 8
	headerSize      = 1 + masterIDSize
)

// errWrongMasterKey refuses an envelope that was made under another master key.
var errWrongMasterKey = errors.New("sealed under another master key; give the one that this store was made with")

// aead is the cipher that seals private keys under the master key.
func (k MasterKey) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Derive("seal signing keys", 32))
	if err != nil {
		return nil, fmt.Errorf("prepare the seal: %w", err)
	}
	return cipher.NewGCM(block)
}

// id returns the name of the master key in the envelopes. It discloses nothing of the
// key.
func (k MasterKey) id() []byte { return k.Derive("name the master key", masterIDSize) }

// Seal implements [KeyWrapper].
func (k MasterKey) Seal(_ context.Context, random io.Reader, plain, associated []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, err
	}
	envelope := append([]byte{envelopeVersion}, k.id()...)
	return aead.Seal(append(envelope, nonce...), nonce, plain, associated), nil
}

// Open implements [KeyWrapper].
func (k MasterKey) Open(_ context.Context, sealed, associated []byte) ([]byte, error) {
	aead, err := k.aead()
	switch {
	case err != nil:
		return nil, err
	case len(sealed) < headerSize+aead.NonceSize():
		return nil, errors.New("the sealed key is cut short")
	case sealed[0] != envelopeVersion:
		return nil, fmt.Errorf("unknown envelope version %d", sealed[0])
	case !k.IsCurrent(sealed):
		return nil, errWrongMasterKey
	}
	nonce, ciphertext := sealed[headerSize:headerSize+aead.NonceSize()], sealed[headerSize+aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, ciphertext, associated)
	if err != nil {
		return nil, errors.New("the record was altered or is damaged")
	}
	return plain, nil
}

// IsCurrent implements [KeyWrapper].
func (k MasterKey) IsCurrent(sealed []byte) bool {
	return len(sealed) >= headerSize && bytes.Equal(sealed[1:headerSize], k.id())
}

// MasterKeys holds the primary master key, which seals, and those that are accepted
// while it changes, which only open.
type MasterKeys struct {
	primary     MasterKey
	decryptOnly []MasterKey
}

// NewMasterKeys returns the primary key together with those that only decrypt. Zero
// values are left out.
func NewMasterKeys(master MasterKey, others ...MasterKey) MasterKeys {
	r := MasterKeys{primary: master}
	for _, k := range others {
		if !k.IsZero() {
			r.decryptOnly = append(r.decryptOnly, k)
		}
	}
	return r
}

// Primary returns the key that seals.
func (r MasterKeys) Primary() MasterKey { return r.primary }

// DecryptOnly returns the keys that only open.
func (r MasterKeys) DecryptOnly() []MasterKey { return r.decryptOnly }

// IsZero reports whether the primary key is missing.
func (r MasterKeys) IsZero() bool { return r.primary.IsZero() }

// Seal implements [KeyWrapper].
func (r MasterKeys) Seal(ctx context.Context, random io.Reader, plain, associated []byte) ([]byte, error) {
	return r.primary.Seal(ctx, random, plain, associated)
}

// Open implements [KeyWrapper].
func (r MasterKeys) Open(ctx context.Context, sealed, associated []byte) ([]byte, error) {
	for _, k := range r.decryptOnly {
		if k.IsCurrent(sealed) {
			return k.Open(ctx, sealed, associated)
		}
	}
	return r.primary.Open(ctx, sealed, associated)
}

// IsCurrent implements [KeyWrapper].
func (r MasterKeys) IsCurrent(sealed []byte) bool { return r.primary.IsCurrent(sealed) }
