package issuer

import (
	"context"
	"errors"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/passkey"
	"example.org/signet/storage"
)

// CheckPasskeys returns why an issuer cannot have passkeys; nil where it can. Everything else
// works without them.
func CheckPasskeys(issuer string) error {
	_, err := passkey.New(issuer, issuer)
	return err
}

// newPasskeys returns the relying party of the issuer; nil where it cannot have passkeys.
func newPasskeys(cfg Config) *passkey.RelyingParty {
	rp, err := passkey.New(cfg.Issuer, cfg.appName())
	if err != nil {
		return nil
	}
	return rp
}

// unknownPasskey is the account that attempts with passkeys of nobody are counted on.
const unknownPasskey = "passkey of nobody"

// binding is what a challenge on a page of this visit is good for.
func (v *visit) binding() factor.Binding {
	b := factor.Binding{Request: v.request.Hash()}
	if v.signedIn != nil {
		b.Browser = authorization.BrowserMark(v.signedIn.Session.ID)
	}
	return b
}

// offerSignIn puts the challenge of a sign-in by a passkey on the login page.
func (s *SignIn) offerSignIn(ctx context.Context, v *visit, o *Outcome) error {
	if s.upstream != nil {
		var err error
		if o.Connectors, err = s.upstream.offer(ctx); err != nil {
			return err
		}
		s.showClaimed(v, o)
	}
	c, err := s.factors.AskAnybody(ctx, v.binding(), v.now)
	if errors.Is(err, factor.ErrNoPasskeys) {
		return nil
	}
	o.Passkey = &c
	return unavailableOrNil(err)
}

// offerFactors says which factors the page may ask for: with a challenge where the user has
// passkeys.
func (s *SignIn) offerFactors(ctx context.Context, v *visit, u storage.User, pending authorization.Pending, o *Outcome) error {
	f, err := s.factors.Of(ctx, u)
	if err != nil {
		return unavailable(err)
	}
	o.HasApp = f.TOTP != nil
	c, err := s.factors.AskPasskey(ctx, u, f, pendingBinding(pending), v.now)
	if errors.Is(err, factor.ErrNoPasskeys) || errors.Is(err, factor.ErrMissing) {
		return nil
	}
	o.Passkey = &c
	return unavailableOrNil(err)
}

func pendingBinding(p authorization.Pending) factor.Binding {
	return factor.Binding{Request: p.Request, Browser: p.Browser}
}

// LogInWithPasskey signs in whoever the authenticator says, and goes on. An unknown passkey, one
// of a user who is disabled, and an answer that proves nothing get the same page. Nothing is
// written before the signature was right but the count of the attempt.
func (s *SignIn) LogInWithPasskey(ctx context.Context, in Interaction, l PasskeyLogin) (Outcome, error) {
	in.Clicked = true
	v, err := s.visit(ctx, in)
	if err != nil {
		return Outcome{}, err
	}
	if v.refusal != nil || v.request.Prompt.None {
		return s.goOn(ctx, v) // no page has asked for this
	}
	s.claim(v, l.Claimed)
	claim, err := s.factors.OpenClaim(ctx, l.response(), v.binding(), v.now)
	switch {
	case errors.Is(err, factor.ErrChallenge):
		return s.askAgain(ctx, v, &Error{}, ProblemPasskeyExpired)
	case errors.Is(err, factor.ErrRefused), errors.Is(err, factor.ErrNoPasskeys):
		return s.askAgain(ctx, v, &Error{}, ProblemPasskeyRefused)
	case err != nil:
		return Outcome{}, unavailable(err)
	}
	user, found, err := s.claimant(ctx, claim)
	if err != nil {
		return Outcome{}, err
	}
	return s.tryClaim(ctx, v, user, found, claim, l.Remember)
}

// claimant returns the user whom a claim names. A user who is disabled is found as one whose
// passkey proves nothing.
func (s *SignIn) claimant(ctx context.Context, c *factor.Claim) (user storage.User, found bool, err error) {
	if c.UserID == "" {
		return storage.User{}, false, nil
	}
	user, _, err = s.epochs.UserInEpoch(ctx, c.UserID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return storage.User{}, false, nil
	case err != nil:
		return storage.User{}, false, unavailable(err)
	}
	return user, storage.Time(user.CreatedAt).Equal(storage.Time(c.UserCreatedAt)), nil
}

