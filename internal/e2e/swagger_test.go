package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// swagger is the button "Authorize" of the Swagger UI that FastAPI serves: a
// page of the API that sends its form to the issuer, from the browser.
type swagger struct {
	program  *program
	tokenURL string
}

// sentByBrowser are the headers that Swagger UI 5 sets on its token request, as
// a browser asks for them beforehand: those that need no asking are left out.
const sentByBrowser = "authorization,x-requested-with"

// TestSwaggerAuthorize: FastAPI's own Swagger UI takes tokens from Signet.
func TestSwaggerAuthorize(t *testing.T) {
	long(t)
	t.Parallel()
	e := examples[1]
	e.require(t)
	s := newServer(t)
	s.addUser(t, alice, alicePassword)
	resource := s.addResource(t)
	s.start(t)
	ui := newSwagger(t, startExample(t, s, e, resource))
	if ui.tokenURL != s.issuer+"/oauth2/token" {
		t.Fatalf("the API's description names the token endpoint %q", ui.tokenURL)
	}
	if ui.allowed(t, s) {
		t.Fatal("an origin that no client names may ask for tokens")
	}
	web := s.addClient(t, "web", "--grant", "password", "--grant", "refresh_token", "--scope", scope, "--audience", audience, "--origin", ui.program.url)
	eventually(t, "the origin to be registered", func() bool { return ui.allowed(t, s) })
	for name, inBody := range map[string]bool{"Authorization header": false, "Request body": true} {
		t.Run(name, func(t *testing.T) {
			got := ui.authorize(t, s, web, inBody).granted(t)
			ui.program.want(t, http.StatusOK, "GET", "/items", got.AccessToken, "")
		})
	}
}

// newSwagger reads what the page reads: the API's description.
func newSwagger(t *testing.T, p *program) swagger {
	t.Helper()
	if page := p.want(t, http.StatusOK, "GET", "/docs", "", ""); !strings.Contains(page.body, "initOAuth") {
		t.Error("/docs does not set up OAuth")
	}
	var api struct {
		Components struct {
			SecuritySchemes map[string]struct {
				Flows struct {
					Password struct{ TokenURL string }
				}
			}
		}
	}
	text := p.want(t, http.StatusOK, "GET", "/openapi.json", "", "").body
	if err := json.Unmarshal([]byte(text), &api); err != nil {
		t.Fatal(err)
	}
	return swagger{p, api.Components.SecuritySchemes["OAuth2PasswordBearer"].Flows.Password.TokenURL}
}

// allowed asks as a browser does before the form, and judges as it does.
func (u swagger) allowed(t *testing.T, s *server) bool {
	t.Helper()
	req, err := http.NewRequest(http.MethodOptions, u.tokenURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", u.program.url)
	req.Header.Set("Access-Control-Request-Method", "POST")
	req.Header.Set("Access-Control-Request-Headers", sentByBrowser)
	a, err := exchange(s.http, req)
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Split(strings.ToLower(a.header.Get("Access-Control-Allow-Headers")), ", ")
	for _, name := range strings.Split(sentByBrowser, ",") {
		if !slices.Contains(names, name) {
			return false
		}
	}
	return a.status/100 == 2 && a.header.Get("Access-Control-Allow-Origin") == u.program.url
}

// authorize sends the form of the dialog, in which no scope was ticked, with
// the client credentials where the dialog was told.
func (u swagger) authorize(t *testing.T, s *server, web credentials, inBody bool) answer {
	t.Helper()
	form := passwordForm(alice, alicePassword)
	form.Set("scope", "")
	if inBody {
		form.Set("client_id", web.ID)
		form.Set("client_secret", web.Secret)
	}
	req, err := http.NewRequest(http.MethodPost, u.tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if !inBody {
		req.SetBasicAuth(web.ID, web.Secret)
	}
	for name, value := range map[string]string{
		"Origin": u.program.url, "Accept": "application/json, text/plain, */*",
		"Content-Type": "application/x-www-form-urlencoded", "X-Requested-With": "XMLHttpRequest",
	} {
		req.Header.Set(name, value)
	}
	a, err := exchange(s.http, req)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.header.Get("Access-Control-Allow-Origin"); got != u.program.url {
		t.Errorf("the answer is readable from %q, not from the page", got)
	}
	return a
}
