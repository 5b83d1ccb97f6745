package issuer

import (
	"context"
	"errors"
	"net/url"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// plan is what is due for a visit, decided and not yet written.
type plan struct {
	*visit
	step    authorization.Step
	rights  authorizationRights // of StepRespond and StepConsent
	asked   asked               // likewise
	viaPage bool                // see [Outcome.ViaPage]
	code    string              // issued already; "" for none
}

// goOn decides and does what is due.
func (s *SignIn) goOn(ctx context.Context, v *visit) (Outcome, error) {
	if v.refusal != nil {
		return s.refuse(ctx, v)
	}
	p, err := s.plan(ctx, v)
	if err != nil {
		return Outcome{}, err
	}
	return s.carryOut(ctx, p)
}

// plan decides. It writes nothing.
func (s *SignIn) plan(ctx context.Context, v *visit) (plan, error) {
	p := plan{visit: v}
	if v.signedIn != nil && v.signedIn.User.MustChangePassword && v.now.Sub(v.signedIn.Session.AuthTime) > authorization.FreshLogin {
		v.signedIn = nil // whoever sets a password has just shown that they know the old one
	}
	if v.in.Account {
		p.step = accountStep(v.signedIn)
		return p, nil
	}
	state := v.state()
	state.Passkeys = s.factors.HasPasskeys()
	if v.signedIn != nil {
		if err := s.policy.apply(ctx, v, &state); err != nil {
			return p, err
		}
	}
	refused, err := s.judgeRights(ctx, &p, &state)
	if err != nil {
		return p, err
	}
	if v.device != nil {
		state.Consent = authorization.ConsentDue // each device is asked for
	}
	p.step = authorization.NextStep(v.request, state)
	switch {
	case refused != nil && (p.step.Kind == authorization.StepRespond || p.step.Kind == authorization.StepConsent):
		p.step.Kind, p.step.Code, p.step.Description = authorization.StepRespondError, string(refused.Code), refused.Description
	case p.step.Kind == authorization.StepRespond:
		n := s.countCode(v)
		if state.Looping = n == 0; state.Looping {
			p.step = authorization.NextStep(v.request, state)
		}
		p.viaPage = n > 0 && n%pageEvery == 0 && !v.request.Prompt.None
	}
	return p, nil
}

// accountStep is what is due without an authorization request.
func accountStep(u *BrowserUser) authorization.Step {
	switch {
	case u == nil:
		return authorization.Step{Kind: authorization.StepLogin}
	case u.User.MustChangePassword:
		return authorization.Step{Kind: authorization.StepChangePassword}
	}
	return authorization.Step{Kind: StepAccount}
}

func (v *visit) state() authorization.State {
	state := authorization.State{Now: v.now, HintUserID: v.hint, Stamp: v.stamp, Clicked: v.in.Clicked}
	state.ClientState(v.client)
	if u := v.signedIn; u != nil {
		state.BrowserID, state.UserID, state.AuthTime = u.Session.ID, u.User.ID, u.Session.AuthTime
		state.Level, state.Reachable = levelOf(u.Session.AMR), levelOf(u.Session.AMR)
		state.MustChangePassword = u.User.MustChangePassword
	}
	return state
}

// judgeRights computes what the user who is signed in may grant, and whether they have. refused
// is set where nothing is left of what was asked for: this counts only if the user stays the
// one who is signed in.
func (s *SignIn) judgeRights(ctx context.Context, p *plan, state *authorization.State) (refused *Error, err error) {
	if p.signedIn == nil {
		return nil, nil
	}
	p.rights, err = s.pipeline.authorizationRights(ctx, authorizationAsk{
		Client: p.client, User: p.signedIn.User, Scopes: p.request.Scopes, Resource: p.request.Resource, Claims: p.request.Claims,
	})
	if errors.As(err, &refused) && refused.Code != Unavailable {
		return refused, nil
	}
	if err != nil {
		return nil, err
	}
	p.asked = asked{
		user: p.signedIn.User, client: p.client, policy: consentPolicy(p.client, p.request.RedirectURI),
		scopes: p.rights.Shown, audiences: p.rights.Audience,
	}
	if p.stamp.Shown != p.asked.mark() { // what was allowed is not what is asked for now
		p.stamp.Consent = false
		state.Stamp = p.stamp
	}
	state.Consent, err = s.consents.state(ctx, p.asked)
	return nil, err
}

// countCode is [loopDetector.count] for this browser session and client. A click lets a code through.
func (s *SignIn) countCode(v *visit) int {
	k := loopKey{v.signedIn.Session.RootID, v.client.ID}
	if v.in.Clicked {
		s.loops.release(k)
	}
	return s.loops.count(k, v.now)
}

// carryOut issues the code where one is due, and says what is due otherwise.
func (s *SignIn) carryOut(ctx context.Context, p plan) (Outcome, error) {
	o, err := s.outcome(ctx, p)
	if err != nil {
		return Outcome{}, err
	}
	if p.signedIn != nil {
		if err := s.sessions.touch(ctx, p.signedIn.Session, p.now); err != nil {
			return Outcome{}, err
		}
	}
	switch p.step.Kind {
	case authorization.StepRespond:
		code := p.code
		if code == "" {
			if code, err = s.codes.issue(ctx, p.codeRequest()); err != nil {
				return Outcome{}, err
			}
		}
		o.respond(p.request.CodeResponse(s.issuer, code))
	case authorization.StepRespondError:
		if refusal := refusalOf(p.request, p.step); refusal != nil {
			return o, s.refusals.append(ctx, p.in.Info, refusal)
		}
	case authorization.StepLoop:
		e := storage.AuditEvent{Type: audit.EventAuthorizeLoop, Actor: p.signedIn.User.ID, ClientID: p.client.ID}
		return o, s.auditLimited(ctx, p, e)
	}
	return o, nil
}

// auditLimited appends an event that a browser can repeat without end.
func (s *SignIn) auditLimited(ctx context.Context, p plan, e storage.AuditEvent) error {
	write, err := s.limiter.allow(ctx, e.Type+":"+p.signedIn.Session.RootID+":"+hashKey(p.client.ID))
	if err != nil || !write {
		return err
	}
	return s.log.append(ctx, p.in.Info, e)
}

// codeRequest is what the code of the plan is bound to.
func (p plan) codeRequest() CodeRequest {
	return CodeRequest{
		Client: p.client, User: p.signedIn.User, RedirectURI: p.request.RedirectURI, Challenge: p.request.Challenge, Nonce: p.request.Nonce,
		Scopes: p.rights.Scopes, Audience: p.rights.Audience, Claims: p.rights.Claims,
		Browser: p.signedIn.Session, LoginBound: !contains(p.rights.Scopes, ScopeOfflineAccess), Info: p.in.Info,
	}
}

// baseOutcome is what the pages of all steps need of the plan.
func (s *SignIn) baseOutcome(p plan) Outcome {
	o := Outcome{Step: p.step, ViaPage: p.viaPage, Request: p.request, Cookie: p.cookie, Problem: p.problem, Remember: s.sessions.lives.Remember}
	if !p.in.Account {
		o.Client = clientView(p.client, p.request.RedirectURI)
	}
	if p.signedIn != nil {
		u := p.signedIn.User
		o.User = &UserView{Username: u.Username, Name: u.FullName, Email: u.Email}
	}
	return o
}

// outcome is the plan as the pages need it, but for a code.
func (s *SignIn) outcome(ctx context.Context, p plan) (Outcome, error) {
	o := s.baseOutcome(p)
	if p.device != nil {
		if p.step.Kind == authorization.StepRespondError {
			return s.deviceDone(p, DeviceResultRefused), nil
		}
		o.Device = p.device.view()
	}
	var err error
	switch p.step.Kind {
	case authorization.StepRespondError:
		o.respond(p.request.ErrorResponse(s.issuer, p.step.Code, p.step.Description))
		return o, nil
	case authorization.StepRestart:
		o.RestartURL = restartURL(p.client.InitiateLoginURI, s.issuer)
		return o, nil
	case authorization.StepLogin:
		if err := s.offerSignIn(ctx, p.visit, &o); err != nil {
			return Outcome{}, err
		}
	case authorization.StepSecondFactor:
		pending := p.pending()
		if o.Pending, err = s.stamps.SealPending(pending); err != nil {
			return Outcome{}, unavailable(err)
		}
		if err := s.offerFactors(ctx, p.visit, p.signedIn.User, pending, &o); err != nil {
			return Outcome{}, err
		}
	case authorization.StepEnrol:
		if err = s.beginEnrolment(ctx, p, &o); err != nil {
			return Outcome{}, err
		}
		if p.step.Optional {
			o.EnrolBy = p.factors.EnrolBy
		}
	case authorization.StepConsent:
		if o.Consent, err = s.consents.view(ctx, p.asked); err != nil {
			return Outcome{}, err
		}
	}
	if !p.in.Account && p.step.Kind != authorization.StepRespond {
		o.Query, err = p.query(s.stamps)
	}
	return o, unavailableOrNil(err)
}

func (o *Outcome) respond(r authorization.Response) { o.Response = &r }

// query is the query of the page that is due. A stamp of another request stays as it is: it
// says that somebody has changed the URL, and a login is due until there is a stamp of this one.
func (p plan) query(stamps *authorization.Sealer) (string, error) {
	if p.stamp.Foreign(p.request) {
		return p.request.Query(p.sealed), nil
	}
	stamp := authorization.Stamp{Begun: p.now, Request: p.request.Hash()}
	if begun := p.stamp.Begun; !begun.IsZero() && (p.step.Kind == authorization.StepLogin || p.now.Sub(begun) < authorization.StaleAfter) {
		stamp.Begun = begun // of the login page it tells LogIn how old the request is
	}
	if p.signedIn != nil {
		id := p.signedIn.Session.ID
		proven := p.stamp.Proves(p.request, id, p.now)
		stamp.Browser, stamp.Password, stamp.Consent, stamp.Later = authorization.BrowserMark(id), proven.Password, proven.Consent, proven.Later
		if proven != (authorization.Steps{}) {
			stamp.Begun = p.stamp.Begun // a page that is loaded anew makes no step younger
		}
	}
	if p.step.Kind == authorization.StepConsent {
		stamp.Shown = p.asked.mark()
	} else if stamp.Consent {
		stamp.Shown = p.stamp.Shown
	}
	sealed, err := stamps.Seal(stamp)
	return p.request.Query(sealed), err
}

// restartURL leads to a client that starts the login itself (OpenID Connect Core §4).
func restartURL(uri, issuer string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return uri
	}
	q := u.Query()
	q.Set("iss", issuer)
	u.RawQuery = q.Encode()
	return u.String()
}

func clientView(c storage.Client, redirectURI string) *ClientView {
	v := &ClientView{
		ID: c.ID, Name: c.Name, LogoURI: c.LogoURI, HomeURI: c.HomeURI, PolicyURI: c.PolicyURI, TermsURI: c.TermsURI,
	}
	if redirectURI != "" {
		v.RedirectHost, v.Native = redirectHost(redirectURI), authorization.IsNative(redirectURI)
	}
	return v
}
