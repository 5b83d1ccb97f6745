package endpoints

import (
	"errors"
	"net/http"

	"example.org/signet/issuer"
)

// authorizationEndpoint is RFC 6749 §3.1. GET decides what is due. POST validates the
// request in its body and redirects to GET, since the cookie does not come with a form of
// another site.
type authorizationEndpoint struct{ signInFlow }

var _ endpoint = authorizationEndpoint{}

func (a authorizationEndpoint) handle(r *http.Request, e *event) (any, error) {
	if r.Method == http.MethodPost {
		return a.fromForm(r, e)
	}
	in := a.interaction(r, e)
	out, err := a.run(r, e, in, a.limiter.storeTimeout, a.signIn.Authorize)
	if err != nil {
		return nil, err
	}
	return a.answer(r, in, out, pathAuthorize, formState{})
}

// fromForm reads no parameter in the URL (OAuth 2.1 §3.1).
func (a authorizationEndpoint) fromForm(r *http.Request, e *event) (any, error) {
	body, err := readPageBody(r)
	if err != nil {
		return nil, err
	}
	in := issuer.Interaction{Query: body, Info: e.source()}
	out, err := a.run(r, e, in, a.limiter.storeTimeout, a.signIn.Authorize)
	if err != nil {
		return nil, a.retry(err, pathAuthorize, body)
	}
	if out.Refusal != nil {
		return a.answer(r, in, out, pathAuthorize, formState{})
	}
	return pageReply{location: a.url(pathAuthorize, out.Request.Canonical())}, nil
}

// retry names where the same can be asked for by GET.
func (f signInFlow) retry(err error, path, query string) error {
	var detail *pageError
	if errors.As(err, &detail) || !printableURL(query) {
		return err
	}
	return &pageError{cause: err, retryURL: f.url(path, query)}
}

// printableURL tells whether a query can stand in a link as it is.
func printableURL(query string) bool {
	for _, c := range []byte(query) {
		if c <= ' ' || c > '~' || c == '"' || c == '<' || c == '>' || c == '#' {
			return false
		}
	}
	return true
}

// continueEndpoint goes on past the page of a redirect loop. It counts as a click only if the link was
// followed on a page of ours.
type continueEndpoint struct{ signInFlow }

var _ endpoint = continueEndpoint{}

func (c continueEndpoint) handle(r *http.Request, e *event) (any, error) {
	in := c.interaction(r, e)
	site := r.Header.Get("Sec-Fetch-Site")
	in.Clicked = site == "" || site == "same-origin"
	out, err := c.run(r, e, in, c.limiter.storeTimeout, c.signIn.Authorize)
	if err != nil {
		return nil, err
	}
	return c.answer(r, in, out, pathLoginContinue, formState{})
}
