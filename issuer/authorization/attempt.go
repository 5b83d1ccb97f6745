package authorization

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Attempt is a sign-in at another provider that has begun. The state parameter carries it,
// sealed; the cookie of the attempt proves that the same browser comes back.
type Attempt struct {
	Connector string    `json:"c"`
	Mark      [16]byte  `json:"m"` // of the secret in the cookie
	Query     string    `json:"q"` // of the page that it began on
	Account   bool      `json:"a"` // there is no authorization request
	Remember  bool      `json:"k"`
	Link      [16]byte  `json:"l"` // BrowserMark of the session whose user adds the account; zero to sign in
	MaxAge    *int64    `json:"g"` // that was asked for, in seconds
	Until     time.Time `json:"t"`
}

// AttemptTTL is how long a person may take at the other provider.
const AttemptTTL = 10 * time.Minute

// MaxAttemptQuery bounds the query that an attempt can carry, in bytes: a URL with more is one
// that other providers refuse.
const MaxAttemptQuery = 4 << 10

// maxAttempt bounds the text of an attempt, in characters.
const maxAttempt = 8 << 10

const attemptVersion = 0x82

// ErrAttemptTooLong means that the request is too long to be carried through another provider.
var ErrAttemptTooLong = errors.New("the request is too long for a sign-in at another provider")

func (s *Sealer) attemptData() []byte { return append([]byte("upstream attempt\x00"), s.issuer...) }

// Valid tells whether the attempt can still be completed, by this connector.
func (a Attempt) Valid(connector string, now time.Time) bool {
	left := a.Until.Sub(now)
	return a.Connector != "" && a.Connector == connector && left > 0 && left <= AttemptTTL
}

// SealAttempt returns the attempt as text for a URL.
func (s *Sealer) SealAttempt(a Attempt) (string, error) {
	if len(a.Query) > MaxAttemptQuery {
		return "", ErrAttemptTooLong
	}
	return s.sealJSON(attemptVersion, a, s.attemptData())
}

// OpenAttempt returns the attempt; the zero Attempt for any text that is none of this issuer.
func (s *Sealer) OpenAttempt(text string) (a Attempt) {
	if !s.openJSON(attemptVersion, text, maxAttempt, s.attemptData(), &a) {
		return Attempt{}
	}
	return a
}

// Claimed is an account at another provider that nobody here is linked to yet. The form of the
// login page carries it, sealed: whoever then signs in has that account from then on.
type Claimed struct {
	Connector string    `json:"c"`
	Issuer    string    `json:"i"`
	Subject   string    `json:"s"`
	Email     string    `json:"e"`
	Name      string    `json:"n"`
	Request   [16]byte  `json:"r"` // Request.Hash
	Until     time.Time `json:"t"`
}

// ClaimedTTL is how long a person may take to sign in for it.
const ClaimedTTL = 10 * time.Minute

const maxClaimed = 8 << 10

const claimedVersion = 0x83

func (s *Sealer) claimedData() []byte { return append([]byte("claimed account\x00"), s.issuer...) }

// Valid tells whether the account can still be linked, by a login for this request.
func (c Claimed) Valid(r Request, now time.Time) bool {
	left := c.Until.Sub(now)
	return c.Subject != "" && c.Request == r.Hash() && left > 0 && left <= ClaimedTTL
}

// SealClaimed returns the account as text for a form.
func (s *Sealer) SealClaimed(c Claimed) (string, error) {
	return s.sealJSON(claimedVersion, c, s.claimedData())
}

// OpenClaimed returns the account; the zero Claimed for any text that is none of this issuer.
func (s *Sealer) OpenClaimed(text string) (c Claimed) {
	if !s.openJSON(claimedVersion, text, maxClaimed, s.claimedData(), &c) {
		return Claimed{}
	}
	return c
}

func (s *Sealer) sealJSON(version byte, v any, data []byte) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	b, err := s.seal(version, plain, data)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func (s *Sealer) openJSON(version byte, text string, limit int, data []byte, into any) bool {
	if len(text) > limit {
		return false
	}
	plain, ok := s.open(version, text, data)
	return ok && json.Unmarshal(plain, into) == nil
}
