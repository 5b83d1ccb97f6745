package passkey

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"example.org/signet/storage"
)

// BeginLogin returns the options of navigator.credentials.get: a JSON object as
// PublicKeyCredential.parseRequestOptionsFromJSON takes it. With a user any of their keys will
// do, as a second factor. Without one the authenticator says whose it is, and must have verified
// the person by itself.
func (p *RelyingParty) BeginLogin(u *User, challenge []byte) ([]byte, error) {
	var assertion *protocol.CredentialAssertion
	var err error
	if u == nil {
		assertion, _, err = p.web.BeginDiscoverableLogin(webauthn.WithChallenge(challenge), webauthn.WithUserVerification(protocol.VerificationRequired))
	} else {
		assertion, _, err = p.web.BeginLogin(newAccount(*u), webauthn.WithChallenge(challenge), webauthn.WithUserVerification(protocol.VerificationPreferred))
	}
	if err != nil {
		return nil, fmt.Errorf("begin to use a passkey: %w", err)
	}
	return json.Marshal(assertion.Response)
}

// Assertion is what an authenticator has said, before anything of it is believed.
type Assertion struct {
	KeyID  string // which passkey, in base64url
	Handle string // whose it says it is, in base64url; "" where it says nothing
	parsed *protocol.ParsedCredentialAssertionData
}

// Parse reads the response of navigator.credentials.get. ErrRefused.
func Parse(response string) (*Assertion, error) {
	if len(response) > MaxResponse {
		return nil, fmt.Errorf("%w: it is too long", ErrRefused)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(response))
	if err != nil {
		return nil, refused(err)
	}
	return &Assertion{encode(parsed.RawID), encode(parsed.Response.UserHandle), parsed}, nil
}

// Use is what a login by a passkey has shown.
type Use struct {
	Key      storage.Passkey // with the flags and the counter of this use
	Verified bool            // the authenticator has verified the person, by PIN or biometrics

	// CountBack: the counter is not above the last one. It may be a copy of the key; or one of
	// the many authenticators that keep no good count.
	CountBack bool
}

// FinishLogin judges an assertion of one of the user's keys. With verify it must say that the
// person was verified, and whose it is. ErrRefused.
func (p *RelyingParty) FinishLogin(u User, challenge []byte, a *Assertion, verify bool) (Use, error) {
	n := slices.IndexFunc(u.Keys, func(k storage.Passkey) bool { return k.ID == a.KeyID })
	if n < 0 {
		return Use{}, fmt.Errorf("%w: the user has no such passkey", ErrRefused)
	}
	if verify && a.Handle == "" {
		return Use{}, fmt.Errorf("%w: it names no user", ErrRefused)
	}
	key, data := u.Keys[n], a.parsed.Response.AuthenticatorData
	c, err := credentialOf(key)
	if err != nil {
		return Use{}, refused(err)
	}
	// Real authenticators change it, which they must not (WebAuthn §6.1.3): nothing here rests on it.
	c.Flags.BackupEligible = data.Flags.HasBackupEligible()
	session := webauthn.SessionData{
		Challenge: encode(challenge), RelyingPartyID: p.ID(), UserID: u.Handle, AllowedCredentialIDs: [][]byte{c.ID},
		UserVerification: protocol.VerificationPreferred,
	}
	if verify {
		session.UserVerification = protocol.VerificationRequired
	}
	if _, err := p.web.ValidateLogin(account{u, []webauthn.Credential{c}}, session, a.parsed); err != nil {
		return Use{}, refused(err)
	}
	use := Use{Verified: data.Flags.HasUserVerified(), CountBack: int64(data.Counter) <= key.SignCount && key.SignCount != 0}
	key.SignCount = int64(data.Counter)
	key.UserPresent, key.UserVerified = data.Flags.HasUserPresent(), key.UserVerified || use.Verified
	key.BackupEligible, key.BackupState = data.Flags.HasBackupEligible(), data.Flags.HasBackupState()
	use.Key = key
	return use, nil
}
