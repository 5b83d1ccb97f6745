package endpoints

import (
	"context"
	"errors"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// saveProfile changes the profile.
func (a accountPages) saveProfile(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	if version := fields["version"]; version != "" {
		v.info.IfMatch = []string{version}
	}
	sent := func(name string) *string {
		text, given := fields[name]
		if !given {
			return nil
		}
		return &text
	}
	change := admin.UserChange{FullName: sent("full_name"), Email: sent("email"), Phone: sent("phone")}
	attributes, err := a.service.Account(v.principal, v.info).Attributes(ctx)
	if err != nil {
		return done{}, err
	}
	change.Attributes = changeOfAttributes(attributes, fields)
	_, err = a.service.UpdateAccount(ctx, v.principal, change, v.info)
	v.sent, v.wrongAttribute = fields, wrongAttribute(err)
	v.typed = &pages.User{Name: fields["full_name"], Email: fields["email"], Phone: fields["phone"]}
	return done{notice: pages.NoticeSaved}, v.explain(err, profileProblem)
}

// confirmAddress sends a mail by which the user confirms their address.
func (a accountPages) confirmAddress(ctx context.Context, v *accountVisit, _ map[string]string) (done, error) {
	err := a.service.AskConfirmation(ctx, v.principal, v.info)
	return done{notice: pages.NoticeMailSent}, v.explain(err, func(error) pages.Problem { return pages.ProblemNone })
}

// explain sets the problem of an error that the person can do something about. It returns
// every other error.
func (v *accountVisit) explain(err error, problemOf func(error) pages.Problem) error {
	var throttled *issuer.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &throttled) && throttled.Code == issuer.TooManyAttempts:
		v.problem, v.retryAfter = pages.ProblemThrottled, throttled.RetryAfter
		return nil
	}
	if p := problemOf(err); p != pages.ProblemNone {
		v.problem = p
		return nil
	}
	return err
}

// profileProblem says what is wrong with a profile; ProblemNone for another error.
func profileProblem(err error) pages.Problem {
	var taken *storage.DuplicateError
	var field *issuer.FieldError
	switch {
	case errors.As(err, &taken):
		return pages.ProblemInUse
	case errors.Is(err, admin.ErrPreconditionFailed):
		return pages.ProblemConflict
	case !errors.As(err, &field):
		return pages.ProblemNone
	}
	switch field.Field {
	case "email":
		return pages.ProblemEmailInvalid
	case "phone":
		return pages.ProblemPhoneInvalid
	case "full_name":
		return pages.ProblemNameInvalid
	case "attributes":
		return pages.ProblemAttributeInvalid
	}
	return pages.ProblemFailed
}

// changePassword sets a new password by the old one.
func (a accountPages) changePassword(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	old, pw := fields["current_password"], fields["new_password"]
	switch again, sent := fields["new_password_again"]; {
	case old == "" || pw == "":
		v.problem = pages.ProblemMissing
	case sent && again != pw:
		v.problem = pages.ProblemPasswordMismatch
	case old == pw:
		v.problem = pages.ProblemPasswordSame
	}
	if v.problem != pages.ProblemNone {
		return done{}, nil
	}
	cookie, err := a.service.ChangePassword(ctx, v.principal, issuer.Secret(old), issuer.Secret(pw), v.info)
	return done{notice: pages.NoticePasswordChanged, cookie: cookie}, v.explain(err, ownPasswordProblem)
}

// ownPasswordProblem says what is wrong with the passwords; ProblemNone for another error.
func ownPasswordProblem(err error) pages.Problem {
	var field *issuer.FieldError
	switch {
	case !errors.As(err, &field):
		return pages.ProblemNone
	case field.Field == "current_password":
		return pages.ProblemPasswordWrong
	}
	return pages.Problem(issuer.PasswordProblem(field))
}

// endOneBrowser ends one browser session, which may be the one that asks.
func (a accountPages) endOneBrowser(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	if err := a.service.EndBrowserSession(ctx, v.principal, fields["session"], v.info); err != nil {
		return done{}, err
	}
	if fields["session"] == issuer.BrowserSessionHandle(v.principal.Browser().Session) {
		return done{cookie: &issuer.BrowserCookie{Clear: true}}, nil
	}
	return done{notice: pages.NoticeSessionEnded}, nil
}

// signOutEverywhere ends all sessions. Who keeps this browser gets a new session for it.
func (a accountPages) signOutEverywhere(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	cookie, err := a.service.SignOutEverywhere(ctx, v.principal, fields["keep"] != "", v.info)
	return done{notice: pages.NoticeAllEnded, cookie: cookie}, err
}

// signOutOfApp ends what one application has in one browser.
func (a accountPages) signOutOfApp(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	return done{notice: pages.NoticeAppSignedOut}, a.service.EndApplication(ctx, v.principal, fields["session"], v.info)
}

// withdrawConsent takes back what an application was allowed.
func (a accountPages) withdrawConsent(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	return done{notice: pages.NoticeWithdrawn}, a.service.WithdrawConsent(ctx, v.principal, fields["client_id"], v.info)
}
