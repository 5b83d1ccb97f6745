package main

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// secretText is a client's, long enough for the fast hash.
const secretText = "a-secret-of-thirty-two-characters"

// signet runs a command in a folder and returns its standard output.
func signet(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("signet", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("signet %s: %v: %s", strings.Join(args, " "), err, &complaints)
	}
	return string(out)
}

// furnished is a folder with a store that has a user and a client.
func furnished(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	signet(t, dir, "correct horse battery\n", "user", "create", "alice", "--password-stdin", "--argon2-memory", "64", "--argon2-time", "1")
	signet(t, dir, secretText, "client", "create", "web", "--grant", "password,refresh_token,client_credentials", "--scope", "openid items:read", "--secret-stdin")
	return dir
}

// child is a server in a process of its own.
type child struct {
	cmd *exec.Cmd
	url string
	out *output // what it prints
	log *output // standard error
}

// output collects what a child says, while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs a server in the folder and waits until it answers.
func start(t *testing.T, dir string, args ...string) *child {
	t.Helper()
	addr := filepath.Join(t.TempDir(), "addr")
	c := &child{out: &output{}, log: &output{}}
	common := []string{args[0], "--listen", "127.0.0.1:0", "--metrics-listen", "", "--admin-listen", "", "--addr-file", addr}
	c.cmd = exec.Command("signet", append(common, args[1:]...)...)
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = dir, c.out, c.log
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill(); _ = c.cmd.Wait() }) // ended already is fine
	var err error
	if c.url, err = awaitFile(addr); err != nil {
		t.Fatalf("%v: %s", err, c.log)
	}
	return c
}

// stop sends a signal and waits for the end.
func (c *child) stop(t *testing.T, s os.Signal) error {
	t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	return c.cmd.Wait()
}

// answer is a token endpoint's, or introspection's.
type answer struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	Error        string `json:"error"`
	Active       bool   `json:"active"`
}

// post sends a form as the client web; pairs are names and values.
func (c *child) post(t *testing.T, path string, wantStatus int, pairs ...string) answer {
	t.Helper()
	form := url.Values{}
	for n := 0; n < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	status, body, err := get(c.url+path, "web:"+secretText, form)
	if err != nil {
		t.Fatal(err)
	}
	if status != wantStatus {
		t.Fatalf("%s %v: got %d, want %d: %s", path, pairs, status, wantStatus, body)
	}
	var a answer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func (c *child) login(t *testing.T) answer {
	t.Helper()
	return c.post(t, "/oauth2/token", 200, "grant_type", "password", "username", "alice", "password", "correct horse battery")
}
