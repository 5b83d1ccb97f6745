package authorization

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// Pending is a login that a second factor is missing from. There is no browser session yet: the
// form of the page carries it, sealed, and it is never part of a URL.
type Pending struct {
	UserID   string    `json:"u"`
	Epoch    int64     `json:"e"` // of the user, as a session would carry it
	Request  [16]byte  `json:"r"` // Request.Hash
	Browser  [16]byte  `json:"b"` // BrowserMark of the session whose user is to prove more; zero after a password
	Until    time.Time `json:"t"`
	Methods  []string  `json:"m"` // what was used so far (RFC 8176)
	Remember bool      `json:"k"`
	Claimed  string    `json:"d,omitempty"` // a [Claimed] that the login links, sealed
}

// PendingTTL is how long a person may take to enter a code after the password.
const PendingTTL = 10 * time.Minute

// maxPending bounds the text of a pending login, in characters: more than any user id and an account to be linked need.
const maxPending = 12 << 10

// pendingVersion tells a pending login from a stamp.
const pendingVersion = 0x81

// pendingData is authenticated with a pending login, so that no stamp can be taken for one.
func (s *Sealer) pendingData() []byte { return append([]byte("pending login\x00"), s.issuer...) }

// Valid tells whether the login can still be completed, for this request.
func (p Pending) Valid(r Request, now time.Time) bool {
	left := p.Until.Sub(now)
	return p.UserID != "" && p.Request == r.Hash() && left > 0 && left <= PendingTTL
}

// SealPending returns the pending login as text for a form.
func (s *Sealer) SealPending(p Pending) (string, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("seal pending login: %w", err)
	}
	b, err := s.seal(pendingVersion, plain, s.pendingData())
	if err != nil {
		return "", fmt.Errorf("seal pending login: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// OpenPending returns the pending login; the zero Pending for any text that is none of this
// issuer.
func (s *Sealer) OpenPending(text string) (p Pending) {
	if len(text) > maxPending {
		return Pending{}
	}
	plain, ok := s.open(pendingVersion, text, s.pendingData())
	if !ok || json.Unmarshal(plain, &p) != nil {
		return Pending{}
	}
	return p
}
