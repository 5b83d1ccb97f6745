package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGuides plays what the guides show: their shell blocks are run from top to
// bottom in one shell, and what they say is printed is printed.
func TestGuides(t *testing.T) {
	long(t)
	t.Parallel()
	for _, tool := range []string{"sh", "curl", "sed", "grep"} {
		requireTool(t, tool)
	}
	for _, guide := range []string{"users.md", "clients.md", "admin-api.md", "coming-from-fastapi.md"} {
		t.Run(guide, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "..", "docs", guide))
			if err != nil {
				t.Fatal(err)
			}
			admin := freeAddress(t)
			dir := t.TempDir()
			secret := filepath.Join(dir, "bootstrap.secret")
			if err := os.WriteFile(secret, []byte("a secret for one time only\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			s := startServer(t, "--registration", "open", "--admin-listen", admin, "--bootstrap-secret-file", secret)
			here := strings.NewReplacer("http://localhost:8080", s.issuer, "http://127.0.0.1:8081", "http://"+admin)
			blocks := blocksOf(here.Replace(string(text)))
			if len(blocks) < 3 {
				t.Fatalf("%d blocks", len(blocks))
			}
			runGuide(t, s, dir, blocks)
		})
	}
}

// block is one shell block of a guide, and what the guide says that it prints,
// with … for what is left out.
type block struct{ commands, prints string }

// blocksOf reads the fenced blocks of a page: sh, and text right behind one.
func blocksOf(page string) (blocks []block) {
	var kind string
	for line := range strings.Lines(page) {
		fence, is := strings.CutPrefix(strings.TrimSpace(line), "```")
		last := len(blocks) - 1
		switch {
		case is && kind != "":
			kind = ""
		case is:
			if kind = fence; fence == "sh" {
				blocks = append(blocks, block{})
			}
		case kind == "sh":
			blocks[last].commands += line
		case kind == "text" && last >= 0:
			blocks[last].prints += line
		}
	}
	return blocks
}

// runGuide runs the blocks in one shell in that folder, which stops at the first that fails.
func runGuide(t *testing.T, s *server, dir string, blocks []block) {
	t.Helper()
	const mark = "=== end of a block\n"
	var script strings.Builder
	for _, b := range blocks {
		script.WriteString(b.commands + "\nprintf '" + strings.TrimSuffix(mark, "\n") + "\\n'\n")
	}
	signet := s.command(t)
	path := filepath.Join(dir, "guide.sh")
	if err := os.WriteFile(path, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-e", path)
	cmd.Dir = dir
	cmd.Env = append(signet.Env, "PATH="+filepath.Dir(signet.Path)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"SIGNET_STORAGE=sqlite:"+s.database(), "SIGNET_MASTER_KEY_FILE="+s.masterKey(), "SIGNET_KEYRING_REFRESH="+keyringRefresh,
		"NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	outputs := strings.Split(stdout.String(), mark)
	if err != nil {
		n := len(outputs) - 1
		t.Fatalf("%v: this block fails:\n%s\nafter printing:\n%s\n%s", err, blocks[min(n, len(blocks)-1)].commands, outputs[n], &stderr)
	}
	for n, b := range blocks {
		for _, part := range strings.FieldsFunc(b.prints, func(r rune) bool { return r == '…' || r == '\n' }) {
			if !strings.Contains(outputs[n], part) {
				t.Errorf("this block:\n%s\nprints:\n%s\nand not:\n%s", b.commands, outputs[n], part)
			}
		}
	}
}

// requireTool skips the test without a program, but fails where CI=true.
func requireTool(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing", name)
	}
	t.Skipf("%s is missing", name)
}
