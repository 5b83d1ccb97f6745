package issuer

import (
	"context"
	"errors"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/factor"
	"example.org/signet/storage"
)

// beginEnrolment fills in what the page shows: the seed of an app where an app is enough, and the
// challenge for a passkey. Where the policy lets users wait, their time begins with the first such
// page.
func (s *SignIn) beginEnrolment(ctx context.Context, p plan, o *Outcome) error {
	if p.step.Optional && p.factors != nil && p.factors.EnrolBy.IsZero() {
		by, err := s.factors.StartGrace(ctx, p.signedIn.User, p.now.Add(s.policy.within))
		if err != nil {
			return unavailable(err)
		}
		p.factors.EnrolBy = by
	}
	if p.step.Level < authorization.LevelPHR {
		e, err := s.factors.Begin(ctx, p.signedIn.User, p.now)
		if err != nil {
			return unavailable(err)
		}
		o.Enrolment = &e
	}
	c, err := s.factors.BeginPasskey(ctx, p.signedIn.User, p.binding(), p.now)
	switch {
	case errors.Is(err, factor.ErrNoPasskeys), errors.Is(err, factor.ErrTooMany):
		return nil
	case err != nil:
		return unavailable(err)
	}
	o.NewPasskey = &c
	return nil
}

// Enrol sets up an authenticator app on the way to a client that demands it, and goes on: past a
// page with recovery codes where there are new ones. Or it puts that off, as far as the policy
// lets the user.
func (s *SignIn) Enrol(ctx context.Context, in Interaction, form EnrolForm) (Outcome, error) {
	in.Clicked = true
	v, err := s.visit(ctx, in)
	if err != nil {
		return Outcome{}, err
	}
	if v.refusal != nil || in.Account {
		return s.goOn(ctx, v)
	}
	p, err := s.plan(ctx, v)
	switch {
	case err != nil:
		return Outcome{}, err
	case p.step.Kind != authorization.StepEnrol:
		return s.carryOut(ctx, p)
	case form.Later && p.step.Optional && v.shownHere():
		v.stamp.Later = true
		return s.goOn(ctx, v)
	case form.Later:
		return s.carryOut(ctx, p)
	case form.Passkey.Text != "":
		return s.enrolPasskey(ctx, p, form)
	case p.step.Level >= authorization.LevelPHR: // an app is not enough
		return s.carryOut(ctx, p)
	}
	codes, verdict, err := s.factors.Confirm(ctx, v.signedIn.User, form.Enrolment, string(form.Typed), v.now)
	switch {
	case errors.Is(err, factor.ErrExists): // in another tab
		return s.goOn(ctx, v)
	case errors.Is(err, factor.ErrEnrolment):
		v.problem = ProblemEnrolExpired
		return s.carryOut(ctx, p)
	case err != nil:
		return Outcome{}, unavailable(err)
	case verdict != factor.Right:
		return s.enrolAgain(ctx, p, form)
	}
	return s.enrolled(ctx, p, codes, "totp", []string{amrOTP})
}

// enrolPasskey sets up a passkey in place of an app.
func (s *SignIn) enrolPasskey(ctx context.Context, p plan, form EnrolForm) (Outcome, error) {
	k, codes, err := s.factors.AddPasskey(ctx, p.signedIn.User, form.Passkey.response(), form.PasskeyName, p.binding(), p.now)
	switch {
	case errors.Is(err, factor.ErrChallenge):
		p.problem = ProblemPasskeyExpired
	case errors.Is(err, factor.ErrRefused), errors.Is(err, factor.ErrNoPasskeys):
		p.problem = ProblemPasskeyRefused
	case errors.Is(err, factor.ErrName):
		p.problem = ProblemPasskeyName
	case errors.Is(err, factor.ErrExists), errors.Is(err, factor.ErrTooMany):
		return s.goOn(ctx, p.visit)
	case err != nil:
		return Outcome{}, unavailable(err)
	default:
		return s.enrolled(ctx, p, codes, "passkey", PasskeyMethods(k))
	}
	return s.carryOut(ctx, p)
}

// enrolAgain shows the same seed again after a wrong code.
func (s *SignIn) enrolAgain(ctx context.Context, p plan, form EnrolForm) (Outcome, error) {
	p.problem = ProblemCodeWrong
	e, err := s.factors.Resume(ctx, p.signedIn.User, form.Enrolment, p.now)
	if err != nil {
		return Outcome{}, unavailable(err)
	}
	o, err := s.carryOut(ctx, p)
	o.Enrolment = &e
	return o, err
}

// enrolled goes on after a factor was set up: the browser gets a new session, which has proven it by
// those methods.
func (s *SignIn) enrolled(ctx context.Context, p plan, codes []string, kind string, methods []string) (Outcome, error) {
	v, old := p.visit, *p.signedIn
	e := storage.AuditEvent{Type: audit.EventFactorEnrolled, Actor: old.User.ID, Target: old.User.ID, ClientID: v.client.ID, Detail: kind}
	if err := s.log.append(ctx, v.in.Info, e); err != nil {
		return Outcome{}, err
	}
	if err := s.notices.factorAdded(ctx, old.User, v.in.Info); err != nil {
		return Outcome{}, err
	}
	session, cookie, err := s.sessions.strengthened(&old, methods, v.in.Info, v.now)
	if err != nil {
		return Outcome{}, err
	}
	if err := s.replaceSession(ctx, v, session, cookie); err != nil || v.signedIn == nil {
		if err == nil {
			return s.goOn(ctx, v)
		}
		return Outcome{}, err
	}
	if len(codes) == 0 {
		return s.goOn(ctx, v)
	}
	o := s.baseOutcome(plan{visit: v, step: authorization.Step{Kind: authorization.StepEnrol}})
	o.RecoveryCodes = codes
	o.Query, err = plan{visit: v}.query(s.stamps)
	return o, unavailableOrNil(err)
}

// replaceSession puts a session in the place of the one that is signed in, and keeps what was
// proven for the request. Where that has ended meanwhile nobody is signed in afterwards.
func (s *SignIn) replaceSession(ctx context.Context, v *visit, session storage.BrowserSession, cookie *BrowserCookie) error {
	old := *v.signedIn
	replaced, err := s.sessions.takePlace(ctx, old.Session, session, v.now)
	switch {
	case err != nil:
		return err
	case !replaced:
		v.signedIn, v.cookie, v.problem = nil, &BrowserCookie{Clear: true}, ProblemSessionEnded
		return nil
	}
	proven := v.stamp.Proves(v.request, old.Session.ID, v.now)
	v.enter(BrowserUser{User: old.User, Session: session}, cookie)
	v.stamp.Password = proven.Password
	return s.ender.replace(ctx, &old, v.now, v.in.Info)
}
