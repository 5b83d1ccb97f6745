package bench

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"example.org/signet/internal/secret"
)

// tokens is an answer of the token endpoint.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// oauth sends requests as the client.
type oauth struct {
	client  *http.Client
	at      endpoints
	account Account
}

// post sends a form with client authentication and expects 200.
func (o *oauth) post(ctx context.Context, address, form string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(o.account.ClientID), url.QueryEscape(o.account.ClientSecret.Reveal()))
	a, err := do(o.client, r)
	if err != nil {
		return a, err
	}
	return a, a.expect(http.StatusOK)
}

// token asks the token endpoint.
func (o *oauth) token(ctx context.Context, form string) (tokens, error) {
	a, err := o.post(ctx, o.at.Token, form)
	if err != nil {
		return tokens{}, err
	}
	var t tokens
	if json.Unmarshal(a.body, &t) != nil || t.Access == "" {
		return tokens{}, errors.New("the token endpoint answers without an access token")
	}
	return t, nil
}

// passwordForm is the password grant of a user.
func (o *oauth) passwordForm(u User) string {
	form := url.Values{"grant_type": {"password"}, "username": {u.Name}, "password": {u.Password.Reveal()}}
	if o.account.Scope != "" {
		form.Set("scope", o.account.Scope)
	}
	return form.Encode()
}

func refreshForm(token string) string {
	return "grant_type=refresh_token&refresh_token=" + url.QueryEscape(token)
}

// sessions are those that a run has made: they are ended at its end.
type sessions struct {
	mu   sync.Mutex
	held []heldSession
}

// heldSession is one session: a token of it, and the client that can revoke it.
type heldSession struct {
	as    *oauth
	token secret.Text
}

// addOf remembers a session of a client by a token of it. Any will do: to revoke an older refresh
// token or an access token ends the session all the same (RFC 7009 §2.1).
func (s *sessions) addOf(as *oauth, t tokens) {
	token := t.Refresh
	if token == "" {
		token = t.Access
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = append(s.held, heldSession{as, secret.Text(token)})
}

// takeOver moves the sessions of another one here.
func (s *sessions) takeOver(from *sessions) {
	from.mu.Lock()
	moved := from.held
	from.held = nil
	from.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = append(s.held, moved...)
}

// revoke ends the sessions by so many workers and returns how many are left.
func (s *sessions) revoke(ctx context.Context, workers int) (left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := make(chan heldSession)
	var mu sync.Mutex
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for h := range queue {
				if _, err := h.as.post(ctx, h.as.at.Revocation, "token="+url.QueryEscape(h.token.Reveal())); err != nil {
					mu.Lock()
					left++
					mu.Unlock()
				}
			}
		})
	}
	for _, h := range s.held {
		queue <- h
	}
	close(queue)
	all.Wait()
	s.held = nil
	return left
}
