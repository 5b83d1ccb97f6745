package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log"
	"net/http"
	"net/url"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// login sends the browser to Signet. What callback must know is in a cookie of this attempt, so
// that several tabs can sign in at once.
func (a *app) login(w http.ResponseWriter, r *http.Request) {
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	setCookie(w, a.base, "login-"+state, nonce+"."+verifier, 600)
	http.Redirect(w, r, a.oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), http.StatusFound)
}

// callback is where Signet sends the browser back to. An error is shown and nothing begins by
// itself: an application that signs in again on an error goes round in circles.
func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	begun, err := r.Cookie("login-" + r.FormValue("state"))
	if err != nil {
		a.show(w, r, http.StatusBadRequest, "This sign-in was begun elsewhere or is over.")
		return
	}
	setCookie(w, a.base, begun.Name, "", -1)
	nonce, verifier, _ := strings.Cut(begun.Value, ".")
	if code := r.FormValue("error"); code != "" {
		a.show(w, r, http.StatusForbidden, "Signet says: "+code+" "+r.FormValue("error_description"))
		return
	}
	signedIn, err := a.redeem(r.Context(), r.FormValue("code"), nonce, verifier)
	if err != nil {
		log.Print("sign-in: ", err)
		a.show(w, r, http.StatusBadGateway, "Signing in did not work.")
		return
	}
	a.sessions.begin(w, a.base, signedIn)
	http.Redirect(w, r, "/", http.StatusFound)
}

// redeem exchanges the code and verifies the ID token: signature, iss, aud and exp by go-oidc, the
// nonce here.
func (a *app) redeem(ctx context.Context, code, nonce, verifier string) (*session, error) {
	token, err := a.oauth.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := a.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if idToken.Nonce != nonce {
		return nil, errors.New("the ID token belongs to another request")
	}
	info, err := a.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, err
	}
	var claims struct {
		SID  string `json:"sid"`
		Name string `json:"preferred_username"`
	}
	if err := errors.Join(idToken.Claims(&claims), info.Claims(&claims)); err != nil {
		return nil, err
	}
	if info.Subject != idToken.Subject {
		return nil, errors.New("userinfo is about somebody else")
	}
	// Not the request's context: the client outlives it.
	return &session{claims.Name, claims.SID, raw, a.oauth.Client(context.Background(), token)}, nil
}

// signOut ends the session here, then in Signet (OpenID Connect RP-Initiated Logout 1.0). The
// cookie is SameSite=Lax and this is a POST: a cross-site form cannot sign anybody out.
func (a *app) signOut(w http.ResponseWriter, r *http.Request) {
	to := url.Values{"client_id": {a.oauth.ClientID}, "post_logout_redirect_uri": {a.base + "/"}}
	if s := a.sessions.of(r); s != nil {
		a.sessions.end(s.sid)
		to.Set("id_token_hint", s.idToken)
	}
	setCookie(w, a.base, cookieName, "", -1)
	http.Redirect(w, r, a.logout+"?"+to.Encode(), http.StatusSeeOther)
}

// backchannelLogout ends a session that ended elsewhere. go-oidc checks what Back-Channel Logout
// 1.0 section 2.6 demands, but does not tell a bad token from a key that it could not fetch. So
// the answer is 503, which makes Signet try again, and not 400, which means never again.
func (a *app) backchannelLogout(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	w.Header().Set("Cache-Control", "no-store")
	token, err := a.verifier.VerifyLogout(r.Context(), r.PostFormValue("logout_token"))
	if err != nil {
		log.Print("logout token: ", err)
		http.Error(w, "the logout token cannot be verified", http.StatusServiceUnavailable)
		return
	}
	a.sessions.end(token.SessionID)
}
