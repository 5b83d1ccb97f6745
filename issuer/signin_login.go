package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// LogIn checks the password and goes on. A right one begins a browser session, in the place of
// the one that the cookie names. All that it writes is one step, but for
// the end of another user's browser session.
func (s *SignIn) LogIn(ctx context.Context, in Interaction, l Login) (Outcome, error) {
	in.Clicked = true
	v, err := s.visit(ctx, in)
	if err != nil {
		return Outcome{}, err
	}
	if v.refusal != nil || v.request.Prompt.None {
		return s.goOn(ctx, v) // no page has asked for this
	}
	s.claim(v, l.Claimed)
	if l.Username == "" || l.Password == "" {
		return s.askAgain(ctx, v, &Error{}, ProblemMissing)
	}
	if password.CheckInput(string(l.Password)) != nil {
		return s.askAgain(ctx, v, &Error{}, ProblemWrongCredentials) // nobody has such a password
	}
	c := credentials{Username: l.Username, Password: l.Password, ClientID: v.client.ID, Info: in.Info}
	checked, err := s.login.verify(ctx, c)
	if err != nil {
		return s.loginRefused(ctx, v, err)
	}
	defer checked.attempt.Release(ctx)
	factors, err := s.factors.Of(ctx, checked.user)
	if err != nil {
		return Outcome{}, unavailable(err)
	}
	if factor.Any(factors) {
		if err := checked.attempt.GiveBack(ctx); err != nil {
			return s.loginRefused(ctx, v, err)
		}
		return s.askAfter(ctx, v, checked.user, []string{amrPassword}, l.Remember)
	}
	before := *v
	o, err := s.complete(ctx, v, authentication{
		user: checked.user, methods: []string{amrPassword}, at: v.now, remember: l.Remember,
		record: (&pendingLogin{s.login, c, checked}).record,
	})
	if err != nil {
		return s.loginRefused(ctx, &before, err) // where a counter was full by now, as if it were wrong
	}
	return o, nil
}

// loginRefused shows the login page again, unless the outcome is not known.
func (s *SignIn) loginRefused(ctx context.Context, v *visit, err error) (Outcome, error) {
	var e *Error
	switch {
	case errors.Is(err, errInvalidCredentials):
		return s.askAgain(ctx, v, &Error{}, ProblemWrongCredentials)
	case errors.As(err, &e) && e.Code == TooManyAttempts:
		return s.askAgain(ctx, v, e, ProblemThrottled)
	}
	return Outcome{}, err
}

// askAgain is the login page with what was wrong.
func (s *SignIn) askAgain(ctx context.Context, v *visit, e *Error, problem Problem) (Outcome, error) {
	v.problem = problem
	o, err := s.outcome(ctx, plan{visit: v, step: authorization.Step{Kind: authorization.StepLogin}})
	o.RetryAfter = e.RetryAfter
	return o, err
}

// authentication is what a person has proven of themselves, by whatever way in: all that the
// login demands.
type authentication struct {
	user     storage.User
	methods  []string    // RFC 8176, in the order in which they were used
	at       time.Time   // what auth_time says
	remember bool        // stay signed in when the browser is closed, as far as the policy allows
	detail   string      // of the event login.succeeded: what was used beside a password
	record   recordLogin // settles what was counted, by the step that writes the login
}

// recordLogin writes a login with the events of its outcome, by one step.
type recordLogin func(ctx context.Context, r storage.LoginRecord, events func(storage.LoginOutcome) []storage.AuditEvent) (storage.LoginOutcome, error)

