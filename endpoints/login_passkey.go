package endpoints

import (
	"context"
	"net/http"

	"example.org/signet/issuer"
)

// passkeyEndpoint takes the form of the login page that the script fills in. It has no page of
// its own.
type passkeyEndpoint struct{ signInFlow }

var _ endpoint = passkeyEndpoint{}

func (s passkeyEndpoint) handle(r *http.Request, e *event) (any, error) {
	in := s.interaction(r, e)
	in.Account = isBare(in.Query)
	if r.Method != http.MethodPost {
		return s.show(r, e, in, pathLoginPasskey, formState{})
	}
	if err := s.site.checkOrigin(r); err != nil {
		return nil, err
	}
	fields, err := readPageForm(r, "challenge", "response", "remember", "claimed")
	if err != nil {
		return nil, err
	}
	typed := formState{remember: fields["remember"] != ""}
	login := issuer.PasskeyLogin{
		PasskeyResponse: issuer.PasskeyResponse{Challenge: fields["challenge"], Text: fields["response"]}, Remember: typed.remember,
		Claimed: fields["claimed"],
	}
	out, err := s.run(r, e, in, s.limiter.storeTimeout, func(ctx context.Context, in issuer.Interaction) (issuer.Outcome, error) {
		return s.signIn.LogInWithPasskey(ctx, in, login)
	})
	if err != nil {
		return nil, err
	}
	return s.answer(r, in, out, pathLogin, typed) // a refusal is the login page with what was wrong
}
