package verify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.org/signet/verify"
)

func TestIntrospection(t *testing.T) {
	var answer func(w http.ResponseWriter)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if r.Method != http.MethodPost || r.FormValue("token") != "the token" || id != "items-api" || secret != "s%25ecret" {
			t.Errorf("%s %s %v %s:%s", r.Method, r.URL, r.Form, id, secret)
		}
		answer(w)
	}))
	defer server.Close()
	i := &verify.Introspector{Endpoint: server.URL + "/oauth2/introspect", ClientID: "items-api", ClientSecret: "s%ecret", HTTPClient: server.Client()}
	says := func(body string) { answer = func(w http.ResponseWriter) { fmt.Fprint(w, body) } }
	ask := func() (*verify.Claims, error) { return i.Introspect(context.Background(), "the token") }

	says(`{"active":true,"sub":"u","scope":"a b","roles":["user"],"aud":"x","exp":1900000000,"client_id":"c"}`)
	c, err := ask()
	if err != nil || c.Subject != "u" || !c.HasScope("b") || !c.HasRole("user") || c.Audience[0] != "x" || c.Expiry.IsZero() {
		t.Errorf("%+v, %v", c, err)
	}
	says(`{"active":false}`)
	if _, err := ask(); !errors.Is(err, verify.ErrInactive) || !errors.Is(err, verify.ErrInvalidToken) {
		t.Errorf("inactive: %v", err)
	}
	for _, body := range []string{
		``, `[]`, `{}`, `{"active":"true"}`, `{"active":1}`, `{"Active":true}`, `{"active":null}`, `{"active":true,"active":false}`, `{"active":true,"scope":1}`, `<html>`,
		`{"active":true} x`, strings.Repeat(" ", 2<<20) + `{"active":true}`,
	} {
		says(body)
		if c, err := ask(); !errors.Is(err, verify.ErrIntrospection) || errors.Is(err, verify.ErrInvalidToken) || c != nil {
			t.Errorf("%.40q: %v, %v", body, c, err)
		}
	}
	for _, status := range []int{301, 401, 403, 404, 429, 500, 503} {
		answer = func(w http.ResponseWriter) { w.WriteHeader(status) }
		if _, err := ask(); !errors.Is(err, verify.ErrIntrospection) {
			t.Errorf("%d: %v", status, err)
		}
	}
	says(`{"active":true}`)
	over, cancel := context.WithTimeout(context.Background(), -time.Second)
	defer cancel()
	if _, err := i.Introspect(over, "the token"); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "token") && strings.Contains(err.Error(), "the token") {
		t.Errorf("a context that is over: %v", err)
	}
	i.Endpoint = "http://id.example.com/"
	if _, err := ask(); !errors.Is(err, verify.ErrIntrospection) {
		t.Errorf("plain http: %v", err)
	}
}
