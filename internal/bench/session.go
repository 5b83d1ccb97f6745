package bench

import (
	"context"
	"errors"
	"fmt"
)

// session is that of one worker. It lives until the end of a run.
type session struct{ tokens tokens }

// refresh moves the session on.
func (s *session) refresh(ctx context.Context, r *run) error {
	t, err := r.token(ctx, refreshForm(s.tokens.Refresh))
	if err != nil {
		return err
	}
	if t.Refresh == "" {
		return errors.New("the answer to the refresh has no refresh token")
	}
	s.tokens = t
	return nil
}

// session returns the session of a worker, and starts it before: by the password grant, or
// where the client may not use it, by a sign-in in a browser.
func (r *run) session(ctx context.Context, worker int) (*session, error) {
	if s := r.held[worker].session; s != nil {
		return s, nil
	}
	switch {
	case r.account.ClientID == "":
		return nil, errNoClient
	case len(r.account.Users) == 0:
		return nil, errNoUser
	}
	t, err := r.token(ctx, r.passwordForm(r.account.user(worker)))
	if reason := (*skipError)(nil); errors.As(skip(err), &reason) {
		t, err = r.sessionByCode(ctx, worker)
	}
	if err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	r.sessions.add(t)
	if t.Refresh == "" {
		return nil, &skipError{"the client gets no refresh token"}
	}
	r.held[worker].session = &session{t}
	return r.held[worker].session, nil
}

func (r *run) sessionByCode(ctx context.Context, worker int) (tokens, error) {
	b, err := r.browser(ctx, worker)
	if err != nil {
		return tokens{}, err
	}
	request := r.newAuthRequest(r.account.Scope)
	code, err := b.authorize(ctx, request)
	if err != nil {
		return tokens{}, err
	}
	return r.token(ctx, r.codeForm(code, request))
}

// browser returns the browser of a worker, signed in.
func (r *run) browser(ctx context.Context, worker int) (*browser, error) {
	if b := r.held[worker].browser; b != nil {
		return b, nil
	}
	switch {
	case r.account.ClientID == "":
		return nil, errNoClient
	case len(r.account.Users) == 0:
		return nil, errNoUser
	case r.account.RedirectURI == "" || r.at.Authorization == "":
		return nil, errNoRedirect
	}
	b := r.newBrowser()
	r.held[worker].browser = b
	_, err := b.signIn(ctx, r.account.user(worker), r.newAuthRequest(r.account.Scope))
	if err != nil {
		r.held[worker].browser = nil
		_ = b.signOut(ctx) // a session without a code ends by itself
		return nil, skip(err)
	}
	return b, nil
}
