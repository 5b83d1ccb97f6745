//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// needCurl skips where the printed lines cannot be tried as they are. A machine
// that checks changes has to have what it takes.
func needCurl(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("curl is missing: the lines that signet dev prints are not tried")
		}
		t.Skip("curl is missing: the lines that signet dev prints are not tried")
	}
}

// The lines that signet dev prints work as printed, in a POSIX shell, for an
// installed signet.
func TestDev_PrintedCommandsWork(t *testing.T) {
	needCurl(t)
	c := startServer(t, t.TempDir(), "dev")
	runPrintedCommands(t, c.out, "signet keys rotate --now\n")
}

// And so they do for somebody who has only cloned the source.
func TestDev_PrintedCommandsWorkUnderGoRun(t *testing.T) {
	needCurl(t)
	if testing.Short() {
		t.Skip("go run builds the whole program")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	addr, db := filepath.Join(dir, "addr"), filepath.Join(dir, "signet.db")
	cmd := exec.Command("go", "run", "./cmd/signet", "dev", "--listen", "127.0.0.1:0", "--addr-file", addr, "--storage", "sqlite:"+db)
	out, log := &syncBuffer{}, &syncBuffer{}
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, out, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // go run does not pass signals on
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); _ = cmd.Wait() })
	if _, err := awaitFile(addr); err != nil {
		t.Fatalf("%v: %s", err, log)
	}
	runPrintedCommands(t, out, "go run ./cmd/signet keys rotate --now --storage sqlite:"+db+"\n")
}

// runPrintedCommands runs the printed commands in a shell and checks their output.
func runPrintedCommands(t *testing.T, out *syncBuffer, rotate string) {
	t.Helper()
	eventually(t, "all lines are printed", func() bool { return strings.HasSuffix(out.String(), "; echo\n") })
	printed := out.String()
	at := strings.Index(printed, "\ncd ")
	if at < 0 || !strings.Contains(printed, rotate) {
		t.Fatalf("the lines are missing, or %q is: %s", rotate, printed)
	}
	shell := exec.Command("/bin/sh", "-e")
	shell.Stdin = strings.NewReader(printed[at+1:])
	var said, complaints bytes.Buffer
	shell.Stdout, shell.Stderr = &said, &complaints
	if err := shell.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, &said, &complaints)
	}
	text, lists := said.String(), strings.Count(printed, "/api/v1/users")
	for want, count := range map[string]int{
		"the token is valid\n":           3, // before and after the rotation, and the new key's
		`"preferred_username":"demo"`:    1,
		`"roles":["admin","editor","us`:  2 + lists, // userinfo, introspection and the list of users
		`"id_token":"`:                   1,
		`"refresh_token":"sgr_`:          2,
		`"active":true`:                  1,
		`{"active":false}`:               1,
		" signs from now on; running se": 1,
	} {
		if got := strings.Count(text, want); got != count {
			t.Errorf("%q stands %d times, want %d, in:\n%s", want, got, count, text)
		}
	}
	if kids := kidsIn(text); len(kids) != 3 || kids[0] != kids[1] || kids[1] == kids[2] {
		t.Errorf("the tokens inspected have the keys %q, want the third to be another", kids)
	}
	if rest := strings.TrimSpace(complaints.String()); strings.Count(rest, "\n") > 0 || !strings.HasPrefix(rest, "warning: a verifier") {
		t.Errorf("complaints: %s", rest)
	}
}

// kidsIn are the key ids of the inspected tokens, in order.
func kidsIn(text string) []string {
	var kids []string
	for line := range strings.Lines(text) {
		if kid, ok := strings.CutPrefix(strings.TrimSpace(line), `"kid": "`); ok {
			kids = append(kids, kid)
		}
	}
	return kids
}
