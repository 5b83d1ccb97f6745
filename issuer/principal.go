package issuer

import (
	"context"
	"errors"
	"strings"

	"example.org/signet/storage"
)

// Principal is a user who asks Signet itself for something: who the token says
// it is, as the store has them at this moment.
type Principal struct {
	user     storage.User
	session  string
	clientID string
}

// UserID is the id of the user.
func (p *Principal) UserID() string { return p.user.ID }

// User is the user as the store had them when the token was checked.
func (p *Principal) User() storage.User { return p.user }

// SessionID is the session of the token.
func (p *Principal) SessionID() string { return p.session }

// ClientID is the client through which the user asks.
func (p *Principal) ClientID() string { return p.clientID }

var errInvalidToken = newError(InvalidToken, "the access token is invalid, expired or revoked")

// Identify tells who asks with this access token. It must be active, a user's,
// have the scope, and be addressed to the issuer's URL alone: one that is also good
// for an API could be replayed here by that API. Its client must still have the
// scope.
func (i *Issuer) Identify(ctx context.Context, accessToken Secret, scope string) (*Principal, error) {
	t, err := i.checker.activeToken(ctx, string(accessToken))
	switch {
	case errors.Is(err, errInactive):
		return nil, errInvalidToken
	case err != nil:
		return nil, err
	case len(t.claims.Audience) != 1 || t.claims.Audience[0] != i.cfg.Issuer:
		return nil, newError(InvalidToken, "the access token is not addressed to this issuer alone: ask for one with resource set to the issuer's URL")
	case t.user == nil:
		return nil, newError(InsufficientScope, "the access token is a client's, and this is for users")
	case !contains(strings.Fields(t.claims.Scope), scope):
		return nil, errScopeMissing(scope)
	}
	return &Principal{user: *t.user, session: t.claims.SessionID, clientID: t.claims.ClientID}, nil
}

// errScopeMissing names the scope that the token needs (RFC 6750 §3.1).
func errScopeMissing(scope string) error {
	return &Error{
		Code: InsufficientScope, Scope: scope,
		Description: "the access token needs the scope " + scope + ": name it for the client, and ask for it",
	}
}
