package issuer

import (
	"context"
	"time"

	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/factor"
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
	requests  requestReader
	stamps    *authorization.Sealer
	pipeline  *pipeline
	codes     *codeIssuer
	login     *passwordLogin
	epochs    epochReader
	logins    storage.UserLogins
	sessions  browserSessions
	ender     browserSessionEnder
	consents  consents
	loops     *loopDetector
	passwords PasswordReplacer
	factors   *factor.Service
	policy    factorPolicy
	log       eventLog
	refusals  refusalLog
	limiter   eventLimiter
	notices   loginNotices
	upstream  *upstreamService // nil where nobody signs in at another provider
}

// epochReader reads the epoch of the store, alone or with a user.
type epochReader interface {
	Epoch(ctx context.Context) (storage.Epoch, error)
	UserInEpoch(ctx context.Context, id string) (storage.User, storage.Epoch, error)
}

// SignIn returns the sign-in of this issuer. All that it returns share the detector of redirect loops.
func (i *Issuer) SignIn(passwords PasswordReplacer) *SignIn {
	log, store := eventLog{i.auditLog}, i.store
	limiter := eventLimiter{store, i.now}
	return &SignIn{
		issuer: i.cfg.Issuer, now: i.now, stamps: i.stamps, pipeline: i.pipeline, codes: i.codes,
		requests: requestReader{i.cfg.Issuer, i.clients, i.stamps, hintVerifier{i.cfg.Issuer, i.checker.keyring}, deviceApprovals{deviceReader{store, i.devices}, store}},
		login:    newPasswordLogin(i), epochs: store, logins: store,
		sessions: browserSessions{store: store, lives: i.cfg.BrowserSessions.withDefaults(), rand: i.cfg.Rand},
		ender:    browserSessionEnder{store: store, log: log, now: i.now},
		consents: consents{store: store, log: log},
		loops:    i.loops, passwords: passwords, factors: i.factors, policy: i.policy,
		log: log, refusals: refusalLog{limiter, log}, notices: newLoginNotices(i), limiter: limiter,
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
	device  *deviceVisit // the request is that of a device; nil for one of a browser
	hint    string       // whom the id_token_hint names; "" for nobody

	signedIn *BrowserUser         // nil for nobody
	factors  *storage.UserFactors // of who is signed in, where they were read
	cookie   *BrowserCookie       // what the browser is told
	problem  Problem
	claimed  string // an account at another provider that a login links, sealed; "" for none
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
		if err := s.requests.read(ctx, v); err != nil || v.refusal != nil {
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

// Session returns who is signed in; nil for nobody, and for a user who must change the password
// first. A cookie that is given and names nobody is to be cleared.
func (s *SignIn) Session(ctx context.Context, cookie Secret) (*BrowserUser, error) {
	u, err := s.sessions.find(ctx, cookie, s.now())
	if err != nil || u == nil || u.User.MustChangePassword {
		return nil, err
	}
	return u, nil
}
