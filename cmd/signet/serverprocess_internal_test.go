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

// clientSecret is long enough for the fast hash.
const clientSecret = "a-secret-of-thirty-two-characters"

// runSignet runs a command in a folder and returns its standard output.
func runSignet(t *testing.T, dir, stdin string, args ...string) string {
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

// newStoreDir returns a directory with a store that has a user and a client.
func newStoreDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	runSignet(t, dir, "correct horse battery\n", "user", "create", "alice", "--password-stdin", "--argon2-memory", "64", "--argon2-time", "1")
	runSignet(t, dir, clientSecret, "client", "create", "web", "--grant", "password,refresh_token,client_credentials", "--scope", "openid items:read", "--secret-stdin")
	return dir
}

// serverProcess is a server in a process of its own.
type serverProcess struct {
	cmd *exec.Cmd
	url string
	out *syncBuffer // what it prints
	log *syncBuffer // standard error
}

// syncBuffer collects the output of a process while it runs.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *syncBuffer) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *syncBuffer) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// startServer runs a server in the folder and waits until it answers.
func startServer(t *testing.T, dir string, args ...string) *serverProcess {
	t.Helper()
	addr := filepath.Join(t.TempDir(), "addr")
	c := &serverProcess{out: &syncBuffer{}, log: &syncBuffer{}}
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
func (c *serverProcess) stop(t *testing.T, s os.Signal) error {
	t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	return c.cmd.Wait()
}

// tokenResponse is the response of the token or introspection endpoint.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	Error        string `json:"error"`
	Active       bool   `json:"active"`
}

// post sends a form as the client web; pairs are names and values.
func (c *serverProcess) post(t *testing.T, path string, wantStatus int, pairs ...string) tokenResponse {
	t.Helper()
	form := url.Values{}
	for n := 0; n < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	status, body, err := get(c.url+path, "web:"+clientSecret, form)
	if err != nil {
		t.Fatal(err)
	}
	if status != wantStatus {
		t.Fatalf("%s %v: got %d, want %d: %s", path, pairs, status, wantStatus, body)
	}
	var a tokenResponse
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func (c *serverProcess) login(t *testing.T) tokenResponse {
	t.Helper()
	return c.post(t, "/oauth2/token", 200, "grant_type", "password", "username", "alice", "password", "correct horse battery")
}
