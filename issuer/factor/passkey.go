package factor

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.org/signet/issuer/passkey"
	"example.org/signet/storage"
)

// Errors of passkeys. ErrChallenge refuses a challenge that is not of this purpose, user, browser
// and request, is too old, or was used; ErrRefused a response that proves nothing.
var (
	ErrNoPasskeys = errors.New("this issuer cannot have passkeys")
	ErrChallenge  = errors.New("the challenge has expired")
	ErrRefused    = passkey.ErrRefused
	ErrTooMany    = errors.New("there are as many passkeys as there may be")
	ErrName       = errors.New("the name is empty, too long, or not printable")
)

// maxPasskeyName bounds the name of a passkey, in characters.
const maxPasskeyName = 64

// Binding is what a challenge is good for, beside its purpose and its user.
type Binding struct {
	Request [16]byte `json:"r"` // the authorization request; zero for none
	Browser [16]byte `json:"b"` // the browser session; zero for none
}

// Ceremony is one use of an authenticator that is to be made.
type Ceremony struct {
	Options string // for the browser: JSON
	Sealed  string // the challenge, for the form: nobody but this service can read it
}

// Response is what a browser has sent back for a Ceremony.
type Response struct {
	Sealed string
	Text   string // JSON
}

// The purposes of challenges: one for another purpose is none.
const (
	purposeRegister = "register"
	purposeFactor   = "second factor"
	purposeSignIn   = "sign in"
)

// challenge is what is sealed in a form. There is no row of it: a use is marked on the passkey
// (see UsePasskey), a registration counts the record's version up.
type challenge struct {
	Binding
	Bytes   []byte `json:"c"`
	Issued  int64  `json:"t"`           // milliseconds
	Handle  []byte `json:"h,omitempty"` // of a registration: the user's, from now on
	Version int64  `json:"v,omitempty"` // of a registration: the record's
}

// WithPasskeys returns the service with passkeys of a relying party; nil for none.
func (s *Service) WithPasskeys(rp *passkey.RelyingParty) *Service {
	with := *s
	with.passkeys = rp
	return &with
}

// HasPasskeys tells whether this issuer can have passkeys.
func (s *Service) HasPasskeys() bool { return s.passkeys != nil }

// challengeData binds a challenge to its purpose and user.
func challengeData(purpose string, u storage.User) []byte {
	return []byte("passkey challenge v1\x00" + purpose + "\x00" + strconv.FormatInt(u.CreatedAt.UnixMilli(), 10) + "\x00" + u.ID)
}

// begin makes a challenge, and has options made for it.
func (s *Service) begin(ctx context.Context, purpose string, u storage.User, c challenge, now time.Time, options func(challenge []byte) ([]byte, error)) (Ceremony, error) {
	c.Bytes, c.Issued = make([]byte, passkey.ChallengeSize), now.UnixMilli()
	if _, err := io.ReadFull(s.rand, c.Bytes); err != nil {
		return Ceremony{}, err
	}
	text, err := options(c.Bytes)
	if err != nil {
		return Ceremony{}, err
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return Ceremony{}, err
	}
	sealed, err := s.sealer.Seal(ctx, s.rand, plain, challengeData(purpose, u))
	if err != nil {
		return Ceremony{}, fmt.Errorf("seal a challenge: %w", err)
	}
	return Ceremony{Options: string(text), Sealed: base64.RawURLEncoding.EncodeToString(sealed)}, nil
}

// open returns the challenge of a form. ErrChallenge.
func (s *Service) openChallenge(ctx context.Context, purpose string, u storage.User, text string, b Binding, now time.Time) (c challenge, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return c, ErrChallenge
	}
	plain, err := s.sealer.Open(ctx, sealed, challengeData(purpose, u))
	switch {
	case errors.Is(err, storage.ErrUnavailable):
		return c, err
	case err != nil || json.Unmarshal(plain, &c) != nil || c.Binding != b:
		return c, ErrChallenge
	}
	if age := now.Sub(time.UnixMilli(c.Issued)); age < 0 || age > passkey.Timeout {
		return c, ErrChallenge
	}
	return c, nil
}

// owner returns the user as authenticators know them.
func owner(u storage.User, f storage.UserFactors) (passkey.User, error) {
	handle, err := base64.RawURLEncoding.DecodeString(f.Handle)
	return passkey.User{Handle: handle, Name: u.Username, Label: u.FullName, Keys: f.Passkeys}, err
}

