package e2e_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"example.org/signet/internal/testdir"
)

// server is the binary under test on a store of its own, through any number of
// lives at one address.
type server struct {
	issuer  string // http://127.0.0.1:PORT
	address string // 127.0.0.1:PORT
	dir     string
	flags   []string
	points  string       // SIGNET_FAILPOINTS of its next life; "" for a normal binary
	program string       // the binary of another version that it runs; "" for the one under test
	http    *http.Client // of the tests, watched by wire
	wire    *secretScanner
	from    string // X-Forwarded-For of what is posted; "" for none
	log     *logBuffer
	child   *child
}

// newServer prepares a server that is not started: commands work already.
func newServer(t *testing.T, flags ...string) *server {
	t.Helper()
	s := &server{address: freeAddress(t), dir: testdir.New(t), flags: flags, wire: newSecretScanner(), log: &logBuffer{}}
	s.issuer, s.http = "http://"+s.address, s.wire.client()
	t.Cleanup(func() { s.checkOutput(t) })
	return s
}

// startServer prepares a server and starts it.
func startServer(t *testing.T, flags ...string) *server {
	t.Helper()
	s := newServer(t, flags...)
	s.start(t)
	return s
}

func (s *server) database() string  { return filepath.Join(s.dir, "signet.db") }
func (s *server) masterKey() string { return filepath.Join(s.dir, "master.key") }

// keyringRefresh is within how long the server sees what a command has done.
const keyringRefresh = "50ms"

// start begins a life of the server and waits until it is ready.
func (s *server) start(t *testing.T) {
	t.Helper()
	cmd := s.command(t, append([]string{
		"serve", "--issuer", s.issuer, "--listen", s.address, "--admin-listen", "", "--metrics-listen", "",
		"--storage", "sqlite:" + s.database(), "--master-key-file", s.masterKey(),
		"--keyring-refresh", keyringRefresh, "--drain-delay", "0s", "--log-format", "json", "--log-level", "debug",
	}, slices.Concat(cheapHash, s.flags)...)...)
	cmd.Dir = s.dir
	s.child = launch(t, cmd, s.log, s.log)
	eventually(t, "the server to be ready", func() bool {
		if s.child.ended() {
			t.Fatalf("the server ended with code %d:\n%s", s.child.cmd.ProcessState.ExitCode(), s.log)
		}
		return s.ready()
	})
}

// ready asks /readyz, on a connection of its own.
func (s *server) ready() bool {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: s.wire.base.TLSClientConfig.Clone()}, Timeout: waitTimeout}
	res, err := client.Get(s.issuer + "/readyz")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// restart ends the server as an operator does, and starts it again.
func (s *server) restart(t *testing.T) {
	t.Helper()
	s.stop(t)
	s.start(t)
}

func (s *server) stop(t *testing.T) {
	t.Helper()
	if code := s.child.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

// crash ends the server with kill -9, and starts it again.
func (s *server) crash(t *testing.T) {
	t.Helper()
	s.child.end(t, os.Kill)
	s.start(t)
}

// checkOutput ends the server. Nothing that was secret on the wire may stand in its
// log, whatever the test was about.
func (s *server) checkOutput(t *testing.T) {
	s.http.CloseIdleConnections()
	if s.child != nil && !s.child.ended() {
		s.stop(t)
	}
	log := s.log.String()
	for _, secret := range s.wire.secrets() {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the secret %q", secret)
		}
	}
	if strings.Contains(log, "DATA RACE") || strings.Contains(log, "panic") {
		t.Error("the server raced or panicked")
	}
	if t.Failed() {
		t.Logf("the server's log:\n%s", tail(log, 8<<10))
	}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// nextPort is where the search for a free port goes on. The ports lie below
// those that systems give to outgoing connections: while a server is down
// between two lives, no client's connection can take its place.
var nextPort atomic.Uint32

func init() { nextPort.Store(20000 + uint32(os.Getpid())%8000) }

func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(nextPort.Add(1))))
		if l, err := net.Listen("tcp", address); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return address
		}
	}
	t.Fatal("no free port found")
	return ""
}

// run executes a command on the server's store and returns what it prints.
func (s *server) run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := s.try(t, stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// try is run where the command may fail. What the server is told by flags, the
// command is told by its environment.
func (s *server) try(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := s.command(t, args...)
	cmd.Dir, cmd.Stdin = s.dir, strings.NewReader(stdin)
	cmd.Env = append(cmd.Env, "SIGNET_STORAGE=sqlite:"+s.database(), "SIGNET_MASTER_KEY_FILE="+s.masterKey(), "SIGNET_KEYRING_REFRESH="+keyringRefresh, "SIGNET_ARGON2_MEMORY=64", "SIGNET_ARGON2_TIME=1")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, io.MultiWriter(&stderr, s.log)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("signet %s: %w: %s", strings.Join(args, " "), err, &stderr)
	}
	return stdout.String(), nil
}
