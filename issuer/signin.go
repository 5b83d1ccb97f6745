package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// SignIn signs people in in a browser (OpenID Connect Core §3.1.2). It is safe for concurrent
// use. Errors of its methods are *Error with Unavailable: what is refused is an Outcome.
//
// Each method reads what the request's URL and cookie say (visit), decides (plan), and then
// writes. Nothing is written before somebody has logged in, but for an event of a request that
// is not valid. Authorize with a live browser session costs one read and one insert; it costs
// another read where the client's policy wants a consent, and another write where the session
// was not used for touchEvery.
type SignIn struct {
	issuer    string
	now       func() time.Time
	clients   *clientCache
	stamps    *authorization.Sealer
	hints     hintVerifier
	pipeline  *pipeline
	codes     *codeIssuer
	login     *passwordLogin
	users     signInUsers
	sessions  browserSessions
	ender     browserSessionEnder
	consents  consents
	brake     *loopBrake
	passwords PasswordReplacer
	log       eventLog
	refusals  eventLimiter
}

// signInUsers reads users, and what they have.
type signInUsers interface {
	Epoch(ctx context.Context) (storage.Epoch, error)
	UserInEpoch(ctx context.Context, id string) (storage.User, storage.Epoch, error)
	ListBrowserSessions(ctx context.Context, f storage.BrowserSessionFilter, p storage.Page) (storage.BrowserSessionPage, error)
	ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (storage.SessionPage, error)
}

// SignIn returns the sign-in of this issuer. All that it returns share the brake.
func (i *Issuer) SignIn(passwords PasswordReplacer) *SignIn {
	log, store := eventLog{i.auditLog}, i.store
	return &SignIn{
		issuer: i.cfg.Issuer, now: i.now, clients: i.clients, stamps: i.stamps, pipeline: i.pipeline, codes: i.codes,
		hints: hintVerifier{i.cfg.Issuer, i.checker.keyring}, login: newPasswordLogin(i), users: store,
		sessions:  browserSessions{store: store, lives: i.cfg.BrowserSessions.withDefaults(), rand: i.cfg.Rand},
		ender:     browserSessionEnder{store: store, log: log, now: i.now},
		consents:  consents{store: store, sessions: store, log: log},
		brake:     i.brake,
		passwords: passwords, log: log, refusals: eventLimiter{store, i.now},
	}
}

// visit is one request of a browser, as far as it is valid.
type visit struct {
	in      Interaction
	now     time.Time
	refusal *authorization.Refusal // set where the request is not valid

	client  storage.Client
	request authorization.Request
	sealed  string // the stamp as sent
	stamp   authorization.Stamp
	hint    string // whom the id_token_hint names; "" for nobody

	signedIn *BrowserUser   // nil for nobody
	cookie   *BrowserCookie // what the browser is told
	problem  Problem
}

// Authorize says what is due for an authorization request. It is also what a page shows when
// it is loaded by GET.
func (s *SignIn) Authorize(ctx context.Context, in Interaction) (Outcome, error) {
	v, err := s.visit(ctx, in)
	if err != nil {
		return Outcome{}, err
	}
	return s.goOn(ctx, v)
}

// visit validates the request and finds out who is signed in.
func (s *SignIn) visit(ctx context.Context, in Interaction) (*visit, error) {
	v := &visit{in: in, now: s.now()}
	if !in.Account {
		if err := s.readRequest(ctx, v); err != nil || v.refusal != nil {
			return v, err
		}
	}
	user, err := s.sessions.find(ctx, in.Cookie, v.now)
	if err != nil {
		return v, err
	}
	v.signedIn = user
	if user == nil && in.Cookie != "" {
		v.cookie = &BrowserCookie{Clear: true} // a dead cookie is no cookie
	}
	return v, nil
}

// errDisabled makes clientCache.check read a disabled client again.
var errDisabled = errors.New("the client is disabled")

// readRequest validates the request. A client that is remembered is read again before the
// request is refused.
func (s *SignIn) readRequest(ctx context.Context, v *visit) error {
	params, refusal := authorization.ParseQuery(v.in.Query)
	if refusal != nil {
		v.refusal = refusal
		return nil
	}
	client, refused, err := authorization.CheckClient(params, func(id string) (client storage.Client, err error) {
		err = s.clients.check(ctx, id, func(c storage.Client) error {
			client = c
			if c.Disabled {
				return errDisabled
			}
			bounds := clientBounds(c, s.issuer)
			v.request, refusal = params.Request(c, authorization.Bounds{Scopes: bounds.scopes, Audiences: bounds.audiences})
			if refusal != nil {
				return refusal
			}
			return nil
		})
		if errors.Is(err, errDisabled) || refusal != nil && errors.Is(err, refusal) {
			err = nil
		}
		return client, err
	})
	if err != nil {
		return err
	}
	v.client, v.refusal = client, refusal
	if refused != nil {
		v.refusal = refused
	}
	if v.refusal != nil {
		return nil
	}
	v.sealed, v.stamp = params.Stamp(), s.stamps.Open(params.Stamp())
	return s.readHint(ctx, v)
}

// readHint checks the id_token_hint (OpenID Connect Core §3.1.2.1): it must be one of this
// client.
func (s *SignIn) readHint(ctx context.Context, v *visit) error {
	token := v.request.IDTokenHint
	if token == "" {
		return nil
	}
	hint, ok, err := s.hints.verify(ctx, token)
	if err != nil {
		return err
	}
	if !ok || !contains(hint.Audience, v.client.ID) {
		v.refusal = v.request.Refuse(authorization.InvalidRequest, "id_token_hint", "the id_token_hint is not an ID token of this issuer for this client")
		return nil
	}
	v.hint = hint.Subject
	return nil
}

// Session returns who is signed in; nil for nobody, and for a user who must change the password
// first. A cookie that is given and names nobody is to be cleared.
func (s *SignIn) Session(ctx context.Context, cookie Secret) (*BrowserUser, error) {
	u, err := s.sessions.find(ctx, cookie, s.now())
	if err != nil || u == nil || u.User.MustChangePassword {
		return nil, err
	}
	return u, nil
}

// End ends the browser session, and the sessions of applications that end with it.
func (s *SignIn) End(ctx context.Context, u *BrowserUser, info RequestInfo) error {
	return s.ender.endBrowserSession(ctx, u.Session, reasonSignedOut, info)
}

// RevokeConsent takes back what the user has allowed the client, and ends the client's sessions
// of the user.
func (s *SignIn) RevokeConsent(ctx context.Context, userID, clientID string, info RequestInfo) error {
	return s.consents.revoke(ctx, userID, clientID, s.now(), info)
}
