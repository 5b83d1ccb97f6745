package endpoints

import (
	"context"
	"errors"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/selfservice"
	"example.org/signet/storage"
)

// Pages of the second factors of an account.
const (
	pathAccountFactors = "/account/factors"
	pathAccountAdd     = "/account/factors/add"
	pathAccountConfirm = "/account/factors/confirm"
	pathAccountRemove  = "/account/factors/remove"
	pathAccountCodes   = "/account/factors/codes"
)

// factorOwner shows and changes the second factors of the user who asks.
type factorOwner interface {
	factorReader
	factorEnroller
	factorChanger
	passkeyOwner
}

type factorReader interface {
	Factors(ctx context.Context, p *issuer.Principal) (factor.Summary, error)
	FreshlySignedIn(p *issuer.Principal) bool
}

type factorEnroller interface {
	BeginTOTP(ctx context.Context, p *issuer.Principal, pw issuer.Secret, info issuer.RequestInfo) (factor.Enrolment, error)
	ResumeTOTP(ctx context.Context, p *issuer.Principal, enrolment string) (factor.Enrolment, error)
	ConfirmTOTP(ctx context.Context, p *issuer.Principal, enrolment string, code issuer.Secret, info issuer.RequestInfo) ([]string, *issuer.BrowserCookie, error)
}

type factorChanger interface {
	RemoveTOTP(ctx context.Context, p *issuer.Principal, pw issuer.Secret, info issuer.RequestInfo) error
	RenewRecoveryCodes(ctx context.Context, p *issuer.Principal, pw issuer.Secret, info issuer.RequestInfo) ([]string, error)
}

// showFactors is /account/factors.
func (a accountPages) showFactors(ctx context.Context, v *accountVisit) (pages.View, error) {
	list, err := a.service.Factors(ctx, v.principal)
	if err != nil {
		return nil, err
	}
	view := pages.AccountFactorsView{
		Account: v.account(), CodesLeft: list.RecoveryCodesLeft,
		Passkeys: passkeyViews(list), CanPasskeys: a.service.HasPasskeys(), AskPassword: !a.service.FreshlySignedIn(v.principal), RetryAfter: v.retryAfter,
	}
	if t := list.TOTP; t != nil {
		view.App = &pages.Factor{Since: t.CreatedAt}
		if t.LastUsedAt != nil {
			view.App.LastUsed = *t.LastUsedAt
		}
	}
	return view, nil
}

// addApp shows the QR code of an authenticator app, which is not stored yet.
func (a accountPages) addApp(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	e, err := a.service.BeginTOTP(ctx, v.principal, issuer.Secret(fields["current_password"]), v.info)
	if err != nil {
		return done{}, v.explain(err, factorProblem)
	}
	return done{view: enrolView(v, e)}, nil
}

func enrolView(v *accountVisit, e factor.Enrolment) pages.AccountEnrolView {
	return pages.AccountEnrolView{Account: v.account(), Enrolment: e.Sealed, Secret: e.Secret, URI: e.URI, QRSize: e.QR.Size, QRPath: e.QR.Path}
}

// confirmApp adds the app, and shows the recovery codes this once. The picture is shown again
// where the code is wrong.
func (a accountPages) confirmApp(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	codes, cookie, err := a.service.ConfirmTOTP(ctx, v.principal, fields["enrolment"], issuer.Secret(fields["code"]), v.info)
	if err == nil {
		return done{view: pages.AccountCodesView{Account: v.account(), Codes: codes, Added: true}, cookie: cookie}, nil
	}
	if err = v.explain(err, factorProblem); err != nil || v.problem != pages.ProblemCodeWrong {
		return done{}, err
	}
	e, err := a.service.ResumeTOTP(ctx, v.principal, fields["enrolment"])
	if err != nil {
		return done{}, v.explain(err, factorProblem)
	}
	return done{view: enrolView(v, e)}, nil
}

// removeApp removes the authenticator app.
func (a accountPages) removeApp(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	err := a.service.RemoveTOTP(ctx, v.principal, issuer.Secret(fields["current_password"]), v.info)
	return done{notice: pages.NoticeFactorRemoved}, v.explain(err, factorProblem)
}

// renewCodes shows new recovery codes, this once.
func (a accountPages) renewCodes(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	codes, err := a.service.RenewRecoveryCodes(ctx, v.principal, issuer.Secret(fields["current_password"]), v.info)
	if err != nil {
		return done{}, v.explain(err, factorProblem)
	}
	return done{view: pages.AccountCodesView{Account: v.account(), Codes: codes}}, nil
}

// factorProblem says why the factors are not changed; ProblemNone for another error.
func factorProblem(err error) pages.Problem {
	var field *issuer.FieldError
	switch {
	case errors.Is(err, selfservice.ErrStrongerFirst):
		return pages.ProblemFactorFirst
	case errors.Is(err, selfservice.ErrFactorExists):
		return pages.ProblemFactorExists
	case errors.Is(err, storage.ErrNotFound):
		return pages.ProblemFactorGone
	case !errors.As(err, &field):
		return pages.ProblemNone
	}
	switch field.Field {
	case "code":
		return pages.ProblemCodeWrong
	case "enrolment":
		return pages.ProblemEnrolExpired
	}
	return pages.ProblemPasswordWrong
}
