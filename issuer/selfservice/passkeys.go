package selfservice

import (
	"context"
	"errors"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/factor"
	"example.org/signet/storage"
)

type passkeyChanges interface {
	HasPasskeys() bool
	BeginPasskey(ctx context.Context, u storage.User, b factor.Binding, now time.Time) (factor.Ceremony, error)
	AddPasskey(ctx context.Context, u storage.User, r factor.Response, name string, b factor.Binding, now time.Time) (storage.Passkey, []string, error)
	RenamePasskey(ctx context.Context, u storage.User, id, name string) error
	RemovePasskey(ctx context.Context, u storage.User, id string) error
}

// ErrPasskeyExists refuses a passkey that the user has.
var ErrPasskeyExists = &storage.DuplicateError{Field: "passkey"}

// HasPasskeys tells whether this issuer can have passkeys.
func (s *Service) HasPasskeys() bool { return s.factors.HasPasskeys() }

// bindingOf binds a challenge to the browser session that asks for it.
func bindingOf(p *issuer.Principal) (b factor.Binding) {
	if u := p.Browser(); u != nil {
		b.Browser = authorization.BrowserMark(u.Session.ID)
	}
	return b
}

// BeginPasskey begins to add a passkey. Nothing is stored before AddPasskey.
func (s *Service) BeginPasskey(ctx context.Context, p *issuer.Principal, pw issuer.Secret, info issuer.RequestInfo) (factor.Ceremony, error) {
	if err := s.mayChangeFactors(ctx, p, pw, asOwner(p, info)); err != nil {
		return factor.Ceremony{}, err
	}
	c, err := s.factors.BeginPasskey(ctx, p.User(), bindingOf(p), s.now())
	return c, passkeyError(err)
}

// AddPasskey adds the passkey that the browser has made, and returns recovery codes, which cannot
// be had again: none where the user has some. A browser that asks gets a new session, as with
// ConfirmTOTP.
func (s *Service) AddPasskey(ctx context.Context, p *issuer.Principal, r factor.Response, name string, info issuer.RequestInfo) ([]string, *issuer.BrowserCookie, error) {
	info = asOwner(p, info)
	added, codes, err := s.factors.AddPasskey(ctx, p.User(), r, name, bindingOf(p), s.now())
	if err != nil {
		return nil, nil, passkeyError(err)
	}
	if err := s.auditFactor(ctx, p, audit.EventFactorEnrolled, "passkey", info); err != nil || p.Browser() == nil {
		return codes, nil, err
	}
	cookie, err := s.browsers.Strengthen(ctx, p.Browser(), issuer.PasskeyMethods(added), info)
	return codes, cookie, err
}

// RenamePasskey gives one passkey another name. It changes nothing about who gets in, so that the
// sign-in need not be fresh.
func (s *Service) RenamePasskey(ctx context.Context, p *issuer.Principal, id, name string, info issuer.RequestInfo) error {
	if err := s.factors.RenamePasskey(ctx, p.User(), id, name); err != nil {
		return passkeyError(err)
	}
	return s.auditFactor(ctx, p, audit.EventFactorRenamed, "passkey", asOwner(p, info))
}

// RemovePasskey removes one passkey, and the recovery codes with the last factor.
func (s *Service) RemovePasskey(ctx context.Context, p *issuer.Principal, id string, pw issuer.Secret, info issuer.RequestInfo) error {
	info = asOwner(p, info)
	if err := s.mayChangeFactors(ctx, p, pw, info); err != nil {
		return err
	}
	if err := s.factors.RemovePasskey(ctx, p.User(), id); err != nil {
		return passkeyError(err)
	}
	return s.auditFactor(ctx, p, audit.EventFactorRemoved, "passkey", info)
}

// passkeyError turns an error of package factor into one for whoever asks.
func passkeyError(err error) error {
	switch {
	case errors.Is(err, factor.ErrExists):
		return ErrPasskeyExists
	case errors.Is(err, factor.ErrNoPasskeys):
		return storage.ErrNotFound
	case errors.Is(err, factor.ErrTooMany):
		return &issuer.FieldError{Field: "passkeys", Reason: "are as many as there may be: remove one first"}
	case errors.Is(err, factor.ErrName):
		return &issuer.FieldError{Field: "name", Reason: "must have 1 to 64 printable characters"}
	case errors.Is(err, factor.ErrRefused):
		return &issuer.FieldError{Field: "response", Reason: "does not prove a new passkey of this site"}
	case errors.Is(err, factor.ErrChallenge):
		return &issuer.FieldError{Field: "challenge", Reason: "has expired, or was used: begin again"}
	}
	return factorError(err)
}
