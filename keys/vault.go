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

// A Vault seals the private keys that the store holds. A [MasterKey] is one, a
// [Ring] of several while the master key changes, and a key management service
// can be one too: it is asked when a key is made and when a record is read for
// the first time, never for a signature.
type Vault interface {
	// Seal encrypts and authenticates plain, and authenticates associated.
	Seal(ctx context.Context, random io.Reader, plain, associated []byte) ([]byte, error)

	// Open returns what was sealed together with associated. Its errors hold no
	// secret; where it cannot tell, they are [storage.ErrUnavailable].
	Open(ctx context.Context, sealed, associated []byte) ([]byte, error)

	// Fresh tells whether the envelope is one that Seal would make now: any
	// other that opens is to be sealed anew.
	Fresh(sealed []byte) bool
}

var (
	_ Vault = MasterKey{}
	_ Vault = Ring{}
)

// The envelope of a sealed private key:
//
//	version (1 byte) ‖ master key id (8) ‖ nonce (12) ‖ AES-256-GCM(PKCS #8) with tag
const (
	envelopeVersion = 1
	masterIDSize    = 8
	headSize        = 1 + masterIDSize
)

// errOtherMaster refuses an envelope that was made under another master key.
var errOtherMaster = errors.New("sealed under another master key; give the one that this store was made with")

// aead is the cipher that seals private keys under the master key.
func (k MasterKey) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Derive("seal signing keys", 32))
	if err != nil {
		return nil, fmt.Errorf("prepare the seal: %w", err)
	}
	return cipher.NewGCM(block)
}

// id names the master key in the envelopes, and gives nothing of it away.
func (k MasterKey) id() []byte { return k.Derive("name the master key", masterIDSize) }

// Seal implements [Vault].
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

// Open implements [Vault].
func (k MasterKey) Open(_ context.Context, sealed, associated []byte) ([]byte, error) {
	aead, err := k.aead()
	switch {
	case err != nil:
		return nil, err
	case len(sealed) < headSize+aead.NonceSize():
		return nil, errors.New("the sealed key is cut short")
	case sealed[0] != envelopeVersion:
		return nil, fmt.Errorf("unknown envelope version %d", sealed[0])
	case !k.Fresh(sealed):
		return nil, errOtherMaster
	}
	nonce, text := sealed[headSize:headSize+aead.NonceSize()], sealed[headSize+aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, text, associated)
	if err != nil {
		return nil, errors.New("the record was altered or is damaged")
	}
	return plain, nil
}

// Fresh implements [Vault].
func (k MasterKey) Fresh(sealed []byte) bool {
	return len(sealed) >= headSize && bytes.Equal(sealed[1:headSize], k.id())
}

// A Ring is the master key with the others that are still or already accepted
// while it changes: what they have sealed opens, but nothing is sealed by them.
type Ring struct {
	master MasterKey
	others []MasterKey
}

// NewRing puts them together; others that are no key are left out.
func NewRing(master MasterKey, others ...MasterKey) Ring {
	r := Ring{master: master}
	for _, k := range others {
		if !k.IsZero() {
			r.others = append(r.others, k)
		}
	}
	return r
}

// Master is the key that seals.
func (r Ring) Master() MasterKey { return r.master }

// Others are the keys that only open.
func (r Ring) Others() []MasterKey { return r.others }

// IsZero tells a ring without a master key.
func (r Ring) IsZero() bool { return r.master.IsZero() }

// Seal implements [Vault].
func (r Ring) Seal(ctx context.Context, random io.Reader, plain, associated []byte) ([]byte, error) {
	return r.master.Seal(ctx, random, plain, associated)
}

// Open implements [Vault].
func (r Ring) Open(ctx context.Context, sealed, associated []byte) ([]byte, error) {
	for _, k := range r.others {
		if k.Fresh(sealed) {
			return k.Open(ctx, sealed, associated)
		}
	}
	return r.master.Open(ctx, sealed, associated)
}

// Fresh implements [Vault].
func (r Ring) Fresh(sealed []byte) bool { return r.master.Fresh(sealed) }
