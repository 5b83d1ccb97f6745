package main

import (
	"errors"
	"html/template"
	"io"
	"log"
	"net/http"

	"golang.org/x/oauth2"
)

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Items</title>
<h1>Items</h1>
<p id="message">{{.Message}}</p>
{{if .SignedIn}}<p id="signed-in">Signed in as <strong id="name">{{.Name}}</strong>. <a id="read" href="/items">Read the items</a></p>
<form method="post" action="/logout"><button id="sign-out">Sign out</button></form>
{{else}}<p id="signed-out"><a id="sign-in" href="/login">Sign in</a></p>
{{end}}`))

// show sends the only page: who is signed in, and a message.
func (a *app) show(w http.ResponseWriter, r *http.Request, status int, message string) {
	var view struct {
		SignedIn      bool
		Name, Message string
	}
	view.Message = message
	if s := a.sessions.of(r); s != nil {
		view.SignedIn, view.Name = true, s.name
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = page.Execute(w, view) // the browser may have gone
}

func (a *app) home(w http.ResponseWriter, r *http.Request) { a.show(w, r, http.StatusOK, "") }

// items calls the API for the user. Only invalid_grant says that the session is over.
func (a *app) items(w http.ResponseWriter, r *http.Request) {
	s := a.sessions.of(r)
	if s == nil {
		http.Redirect(w, r, "/login", http.StatusFound)
		return
	}
	res, err := s.client.Get(a.api + "/items")
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.ErrorCode == "invalid_grant":
		a.sessions.end(s.sid)
		a.show(w, r, http.StatusUnauthorized, "You have been signed out.")
		return
	case err != nil:
		log.Print("items: ", err)
		a.show(w, r, http.StatusBadGateway, "That did not work.")
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil || res.StatusCode != http.StatusOK {
		a.show(w, r, http.StatusBadGateway, "The API answered "+res.Status+".")
		return
	}
	a.show(w, r, http.StatusOK, string(body))
}
