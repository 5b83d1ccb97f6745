package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestExampleGuide_FastAPISignsPeopleIn: the application of the last step of
// docs/coming-from-fastapi.md signs people in by Authlib in Chromium, signs them out, and hears of
// the end of a session by back-channel logout, also by a key that it has not seen before.
func TestExampleGuide_FastAPISignsPeopleIn(t *testing.T) {
	long(t)
	t.Parallel()
	chromium := requireChromium(t)
	app := newBrowserApp(t, "site")
	s := newServer(t)
	s.addUser(t, alice, alicePassword)
	machine := s.addMachine(t)
	site := registerWeb(t, s, app, "/callback", "/backchannel-logout", "--audience", audience, "--scope", "openid profile email items:read items:write")
	s.start(t)
	startGuideApp(t, s, app, site)
	app.tab = openTab(t, chromium, 3*time.Minute)

	app.open()
	app.signInWithPassword()
	app.tab.do(chromedp.Click("#sign-out", chromedp.ByQuery), chromedp.WaitVisible("#signed-out", chromedp.ByQuery))
	app.signInWithPassword()
	s.rotate(t, machine, s.signingKID(t, machine))
	if !app.signedIn() {
		t.Error("signed out by the rotation")
	}
	s.run(t, "", "session", "revoke", "--user", alice)
	eventually(t, "the application to hear of the end", func() bool { return !app.signedIn() })
}

// TestExampleGuide_FastAPIAuthorizeButton: the two lines by which the guide changes the Authorize
// button make FastAPI's page ask for a code with PKCE, at a redirect URI that the guide registers,
// and its origin may redeem it.
func TestExampleGuide_FastAPIAuthorizeButton(t *testing.T) {
	long(t)
	t.Parallel()
	s, app := newServer(t), newBrowserApp(t, "api-docs")
	s.run(t, "", "client", "create", app.name, "--preset", "spa", "--scope", "openid items:read", "--redirect-uri", app.url+"/docs/oauth2-redirect", "--audience", audience)
	s.start(t)
	_, lines, _ := strings.Cut(readAll(t, "../../docs/coming-from-fastapi.md"), "    bearer = OAuth2AuthorizationCodeBearer(")
	lines, _, _ = strings.Cut("bearer = OAuth2AuthorizationCodeBearer("+lines, "\n\n")
	p := runGuideApp(t, app, "from fastapi import Depends, FastAPI\nfrom fastapi.security import OAuth2AuthorizationCodeBearer\n"+
		"ISSUER = "+quoted(s.issuer)+"\n"+strings.ReplaceAll(lines, "\n    ", "\n")+"\n@app.get('/')\ndef items(): return {}\n@app.get('/items')\ndef more(token = Depends(bearer)): return {}\n")
	docs := p.want(t, http.StatusOK, "GET", "/docs", "", "").body
	for _, want := range []string{`"clientId": "api-docs"`, `"usePkceWithAuthorizationCodeGrant": true`, "'/docs/oauth2-redirect'"} {
		if !strings.Contains(docs, want) {
			t.Errorf("FastAPI's page does not say %s", want)
		}
	}
	description := p.want(t, http.StatusOK, "GET", "/openapi.json", "", "").body
	for _, want := range []string{`"authorizationUrl":"` + s.issuer + `/oauth2/authorize"`, `"tokenUrl":"` + s.issuer + `/oauth2/token"`} {
		if !strings.Contains(description, want) {
			t.Errorf("FastAPI's description does not say %s: %s", want, description)
		}
	}
	if !(swagger{p, s.issuer + "/oauth2/token"}).allowed(t, s) {
		t.Error("the page may not redeem a code")
	}
}

// startGuideApp runs the last Python block of the guide.
func startGuideApp(t *testing.T, s *server, app *browserApp, c credentials) {
	t.Helper()
	blocks := strings.Split(readAll(t, "../../docs/coming-from-fastapi.md"), "```python\n")
	code, _, _ := strings.Cut(blocks[len(blocks)-1], "```")
	code = strings.NewReplacer("http://localhost:8080", s.issuer, "http://localhost:8000", app.url).Replace(code)
	runGuideApp(t, app, code, "CLIENT_SECRET="+c.Secret, "SESSION_SECRET=a secret for one test")
}

// runGuideApp runs a Python program with uvicorn, FastAPI and Authlib.
func runGuideApp(t *testing.T, app *browserApp, code string, variables ...string) *program {
	t.Helper()
	examples[1].require(t)
	authlib, err := filepath.Glob(filepath.Join(filepath.Dir(requirePython(t)), "..", "lib", "python3*", "site-packages"))
	if err != nil || len(authlib) != 1 {
		t.Fatal("no packages of internal/e2e/python: ", authlib, err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "site_app.py"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	uvicorn, err := filepath.Abs(filepath.Join(examples[1].folder(), examples[1].installed))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(uvicorn, "site_app:app", "--host", "localhost", "--port", app.url[strings.LastIndex(app.url, ":")+1:])
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), "PYTHONPATH="+authlib[0]), variables...)
	return runProgram(t, cmd, "the guide's application", app.url, "/")
}
