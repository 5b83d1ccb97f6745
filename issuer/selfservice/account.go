package selfservice

import (
	"context"
	"errors"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// Account returns the operations of the user on their own account.
func (s *Service) Account(p *issuer.Principal, info issuer.RequestInfo) *admin.Owner {
	return s.accounts.Owner(p.User(), p.SessionID(), info)
}

// detailPasswordChange tells a guess at one's own password from one at a login.
const detailPasswordChange = "password change"

// UpdateAccount changes what users may change of themselves. A username or e-mail that is to
// be another is counted: so many may be asked for, taken or not.
func (s *Service) UpdateAccount(ctx context.Context, p *issuer.Principal, c admin.UserChange, info issuer.RequestInfo) (admin.User, error) {
	owner := s.Account(p, info)
	if u := p.User(); !isOther(c.Username, u.Username) && !isOther(c.Email, u.Email) {
		return owner.Update(ctx, c)
	}
	named := info
	var err error
	if p.ClientID() != "" {
		if named.Backend, err = s.tokens.Backend(ctx, p.ClientID()); err != nil {
			return admin.User{}, err
		}
	}
	counted, err := s.throttler.Count(ctx, issuer.Attempt{Kind: issuer.AttemptName, Account: p.UserID(), Target: p.UserID(), Client: p.ClientID(), Info: named})
	if err != nil {
		return admin.User{}, err
	}
	u, err := owner.Update(ctx, c)
	if err = counted.Settle(ctx, err); err != nil || u.Email == p.User().Email {
		return u, err
	}
	s.askConfirmation(ctx, u, asOwner(p, info))
	return u, nil
}

func isOther(name *string, than string) bool { return name != nil && *name != "" && *name != than }

// ChangePassword sets a new password for a user who knows the old one. Guesses at it are
// counted by session, so that nobody else can lock the user out. The user's other sessions end,
// by the same step that sets the password. A browser that asks gets a new session, whose
// cookie is returned; it is nil for a token.
func (s *Service) ChangePassword(ctx context.Context, p *issuer.Principal, old, new issuer.Secret, info issuer.RequestInfo) (*issuer.BrowserCookie, error) {
	info = asOwner(p, info)
	owner := s.Account(p, info)
	if err := checkPasswords(owner, old, new); err != nil {
		return nil, err
	}
	if err := s.checkOwnPassword(ctx, p, old, info); err != nil {
		return nil, err
	}
	if p.Browser() == nil {
		_, err := owner.SetPassword(ctx, new)
		return nil, renameField(err, "new_password")
	}
	after, err := owner.SetPasswordEndingAll(ctx, new, s.stillAlive(p))
	if err != nil {
		return nil, renameField(err, "new_password")
	}
	return s.browsers.Renew(ctx, p.Browser(), after, true, info)
}

// checkPasswords names every field at fault, before anything is counted or hashed.
func checkPasswords(owner *admin.Owner, old, new issuer.Secret) error {
	var faults issuer.FieldErrors
	if err := password.CheckInput(string(old)); err != nil {
		faults = append(faults, &issuer.FieldError{Field: "current_password", Reason: err.Error()})
	}
	var fault *issuer.FieldError
	switch err := renameField(owner.CheckPassword(new), "new_password"); {
	case errors.As(err, &fault):
		faults = append(faults, fault)
	case err != nil:
		return err
	}
	return faults.Err()
}

// checkOwnPassword checks the user's own password as a login does: counted before the check,
// one hash evaluation.
func (s *Service) checkOwnPassword(ctx context.Context, p *issuer.Principal, pw issuer.Secret, info issuer.RequestInfo) error {
	u := p.User()
	counted, err := s.throttler.Count(ctx, issuer.Attempt{
		Kind: issuer.AttemptOwnPassword, Account: u.ID, Session: p.AskedBy(), Target: u.ID, Client: p.ClientID(), Info: info,
	})
	if err != nil {
		return err
	}
	defer counted.Release(ctx)
	var right bool
	if u.PasswordHash == "" {
		err = s.passwords.VerifyDummy(ctx, info.Network(), string(pw))
	} else {
		var res password.Result
		res, err = s.passwords.Verify(ctx, info.Network(), u.PasswordHash, string(pw))
		right = res.OK
	}
	if err != nil {
		return issuer.OutcomeUnknown(err)
	}
	if right {
		return counted.Succeeded(ctx)
	}
	e := storage.AuditEvent{Type: audit.EventLoginFailed, Target: u.ID, ClientID: p.ClientID(), Detail: detailPasswordChange}
	if err := counted.Failed(ctx, e); err != nil {
		return err
	}
	return &issuer.FieldError{Field: "current_password", Reason: "is wrong"}
}

// renameField gives the one field at fault the name that the caller knows it by.
func renameField(err error, name string) error {
	var f *issuer.FieldError
	if errors.As(err, &f) {
		return &issuer.FieldError{Field: name, Reason: f.Reason, Cause: f.Cause}
	}
	return err
}
