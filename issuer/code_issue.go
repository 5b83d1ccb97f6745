package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/storage"
)

// codeTTL is how long an authorization code lives (RFC 6749 §4.1.2, FAPI 2.0).
const codeTTL = time.Minute

// CodeRequest is a valid authorization request of a user who is signed in: what its code is
// bound to. The caller has decided Scopes, Audience and Claims by authorizationRights.
type CodeRequest struct {
	Client      storage.Client
	User        storage.User
	RedirectURI string // as the request has it
	Challenge   string // code_challenge of method S256; "" for none
	Nonce       string // "" for none
	Scopes      []string
	Audience    []string
	Claims      []string // asked for by name, such as "userinfo/name"

	// Browser is the browser session. Of it count RootID, AuthTime, AMR, UserEpoch and
	// ExpiresAt.
	Browser    storage.BrowserSession
	LoginBound bool // the session ends with the browser session
	Info       RequestInfo
}

// codeIssuer issues authorization codes.
type codeIssuer struct {
	codes *codeCodec
	store interface {
		CreateSession(ctx context.Context, s storage.Session) error
	}
	now func() time.Time
}

// issue inserts the pending session of the request and returns its code. The code is a
// secret for the client alone.
func (c *codeIssuer) issue(ctx context.Context, r CodeRequest) (code string, err error) {
	code, s, err := c.prepare(r)
	if err != nil {
		return "", err
	}
	err = c.insert(func() error { return unavailableOrNil(c.store.CreateSession(ctx, s)) })
	return code, err
}

// prepare returns a code and its pending session, of which nothing is stored.
func (c *codeIssuer) prepare(r CodeRequest) (code string, s storage.Session, err error) {
	h, err := newHandle(c.codes.rand)
	if err != nil {
		return "", storage.Session{}, unavailable(err)
	}
	return c.codes.code(h), pendingSession(h, r, c.now()), nil
}

// insert runs what inserts the pending session of a code.
func (c *codeIssuer) insert(step func() error) error {
	if err := failpoint.Hit(failpoint.CodeInserting); err != nil {
		return unavailable(err)
	}
	if err := step(); err != nil {
		return err
	}
	return unavailableOrNil(failpoint.Hit(failpoint.CodeInserted))
}

// pendingSession is the session that a code begins, until the code is redeemed.
func pendingSession(h handle, r CodeRequest, at time.Time) storage.Session {
	s := storage.Session{
		ID: h.sessionID(), UserID: r.User.ID, ClientID: r.Client.ID, Scopes: r.Scopes, Audience: r.Audience, Claims: r.Claims,
		Generation: storage.PendingGeneration, RotatedAt: at, CreatedAt: at, ExpiresAt: at.Add(codeTTL),
		AuthTime: r.Browser.AuthTime, AMR: r.Browser.AMR, UserEpoch: r.Browser.UserEpoch, ClientEpoch: r.Client.Epoch,
		Device: describeUserAgent(r.Info.UserAgent), Network: networkPrefix(r.Info.Address),
		BrowserID: r.Browser.RootID, LoginBound: r.LoginBound,
		Code:      storage.Code{RedirectHash: hashRedirectURI(r.RedirectURI), Challenge: r.Challenge, Nonce: r.Nonce},
		CodeCheck: codeCheck(r.RedirectURI),
	}
	if r.Challenge != "" {
		s.CodeCheck, s.CodePKCE = codeCheck(r.Challenge), true
	}
	if r.LoginBound {
		s.Code.Until = r.Browser.ExpiresAt
	}
	return s
}

func hashRedirectURI(uri string) string {
	sum := sha256.Sum256([]byte(uri))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// codeCheck is what a session keeps of the binding of its code; see storage.Session.CodeCheck.
func codeCheck(bound string) string {
	sum := sha256.Sum256([]byte(bound))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// IssueCode issues an authorization code. It asks nobody: the caller has found out who is
// signed in, and what they have agreed to. The error is *Error with Unavailable.
func (i *Issuer) IssueCode(ctx context.Context, r CodeRequest) (code string, err error) {
	return i.codes.issue(ctx, r)
}
