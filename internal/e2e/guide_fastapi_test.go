package e2e_test

import (
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

// startGuideApp runs the last Python block of the guide with uvicorn.
func startGuideApp(t *testing.T, s *server, app *browserApp, c credentials) {
	t.Helper()
	examples[1].require(t)
	authlib, err := filepath.Glob(filepath.Join(filepath.Dir(requirePython(t)), "..", "lib", "python3*", "site-packages"))
	if err != nil || len(authlib) != 1 {
		t.Fatal("no packages of internal/e2e/python: ", authlib, err)
	}
	blocks := strings.Split(readAll(t, "../../docs/coming-from-fastapi.md"), "```python\n")
	code, _, _ := strings.Cut(blocks[len(blocks)-1], "```")
	code = strings.NewReplacer("http://localhost:8080", s.issuer, "http://localhost:8000", app.url).Replace(code)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "site_app.py"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	uvicorn, err := filepath.Abs(filepath.Join(examples[1].folder(), examples[1].installed))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(uvicorn, "site_app:app", "--host", "localhost", "--port", app.url[strings.LastIndex(app.url, ":")+1:])
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PYTHONPATH="+authlib[0], "CLIENT_SECRET="+c.Secret, "SESSION_SECRET=a secret for one test")
	runProgram(t, cmd, "the guide's application", app.url, "/")
}
