package issuer

import (
	"context"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// passwordGrant logs a user in (RFC 6749 §4.3).
type passwordGrant struct {
	login         *passwordLogin
	sessions      *sessionStarter
	secondFactors factorPolicy
}

var _ grant = passwordGrant{}

func newPasswordGrant(i *Issuer) grant {
	return passwordGrant{login: newPasswordLogin(i), sessions: newSessionStarter(i), secondFactors: i.policy}
}

func (passwordGrant) policy() scopePolicy { return scopePolicy{user: true} }

func (g passwordGrant) identify(ctx context.Context, req *grantRequest) (subject, error) {
	if req.Username == "" || req.Password == "" {
		return subject{}, newError(InvalidRequest, "username and password are required")
	}
	if err := password.CheckInput(string(req.Password)); err != nil {
		return subject{}, newError(InvalidRequest, "the password is too long or has characters that no password may have")
	}
	c := credentials{Username: req.Username, Password: req.Password, ClientID: req.client.ID, Info: req.Info}
	v, err := g.login.verify(ctx, c)
	if err != nil {
		return subject{}, err
	}
	if err := g.checkFactors(ctx, req.client, c, v); err != nil {
		return subject{}, err
	}
	login := &pendingLogin{g.login, c, v}
	if v.user.MustChangePassword {
		return subject{}, g.refuseMustChange(ctx, login)
	}
	who := newSubject(v.user)
	who.login = login
	return who, nil
}

var errMustChangePassword = newError(InvalidGrant, "the password must be changed before it can be used here: sign in in a browser to change it")

// detailMustChange tells a login that was refused for this from one with a wrong password.
const detailMustChange = "the password must be changed"

// refuseMustChange refuses a user who must change the password first. Only who knows the
// password is told so.
func (passwordGrant) refuseMustChange(ctx context.Context, l *pendingLogin) error {
	e := storage.AuditEvent{Type: audit.EventLoginFailed, Target: l.verified.user.ID, ClientID: l.credentials.ClientID, Detail: detailMustChange}
	_, err := l.record(ctx, storage.LoginRecord{}, func(storage.LoginOutcome) []storage.AuditEvent { return []storage.AuditEvent{e} })
	if err != nil {
		return err
	}
	return errMustChangePassword
}

// detailSecondFactor tells a login that was refused for want of a second factor from one with a
// wrong password. Only the audit log is told.
const detailSecondFactor = "the user has or must have a second factor, which this grant cannot ask for"

// checkFactors refuses a user who has or must have a second factor, with the answer to a wrong
// password: the grant would else be a way round it. The attempt neither counts nor forgives. Nor does
// a login through a client that goes without the factor forgive: it would give whoever knows the
// password any number of guesses at the factor.
func (g passwordGrant) checkFactors(ctx context.Context, client storage.Client, c credentials, v verifiedLogin) error {
	refused, err := g.secondFactors.refusesGrant(ctx, v.user, client)
	if err == nil && !refused && client.PasswordGrantWithoutMFA {
		var has bool
		if has, err = g.secondFactors.hasFactor(ctx, v.user); has {
			v.attempt.ForgiveNothing()
		}
	}
	if err == nil && !refused {
		return nil
	}
	defer v.attempt.Release(ctx)
	if err != nil {
		return err
	}
	e := storage.AuditEvent{Type: audit.EventLoginFailed, Target: v.user.ID, ClientID: c.ClientID, Detail: detailSecondFactor}
	if err := v.attempt.GiveBack(ctx, e); err != nil {
		return err
	}
	return errInvalidCredentials
}

// complete starts a session with these rights.
func (g passwordGrant) complete(ctx context.Context, req *grantRequest, who subject, r rights) (grantResult, error) {
	return g.sessions.start(ctx, req, who, r)
}
