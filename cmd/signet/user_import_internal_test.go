package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"example.org/signet/storage/sqlite"
)

// tutorialHash is of a public tutorial's account; its password is no secret.
const tutorialHash = "$2b$12$Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e"

func userLine(n int) string {
	return fmt.Sprintf(`{"username":"user%05d","email":"user%05d@example.com","hashed_password":%q}`+"\n", n, n, tutorialHash)
}

// Of many users none is lost and none is taken twice, and each bad line is
// reported by its number.
func TestImportAccountsForEveryLine(t *testing.T) {
	const users, every = 3000, 100
	var file strings.Builder
	for n := 1; n <= users; n++ {
		if n%every == 0 {
			file.WriteString(`{"username":"bad` + "\n")
			continue
		}
		file.WriteString(userLine(n))
	}
	dir := t.TempDir()
	stdout, stderr := importFrom(t, dir, strings.NewReader(file.String()), exitFailure)
	var sum importResult
	if err := json.Unmarshal([]byte(stdout), &sum); err != nil {
		t.Fatal(err)
	}
	if sum.Imported != users-users/every || sum.Refused != users/every || sum.AlreadyThere != 0 {
		t.Errorf("got %+v", sum)
	}
	for n := every; n <= users; n += every {
		if !strings.Contains(stderr, fmt.Sprintf("line %d: ", n)) {
			t.Errorf("line %d is not reported", n)
		}
	}
	store, err := sqlite.Open(t.Context(), dir+"/signet-data/signet.db")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for n := 1; n <= users; n += 7 {
		u, err := store.UserByLogin(t.Context(), fmt.Sprintf("user%05d@example.com", n))
		if missing := err != nil; missing != (n%every == 0) || !missing && u.PasswordHash != tutorialHash {
			t.Errorf("user %d: %v, %+v", n, err, u)
		}
	}
}

// importFrom imports standard input and demands an exit status.
func importFrom(t *testing.T, dir string, in io.Reader, want int) (stdout, stderr string) {
	t.Helper()
	var out, complaints strings.Builder
	cmd := exec.Command("signet", "user", "import", "-", "--plain-passwords", "--output", "json")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, in, &out, &complaints
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("status %d, want %d: %s", got, want, &complaints)
	}
	return out.String(), complaints.String()
}

// An import that is interrupted says how far it came, and the next one goes on.
func TestImportCanBeInterrupted(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/users.jsonl"
	var lines strings.Builder
	for n := range 100_000 {
		lines.WriteString(userLine(n))
	}
	if err := os.WriteFile(path, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("signet", "user", "import", path, "--output", "json")
	var stdout, stderr strings.Builder
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	eventually(t, "a user is there", func() bool {
		store, err := sqlite.Open(t.Context(), dir+"/signet-data/signet.db")
		if err != nil {
			return false
		}
		defer store.Close()
		_, err = store.UserByLogin(t.Context(), "user00000")
		return err == nil
	})
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status is looked at below
	if got := cmd.ProcessState.ExitCode(); got != exitFailure || !strings.Contains(stderr.String(), "signet: the import was cut short: interrupted; run it again to go on") {
		t.Errorf("status %d: %s", got, &stderr)
	}
	var sum importResult
	if err := json.Unmarshal([]byte(stdout.String()), &sum); err != nil || sum.Imported == 0 || sum.Refused != 0 {
		t.Fatalf("%v: %+v", err, sum)
	}
	var again importResult
	out, _ := importFrom(t, dir, strings.NewReader(userLine(0)+userLine(99_999)), exitOK)
	if err := json.Unmarshal([]byte(out), &again); err != nil || again.AlreadyThere != 1 || again.Imported != 1 {
		t.Errorf("%v: %+v", err, again)
	}
}

// Plain passwords are hashed as they come, however small the queue for logins.
func TestImportHashesPlainPasswords(t *testing.T) {
	dir := t.TempDir()
	var file strings.Builder
	file.WriteString("username,password\n")
	for n := range 40 {
		fmt.Fprintf(&file, "user%d,a password of number %d\n", n, n)
	}
	t.Setenv("SIGNET_HASH_QUEUE", "1")
	t.Setenv("SIGNET_HASH_WORKERS", "1")
	t.Setenv("SIGNET_ARGON2_MEMORY", "64")
	t.Setenv("SIGNET_ARGON2_TIME", "1")
	stdout, stderr := importFrom(t, dir, strings.NewReader(file.String()), exitOK)
	if !strings.Contains(stdout, `"imported": 40`) || strings.Contains(stdout+stderr, "a password of") {
		t.Errorf("%s%s", stdout, stderr)
	}
	store, err := sqlite.Open(t.Context(), dir+"/signet-data/signet.db")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	u, err := store.UserByLogin(t.Context(), "user17")
	if err != nil || !strings.HasPrefix(u.PasswordHash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("%v: %+v", err, u)
	}
}
