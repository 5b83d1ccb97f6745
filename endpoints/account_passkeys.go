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

// Forms of the passkeys of an account.
const (
	pathAccountPasskeyAdd     = "/account/factors/passkeys/add"
	pathAccountPasskeyConfirm = "/account/factors/passkeys/confirm"
	pathAccountPasskeyRename  = "/account/factors/passkeys/rename"
	pathAccountPasskeyRemove  = "/account/factors/passkeys/remove"
)

// passkeyOwner adds, renames and removes the passkeys of the user who asks.
type passkeyOwner interface {
	HasPasskeys() bool
	BeginPasskey(ctx context.Context, p *issuer.Principal, pw issuer.Secret, info issuer.RequestInfo) (factor.Ceremony, error)
	AddPasskey(ctx context.Context, p *issuer.Principal, r factor.Response, name string, info issuer.RequestInfo) ([]string, *issuer.BrowserCookie, error)
	RenamePasskey(ctx context.Context, p *issuer.Principal, id, name string, info issuer.RequestInfo) error
	RemovePasskey(ctx context.Context, p *issuer.Principal, id string, pw issuer.Secret, info issuer.RequestInfo) error
}

func passkeyViews(list factor.Summary) []pages.Passkey {
	var views []pages.Passkey
	for _, k := range list.Passkeys {
		v := pages.Passkey{ID: k.ID, Name: k.Name, Synced: k.Synced, Factor: pages.Factor{Since: k.CreatedAt}}
		if k.LastUsedAt != nil {
			v.LastUsed = *k.LastUsedAt
		}
		views = append(views, v)
	}
	return views
}

// addPasskey shows the page whose script has the browser make a passkey.
func (a accountPages) addPasskey(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	c, err := a.service.BeginPasskey(ctx, v.principal, issuer.Secret(fields["current_password"]), v.info)
	if err != nil {
		return done{}, v.explain(err, passkeyProblem)
	}
	request := pages.PasskeyRequest{Options: c.Options, Challenge: c.Sealed}
	return done{view: pages.AccountPasskeyView{Account: v.account(), Passkey: request}}, nil
}

// confirmPasskey adds the passkey, and shows recovery codes this once where there were none.
func (a accountPages) confirmPasskey(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	r := factor.Response{Sealed: fields["challenge"], Text: fields["response"]}
	codes, cookie, err := a.service.AddPasskey(ctx, v.principal, r, fields["name"], v.info)
	switch {
	case err != nil:
		return done{}, v.explain(err, passkeyProblem)
	case len(codes) > 0:
		return done{view: pages.AccountCodesView{Account: v.account(), Codes: codes, Added: true, Passkey: true}, cookie: cookie}, nil
	}
	return done{notice: pages.NoticePasskeyAdded, cookie: cookie}, nil
}

// renamePasskey gives one passkey another name.
func (a accountPages) renamePasskey(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	err := a.service.RenamePasskey(ctx, v.principal, fields["passkey"], fields["name"], v.info)
	return done{notice: pages.NoticePasskeyRenamed}, v.explain(err, passkeyProblem)
}

// removePasskey removes one passkey.
func (a accountPages) removePasskey(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	err := a.service.RemovePasskey(ctx, v.principal, fields["passkey"], issuer.Secret(fields["current_password"]), v.info)
	return done{notice: pages.NoticePasskeyRemoved}, v.explain(err, passkeyProblem)
}

// passkeyProblem says why the passkeys are not changed; ProblemNone for another error.
func passkeyProblem(err error) pages.Problem {
	var field *issuer.FieldError
	switch {
	case errors.Is(err, selfservice.ErrPasskeyExists):
		return pages.ProblemPasskeyExists
	case errors.Is(err, storage.ErrNotFound):
		return pages.ProblemPasskeyGone
	case !errors.As(err, &field):
		return factorProblem(err)
	}
	switch field.Field {
	case "passkeys":
		return pages.ProblemPasskeyLimit
	case "name":
		return pages.ProblemPasskeyName
	case "response":
		return pages.ProblemPasskeyRefused
	case "challenge":
		return pages.ProblemPasskeyExpired
	}
	return factorProblem(err)
}
