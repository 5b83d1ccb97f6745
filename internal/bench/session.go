package bench

import (
	"context"
	"errors"
	"fmt"
)

// session is that of one worker. It lives until the end of a run.
type session struct{ tokens tokens }

// refresh moves the session on.
func (s *session) refresh(ctx context.Context, as *oauth) error {
	t, err := as.token(ctx, refreshForm(s.tokens.Refresh))
	if err != nil {
		return err
	}
	if t.Refresh == "" {
		return errors.New("the answer to the refresh has no refresh token")
	}
	s.tokens = t
	return nil
}

// sessionRing is the sessions of one worker, which it uses in turn.
type sessionRing struct {
	all  []*session
	next int
}

func (g *sessionRing) turn() *session {
	s := g.all[g.next%len(g.all)]
	g.next++
	return s
}

// ring returns the sessions of a worker, and starts them before.
func (r *run) ring(ctx context.Context, worker int) (*sessionRing, error) {
	h := &r.held[worker]
	for n := len(h.sessions); n < max(r.cfg.Sessions, 1); n++ {
		s, err := r.newSession(ctx, worker, worker+n*len(r.held))
		if err != nil {
			return nil, err
		}
		h.sessions = append(h.sessions, s)
	}
	return &sessionRing{all: h.sessions}, nil
}

// newSession starts a session of that user: by the password grant, or where the client may not
// use it, by a sign-in in a browser.
func (r *run) newSession(ctx context.Context, worker, user int) (*session, error) {
	switch {
	case r.account.ClientID == "":
		return nil, errNoClient
	case len(r.account.Users) == 0:
		return nil, errNoUser
	}
	t, err := r.token(ctx, r.passwordForm(r.account.user(user)))
	if reason := (*skipError)(nil); errors.As(skip(err), &reason) {
		t, err = r.sessionByCode(ctx, worker)
	}
	if err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	r.sessions.addOf(r.oauth, t)
	if t.Refresh == "" {
		return nil, &skipError{"the client gets no refresh token"}
	}
	return &session{t}, nil
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
