package endpoints

import (
	"context"
	"errors"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// Pages of the accounts at other providers.
const (
	pathAccountLinked = "/account/linked"
	pathAccountUnlink = "/account/linked/remove"
)

// linkOwner shows and removes the accounts of the user who asks.
type linkOwner interface {
	Links(ctx context.Context, p *issuer.Principal) (admin.LinkList, error)
	Unlink(ctx context.Context, p *issuer.Principal, linkID string, info issuer.RequestInfo) error
}

// showLinked is /account/linked.
func (a accountPages) showLinked(ctx context.Context, v *accountVisit) (pages.View, error) {
	list, err := a.service.Links(ctx, v.principal)
	if err != nil {
		return nil, err
	}
	offered, err := a.signIn.Connectors(ctx)
	if err != nil {
		return nil, err
	}
	view := pages.AccountLinkedView{Account: v.account(), Fresh: a.service.FreshlySignedIn(v.principal)}
	for _, l := range list.Items {
		shown := pages.LinkedAccount{ID: l.ID, Provider: l.Provider, Email: l.Email, Name: l.Name, Since: l.CreatedAt}
		if shown.Provider == "" {
			shown.Provider = l.Connector
		}
		if l.LastUsedAt != nil {
			shown.LastUsed = *l.LastUsedAt
		}
		view.Linked = append(view.Linked, shown)
	}
	view.Connectors = connectorViews(offered, func(id string) string { return a.site.base + upstreamPath(id) })
	return view, nil
}

// unlink removes one account.
func (a accountPages) unlink(ctx context.Context, v *accountVisit, fields map[string]string) (done, error) {
	err := a.service.Unlink(ctx, v.principal, fields["account"], v.info)
	return done{notice: pages.NoticeAccountUnlinked}, v.explain(err, linkProblem)
}

// linkProblem says why an account is not removed; ProblemNone for another error.
func linkProblem(err error) pages.Problem {
	var refused *issuer.Error
	switch {
	case errors.Is(err, admin.ErrLastWayIn):
		return pages.ProblemLastWayIn
	case errors.Is(err, storage.ErrNotFound):
		return pages.ProblemLinkGone
	case errors.Is(err, admin.ErrConcurrentUpdate):
		return pages.ProblemConflict
	case errors.As(err, &refused) && refused.Code == issuer.InsufficientAuthentication:
		return pages.ProblemLinkFresh
	}
	return pages.ProblemNone
}
