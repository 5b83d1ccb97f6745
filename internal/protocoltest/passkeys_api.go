package protocoltest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"example.org/signet/issuer/authorization"
)

func testPasskeysAPI(t *testing.T, s *Signet) {
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	post := func(path string, body Object) Response {
		return s.JSON("POST", MeFactors+"/passkeys"+path, body, token)
	}
	list := func() []any {
		return s.JSON("GET", MeFactors, nil, token).ExpectStatus(t, http.StatusOK).Object(t)["passkeys"].([]any)
	}
	if all := list(); len(all) != 0 {
		t.Errorf("no passkeys: %v", all)
	}
	post("/remove", Object{"id": "x"}).ExpectProblem(t, http.StatusNotFound, "not_found")
	begun := post("", Object{}).ExpectStatus(t, http.StatusOK).Object(t)
	options, err := json.Marshal(begun["options"])
	must(t, err)
	d := newDevice(virtualwebauthn.AuthenticatorOptions{})
	response := d.create(t, string(options))
	confirm := func(changes ...string) Response {
		body := Object{"challenge": begun["challenge"], "response": response, "name": "Key"}
		for n := 0; n < len(changes); n += 2 {
			body[changes[n]] = changes[n+1]
		}
		return post("/confirm", body)
	}
	confirm("challenge", "x").ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "challenge")
	confirm("response", "{}").ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "response")
	confirm("name", "").ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "name")
	if codes := confirm().ExpectStatus(t, http.StatusOK).Object(t)["recovery_codes"].([]any); len(codes) != 10 {
		t.Errorf("%d codes", len(codes))
	}
	confirm().ExpectStatus(t, http.StatusConflict)
	all := list()
	if len(all) != 1 || all[0].(map[string]any)["name"] != "Key" || all[0].(map[string]any)["synced"] != false {
		t.Fatalf("the list is %v", all)
	}
	post("/remove", Object{"id": all[0].(map[string]any)["id"], "current_password": s.Alice.Password}).ExpectStatus(t, http.StatusUnauthorized) // by a login from before it
}

// A session that has used a factor removes a passkey; guesses at the password beside it are counted.
func testRemovePasskeyByAPI(t *testing.T, s *Signet) {
	token := s.tokenByApp(t, s.giveApp(t, s.Alice), s.Alice)
	post := func(path string, body Object) Response {
		return s.JSON("POST", MeFactors+"/passkeys"+path, body, token)
	}
	begun := post("", Object{}).ExpectStatus(t, http.StatusOK).Object(t)
	options, err := json.Marshal(begun["options"])
	must(t, err)
	response := newDevice(virtualwebauthn.AuthenticatorOptions{}).create(t, string(options))
	post("/confirm", Object{"challenge": begun["challenge"], "response": response, "name": "Key"}).ExpectStatus(t, http.StatusOK)
	all := s.JSON("GET", MeFactors, nil, token).ExpectStatus(t, http.StatusOK).Object(t)["passkeys"].([]any)
	id := all[0].(map[string]any)["id"]
	post("/remove", Object{"id": id}).ExpectStatus(t, http.StatusNoContent)
	post("/remove", Object{"id": id}).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.Advance(11 * time.Minute)
	guess := Object{"id": id, "current_password": "wrong password"}
	for range int(s.options.Issuer.Throttle.PerAccountNetwork.Attempts) {
		post("/remove", guess)
	}
	post("/remove", guess).ExpectStatus(t, http.StatusTooManyRequests)
	post("", guess).ExpectStatus(t, http.StatusUnprocessableEntity) // it takes no id
	post("", Object{"current_password": "wrong password"}).ExpectStatus(t, http.StatusTooManyRequests)
}

func testPasskeyACR(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	phr := `{"id_token":{"acr":{"essential":true,"values":["urn:signet:phr"]}}}`
	b := s.NewBrowser()
	b.signInToAccount(t, s.Alice)
	p := b.Open(s.authorizeURL(app, "claims", phr)).expect(t, LoginEnrol)
	if strings.Contains(string(p.Body), `name="enrolment"`) {
		t.Error("an app is offered where it is not enough")
	}
	if answer := b.Open(s.authorizeURL(app, "claims", phr, "prompt", "none")).Answer(t); answer.Get("error") != authorization.InteractionRequired {
		t.Errorf("prompt=none without a passkey: %v", answer)
	}
	_, d := s.withPasskey(t, s.Alice)
	p = b.Open(s.authorizeURL(app, "claims", phr)) // signed in with the password alone
	if answer := b.usePasskey(t, p, d).Answer(t); answer.Get("code") == "" {
		t.Errorf("with a passkey: %v", answer)
	}
}
