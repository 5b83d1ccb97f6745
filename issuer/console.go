package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.org/signet/internal/random"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// ConsoleClient is the id of the client by which administrators sign in at the console. It is part
// of an issuer with a console, and in no store.
const ConsoleClient = "signet-console"

// Paths of the console below its URL.
const (
	consoleCallback = "/console/callback"
	consoleHome     = "/console"
)

// withConsole is a store that has the console's client beside its own.
type withConsole struct {
	Store
	client storage.Client
}

func (s withConsole) Client(ctx context.Context, id string) (storage.Client, error) {
	if id == ConsoleClient {
		return s.client, nil
	}
	return s.Store.Client(ctx, id)
}

// newConsoleClient returns the client with a new secret, which stays in this process: each instance
// has one of its own.
func newConsoleClient(cfg Config) (storage.Client, Secret, error) {
	secret, err := random.Text(cfg.Rand, 32)
	if err != nil {
		return storage.Client{}, "", err
	}
	return storage.Client{
		ID: ConsoleClient, Name: "Signet console", SecretHash: fastHash(Secret(secret)),
		Grants: []string{GrantAuthorizationCode, GrantRefreshToken}, Scopes: []string{ScopeAdmin}, RedirectURIs: []string{cfg.ConsoleURL + consoleCallback}, LocalhostPorts: true,
		HomeURI: cfg.ConsoleURL + consoleHome, Version: 1, CreatedAt: time.Unix(0, 0).UTC(),
	}, Secret(secret), nil
}

// Console signs administrators in at the console: by the code flow, as a client of the issuer. The
// tokens never leave the process; the browser has a sealed cookie that names the session.
type Console struct {
	issuer *Issuer
	url    string // of the console
	secret Secret
}

// Console returns nil for an issuer without one.
func (i *Issuer) Console() *Console { return i.console }

// Begin returns the URL of the authorization request, and the cookie of the attempt. page is where
// it leads back to, a path of the console's server. maxAge is how old the login of the user may be,
// in seconds; negative for any age.
func (c *Console) Begin(page string, maxAge int64) (to, cookie string, err error) {
	a := authorization.ConsoleAttempt{Page: page, Until: c.issuer.now().Add(authorization.ConsoleAttemptTTL)}
	if a.State, err = random.Text(c.issuer.cfg.Rand, 16); err != nil {
		return "", "", unavailable(err)
	}
	if a.Verifier, err = random.Text(c.issuer.cfg.Rand, 32); err != nil {
		return "", "", unavailable(err)
	}
	if cookie, err = c.issuer.stamps.SealConsoleAttempt(a); err != nil {
		return "", "", unavailable(err)
	}
	challenge := sha256.Sum256([]byte(a.Verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {ConsoleClient}, "redirect_uri": {c.url + consoleCallback}, "scope": {ScopeAdmin}, "state": {a.State},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	if maxAge >= 0 {
		query.Set("max_age", strconv.FormatInt(maxAge, 10))
	}
	return c.issuer.cfg.Issuer + "/oauth2/authorize?" + query.Encode(), cookie, nil
}

// ConsoleAnswer is the authorization response that a browser brings.
type ConsoleAnswer struct {
	Cookie   string // of the attempt
	State    string
	AuthCode Secret
	Issuer   string // RFC 9207
	Info     RequestInfo
}

// ErrConsoleAttempt means that the response belongs to no attempt of this browser: to begin anew is
// safe.
var ErrConsoleAttempt = errors.New("no sign-in at the console has begun in this browser, or too long ago")

// Finish redeems the code. It returns the cookie of the session and the page to go on to.
func (c *Console) Finish(ctx context.Context, answer ConsoleAnswer) (cookie, page string, err error) {
	i := c.issuer
	a := i.stamps.OpenConsoleAttempt(answer.Cookie)
	if now := i.now(); !a.Valid(answer.State, now) || answer.Issuer != i.cfg.Issuer {
		return "", "", ErrConsoleAttempt
	}
	tokens, err := i.Token(ctx, TokenRequest{
		Client: ClientAuth{ID: ConsoleClient, Secret: c.secret, Method: AuthBasic}, Grant: GrantAuthorizationCode, AuthCode: answer.AuthCode,
		RedirectURI: c.url + consoleCallback, CodeVerifier: Secret(a.Verifier), Info: answer.Info,
	})
	if err != nil {
		return "", "", err
	}
	t, err := i.checker.activeUserToken(ctx, tokens.AccessToken)
	if err != nil {
		return "", "", endedOr(err)
	}
	now := i.now()
	cookie, err = c.seal(authorization.ConsoleSession{SessionID: t.claims.SessionID, SeenAt: now, Until: now.Add(authorization.ConsoleTTL)})
	return cookie, a.Page, err
}

func (c *Console) seal(s authorization.ConsoleSession) (string, error) {
	cookie, err := c.issuer.stamps.SealConsoleSession(s)
	if err != nil {
		return "", unavailable(err)
	}
	return cookie, nil
}

// endedOr returns errInvalidToken for what is certain, and every other error as it is.
func endedOr(err error) error {
	if errors.Is(err, errInactive) {
		return errInvalidToken
	}
	return err
}

// Identify tells who has the cookie of a session, as the store has them at this moment. The second
// result is the cookie renewed; "" where it need not be. An error with the code InvalidToken is
// certain: nobody has it.
func (c *Console) Identify(ctx context.Context, cookie string) (*Principal, string, error) {
	i, now := c.issuer, c.issuer.now()
	s := i.stamps.OpenConsoleSession(cookie)
	if !s.Valid(now) {
		return nil, "", errInvalidToken
	}
	rec, user, storeEpoch, err := i.store.SessionInEpoch(ctx, s.SessionID)
	if err != nil {
		return nil, "", endedOr(inactiveOrUnavailable(err))
	}
	if rec.ClientID != ConsoleClient {
		return nil, "", errInvalidToken
	}
	if _, err := i.checker.activeClient(ctx, storage.NewSessionState(rec, user, storeEpoch), now, coversAnything); err != nil {
		return nil, "", endedOr(err)
	}
	renewed := ""
	if now.Sub(s.SeenAt) >= time.Minute {
		s.SeenAt = now
		if renewed, err = c.seal(s); err != nil {
			return nil, "", err
		}
	}
	return &Principal{user: user, session: rec.ID, clientID: ConsoleClient, root: rec.BrowserID, authTime: rec.AuthTime, methods: rec.AMR}, renewed, nil
}

// End ends the session of a cookie. One that is of no session ends nothing.
func (c *Console) End(ctx context.Context, cookie string, info RequestInfo) error {
	s := c.issuer.stamps.OpenConsoleSession(cookie)
	if s.SessionID == "" {
		return nil
	}
	return c.issuer.revoker.session(ctx, storage.Client{ID: ConsoleClient}, s.SessionID, info)
}

// IsReservedClient tells whether an id is that of a client that is part of the issuer.
func IsReservedClient(id string) bool { return strings.EqualFold(id, ConsoleClient) }
