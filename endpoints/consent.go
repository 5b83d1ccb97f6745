package endpoints

import (
	"context"
	"net/http"

	"example.org/signet/issuer"
)

// consentEndpoint is the page that asks whether an application may have what it wants.
type consentEndpoint struct{ signInFlow }

var _ endpoint = consentEndpoint{}

func (c consentEndpoint) handle(r *http.Request, e *event) (any, error) {
	in := c.interaction(r, e)
	if r.Method != http.MethodPost {
		return c.show(r, e, in, pathConsent, formState{})
	}
	if err := c.site.checkOrigin(r); err != nil {
		return nil, err
	}
	fields, err := readPageForm(r, "decision")
	if err != nil {
		return nil, err
	}
	decision := fields["decision"]
	if decision != "allow" && decision != "deny" {
		return c.show(r, e, in, pathConsent, formState{}) // no decision: ask again
	}
	out, err := c.run(r, e, in, c.limiter.storeTimeout, func(ctx context.Context, in issuer.Interaction) (issuer.Outcome, error) {
		return c.signIn.Consent(ctx, in, decision == "allow")
	})
	if err != nil {
		return nil, err
	}
	return c.answer(r, in, out, pathConsent, formState{})
}
