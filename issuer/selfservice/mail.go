package selfservice

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// Mail sends mails to users about their own accounts, where mails are sent at all.
type Mail interface {
	AskConfirmation(ctx context.Context, u storage.User, language string, info issuer.RequestInfo) error
	FactorAdded(ctx context.Context, u storage.User, info issuer.RequestInfo) error
	FactorRemoved(ctx context.Context, u storage.User, info issuer.RequestInfo) error
}

// AskConfirmation sends the user a mail by which they confirm their address. Errors are
// *issuer.Error.
func (s *Service) AskConfirmation(ctx context.Context, p *issuer.Principal, info issuer.RequestInfo) error {
	if s.mail == nil {
		return nil
	}
	return s.mail.AskConfirmation(ctx, p.User(), info.Language, asOwner(p, info))
}

// askConfirmation does so after a change that was made. That no mail could be asked for does not undo
// the change: the user can ask on the account page.
func (s *Service) askConfirmation(ctx context.Context, u admin.User, info issuer.RequestInfo) {
	if s.mail == nil {
		return
	}
	_ = s.mail.AskConfirmation(ctx, storage.User{ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerified}, info.Language, info)
}

// tellOfFactor tells the user of a change of their second factors that was made.
func (s *Service) tellOfFactor(ctx context.Context, p *issuer.Principal, event string, info issuer.RequestInfo) error {
	switch {
	case s.mail == nil:
		return nil
	case event == audit.EventFactorEnrolled:
		return s.mail.FactorAdded(ctx, p.User(), info)
	case event == audit.EventFactorRemoved:
		return s.mail.FactorRemoved(ctx, p.User(), info)
	}
	return nil
}
