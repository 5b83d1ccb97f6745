package main

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
)

// session is one signed-in browser.
type session struct {
	name    string       // of the user
	sid     string       // of the ID token: what a logout token names
	idToken string       // a hint for the logout
	client  *http.Client // calls APIs with the access token, and renews it
}

// sessions are kept in memory, by the value of a cookie. More than one process needs a store that
// they share.
type sessions struct {
	mu  sync.Mutex
	all map[string]*session
}

const cookieName = "go-web"

// begin signs the browser in. The cookie's value has 130 random bits.
func (s *sessions) begin(w http.ResponseWriter, base string, one *session) {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]*session{}
	}
	s.all[id] = one
	setCookie(w, base, cookieName, id, 0)
}

// of returns the session of the request, or nil.
func (s *sessions) of(r *http.Request) *session {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[c.Value]
}

// end ends the sessions with that sid: none, one, or, after a login in two tabs, more.
func (s *sessions) end(sid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, one := range s.all {
		if one.sid == sid {
			delete(s.all, id)
		}
	}
}

// setCookie sets a cookie that scripts cannot read and that no cross-site form sends.
func setCookie(w http.ResponseWriter, base, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(base, "https://"),
	})
}
