package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// example is a folder of examples/: an API in somebody else's framework.
type example struct {
	dir string
	// installed is what its README's commands before the last one leave behind.
	installed string
	// needs are other programs that it runs by.
	needs []string
	// lists: reading hears of a logout, by the status lists.
	lists bool
}

// program is an example that runs, started by its README's last command.
type program struct {
	url   string
	http  *http.Client
	log   *logBuffer
	child *child
}

// folder is where the example is.
func (e example) folder() string { return filepath.Join("..", "..", "examples", e.dir) }

// commands are the indented lines under "## Run it" in the example's README: the
// last one starts it, those before install what it needs.
func (e example) commands(t *testing.T) (install []string, start string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(e.folder(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Run it\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if command, is := strings.CutPrefix(line, "    "); is {
			install = append(install, strings.TrimSpace(command))
		}
	}
	if len(install) < 2 {
		t.Fatalf("the README of %s does not say how to run it", e.dir)
	}
	last := len(install) - 1
	return install[:last], install[last]
}

// require skips the test where the example cannot be started, but fails where
// CI=true: there its README's commands have been run.
func (e example) require(t *testing.T) {
	t.Helper()
	install, _ := e.commands(t)
	path := e.installed
	if !filepath.IsAbs(path) {
		path = filepath.Join(e.folder(), path)
	}
	_, err := os.Stat(path)
	for _, name := range e.needs {
		if err == nil {
			_, err = exec.LookPath(name)
		}
	}
	if err == nil {
		return
	}
	missing := "not installed; in examples/" + e.dir + " run: " + strings.Join(install, " && ") + ": " + err.Error()
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// startExample starts the example as its README says, for the API's client.
func startExample(t *testing.T, s *server, e example, resource credentials, more ...string) *program {
	t.Helper()
	address := freeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	return startProgram(t, e, "http://"+address, "/notsecret", append([]string{"ISSUER=" + s.issuer, "AUDIENCE=" + audience, "PORT=" + port,
		"CLIENT_ID=" + resource.ID, "CLIENT_SECRET=" + resource.Secret, "LEEWAY=0"}, more...))
}

// startProgram starts the example as its README says, with these variables, and waits until it
// answers 200 at the path.
func startProgram(t *testing.T, e example, url, path string, variables []string) *program {
	t.Helper()
	_, line := e.commands(t)
	cmd := exec.Command("sh", "-c", "exec "+line)
	cmd.Dir = e.folder()
	cmd.Env = append(os.Environ(), variables...)
	return runProgram(t, cmd, e.dir, url, path)
}

// runProgram starts a command and waits until it answers 200 at the path.
func runProgram(t *testing.T, cmd *exec.Cmd, name, url, path string) *program {
	t.Helper()
	cmd.Env = append(cmd.Env, "NO_PROXY=127.0.0.1,localhost", "no_proxy=127.0.0.1,localhost")
	p := &program{url: url, http: &http.Client{Timeout: waitTimeout}, log: &logBuffer{}}
	p.child = launch(t, cmd, p.log, p.log)
	t.Cleanup(func() { p.end(t) })
	eventuallyWithin(t, 4*waitTimeout, name+" to serve", func() bool {
		if p.child.ended() {
			t.Fatalf("it ended with code %d:\n%s", p.child.cmd.ProcessState.ExitCode(), p.log)
		}
		res, err := p.http.Get(p.url + path)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return p
}

func (p *program) end(t *testing.T) {
	p.http.CloseIdleConnections()
	if !p.child.ended() {
		p.child.end(t, syscall.SIGTERM)
	}
	if t.Failed() {
		t.Logf("the example's log:\n%s", tail(p.log.String(), 8<<10))
	}
}

// want sends a request and demands the status. Every 401 has a challenge.
func (p *program) want(t *testing.T, status int, method, path, token, body string) answer {
	t.Helper()
	a := p.send(t, method, path, token, body)
	if a.status != status {
		t.Errorf("%s %s: %d %s, %q; want %d", method, path, a.status, a.body, a.header.Get("WWW-Authenticate"), status)
	}
	challenge := strings.ToLower(a.header.Get("WWW-Authenticate"))
	if a.status == http.StatusUnauthorized && !strings.HasPrefix(challenge, "bearer") {
		t.Errorf("%s %s: 401 with the challenge %q", method, path, challenge)
	}
	return a
}

// status is what a request with the token is answered.
func (p *program) status(t *testing.T, method, path, token string) int {
	t.Helper()
	return p.send(t, method, path, token, "").status
}

func (p *program) send(t *testing.T, method, path, token, body string) answer {
	t.Helper()
	req, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	a, err := exchange(p.http, req)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// adapters is no program but packages with tests of their own, which need no server.
const adapters = "go-adapters"

// TestExamplesInstallAsDocumented: .ci/run installs every example by its
// README's own commands, and nothing that they install is in the repository.
func TestExamplesInstallAsDocumented(t *testing.T) {
	ci, err := os.ReadFile(filepath.Join("..", "..", ".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	folders, err := os.ReadDir(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		n := slices.IndexFunc(examples, func(e example) bool { return e.dir == f.Name() })
		if f.Name() == adapters {
			if line := "(cd examples/" + adapters + " && go mod tidy -diff && go vet ./... && tests ./...)"; !strings.Contains(string(ci), line) {
				t.Errorf("examples/%s: .ci/run does not run %q", adapters, line)
			}
			continue
		}
		if n < 0 {
			t.Errorf("examples/%s is played by no test", f.Name())
			continue
		}
		install, _ := examples[n].commands(t)
		for _, line := range install {
			if !strings.Contains(string(ci), line) {
				t.Errorf("examples/%s: .ci/run does not run %q", f.Name(), line)
			}
		}
	}
}
