package passkey

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"example.org/signet/storage"
)

// MaxResponse bounds what a browser returns, in bytes: several times the longest without an
// attestation.
const MaxResponse = 8 << 10

// maxTransports bounds the transports that are kept of one passkey.
const maxTransports = 8

// ErrRefused refuses a response: it is malformed, not for this relying party, challenge or user,
// not signed by the key, or lacks what was demanded.
var ErrRefused = errors.New("the passkey's answer is refused")

func refused(err error) error { return fmt.Errorf("%w: %w", ErrRefused, err) }

// BeginRegistration returns the options of navigator.credentials.create: a JSON object as
// PublicKeyCredential.parseCreationOptionsFromJSON takes it. An authenticator that holds one of
// the user's keys makes no second one.
func (p *RelyingParty) BeginRegistration(u User, challenge []byte) ([]byte, error) {
	a := newAccount(u)
	var known []protocol.CredentialDescriptor
	for _, c := range a.credentials {
		known = append(known, c.Descriptor())
	}
	creation, _, err := p.web.BeginRegistration(a, webauthn.WithExclusions(known),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred,
		}),
		func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.Challenge = challenge
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("begin to register a passkey: %w", err)
	}
	return json.Marshal(creation.Response)
}

// FinishRegistration returns the passkey of a response, without name and times. ErrRefused.
func (p *RelyingParty) FinishRegistration(u User, challenge []byte, response string) (storage.Passkey, error) {
	if len(response) > MaxResponse {
		return storage.Passkey{}, fmt.Errorf("%w: it is too long", ErrRefused)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(response))
	if err != nil {
		return storage.Passkey{}, refused(err)
	}
	c, err := p.web.CreateCredential(account{User: u}, webauthn.SessionData{
		Challenge: encode(challenge), RelyingPartyID: p.ID(), UserID: u.Handle,
		UserVerification: protocol.VerificationPreferred, CredParams: webauthn.CredentialParametersDefault(),
	}, parsed)
	if err != nil {
		return storage.Passkey{}, refused(err)
	}
	k := storage.Passkey{
		ID: encode(c.ID), PublicKey: encode(c.PublicKey), SignCount: int64(c.Authenticator.SignCount),
		UserPresent: c.Flags.UserPresent, UserVerified: c.Flags.UserVerified,
		BackupEligible: c.Flags.BackupEligible, BackupState: c.Flags.BackupState,
	}
	if id, err := uuid.FromBytes(c.Authenticator.AAGUID); err == nil {
		k.AAGUID = id.String()
	}
	for _, t := range c.Transport[:min(len(c.Transport), maxTransports)] {
		if slices.Contains(transports, t) {
			k.Transports = append(k.Transports, string(t))
		}
	}
	return k, nil
}

// transports are those that are kept: they come back to browsers as hints.
var transports = []protocol.AuthenticatorTransport{
	protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal,
}
