package issuer

import (
	"context"
	"errors"

	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// ChangePassword sets the new password of a user who must change it, and goes on. By the same
// step all sessions of the user end; this browser gets a new one.
func (s *SignIn) ChangePassword(ctx context.Context, in Interaction, pw Secret) (Outcome, error) {
	in.Clicked = true
	v, err := s.visit(ctx, in)
	if err != nil {
		return Outcome{}, err
	}
	if v.refusal != nil {
		return s.goOn(ctx, v)
	}
	p, err := s.plan(ctx, v)
	if err != nil {
		return Outcome{}, err
	}
	if p.step.Kind != authorization.StepChangePassword {
		return s.carryOut(ctx, p)
	}
	if v.problem, err = s.judgePassword(ctx, v, pw); err != nil {
		return Outcome{}, err
	}
	if v.problem != ProblemNone {
		return s.carryOut(ctx, p)
	}
	user, err := s.passwords.ReplacePassword(ctx, v.signedIn.User, pw, in.Info)
	return s.passwordReplaced(ctx, p, user, err)
}

// passwordReplaced goes on after the password was set, or was not.
func (s *SignIn) passwordReplaced(ctx context.Context, p plan, user storage.User, err error) (Outcome, error) {
	v := p.visit
	var refused *FieldError
	switch {
	case errors.As(err, &refused):
		v.problem = ProblemPasswordRefused
		return s.carryOut(ctx, p)
	case isDefinitive(err): // the user was changed or deleted since
		return s.endedMeanwhile(ctx, v)
	case err != nil:
		return Outcome{}, asUnavailable(err)
	}
	old := *v.signedIn
	session, cookie, err := s.sessions.prepare(user, storage.Epoch{}, &old, old.Session.Remembered, v.in.Info, v.now)
	if err != nil {
		return Outcome{}, err
	}
	session.UserEpoch, session.AuthTime, session.AMR = epoch.Renewed(user, old.Session), old.Session.AuthTime, old.Session.AMR
	replaced, err := s.sessions.takePlace(ctx, old.Session, session, v.now)
	switch {
	case err != nil:
		return Outcome{}, err
	case !replaced:
		return s.endedMeanwhile(ctx, v)
	}
	proven := v.stamp.Proves(v.request, old.Session.ID, v.now)
	v.enter(BrowserUser{User: user, Session: session}, cookie)
	v.stamp.Password = proven.Password
	if err := s.ender.replace(ctx, &old, v.now, v.in.Info); err != nil {
		return Outcome{}, err
	}
	return s.goOn(ctx, v)
}

// endedMeanwhile goes on where the browser session has ended since the page was shown.
func (s *SignIn) endedMeanwhile(ctx context.Context, v *visit) (Outcome, error) {
	v.signedIn, v.cookie, v.problem = nil, &BrowserCookie{Clear: true}, ProblemSessionEnded
	return s.goOn(ctx, v)
}

// judgePassword says what is wrong with a new password; ProblemNone for nothing.
func (s *SignIn) judgePassword(ctx context.Context, v *visit, pw Secret) (Problem, error) {
	u := v.signedIn.User
	inputs := password.UserInputs{Personal: []string{u.Username, u.Email, u.FullName, u.Phone}, Service: []string{s.issuer}}
	if err := password.CheckNew(string(pw), inputs); err != nil {
		return PasswordProblem(err), nil
	}
	same, err := s.login.passwords.Verify(ctx, v.in.Info.Network(), u.PasswordHash, string(pw))
	if err != nil {
		return ProblemNone, unavailable(err)
	}
	if same.OK {
		return ProblemPasswordSame, nil
	}
	return ProblemNone, nil
}

// PasswordProblem says why a new password is refused, by an error of password.CheckNew or one
// that wraps it.
func PasswordProblem(err error) Problem {
	switch {
	case errors.Is(err, password.ErrEmpty):
		return ProblemMissing
	case errors.Is(err, password.ErrTooShort):
		return ProblemPasswordShort
	case errors.Is(err, password.ErrTooLong):
		return ProblemPasswordLong
	case errors.Is(err, password.ErrCommon), errors.Is(err, password.ErrPersonal):
		return ProblemPasswordCommon
	}
	return ProblemPasswordRefused
}

// asUnavailable returns err as *Error with Unavailable.
func asUnavailable(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == Unavailable {
		return e
	}
	return unavailable(err)
}
