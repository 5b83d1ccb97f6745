package issuer

import (
	"context"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
)

// Consent records what the person has decided, and goes on. The page must have been shown in
// this browser session, for this request, and must have shown what is allowed: otherwise it is
// shown again.
func (s *SignIn) Consent(ctx context.Context, in Interaction, allow bool) (Outcome, error) {
	in.Clicked = true
	v, err := s.visit(ctx, in)
	if err != nil {
		return Outcome{}, err
	}
	if v.refusal != nil || in.Account {
		return s.goOn(ctx, v)
	}
	p, err := s.plan(ctx, v)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case v.signedIn == nil || !v.shownHere():
		return s.carryOut(ctx, p)
	case !allow && v.device != nil:
		return s.denyDevice(ctx, p)
	case !allow:
		return s.denied(ctx, p)
	case p.step.Kind != authorization.StepConsent, v.stamp.Shown != p.asked.mark():
		return s.carryOut(ctx, p)
	}
	if v.device != nil {
		return s.approveDevice(ctx, p)
	}
	changed, err := s.consents.grant(ctx, p.asked, v.now)
	if err == nil {
		err = s.auditConsent(ctx, p, audit.EventConsentGranted, changed)
	}
	if err != nil {
		return Outcome{}, err
	}
	v.stamp.Consent = true
	return s.goOn(ctx, v)
}

// shownHere tells whether the stamp is of this request and this browser session.
func (v *visit) shownHere() bool {
	stamp := v.stamp
	stamp.Password = true // stands for any step: only whether the stamp counts is asked
	return stamp.Proves(v.request, v.signedIn.Session.ID, v.now).Password
}

// denied tells the client that the person has said no (RFC 6749 §4.1.2.1).
func (s *SignIn) denied(ctx context.Context, p plan) (Outcome, error) {
	if p.asked.client.ID == "" {
		p.asked.user, p.asked.client = p.signedIn.User, p.client // nothing is left to be asked for
	}
	if err := s.auditConsent(ctx, p, audit.EventConsentDenied, false); err != nil {
		return Outcome{}, err
	}
	p.step = authorization.Step{Kind: authorization.StepRespondError, Code: authorization.AccessDenied, Description: "the user has refused"}
	return s.outcome(ctx, p)
}

// auditConsent audits an answer. One that changes nothing can be given without end, so only the
// first times are audited.
func (s *SignIn) auditConsent(ctx context.Context, p plan, event string, changed bool) error {
	e := p.asked.event(event)
	if changed {
		return s.log.append(ctx, p.in.Info, e)
	}
	return s.auditLimited(ctx, p, e)
}
