package authorization

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"example.org/signet/keys"
)

// Stamp says which steps of a request the user has done. It only permits to skip a step:
// without one, everything begins at step one.
type Stamp struct {
	Begun    time.Time // when the request came first, or when the user last logged in for it; to the second
	Request  [16]byte  // Request.Hash
	Password bool      // the user has logged in for this request
	Consent  bool      // the user has allowed this request
	Later    bool      // the user has put off setting up a second factor
	Browser  [16]byte  // BrowserMark of the browser session that the steps were done in
	Shown    [16]byte  // of the consent page: what it shows; zero elsewhere
}

// maxStampAge is how long the steps of a stamp count.
const maxStampAge = time.Hour

// StaleAfter is when a client has mostly forgotten its own request.
const StaleAfter = 30 * time.Minute

// Steps are the steps that a stamp proves.
type Steps struct{ Password, Consent, Later bool }

// BrowserMark returns what a stamp knows a browser session by; zero for none.
func BrowserMark(browserID string) [16]byte {
	if browserID == "" {
		return [16]byte{}
	}
	sum := sha256.Sum256([]byte("signet stamp browser v1\x00" + browserID))
	return [16]byte(sum[:16])
}

// Proves returns the steps that were done for this request, in this browser session,
// within the last hour.
func (s Stamp) Proves(r Request, browserID string, now time.Time) Steps {
	age := now.Sub(s.Begun)
	if browserID == "" || s.Browser != BrowserMark(browserID) || s.Request != r.Hash() || age < -time.Minute || age > maxStampAge {
		return Steps{}
	}
	return Steps{Password: s.Password, Consent: s.Consent, Later: s.Later}
}

// Foreign tells whether it is a genuine stamp of another request: somebody has changed the
// URL since.
func (s Stamp) Foreign(r Request) bool { return !s.Begun.IsZero() && s.Request != r.Hash() }

// Stale tells whether the request is so old that its client has forgotten it.
func (s Stamp) Stale(r Request, now time.Time) bool {
	return !s.Begun.IsZero() && s.Request == r.Hash() && now.Sub(s.Begun) > StaleAfter
}

// Sizes of a stamp, in bytes. A random salt makes a key for each, so that no number of
// stamps wears the master key out.
const (
	stampVersion = 2
	saltSize     = 12
	nonceSize    = 12
	plainSize    = 8 + 16 + 1 + 16 + 16
	maxStamp     = 200 // characters
)

// Flags of a stamp.
const (
	flagPassword = 1 << iota
	flagConsent
	flagLater
)

// Sealer seals and opens stamps and pending logins of one issuer.
type Sealer struct {
	rand   io.Reader
	issuer []byte
	keys   [][]byte // the first one seals
}

// NewSealer returns a sealer under the master key. Stamps under the others are opened too.
func NewSealer(rand io.Reader, issuer string, master keys.MasterKey, others ...keys.MasterKey) *Sealer {
	s := &Sealer{rand: rand, issuer: []byte(issuer)}
	for _, k := range append([]keys.MasterKey{master}, others...) {
		s.keys = append(s.keys, k.Derive("authorization stamp v1", sha256.Size))
	}
	return s
}

// Seal returns the stamp as text for a URL, of at most 200 characters.
func (s *Sealer) Seal(stamp Stamp) (string, error) {
	b, err := s.seal(stampVersion, stamp.encode(), s.issuer)
	if err != nil {
		return "", fmt.Errorf("seal stamp: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// seal returns the version, salt, nonce and ciphertext.
func (s *Sealer) seal(version byte, plain, associated []byte) ([]byte, error) {
	b := make([]byte, 1+saltSize+nonceSize, 1+saltSize+nonceSize+len(plain)+16)
	b[0] = version
	if _, err := io.ReadFull(s.rand, b[1:]); err != nil {
		return nil, err
	}
	return stampAEAD(s.keys[0], b[1:1+saltSize]).Seal(b, b[1+saltSize:], plain, associated), nil
}

// Open returns the stamp; the zero Stamp for any text that is none of this issuer.
func (s *Sealer) Open(text string) Stamp {
	if len(text) > maxStamp {
		return Stamp{}
	}
	plain, ok := s.open(stampVersion, text, s.issuer)
	if !ok || len(plain) != plainSize {
		return Stamp{}
	}
	return decodeStamp(plain)
}

// open returns what was sealed in that version; ok is false for what this issuer has not sealed.
func (s *Sealer) open(version byte, text string, associated []byte) (plain []byte, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) <= 1+saltSize+nonceSize || b[0] != version {
		return nil, false
	}
	salt, nonce, sealed := b[1:1+saltSize], b[1+saltSize:1+saltSize+nonceSize], b[1+saltSize+nonceSize:]
	for _, key := range s.keys {
		if plain, err := stampAEAD(key, salt).Open(nil, nonce, sealed, associated); err == nil {
			return plain, true
		}
	}
	return nil, false
}

func (s Stamp) encode() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, plainSize), uint64(s.Begun.Unix()))
	b = append(b, s.Request[:]...)
	var flags byte
	if s.Password {
		flags |= flagPassword
	}
	if s.Consent {
		flags |= flagConsent
	}
	if s.Later {
		flags |= flagLater
	}
	return append(append(append(b, flags), s.Browser[:]...), s.Shown[:]...)
}

func decodeStamp(b []byte) Stamp {
	return Stamp{
		Begun:    time.Unix(int64(binary.BigEndian.Uint64(b)), 0).UTC(),
		Request:  [16]byte(b[8:24]),
		Password: b[24]&flagPassword != 0,
		Consent:  b[24]&flagConsent != 0,
		Later:    b[24]&flagLater != 0,
		Browser:  [16]byte(b[25:41]),
		Shown:    [16]byte(b[41:57]),
	}
}

// stampAEAD returns AES-256-GCM under the key of one stamp.
func stampAEAD(key, salt []byte) cipher.AEAD {
	mac := hmac.New(sha256.New, key)
	mac.Write(salt)
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic("stamp: " + err.Error()) // the key has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("stamp: " + err.Error()) // AES has the block size of GCM
	}
	return aead
}
