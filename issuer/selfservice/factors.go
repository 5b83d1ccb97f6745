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

// Factors holds the second factors of users.
type Factors interface {
	factorEnrolment
	factorChanges
	passkeyChanges
}

type factorEnrolment interface {
	Begin(ctx context.Context, u storage.User, now time.Time) (factor.Enrolment, error)
	Resume(ctx context.Context, u storage.User, sealed string, now time.Time) (factor.Enrolment, error)
	Confirm(ctx context.Context, u storage.User, sealed, code string, now time.Time) ([]string, factor.Verdict, error)
}

type factorChanges interface {
	Of(ctx context.Context, u storage.User) (storage.UserFactors, error)
	RenewRecovery(ctx context.Context, u storage.User, now time.Time) ([]string, error)
	RemoveTOTP(ctx context.Context, u storage.User) error
}

var _ Factors = (*factor.Service)(nil)

// FreshLogin is how old a login may be for a change of the second factors without the password.
const FreshLogin = authorization.FreshLogin

// Errors of the changes. ErrEnrolmentExpired is of the field enrolment.
var (
	ErrFactorExists  = &storage.DuplicateError{Field: "totp"}
	ErrStrongerFirst = &issuer.Error{
		Code:        issuer.InsufficientAuthentication,
		Description: "sign in with the second factor first: the login of this session is from before it", ACRValues: authorization.ACR2FA,
	}
	errPasswordNeeded = &issuer.FieldError{Field: "current_password", Reason: "is needed: the login is older than 10 minutes"}
)

// Factors returns the second factors of the user.
func (s *Service) Factors(ctx context.Context, p *issuer.Principal) (factor.Summary, error) {
	f, err := s.factors.Of(ctx, p.User())
	if err != nil {
		return factor.Summary{}, issuer.OutcomeUnknown(err)
	}
	return factor.Summarize(f), nil
}

// FreshlySignedIn tells whether the user may change their factors without the password.
func (s *Service) FreshlySignedIn(p *issuer.Principal) bool {
	age := s.now().Sub(p.AuthTime())
	return age >= 0 && age <= FreshLogin
}

// mayChangeFactors demands a fresh login or the password. Whoever has a factor must have used it
// to sign in: a stolen password removes none, by no session from before it.
func (s *Service) mayChangeFactors(ctx context.Context, p *issuer.Principal, pw issuer.Secret, info issuer.RequestInfo) error {
	f, err := s.factors.Of(ctx, p.User())
	switch {
	case err != nil:
		return issuer.OutcomeUnknown(err)
	case factor.Any(f) && p.Level() < authorization.Level2FA:
		return ErrStrongerFirst
	case s.FreshlySignedIn(p):
		return nil
	case pw == "":
		return errPasswordNeeded
	}
	return s.checkOwnPassword(ctx, p, pw, info)
}

// BeginTOTP draws the seed of an authenticator app. Nothing is stored before ConfirmTOTP.
func (s *Service) BeginTOTP(ctx context.Context, p *issuer.Principal, pw issuer.Secret, info issuer.RequestInfo) (factor.Enrolment, error) {
	if err := s.mayChangeFactors(ctx, p, pw, asOwner(p, info)); err != nil {
		return factor.Enrolment{}, err
	}
	e, err := s.factors.Begin(ctx, p.User(), s.now())
	return e, factorError(err)
}

// ResumeTOTP returns an enrolment that was begun, to show it again.
func (s *Service) ResumeTOTP(ctx context.Context, p *issuer.Principal, enrolment string) (factor.Enrolment, error) {
	e, err := s.factors.Resume(ctx, p.User(), enrolment, s.now())
	return e, factorError(err)
}

// ConfirmTOTP adds the app that has shown the code, and returns recovery codes, which cannot be
// had again: none where the user has some. A browser that asks has proven the factor with it: it
// gets a new session, whose cookie is returned.
func (s *Service) ConfirmTOTP(ctx context.Context, p *issuer.Principal, enrolment string, code issuer.Secret, info issuer.RequestInfo) ([]string, *issuer.BrowserCookie, error) {
	info = asOwner(p, info)
	codes, verdict, err := s.factors.Confirm(ctx, p.User(), enrolment, string(code), s.now())
	switch {
	case err != nil:
		return nil, nil, factorError(err)
	case verdict != factor.Right:
		return nil, nil, &issuer.FieldError{Field: "code", Reason: "is wrong"}
	}
	if err := s.auditFactor(ctx, p, audit.EventFactorEnrolled, "totp", info); err != nil || p.Browser() == nil {
		return codes, nil, err
	}
	cookie, err := s.browsers.Strengthen(ctx, p.Browser(), issuer.AppMethods(), info)
	return codes, cookie, err
}

// RemoveTOTP removes the authenticator app, and the recovery codes with the last factor.
func (s *Service) RemoveTOTP(ctx context.Context, p *issuer.Principal, pw issuer.Secret, info issuer.RequestInfo) error {
	info = asOwner(p, info)
	if err := s.mayChangeFactors(ctx, p, pw, info); err != nil {
		return err
	}
	if err := s.factors.RemoveTOTP(ctx, p.User()); err != nil {
		return factorError(err)
	}
	return s.auditFactor(ctx, p, audit.EventFactorRemoved, "totp", info)
}

// RenewRecoveryCodes returns new recovery codes, which cannot be had again. Those before are of no
// use any more.
func (s *Service) RenewRecoveryCodes(ctx context.Context, p *issuer.Principal, pw issuer.Secret, info issuer.RequestInfo) ([]string, error) {
	info = asOwner(p, info)
	if err := s.mayChangeFactors(ctx, p, pw, info); err != nil {
		return nil, err
	}
	codes, err := s.factors.RenewRecovery(ctx, p.User(), s.now())
	if err != nil {
		return nil, factorError(err)
	}
	return codes, s.auditFactor(ctx, p, audit.EventRecoveryCodesRenewed, "", info)
}

func (s *Service) auditFactor(ctx context.Context, p *issuer.Principal, event, detail string, info issuer.RequestInfo) error {
	e := storage.AuditEvent{Type: event, Actor: p.UserID(), Target: p.UserID(), ClientID: p.ClientID(), Detail: detail}
	if _, err := s.log.Append(ctx, info.Event(e)); err != nil {
		return issuer.OutcomeUnknown(err)
	}
	return s.tellOfFactor(ctx, p, event, info)
}

// factorError turns an error of package factor into one for whoever asks.
func factorError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, factor.ErrExists):
		return ErrFactorExists
	case errors.Is(err, factor.ErrEnrolment):
		return &issuer.FieldError{Field: "enrolment", Reason: "has expired: begin again"}
	case errors.Is(err, factor.ErrMissing):
		return storage.ErrNotFound
	}
	return issuer.OutcomeUnknown(err)
}

// now is the one timestamp of a unit of work, as the store will keep it.
func (s *Service) now() time.Time { return storage.Time(s.clock()) }
