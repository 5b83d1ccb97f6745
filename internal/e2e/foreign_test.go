package e2e_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// foreignSettings is what a round in another language is told at its start.
type foreignSettings struct {
	Issuer    string        `json:"issuer"`
	Audience  string        `json:"audience"`
	API       string        `json:"api"`
	Web       foreignClient `json:"web"`
	Machine   foreignClient `json:"machine"`
	Resource  foreignClient `json:"resource"`
	Elsewhere foreignClient `json:"elsewhere"` // its tokens are for another API
	User      foreignUser   `json:"user"`
	Newcomer  foreignUser   `json:"newcomer"`
	Expired   string        `json:"expired"` // an access token
	Device    foreignClient `json:"device"`  // a public one
}

type foreignClient struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

type foreignUser struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Password string `json:"password"`
}

// foreignLine is one line that a round prints: a check that was played, or
// something that it asks for.
type foreignLine struct {
	Check string `json:"check"`
	Error string `json:"error"`
	Ask   string `json:"ask"`
}

// TestNodeRound plays the round with npm's jose and oauth4webapi, every check a
// test of its own.
func TestNodeRound(t *testing.T) {
	long(t)
	t.Parallel()
	runForeign(t, exec.Command(requireNode(t), "round.mjs"), "node")
}

// TestNodeLibraries plays what other npm libraries expect of an issuer:
// openid-client, jwks-rsa, passport-jwt and express-oauth2-jwt-bearer.
func TestNodeLibraries(t *testing.T) {
	long(t)
	t.Parallel()
	runForeign(t, exec.Command(requireNode(t), "libraries.mjs"), "node")
}

// requireNode returns the path of node.
func requireNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join("node", "node_modules", "openid-client", "package.json"))
	}
	missing(t, err, "the JavaScript clients", "Node 20 and `npm ci` in internal/e2e/node")
	return node
}

// missing skips the test where what it needs is not there, but fails where
// CI=true: a green build tells that it was played.
func missing(t *testing.T, err error, what, needs string) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("%s are missing: %v", what, err)
	default:
		t.Skipf("%s are missing, they need %s: %v", what, needs, err)
	}
}

// runForeign runs a round in folder beside a server, and reports each of its
// checks as a test.
func runForeign(t *testing.T, cmd *exec.Cmd, folder string) {
	t.Helper()
	s, settings := newForeign(t)
	cmd.Dir = folder
	r := startForeign(t, cmd, settings)
	checks := 0
	for r.lines.Scan() {
		var line foreignLine
		if err := json.Unmarshal(r.lines.Bytes(), &line); err != nil {
			t.Fatalf("the round printed %q: %v", r.lines.Text(), err)
		}
		if line.Ask != "" {
			r.reply(t, s.perform(t, line.Ask, credentials(settings.Machine)))
			continue
		}
		checks++
		t.Run(line.Check, func(t *testing.T) {
			if line.Error != "" {
				t.Error(line.Error)
			}
		})
	}
	if code := r.child.wait(t); code != 0 || checks == 0 {
		t.Errorf("exit code %d after %d checks\n%s", code, checks, r.stderr)
	}
}

// newForeign starts a server with all that a round may need. The expired token
// is one of a first life in which tokens live a second.
func newForeign(t *testing.T, prepare ...func(*server)) (*server, foreignSettings) {
	t.Helper()
	s := newServer(t, "--access-token-ttl", "1s")
	for _, change := range prepare {
		change(s)
	}
	s.addUsers(t)
	web, machine, resource := s.addWeb(t), s.addMachine(t), s.addResource(t)
	elsewhere := s.addClient(t, "elsewhere", "--grant", "password", "--scope", scope, "--audience", "https://elsewhere.example.com")
	s.decode(t, &struct{}{}, "client", "create", "tv", "--public", "--grant", "device_code", "--grant", "refresh_token", "--scope", "openid profile")
	s.start(t)
	expired := s.login(t, web, alice, alicePassword).AccessToken
	s.stop(t)
	s.flags = nil
	s.start(t)
	return s, foreignSettings{
		Issuer: s.issuer, Audience: audience, API: newAPI(t, s.issuer).URL,
		Web: foreignClient(web), Machine: foreignClient(machine), Resource: foreignClient(resource), Elsewhere: foreignClient(elsewhere),
		User:     foreignUser{alice, "alice@example.com", alicePassword},
		Newcomer: foreignUser{bob, "bob@example.com", bobPassword},
		Expired:  expired,
		Device:   foreignClient{ID: "tv"},
	}
}

// foreignRound is the running program.
type foreignRound struct {
	child  *child
	stdin  io.WriteCloser
	lines  *bufio.Scanner
	stderr *logBuffer
}

func startForeign(t *testing.T, cmd *exec.Cmd, settings any) *foreignRound {
	t.Helper()
	cmd.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, in := io.Pipe()
	r := &foreignRound{stdin: stdin, lines: bufio.NewScanner(out), stderr: &logBuffer{}}
	r.child = launch(t, cmd, in, r.stderr)
	t.Cleanup(func() {
		_ = out.Close() // nobody reads any more: what is still printed must not block the end
		r.child.end(t, os.Kill)
	})
	go func() {
		<-r.child.done
		_ = in.Close()
	}()
	r.reply(t, settings)
	return r
}

// reply sends one line.
func (r *foreignRound) reply(t *testing.T, v any) {
	t.Helper()
	if err := json.NewEncoder(r.stdin).Encode(v); err != nil {
		t.Errorf("answer the round: %v\n%s", err, r.stderr)
	}
}

// perform does what the round asks for.
func (s *server) perform(t *testing.T, what string, machine credentials) map[string]string {
	t.Helper()
	switch what {
	case "rotate":
		return map[string]string{"kid": s.rotate(t, machine, s.signingKID(t, machine))}
	case "restart":
		s.restart(t)
	case "crash":
		s.crash(t)
	default:
		t.Fatalf("the round asks for %q", what)
	}
	return map[string]string{"done": what}
}