// BeginPasskey begins to add a passkey. Nothing is stored before AddPasskey. ErrNoPasskeys,
// ErrTooMany.
func (s *Service) BeginPasskey(ctx context.Context, u storage.User, b Binding, now time.Time) (Ceremony, error) {
	if s.passkeys == nil {
		return Ceremony{}, ErrNoPasskeys
	}
	f, err := s.Of(ctx, u)
	if err != nil {
		return Ceremony{}, err
	}
	if len(f.Passkeys) >= storage.MaxPasskeys {
		return Ceremony{}, ErrTooMany
	}
	who, err := owner(u, f)
	if err != nil {
		return Ceremony{}, err
	}
	if f.Handle == "" {
		who.Handle = make([]byte, passkey.HandleSize)
		if _, err := io.ReadFull(s.rand, who.Handle); err != nil {
			return Ceremony{}, err
		}
	}
	return s.begin(ctx, purposeRegister, u, challenge{Binding: b, Handle: who.Handle, Version: f.Version}, now, func(challenge []byte) ([]byte, error) {
		return s.passkeys.BeginRegistration(who, challenge)
	})
}

// AddPasskey stores the passkey of a response under a name. The user who has no recovery codes
// gets some, which are shown this once. A challenge works once: it is good for the version of the
// record that it was made for, which counts up. ErrChallenge, ErrRefused, ErrExists for a passkey
// that the user has, ErrName, ErrNoPasskeys.
func (s *Service) AddPasskey(ctx context.Context, u storage.User, r Response, name string, b Binding, now time.Time) (added storage.Passkey, codes []string, err error) {
	if s.passkeys == nil {
		return added, nil, ErrNoPasskeys
	}
	c, err := s.openChallenge(ctx, purposeRegister, u, r.Sealed, b, now)
	if err != nil {
		return added, nil, err
	}
	if name, err = passkeyName(name); err != nil {
		return added, nil, err
	}
	if added, err = s.passkeys.FinishRegistration(passkey.User{Handle: c.Handle, Name: u.Username}, c.Bytes, r.Text); err != nil {
		return added, nil, err
	}
	added.Name, added.CreatedAt = name, now
	err = s.change(ctx, u, func(f *storage.UserFactors) error {
		switch {
		case slices.ContainsFunc(f.Passkeys, func(k storage.Passkey) bool { return k.ID == added.ID }):
			return ErrExists
		case f.Version != c.Version:
			return ErrChallenge
		case len(f.Passkeys) >= storage.MaxPasskeys:
			return ErrTooMany
		}
		f.Handle, f.Passkeys = base64.RawURLEncoding.EncodeToString(c.Handle), append(f.Passkeys, added)
		if Left(*f) > 0 {
			return nil
		}
		return s.renew(f, now, &codes)
	})
	if err != nil {
		return storage.Passkey{}, nil, err
	}
	return added, codes, nil
}

// passkeyName returns the name without white space around it. ErrName.
func passkeyName(name string) (string, error) {
	name = strings.TrimSpace(name)
	unprintable := func(r rune) bool { return !strconv.IsPrint(r) }
	if name == "" || utf8.RuneCountInString(name) > maxPasskeyName || strings.ContainsFunc(name, unprintable) {
		return "", ErrName
	}
	return name, nil
}

// RenamePasskey gives a passkey another name. ErrMissing, ErrName.
func (s *Service) RenamePasskey(ctx context.Context, u storage.User, id, name string) error {
	return s.change(ctx, u, func(f *storage.UserFactors) (err error) {
		n := slices.IndexFunc(f.Passkeys, func(k storage.Passkey) bool { return k.ID == id })
		if n < 0 {
			return ErrMissing
		}
		f.Passkeys[n].Name, err = passkeyName(name)
		return err
	})
}

// RemovePasskey removes a passkey by its id, and the recovery codes with the last factor.
// ErrMissing.
func (s *Service) RemovePasskey(ctx context.Context, u storage.User, id string) error {
	return s.change(ctx, u, func(f *storage.UserFactors) error {
		n := slices.IndexFunc(f.Passkeys, func(k storage.Passkey) bool { return k.ID == id })
		if n < 0 {
			return ErrMissing
		}
		if f.Passkeys = slices.Delete(f.Passkeys, n, n+1); !Any(*f) {
			f.Recovery = nil
		}
		return nil
	})
}
