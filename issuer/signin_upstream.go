package issuer

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

// StepUpstream is due where the browser goes to another provider.
const StepUpstream authorization.StepKind = "upstream"

// Problems of a sign-in at another provider, beside those of package upstream.
const (
	ProblemUpstreamExpired  Problem = "upstream_expired"   // it took too long, was used before, or began in another browser
	ProblemUpstreamGone     Problem = "upstream_gone"      // there is no such provider any more
	ProblemUpstreamRefused  Problem = "upstream_refused"   // the account may not sign in here: which reason is not told
	ProblemUpstreamTooLong  Problem = "upstream_too_long"  // the request does not fit into the URL
	ProblemUpstreamLinkHere Problem = "upstream_link_here" // sign in here once: nobody has this account yet
	ProblemUpstreamTaken    Problem = "upstream_taken"     // somebody else has this account
)

// UpstreamStart is a click on "Continue with …".
type UpstreamStart struct {
	Connector string
	Remember  bool // as of Login
	Link      bool // the account is added to the user who is signed in
}

// UpstreamRedirect is where the browser goes, and the secret that its cookie keeps meanwhile.
type UpstreamRedirect struct {
	URL    string
	Secret Secret   // upstream.SecretSize bytes
	Mark   [16]byte // names the cookie
}

// BeginUpstream sends the browser to another provider. What goes wrong is a problem of the login
// page. Nothing is written.
func (s *SignIn) BeginUpstream(ctx context.Context, in Interaction, start UpstreamStart) (Outcome, error) {
	in.Clicked = true
	v, err := s.visit(ctx, in)
	if err != nil {
		return Outcome{}, err
	}
	if v.refusal != nil || v.request.Prompt.None {
		return s.goOn(ctx, v) // no page has asked for this
	}
	if start.Link && !v.mayAddAccount() {
		return s.askAgain(ctx, v, &Error{}, ProblemNone)
	}
	conn, err := s.upstream.connector(ctx, start.Connector)
	switch {
	case err != nil:
		return Outcome{}, err
	case conn == nil:
		return s.askAgain(ctx, v, &Error{}, ProblemUpstreamGone)
	}
	secret := make([]byte, upstream.SecretSize)
	if _, err := io.ReadFull(s.sessions.rand, secret); err != nil {
		return Outcome{}, unavailable(err)
	}
	proof, ask := upstream.NewProof(secret), upstreamAsk(v)
	attempt := authorization.Attempt{
		Connector: conn.ID, Mark: proof.Mark(), Query: in.Query, Account: in.Account, Remember: start.Remember, MaxAge: ask.MaxAge,
		Until: v.now.Add(authorization.AttemptTTL),
	}
	if start.Link {
		attempt.Link = authorization.BrowserMark(v.signedIn.Session.ID)
	}
	ask.State, err = s.stamps.SealAttempt(attempt)
	switch {
	case errors.Is(err, authorization.ErrAttemptTooLong):
		return s.askAgain(ctx, v, &Error{}, ProblemUpstreamTooLong)
	case err != nil:
		return Outcome{}, unavailable(err)
	}
	location, err := s.upstream.client.Begin(ctx, *conn, proof, ask)
	if err != nil {
		return s.upstreamFailed(ctx, v, *conn, err)
	}
	o := s.baseOutcome(plan{visit: v, step: authorization.Step{Kind: StepUpstream}})
	o.Upstream = &UpstreamRedirect{location, Secret(secret), proof.Mark()}
	return o, nil
}

// mayAddAccount tells whether who is signed in may add another way to sign in: only after a fresh
// login, as for a second factor.
func (v *visit) mayAddAccount() bool {
	if v.signedIn == nil || v.signedIn.User.MustChangePassword {
		return false
	}
	age := v.now.Sub(v.signedIn.Session.AuthTime)
	return age >= 0 && age <= authorization.FreshLogin
}

// Connectors returns the providers that people may sign in at.
func (s *SignIn) Connectors(ctx context.Context) ([]ConnectorView, error) {
	if s.upstream == nil {
		return nil, nil
	}
	return s.upstream.offer(ctx)
}

// upstreamAsk passes on what the client wants of the login.
func upstreamAsk(v *visit) upstream.Ask {
	ask := upstream.Ask{LoginHint: v.request.LoginHint, Fresh: v.request.Prompt.Login, Locales: v.request.UILocales, MaxAge: v.request.MaxAge}
	if ask.MaxAge == nil {
		ask.MaxAge = v.client.DefaultMaxAge
	}
	return ask
}

