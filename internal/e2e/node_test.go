package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nodeSettings is what node/round.mjs is told at its start.
type nodeSettings struct {
	Issuer   string     `json:"issuer"`
	Audience string     `json:"audience"`
	API      string     `json:"api"`
	Web      nodeClient `json:"web"`
	Machine  nodeClient `json:"machine"`
	Resource nodeClient `json:"resource"`
	User     nodeUser   `json:"user"`
	Newcomer nodeUser   `json:"newcomer"`
}

type nodeClient struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

type nodeUser struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Password string `json:"password"`
}

// nodeLine is one line that the round prints: a check that was played, or
// something that it asks for.
type nodeLine struct {
	Check string `json:"check"`
	Error string `json:"error"`
	Ask   string `json:"ask"`
}

// TestNodeRound plays the round with npm's jose and oauth4webapi, every check a
// test of its own.
func TestNodeRound(t *testing.T) {
	node := requireNode(t)
	t.Parallel()
	s := newServer(t)
	s.addPeople(t)
	s.start(t)
	web, machine, resource := s.addWeb(t), s.addMachine(t), s.addResource(t)
	r := startNode(t, s, node, nodeSettings{
		Issuer: s.issuer, Audience: audience, API: newAPI(t, s.issuer).URL,
		Web: nodeClient(web), Machine: nodeClient(machine), Resource: nodeClient(resource),
		User:     nodeUser{alice, "alice@example.com", alicePassword},
		Newcomer: nodeUser{bob, "bob@example.com", bobPassword},
	})
	checks := 0
	for r.lines.Scan() {
		var line nodeLine
		if err := json.Unmarshal(r.lines.Bytes(), &line); err != nil {
			t.Fatalf("the round printed %q: %v", r.lines.Text(), err)
		}
		if line.Ask != "" {
			r.reply(t, s.oblige(t, line.Ask, machine))
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

// requireNode returns the path of node. Where the round cannot be played the
// test is skipped, but fails where CI=true: a green build tells that it was.
func requireNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join("node", "node_modules", "oauth4webapi", "package.json"))
	}
	if err == nil {
		return node
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("the JavaScript clients are missing: %v", err)
	}
	t.Skipf("the JavaScript clients are missing, they need Node 20 and `npm ci` in internal/e2e/node: %v", err)
	return ""
}

// nodeRound is the running script.
type nodeRound struct {
	child  *child
	stdin  io.WriteCloser
	lines  *bufio.Scanner
	stderr *logBuffer
}

func startNode(t *testing.T, s *server, node string, settings nodeSettings) *nodeRound {
	t.Helper()
	cmd := exec.Command(node, "round.mjs")
	cmd.Dir = "node"
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, in := io.Pipe()
	r := &nodeRound{stdin: stdin, lines: bufio.NewScanner(out), stderr: &logBuffer{}}
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
func (r *nodeRound) reply(t *testing.T, v any) {
	t.Helper()
	if err := json.NewEncoder(r.stdin).Encode(v); err != nil {
		t.Errorf("answer the round: %v\n%s", err, r.stderr)
	}
}

// oblige does what the round asks for.
func (s *server) oblige(t *testing.T, what string, machine credentials) map[string]string {
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

// TestNodePackagesArePinned: exact versions, and no address that would tie a
// clone to one registry.
func TestNodePackagesArePinned(t *testing.T) {
	for _, folder := range []string{"node", "../../examples/node"} {
		t.Run(folder, func(t *testing.T) { wantPinned(t, folder) })
	}
}

func wantPinned(t *testing.T, folder string) {
	t.Helper()
	var manifest struct{ Dependencies map[string]string }
	var lock struct {
		Packages map[string]struct{ Version, Integrity, Resolved string }
	}
	for name, into := range map[string]any{"package.json": &manifest, "package-lock.json": &lock} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", name, err))
		}
	}
	if len(manifest.Dependencies) == 0 {
		t.Fatal("no dependencies found")
	}
	for name, version := range manifest.Dependencies {
		got := lock.Packages["node_modules/"+name]
		if got.Version != version || !strings.HasPrefix(got.Integrity, "sha512-") {
			t.Errorf("%s is %q in package.json, %q with integrity %q in the lock", name, version, got.Version, got.Integrity)
		}
	}
	for name, got := range lock.Packages {
		if got.Resolved != "" {
			t.Errorf("%s is locked to %s", name, got.Resolved)
		}
	}
}
