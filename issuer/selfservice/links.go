package selfservice

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/authorization"
)

// errSignInFirst refuses to change by what the user signs in, in a session that is not fresh.
var errSignInFirst = &issuer.Error{
	Code: issuer.InsufficientAuthentication, Description: "sign in again first: the login is older than 10 minutes", ACRValues: authorization.ACR1FA,
}

// Links returns the accounts at other providers by which the user signs in.
func (s *Service) Links(ctx context.Context, p *issuer.Principal) (admin.LinkList, error) {
	return s.Account(p, issuer.RequestInfo{}).Links(ctx)
}

// Unlink removes one of them. It needs a fresh login, and never removes the last way in.
func (s *Service) Unlink(ctx context.Context, p *issuer.Principal, linkID string, info issuer.RequestInfo) error {
	if !s.FreshlySignedIn(p) {
		return errSignInFirst
	}
	return s.Account(p, info).Unlink(ctx, linkID)
}