// UpstreamReturn is what the browser brings back from another provider.
type UpstreamReturn struct {
	Connector string // of the redirect URI
	State     string
	Code      string
	Error     string
	Issuer    string
	Secret    func(mark [16]byte) Secret // of the attempt's cookie; "" for none
	Cookie    Secret                     // of the browser session
	Info      RequestInfo
}

// FinishUpstream goes on with what the browser brings back. The Interaction is that of the page
// that the attempt began on. Only where state and cookie belong together anything is asked of
// the provider: else the problem is ProblemUpstreamExpired, on a page without a request where the
// state is none of this issuer's. The last click was at the provider, so that an application of a
// private-use scheme is answered by a link. Nothing is ever sent to the provider again by itself.
func (s *SignIn) FinishUpstream(ctx context.Context, r UpstreamReturn) (Interaction, Outcome, error) {
	attempt := s.stamps.OpenAttempt(r.State)
	in := Interaction{Query: attempt.Query, Account: attempt.Account || attempt.Connector == "", Cookie: r.Cookie, Info: r.Info}
	v, err := s.visit(ctx, in)
	if err != nil {
		return in, Outcome{}, err
	}
	if v.refusal != nil || v.request.Prompt.None {
		o, err := s.goOn(ctx, v)
		return in, o, err
	}
	secret := []byte(r.Secret(attempt.Mark))
	proof := upstream.NewProof(secret)
	mark := proof.Mark()
	if !attempt.Valid(r.Connector, v.now) || len(secret) != upstream.SecretSize || subtle.ConstantTimeCompare(mark[:], attempt.Mark[:]) != 1 {
		o, err := s.askAgain(ctx, v, &Error{}, ProblemUpstreamExpired)
		return in, o, err
	}
	o, err := s.finishAttempt(ctx, v, attempt, proof, r)
	return in, o, err
}

// finishAttempt asks the provider who has signed in.
func (s *SignIn) finishAttempt(ctx context.Context, v *visit, a authorization.Attempt, proof upstream.Proof, r UpstreamReturn) (Outcome, error) {
	conn, err := s.upstream.connector(ctx, a.Connector)
	switch {
	case err != nil:
		return Outcome{}, err
	case conn == nil:
		return s.askAgain(ctx, v, &Error{}, ProblemUpstreamGone)
	}
	who, err := s.upstream.client.Finish(ctx, *conn, proof, upstream.Ask{MaxAge: a.MaxAge}, upstream.Response{Code: r.Code, Error: r.Error, Issuer: r.Issuer})
	if err != nil {
		return s.upstreamFailed(ctx, v, *conn, err)
	}
	if !upstream.Admits(*conn, who) {
		return s.upstreamRefused(ctx, v, *conn, "", "not of an allowed domain")
	}
	if a.Link != ([16]byte{}) {
		return s.addAccount(ctx, v, *conn, who, a)
	}
	return s.enterByAccount(ctx, v, *conn, who, a.Remember)
}

// upstreamFailed shows the login page with what went wrong at the provider. It is audited, as far
// as it does not come too often.
func (s *SignIn) upstreamFailed(ctx context.Context, v *visit, conn storage.Connector, err error) (Outcome, error) {
	var failed *upstream.Error
	if !errors.As(err, &failed) {
		return Outcome{}, unavailable(err)
	}
	if err := s.auditUpstream(ctx, v, conn, "", failed.Reason); err != nil {
		return Outcome{}, err
	}
	return s.askAgain(ctx, v, &Error{}, Problem(failed.Problem))
}

// upstreamRefused shows the login page to somebody whose account may not sign in. target is the
// user, where there is one.
func (s *SignIn) upstreamRefused(ctx context.Context, v *visit, conn storage.Connector, target, reason string) (Outcome, error) {
	if err := s.auditUpstream(ctx, v, conn, target, reason); err != nil {
		return Outcome{}, err
	}
	return s.askAgain(ctx, v, &Error{}, ProblemUpstreamRefused)
}

func (s *SignIn) auditUpstream(ctx context.Context, v *visit, conn storage.Connector, target, reason string) error {
	write, err := s.limiter.allowFrom(ctx, "upstream.failed", v.in.Info, refusedRequests)
	if err != nil || !write {
		return err
	}
	return s.log.append(ctx, v.in.Info, storage.AuditEvent{
		Type: audit.EventLoginFailed, Target: target, ClientID: v.client.ID, Detail: upstreamDetail(conn) + ": " + reason,
	})
}

// upstreamDetail names the way in for the audit log.
func upstreamDetail(conn storage.Connector) string { return "connector " + conn.ID }
