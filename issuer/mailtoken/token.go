package mailtoken

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.org/signet/storage"
)

// Purpose says what a token may be used for.
type Purpose byte

// The purposes.
const (
	Reset  Purpose = 1 + iota // sets a new password
	Invite                    // sets the first password
	Verify                    // marks the address as the user's
)

// State is a hash of what a token of a purpose changes, as its user's record has it.
type State [16]byte

// Token permits one thing to whoever holds it.
type Token struct {
	Purpose Purpose
	UserID  string
	Mailed  State // of the address that it was mailed to; zero for a link that was not mailed
	State   State
	Request [nonceBytes]byte // the nonce of the request by a browser; zero for none
	Until   time.Time
}

// StateOf returns the state of a user that a token of the purpose is bound to. For passwords it is
// the hash of the password and the epoch of the sessions, so that signing out everywhere ends the
// links too, and the roles: who could make a link for a user could not for one with other rights. For
// an address it is the address, while it is not verified.
func StateOf(p Purpose, u storage.User) State {
	created := strconv.FormatInt(u.CreatedAt.UnixMilli(), 10)
	if p == Verify {
		return digest("address", created, u.ID, u.Email, strconv.FormatBool(u.EmailVerified))
	}
	return digest("password", created, u.ID, strconv.FormatInt(u.Epoch, 10), u.PasswordHash, strings.Join(slices.Sorted(slices.Values(u.Roles)), " "))
}

// PasswordState returns the state of a user's password alone.
func PasswordState(u storage.User) State {
	return digest("password alone", strconv.FormatInt(u.CreatedAt.UnixMilli(), 10), u.ID, u.PasswordHash)
}

// AddressState returns what a token knows an address by.
func AddressState(address string) State {
	if address == "" {
		return State{}
	}
	return digest("mailed", address)
}

func digest(kind string, parts ...string) State {
	text := "signet mail " + kind + " v1"
	for _, p := range parts {
		text += "\x00" + strconv.Itoa(len(p)) + "\x00" + p
	}
	sum := sha256.Sum256([]byte(text))
	return State(sum[:16])
}

// Fits tells whether the token may be used for the user as they are now. One that was mailed to
// another address than the user has now may not: they may have changed it because somebody else
// reads the mails of the one before.
func (t Token) Fits(u storage.User, now time.Time) bool {
	if t.Mailed != (State{}) && !t.MailedTo(u.Email) {
		return false
	}
	return t.Purpose != 0 && u.ID == t.UserID && !u.Disabled && now.Before(t.Until) && t.State == StateOf(t.Purpose, u)
}

// MailedTo tells whether the token has reached its holder through that address.
func (t Token) MailedTo(address string) bool {
	return address != "" && t.Mailed == AddressState(address)
}

// New returns a token of the purpose for a user, as they are. mailedTo is where its link goes; ""
// for one that is handed over.
func New(p Purpose, u storage.User, mailedTo string, until time.Time) Token {
	return Token{Purpose: p, UserID: u.ID, Mailed: AddressState(mailedTo), State: StateOf(p, u), Until: until}
}

// plainSize is the length of a token before it is sealed: purpose, end in seconds, user id, address,
// state and request. Those of before there were requests in them lack the last.
const (
	plainSize       = 1 + 8 + 16 + 16 + 16 + nonceBytes
	plainSizeBefore = plainSize - nonceBytes
)

// maxToken bounds the text of a token, in characters.
const maxToken = 160

const useToken = "mail token"

var errUserID = errors.New("the user's id is no UUID")

// SealToken returns the token as text for a link.
func (s *Sealer) SealToken(t Token) (string, error) {
	id, err := uuid.Parse(t.UserID)
	if err != nil {
		return "", errUserID
	}
	plain := binary.BigEndian.AppendUint64([]byte{byte(t.Purpose)}, uint64(t.Until.Unix()))
	plain = append(plain, id[:]...)
	plain = append(plain, t.Mailed[:]...)
	plain = append(plain, t.State[:]...)
	plain = append(plain, t.Request[:]...)
	b, err := s.Seal(s.forIssuer(useToken), plain)
	if err != nil {
		return "", fmt.Errorf("seal token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// OpenToken returns the token; the zero Token, which fits nobody, for any text that is none of this
// issuer.
func (s *Sealer) OpenToken(text string) Token {
	if len(text) > maxToken {
		return Token{}
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Token{}
	}
	plain, ok := s.Open(s.forIssuer(useToken), b)
	if !ok || len(plain) != plainSize && len(plain) != plainSizeBefore {
		return Token{}
	}
	t := Token{
		Purpose: Purpose(plain[0]), Until: time.Unix(int64(binary.BigEndian.Uint64(plain[1:9])), 0).UTC(),
		UserID: uuid.UUID(plain[9:25]).String(), Mailed: State(plain[25:41]), State: State(plain[41:57]),
	}
	copy(t.Request[:], plain[57:])
	return t
}

// From returns the token as one that a browser has asked for, by a request with that nonce.
func (t Token) From(nonce []byte) Token {
	copy(t.Request[:], nonce)
	return t
}

// Asked tells whether a browser has asked for the token.
func (t Token) Asked() bool { return t.Request != [nonceBytes]byte{} }
