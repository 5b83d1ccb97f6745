package issuer

import (
	"context"
	"errors"
	"strings"
	"time"

	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// Principal is a user who asks Signet itself for something: who the token or the cookie says
// it is, as the store has them at this moment.
type Principal struct {
	user     storage.User
	session  string
	clientID string
	root     string       // of the browser session that asks, or that the token's session was born in
	browser  *BrowserUser // nil where a token says who asks
	authTime time.Time
	methods  []string // how they authenticated (RFC 8176)
}

// Principal returns the user as one who asks on a page.
func (u *BrowserUser) Principal() *Principal {
	return &Principal{user: u.User, root: u.Session.RootID, browser: u, authTime: u.Session.AuthTime, methods: u.Session.AMR}
}

// UserID is the id of the user.
func (p *Principal) UserID() string { return p.user.ID }

// User is the user as the store had them when the token was checked.
func (p *Principal) User() storage.User { return p.user }

// Browser is the browser session that asks; nil where a token says who asks.
func (p *Principal) Browser() *BrowserUser { return p.browser }

// AskedBy names the session that asks, of a token or of a browser, to count its attempts. A
// browser that is signed in begins any number of sessions of applications without the password:
// they count as the browser.
func (p *Principal) AskedBy() string {
	if p.root != "" {
		return "browser:" + p.root
	}
	return p.session
}

// SessionID is the session of the token; "" where none says who asks.
func (p *Principal) SessionID() string { return p.session }

// AuthTime is when the user authenticated.
func (p *Principal) AuthTime() time.Time { return p.authTime }

// Level is what the user has proven with it.
func (p *Principal) Level() authorization.Level { return levelOf(p.methods) }

// ClientID is the client through which the user asks; "" for none.
func (p *Principal) ClientID() string { return p.clientID }

var errInvalidToken = newError(InvalidToken, "the access token is invalid, expired or revoked")

// Identify tells who asks with this access token. It must be active, a user's,
// have the scope, and be addressed to the issuer's URL alone: one that is also good
// for an API could be replayed here by that API. Its client must still have the
// scope.
func (i *Issuer) Identify(ctx context.Context, accessToken Secret, scope string) (*Principal, error) {
	t, err := i.checker.activeUserToken(ctx, string(accessToken))
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
	return &Principal{
		user: t.record, session: t.claims.SessionID, clientID: t.claims.ClientID, root: t.session.BrowserID,
		authTime: time.Unix(t.claims.AuthTime, 0), methods: t.claims.AMR,
	}, nil
}

// errScopeMissing names the scope that the token needs (RFC 6750 §3.1).
func errScopeMissing(scope string) error {
	return &Error{
		Code: InsufficientScope, Scope: scope,
		Description: "the access token needs the scope " + scope + ": name it for the client, and ask for it",
	}
}
