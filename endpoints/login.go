package endpoints

import (
	"context"
	"net/http"
	"strings"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
	"example.org/signet/issuer/authorization"
)

// loginEndpoint is the page that asks for user name and password. Its URL is the
// authorization request; without one the person signs in to the account page.
type loginEndpoint struct{ signInFlow }

var _ endpoint = loginEndpoint{}

func (l loginEndpoint) handle(r *http.Request, e *event) (any, error) {
	in := l.interaction(r, e)
	in.Account = isBare(in.Query)
	if r.Method != http.MethodPost {
		return l.show(r, e, in, pathLogin, formState{})
	}
	if err := l.site.checkOrigin(r); err != nil {
		return nil, err
	}
	fields, err := readPageForm(r, "username", "password", "remember", "claimed")
	if err != nil {
		return nil, err
	}
	typed := formState{username: fields["username"], remember: fields["remember"] != ""}
	login := issuer.Login{Username: typed.username, Password: issuer.Secret(fields["password"]), Remember: typed.remember, Claimed: fields["claimed"]}
	out, err := l.run(r, e, in, l.limiter.loginTimeout, func(ctx context.Context, in issuer.Interaction) (issuer.Outcome, error) {
		return l.signIn.LogIn(ctx, in, login)
	})
	if err != nil {
		return nil, err
	}
	return l.answer(r, in, out, pathLogin, typed)
}

// isBare tells whether a query has no authorization request.
func isBare(query string) bool {
	if strings.Contains(query, "client_id=") {
		return false
	}
	p, refusal := authorization.ParseQuery(query)
	return refusal == nil && !p.HasRequest()
}

// show answers a GET of a page: with the page if its step is due, else with what is.
func (f signInFlow) show(r *http.Request, e *event, in issuer.Interaction, own string, typed formState) (any, error) {
	out, err := f.run(r, e, in, f.limiter.storeTimeout, f.signIn.Authorize)
	if err != nil {
		return nil, err
	}
	return f.answer(r, in, out, own, typed)
}

// changePasswordEndpoint is the page of a user who must set a new password.
type changePasswordEndpoint struct{ signInFlow }

var _ endpoint = changePasswordEndpoint{}

func (c changePasswordEndpoint) handle(r *http.Request, e *event) (any, error) {
	in := c.interaction(r, e)
	in.Account = isBare(in.Query)
	if r.Method != http.MethodPost {
		return c.show(r, e, in, pathLoginPassword, formState{})
	}
	if err := c.site.checkOrigin(r); err != nil {
		return nil, err
	}
	fields, err := readPageForm(r, "new_password", "new_password_again")
	if err != nil {
		return nil, err
	}
	if again, sent := fields["new_password_again"]; sent && again != fields["new_password"] {
		return c.show(r, e, in, pathLoginPassword, formState{problem: pages.ProblemPasswordMismatch})
	}
	out, err := c.run(r, e, in, c.limiter.loginTimeout, func(ctx context.Context, in issuer.Interaction) (issuer.Outcome, error) {
		return c.signIn.ChangePassword(ctx, in, issuer.Secret(fields["new_password"]))
	})
	if err != nil {
		return nil, err
	}
	return c.answer(r, in, out, pathLoginPassword, formState{})
}

// loginStateEndpoint tells the script of the login page whether somebody has signed in in
// another tab: 200 if so, else 204.
type loginStateEndpoint struct{ signInFlow }

var _ endpoint = loginStateEndpoint{}

func (l loginStateEndpoint) handle(r *http.Request, _ *event) (any, error) {
	cookie := l.site.cookies.read(r)
	if cookie == "" {
		return pageReply{status: http.StatusNoContent}, nil
	}
	ctx, release, err := l.limiter.acquire(r.Context(), l.limiter.storeTimeout)
	if err != nil {
		return nil, err
	}
	defer release()
	user, err := l.signIn.Session(ctx, cookie)
	switch {
	case err != nil:
		return nil, err
	case user == nil:
		return pageReply{status: http.StatusNoContent}, nil
	}
	return pageReply{}, nil
}
