package mongotest

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// External is the environment variable that names another server to test on.
const External = "SIGNET_TEST_MONGODB_URI"

// A Server is one database server of a test.
type Server struct {
	t     testing.TB
	uri   string // without a database
	dir   string
	args  []string // what kind of server it is
	login *url.Userinfo
	child *child // nil for an external server
}

// A Kind makes the server of [Start] one of another kind than a standalone one
// that lets everybody in. An external server is what it is: tests that ask for a
// kind are skipped on it.
type Kind func(*Server)

// ReplicaSet makes it the primary of a replica set of one member.
func ReplicaSet(name string) Kind {
	return func(s *Server) { s.args = append(s.args, "-set", name) }
}

// NoPrimary makes it a secondary of a replica set that has no primary.
func NoPrimary(name string) Kind {
	return func(s *Server) { s.args = append(s.args, "-set", name, "-secondary") }
}

// Login makes it ask for a login, which the URIs of the server have.
func Login(user, password string) Kind {
	return func(s *Server) {
		s.args = append(s.args, "-user", user, "-password", password)
		s.login = url.UserPassword(user, password)
	}
}

// ReadOnly makes it refuse all commands that write.
func ReadOnly() Kind { return func(s *Server) { s.args = append(s.args, "-readonly") } }

// LosesUpdates makes it carry writes out side by side, as its engine does by itself:
// of several at once on one document more than one wins.
func LosesUpdates() Kind { return func(s *Server) { s.args = append(s.args, "-racy") } }

// WireVersion makes it speak the wire protocol up to a version: 8 is that of MongoDB 4.2.
func WireVersion(n int) Kind {
	return func(s *Server) { s.args = append(s.args, "-wire", strconv.Itoa(n)) }
}

// Start runs a server for this test alone and ends it with the test.
func Start(t testing.TB, kinds ...Kind) *Server {
	t.Helper()
	if uri := os.Getenv(External); uri != "" {
		if len(kinds) > 0 {
			t.Skip("the server that " + External + " names is of its own kind")
		}
		return &Server{t: t, uri: uri}
	}
	s := &Server{t: t, dir: t.TempDir()}
	for _, kind := range kinds {
		kind(s)
	}
	s.run("127.0.0.1:0")
	t.Cleanup(func() { s.child.kill() })
	return s
}

// URI is the connection string of a fresh database on the server.
func (s *Server) URI() string {
	s.t.Helper()
	return freshDatabase(s.t, s.uri, s.child == nil)
}

// Kill9 kills the server at once, as a crash would. A test that needs it is
// skipped on an external server.
func (s *Server) Kill9() {
	s.t.Helper()
	if s.child == nil {
		s.t.Skip("the server that " + External + " names is not ours to kill")
	}
	s.child.kill()
}

// Restart starts the killed server again, on the same address and files.
func (s *Server) Restart() {
	s.t.Helper()
	u, err := url.Parse(s.uri)
	if err != nil {
		s.t.Fatal(err)
	}
	s.run(u.Host)
}

func (s *Server) run(listen string) {
	s.t.Helper()
	path, err := binary()
	if err != nil {
		missing(s.t, err)
	}
	if s.child, err = launch(path, append([]string{"-listen", listen, "-dir", s.dir}, s.args...)...); err != nil {
		s.t.Fatal(err)
	}
	s.uri = s.child.uri
	if s.login != nil {
		s.uri = strings.Replace(s.uri, "://", "://"+s.login.String()+"@", 1)
	}
}

// missing ends a test that has no server: a failure where CI=true, so that a
// green build never means that nothing was tested.
func missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("no MongoDB test server: %v", err)
	}
	t.Skipf("no MongoDB test server, set %s or let Go fetch its modules: %v", External, err)
}

// child is the server's process.
type child struct {
	uri   string
	cmd   *exec.Cmd
	stdin io.Closer // held open for as long as the server shall live
	once  sync.Once
}

// launch starts the process and waits for its connection string.
func launch(path string, args ...string) (*child, error) {
	cmd := exec.Command(path, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		c.kill()
		return nil, fmt.Errorf("%w: %s", errNoURI, strings.TrimSpace(stderr.String()))
	}
	c.uri = strings.TrimSpace(line)
	return c, nil
}

// kill ends the process by its id and waits until it is gone.
func (c *child) kill() {
	c.once.Do(func() {
		_ = c.cmd.Process.Kill()
		_ = c.stdin.Close()
		_ = c.cmd.Wait()
	})
}