// complete goes on after a login that nothing is missing from: it begins the browser session.
// Every way in ends here.
func (s *SignIn) complete(ctx context.Context, v *visit, a authentication) (Outcome, error) {
	storeEpoch, err := s.epochs.Epoch(ctx)
	if err != nil {
		return Outcome{}, unavailable(err)
	}
	replaced, stale := v.signedIn, v.stamp.Stale(v.request, v.now)
	session, cookie, err := s.sessions.prepare(a.user, storeEpoch, replaced, s.sessions.lives.remembers(a.remember), v.in.Info, v.now)
	if err != nil {
		return Outcome{}, err
	}
	session.AMR, session.AuthTime = a.methods, a.at
	v.enter(BrowserUser{User: a.user, Session: session}, cookie)
	p, err := s.plan(ctx, v)
	if err != nil {
		return Outcome{}, err
	}
	if p.step.Kind == authorization.StepRespondError {
		return s.loggedInForNothing(ctx, p, replaced, a)
	}
	if stale && v.client.InitiateLoginURI != "" && p.step.Kind != authorization.StepChangePassword {
		p.step = authorization.Step{Kind: authorization.StepRestart} // the client has forgotten the request by now
	}
	if err := s.notices.newDevice(ctx, a.user, session, v.in.Info); err != nil {
		return Outcome{}, err
	}
	if err := s.recordLogin(ctx, &p, a, replaced); err != nil {
		return Outcome{}, err
	}
	if err := s.linkClaimed(ctx, v, a.user); err != nil {
		return Outcome{}, err
	}
	return s.carryOut(ctx, p)
}

// recordLogin writes the browser session, in the place of the one that was there, and the code
// if one is due.
func (s *SignIn) recordLogin(ctx context.Context, p *plan, a authentication, replaced *BrowserUser) error {
	session := p.signedIn.Session
	record := storage.LoginRecord{BrowserSession: &session}
	sameUser := replaced != nil && replaced.User.ID == session.UserID
	if sameUser { // its applications go on with the new one
		record.Replaced = &storage.BrowserSessionEnd{ID: replaced.Session.ID, Reason: reasonReplaced}
	}
	write := func() error {
		_, err := a.record(ctx, record, func(storage.LoginOutcome) []storage.AuditEvent { return loginEvents(p.visit, a, replaced) })
		return err
	}
	var err error
	if p.step.Kind == authorization.StepRespond {
		var pending storage.Session
		if p.code, pending, err = s.codes.prepare(p.codeRequest()); err != nil {
			return err
		}
		record.Session = &pending
		err = s.codes.insert(write)
	} else {
		err = write()
	}
	if err != nil || replaced == nil || sameUser {
		return err
	}
	return s.ender.endBrowserSession(ctx, replaced.Session, reasonOtherUser, p.in.Info)
}

// loggedInForNothing tells a client that wants somebody else, or what no login reaches, that it
// gets nothing. The browser stays as it was.
func (s *SignIn) loggedInForNothing(ctx context.Context, p plan, before *BrowserUser, a authentication) (Outcome, error) {
	user := p.signedIn.User.ID
	p.signedIn, p.cookie = before, nil
	e := storage.AuditEvent{Type: audit.EventLoginSucceeded, Actor: user, Target: user, ClientID: p.client.ID, Detail: p.step.Code}
	_, err := a.record(ctx, storage.LoginRecord{}, func(storage.LoginOutcome) []storage.AuditEvent { return []storage.AuditEvent{e} })
	if err != nil {
		return Outcome{}, err
	}
	return s.carryOut(ctx, p)
}

// enter makes u the user who is signed in, and stamps that they have logged in for this
// request.
func (v *visit) enter(u BrowserUser, cookie *BrowserCookie) {
	v.signedIn, v.cookie = &u, cookie
	v.sealed, v.stamp = "", authorization.Stamp{
		Begun: v.now, Request: v.request.Hash(), Password: true, Browser: authorization.BrowserMark(u.Session.ID),
	}
}

// loginEvents are what a login has done: it has begun a session, and ended the one that the
// browser had.
func loginEvents(v *visit, a authentication, replaced *BrowserUser) []storage.AuditEvent {
	u := v.signedIn.Session
	event := storage.AuditEvent{Actor: u.UserID, Target: browserSessionHandle(u.ID), ClientID: v.client.ID}
	succeeded, started := event, event
	succeeded.Type, started.Type = audit.EventLoginSucceeded, audit.EventBrowserSessionStarted
	succeeded.Detail = a.detail
	events := []storage.AuditEvent{succeeded, started}
	if replaced != nil && replaced.User.ID == u.UserID {
		events = append(events, replacedEvent(replaced))
	}
	return events
}
