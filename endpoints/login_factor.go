package endpoints

import (
	"cmp"
	"context"
	"net/http"

	"example.org/signet/issuer"
)

// secondFactorEndpoint is the page that asks for a code. After a password there is no session yet:
// the form carries what was proven, so that a GET of the page begins with the password again.
type secondFactorEndpoint struct{ signInFlow }

var _ endpoint = secondFactorEndpoint{}

func (s secondFactorEndpoint) handle(r *http.Request, e *event) (any, error) {
	in := s.interaction(r, e)
	in.Account = isBare(in.Query)
	if r.Method != http.MethodPost {
		return s.show(r, e, in, pathLoginFactor, formState{})
	}
	if err := s.site.checkOrigin(r); err != nil {
		return nil, err
	}
	fields, err := readPageForm(r, "pending", "code", "recovery_code", "challenge", "response")
	if err != nil {
		return nil, err
	}
	var typed formState
	if fields["code"] == "" && fields["recovery_code"] != "" {
		typed.recoveryCode = true
	}
	sent := issuer.SecondFactor{
		Pending: fields["pending"], Typed: issuer.Secret(cmp.Or(fields["code"], fields["recovery_code"])),
		Passkey: issuer.PasskeyResponse{Challenge: fields["challenge"], Text: fields["response"]},
	}
	out, err := s.run(r, e, in, s.limiter.storeTimeout, func(ctx context.Context, in issuer.Interaction) (issuer.Outcome, error) {
		return s.signIn.SecondFactor(ctx, in, sent)
	})
	if err != nil {
		return nil, err
	}
	return s.answer(r, in, out, pathLoginFactor, typed)
}

// enrolEndpoint is the page that sets up a second factor, where the policy demands one.
type enrolEndpoint struct{ signInFlow }

var _ endpoint = enrolEndpoint{}

func (s enrolEndpoint) handle(r *http.Request, e *event) (any, error) {
	in := s.interaction(r, e)
	in.Account = isBare(in.Query)
	if r.Method != http.MethodPost {
		return s.show(r, e, in, pathLoginEnrol, formState{})
	}
	if err := s.site.checkOrigin(r); err != nil {
		return nil, err
	}
	fields, err := readPageForm(r, "enrolment", "code", "decision", "challenge", "response", "name")
	if err != nil {
		return nil, err
	}
	form := issuer.EnrolForm{Enrolment: fields["enrolment"], Typed: issuer.Secret(fields["code"]), Later: fields["decision"] == "later",
		Passkey: issuer.PasskeyResponse{Challenge: fields["challenge"], Text: fields["response"]}, PasskeyName: fields["name"],
	}
	out, err := s.run(r, e, in, s.limiter.storeTimeout, func(ctx context.Context, in issuer.Interaction) (issuer.Outcome, error) {
		return s.signIn.Enrol(ctx, in, form)
	})
	if err != nil {
		return nil, err
	}
	return s.answer(r, in, out, pathLoginEnrol, formState{})
}
