package mailtoken

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"io"

	"example.org/signet/keys"
)

// Sizes of what is sealed, in bytes. A random salt makes a key for each, so that no number of
// mails wears the master key out.
const (
	sealVersion = 1
	saltSize    = 12
	nonceSize   = 12
	tagSize     = 16
)

// Sealer seals tokens and requests for mails of one issuer, and makes codes. It is safe for
// concurrent use where its source of randomness is.
type Sealer struct {
	rand   io.Reader
	issuer string
	seals  [][]byte // the first one seals
	codes  [][]byte // the first one makes codes
	marks  [][]byte // the first one makes marks
}

// NewSealer returns a sealer under the master key. What was made under the others counts too.
func NewSealer(rand io.Reader, issuer string, master keys.MasterKey, others ...keys.MasterKey) *Sealer {
	s := &Sealer{rand: rand, issuer: issuer}
	for _, k := range append([]keys.MasterKey{master}, others...) {
		if !k.IsZero() {
			s.seals = append(s.seals, k.Derive("mail token v1", sha256.Size))
			s.codes = append(s.codes, k.Derive("mail code v1", sha256.Size))
			s.marks = append(s.marks, k.Derive("mail browser v1", sha256.Size))
		}
	}
	return s
}

// Seal encrypts and authenticates plain for one use: what was sealed for another does not open.
func (s *Sealer) Seal(use string, plain []byte) ([]byte, error) {
	b := make([]byte, 1+saltSize+nonceSize, 1+saltSize+nonceSize+len(plain)+tagSize)
	b[0] = sealVersion
	if _, err := io.ReadFull(s.rand, b[1:]); err != nil {
		return nil, err
	}
	return aead(s.seals[0], b[1:1+saltSize]).Seal(b, b[1+saltSize:], plain, []byte(use)), nil
}

// Open returns what was sealed for that use; ok is false for what this issuer has not sealed.
func (s *Sealer) Open(use string, b []byte) (plain []byte, ok bool) {
	if len(b) < 1+saltSize+nonceSize+tagSize || b[0] != sealVersion {
		return nil, false
	}
	salt, nonce, sealed := b[1:1+saltSize], b[1+saltSize:1+saltSize+nonceSize], b[1+saltSize+nonceSize:]
	for _, key := range s.seals {
		if plain, err := aead(key, salt).Open(nil, nonce, sealed, []byte(use)); err == nil {
			return plain, true
		}
	}
	return nil, false
}

// forIssuer is a use within this issuer. What waits in the outbox is bound to the master key alone,
// since commands that put it there may not know the issuer.
func (s *Sealer) forIssuer(use string) string { return use + "\x00" + s.issuer }

// aead is the cipher of one salt.
func aead(key, salt []byte) cipher.AEAD {
	mac := hmac.New(sha256.New, key)
	mac.Write(salt)
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic("a SHA-256 is a key of AES-256: " + err.Error())
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic("AES has blocks of 16 bytes: " + err.Error())
	}
	return gcm
}