// tryClaim counts the attempt on the counters of the account, and judges it.
func (s *SignIn) tryClaim(ctx context.Context, v *visit, u storage.User, found bool, claim *factor.Claim, remember bool) (Outcome, error) {
	attempt := Attempt{Kind: AttemptLogin, Account: unknownPasskey, Client: v.client.ID, Info: v.in.Info}
	if found {
		attempt.Account, attempt.Target = u.ID, u.ID
	}
	t, err := s.login.throttler.Count(ctx, attempt)
	if err != nil {
		return s.loginRefused(ctx, v, err)
	}
	defer t.Release(ctx)
	var use factor.PasskeyUse
	if found && !u.Disabled {
		use, err = s.factors.ProveClaim(ctx, u, claim, v.now)
	}
	switch {
	case errors.Is(err, factor.ErrChallenge):
		return s.askAgain(ctx, v, &Error{}, ProblemPasskeyExpired)
	case err != nil:
		return Outcome{}, unavailable(err)
	case use.Verdict != factor.Right:
		e := storage.AuditEvent{Type: audit.EventLoginFailed, Target: attempt.Target, ClientID: v.client.ID, Detail: detailPasskey}
		if err := t.Failed(ctx, e); err != nil {
			return s.loginRefused(ctx, v, err)
		}
		return s.askAgain(ctx, v, &Error{}, ProblemPasskeyRefused)
	}
	before := *v
	o, err := s.complete(ctx, v, authentication{
		user: u, methods: withMethods(nil, passkeyMethods(use.Synced, use.Verified)...), at: v.now, remember: remember,
		detail: detailOfPasskey(use), record: t.Record,
	})
	if err != nil {
		return s.loginRefused(ctx, &before, err)
	}
	return o, nil
}

// tryPasskey counts the attempt with a passkey as second factor, and judges it.
func (s *SignIn) tryPasskey(ctx context.Context, v *visit, u storage.User, pending authorization.Pending, sent PasskeyResponse) (Outcome, error) {
	t, err := s.countFactor(ctx, v, u)
	if err != nil {
		return s.codeRefused(ctx, v, u, pending, err)
	}
	defer t.Release(ctx)
	use, err := s.factors.UsePasskey(ctx, u, sent.response(), pendingBinding(pending), v.now)
	switch {
	case errors.Is(err, factor.ErrChallenge):
		v.problem = ProblemPasskeyExpired
		return s.askForFactor(ctx, v, u, pending, &Error{})
	case errors.Is(err, factor.ErrNoPasskeys) || err == nil && use.Verdict == factor.Missing:
		v.problem = ProblemLoginExpired
		return s.goOn(ctx, v)
	case err != nil:
		return Outcome{}, unavailable(err)
	case use.Verdict != factor.Right:
		e := storage.AuditEvent{Type: audit.EventSecondFactorFailed, Target: u.ID, ClientID: v.client.ID, Detail: detailPasskey}
		if err := t.Failed(ctx, e); err != nil {
			return s.codeRefused(ctx, v, u, pending, err)
		}
		v.problem = ProblemPasskeyRefused
		return s.askForFactor(ctx, v, u, pending, &Error{})
	}
	before := *v
	o, err := s.complete(ctx, v, authentication{
		user: u, methods: withMethods(pending.Methods, passkeyMethods(use.Synced, use.Verified)...), at: v.now, remember: pending.Remember,
		detail: detailOfPasskey(use), record: t.Record,
	})
	if err != nil {
		return s.codeRefused(ctx, &before, u, pending, err)
	}
	return o, nil
}

const detailPasskey = "passkey"

// detailOfPasskey names the factor for the audit log. A counter that went back refuses nobody:
// keys that are synced have none, and others keep no good one.
func detailOfPasskey(use factor.PasskeyUse) string {
	if use.CountBack {
		return detailPasskey + "; its signature counter went back, as that of a copy would"
	}
	return detailPasskey
}
