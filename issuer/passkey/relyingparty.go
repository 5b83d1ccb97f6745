package passkey

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"example.org/signet/storage"
)

// Timeout is how long the browser lets a person take for one ceremony, and how old a challenge
// may get.
const Timeout = 5 * time.Minute

// HandleSize is the size of a user handle in bytes, the most that there may be (WebAuthn §5.4.3).
// It is random: authenticators show it to whoever holds them, so it names nobody.
const HandleSize = 64

// ChallengeSize is the size of a challenge in bytes (WebAuthn §13.4.3 demands 16).
const ChallengeSize = 32

// ErrAddress refuses an issuer whose host is an IP address: a relying party id is a domain
// (WebAuthn §5.1.2).
var ErrAddress = errors.New("passkeys need a host name: the issuer's host is an IP address")

// ErrInsecure refuses an issuer by http, but on localhost: browsers have passkeys in secure
// contexts only.
var ErrInsecure = errors.New("passkeys need https, or http on localhost")

// RelyingParty is the issuer as authenticators know it. It is safe for concurrent use.
type RelyingParty struct {
	web *webauthn.WebAuthn
}

// New returns the relying party of an issuer: its id is the issuer's host, and the one origin
// is the issuer's. name is what browsers may show. ErrAddress or ErrInsecure where there can be
// no passkeys.
func New(issuer, name string) (*RelyingParty, error) {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	host := strings.ToLower(u.Hostname())
	switch {
	case net.ParseIP(host) != nil:
		return nil, ErrAddress
	case u.Scheme != "https" && host != "localhost":
		return nil, ErrInsecure
	}
	timeout := webauthn.TimeoutConfig{Timeout: Timeout, TimeoutUVD: Timeout}
	web, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: name, RPOrigins: []string{origin(u)},
		AttestationPreference: protocol.PreferNoAttestation,
		Timeouts:              webauthn.TimeoutsConfig{Login: timeout, Registration: timeout},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return &RelyingParty{web}, nil
}

// origin returns the origin as browsers write it: without the default port.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// User is who a ceremony is about.
type User struct {
	Handle []byte // HandleSize random bytes
	Name   string // tells accounts apart in the browser's list
	Label  string // the person's name; "" for Name
	Keys   []storage.Passkey
}

// account is a User as the library wants it.
type account struct {
	User
	credentials []webauthn.Credential
}

var _ webauthn.User = account{}

func (a account) WebAuthnID() []byte                         { return a.Handle }
func (a account) WebAuthnName() string                       { return a.Name }
func (a account) WebAuthnCredentials() []webauthn.Credential { return a.credentials }

func (a account) WebAuthnDisplayName() string {
	if a.Label == "" {
		return a.Name
	}
	return a.Label
}

// newAccount reads the keys of a user. One that cannot be read is left out.
func newAccount(u User) account {
	a := account{User: u}
	for _, k := range u.Keys {
		if c, err := credentialOf(k); err == nil {
			a.credentials = append(a.credentials, c)
		}
	}
	return a
}

func credentialOf(k storage.Passkey) (c webauthn.Credential, err error) {
	if c.ID, err = decode(k.ID); err != nil {
		return c, err
	}
	if c.PublicKey, err = decode(k.PublicKey); err != nil {
		return c, err
	}
	for _, t := range k.Transports {
		c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
	}
	c.Flags = webauthn.CredentialFlags{
		UserPresent: k.UserPresent, UserVerified: k.UserVerified, BackupEligible: k.BackupEligible, BackupState: k.BackupState,
	}
	c.Authenticator.SignCount = uint32(k.SignCount)
	return c, nil
}

func encode(b []byte) string             { return base64.RawURLEncoding.EncodeToString(b) }
func decode(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }

// ID returns the relying party id. Passkeys work for this one alone.
func (p *RelyingParty) ID() string { return p.web.Config.RPID }
