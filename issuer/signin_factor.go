package issuer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/factor"
	"example.org/signet/storage"
)

// pending is the login of a user who is signed in and is to prove more.
func (p plan) pending() authorization.Pending {
	session := p.signedIn.Session
	return authorization.Pending{
		UserID: session.UserID, Epoch: session.UserEpoch, Request: p.request.Hash(), Browser: authorization.BrowserMark(session.ID),
		Until: p.now.Add(authorization.PendingTTL), Methods: session.AMR, Remember: session.Remembered,
	}
}

// askForFactor is the page of the second factor. v.problem says what was wrong before.
func (s *SignIn) askForFactor(ctx context.Context, v *visit, u storage.User, pending authorization.Pending, e *Error) (Outcome, error) {
	page := *v
	if pending.Browser == ([16]byte{}) {
		page.signedIn = nil // who is signed in now is not who the page is about
	}
	p := plan{visit: &page, step: authorization.Step{Kind: authorization.StepSecondFactor}}
	o := s.baseOutcome(p)
	o.User, o.RetryAfter, o.AfterPassword = &UserView{Username: u.Username, Name: u.FullName, Email: u.Email}, e.RetryAfter, page.signedIn == nil
	var err error
	if o.Pending, err = s.stamps.SealPending(pending); err != nil {
		return Outcome{}, unavailable(err)
	}
	if err := s.offerFactors(ctx, v, u, pending, &o); err != nil {
		return Outcome{}, err
	}
	if !v.in.Account {
		o.Query, err = p.query(s.stamps)
	}
	return o, unavailableOrNil(err)
}

// SecondFactor checks a code and goes on. A right one completes the login that the form carries:
// only then there is a browser session, and the counters of the account are cleared. A wrong one
// counts on the same counters as a wrong password.
func (s *SignIn) SecondFactor(ctx context.Context, in Interaction, sent SecondFactor) (Outcome, error) {
	in.Clicked = true
	v, err := s.visit(ctx, in)
	if err != nil {
		return Outcome{}, err
	}
	if v.refusal != nil || v.request.Prompt.None {
		return s.goOn(ctx, v) // no page has asked for this
	}
	pending := s.stamps.OpenPending(sent.Pending)
	s.claim(v, pending.Claimed)
	user, err := s.pendingUser(ctx, v, pending)
	if err != nil {
		return Outcome{}, err
	}
	if user == nil {
		v.problem = ProblemLoginExpired
		return s.goOn(ctx, v)
	}
	if sent.Passkey.Text != "" {
		return s.tryPasskey(ctx, v, *user, pending, sent.Passkey)
	}
	if strings.TrimSpace(string(sent.Typed)) == "" {
		v.problem = ProblemMissing
		return s.askForFactor(ctx, v, *user, pending, &Error{})
	}
	return s.tryCode(ctx, v, *user, pending, sent.Typed)
}

// pendingUser returns the user of a login that can still be completed; nil for none. What ends
// the sessions of a user ends it too.
func (s *SignIn) pendingUser(ctx context.Context, v *visit, p authorization.Pending) (*storage.User, error) {
	if !p.Valid(v.request, v.now) {
		return nil, nil
	}
	if p.Browser != ([16]byte{}) && (v.signedIn == nil || v.signedIn.User.ID != p.UserID || authorization.BrowserMark(v.signedIn.Session.ID) != p.Browser) {
		return nil, nil
	}
	user, storeEpoch, err := s.epochs.UserInEpoch(ctx, p.UserID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, unavailable(err)
	case user.Disabled || epoch.Session(user, storeEpoch) != p.Epoch:
		return nil, nil
	}
	return &user, nil
}

// countFactor counts an attempt with a second factor, on the counters of the password.
func (s *SignIn) countFactor(ctx context.Context, v *visit, u storage.User) (*CountedAttempt, error) {
	return s.login.throttler.Count(ctx, Attempt{Kind: AttemptLogin, Account: u.ID, Target: u.ID, Client: v.client.ID, Info: v.in.Info})
}

// tryCode counts the attempt, and judges the code.
func (s *SignIn) tryCode(ctx context.Context, v *visit, u storage.User, pending authorization.Pending, code Secret) (Outcome, error) {
	t, err := s.countFactor(ctx, v, u)
	if err != nil {
		return s.codeRefused(ctx, v, u, pending, err)
	}
	defer t.Release(ctx)
	use, err := s.factors.UseCode(ctx, u, string(code), v.now)
	if err != nil {
		return Outcome{}, unavailable(err)
	}
	switch use.Verdict {
	case factor.Right:
		return s.secondFactorProven(ctx, v, u, pending, t, use)
	case factor.Missing: // removed since: the password alone may do now
		v.problem = ProblemLoginExpired
		return s.goOn(ctx, v)
	case factor.UsedUp: // no guess: nobody gains from it
		v.problem = ProblemCodeUsed
		return s.askForFactor(ctx, v, u, pending, &Error{})
	}
	e := storage.AuditEvent{Type: audit.EventSecondFactorFailed, Target: u.ID, ClientID: v.client.ID, Detail: detailOf(use)}
	if err := t.Failed(ctx, e); err != nil {
		return s.codeRefused(ctx, v, u, pending, err)
	}
	v.problem = ProblemCodeWrong
	return s.askForFactor(ctx, v, u, pending, &Error{})
}

// codeRefused shows the page again where there were too many attempts, also where other instances
// have counted them meanwhile: whether the code was right is not told then.
func (s *SignIn) codeRefused(ctx context.Context, v *visit, u storage.User, pending authorization.Pending, err error) (Outcome, error) {
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != TooManyAttempts {
		return Outcome{}, err
	}
	v.problem = ProblemThrottled
	return s.askForFactor(ctx, v, u, pending, refused)
}

// secondFactorProven completes the login.
func (s *SignIn) secondFactorProven(ctx context.Context, v *visit, u storage.User, pending authorization.Pending, t *CountedAttempt, use factor.Use) (Outcome, error) {
	if use.Recovery {
		e := storage.AuditEvent{
			Type: audit.EventRecoveryCodeUsed, Actor: u.ID, Target: u.ID, ClientID: v.client.ID, Detail: fmt.Sprintf("%d left", use.Left),
		}
		if err := s.log.append(ctx, v.in.Info, e); err != nil {
			return Outcome{}, err
		}
		if err := s.notices.recoveryUsed(ctx, u, v.in.Info); err != nil {
			return Outcome{}, err
		}
	}
	before := *v
	o, err := s.complete(ctx, v, authentication{
		user: u, methods: withMethods(pending.Methods, amrOTP), at: v.now, remember: pending.Remember,
		detail: detailOf(use), record: t.Record,
	})
	if err != nil {
		return s.codeRefused(ctx, &before, u, pending, err)
	}
	return o, nil
}

// detailOf names the factor for the audit log.
func detailOf(use factor.Use) string {
	if use.Recovery {
		return "recovery code"
	}
	return "totp"
}
