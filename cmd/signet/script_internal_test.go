package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // the driver by which scripts look into the file

	"example.org/signet/internal/testdir"
	"example.org/signet/storage/sqlite"
)

// TestScripts runs the scripts in testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		WorkdirRoot:         testdir.New(t),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": await, "gone": gone, "member": member, "hash": checkHash, "sql": runSQL, "mode": checkMode, "port": port,
			"retry": retry, "corrupt": corrupt,
		},
	})
}

// await FILE NAME waits for a file that says something and puts its first line
// into the variable.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE NAME")
	}
	text, err := awaitFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Setenv(args[1], text)
}

// awaitFile waits for a server's --addr-file.
func awaitFile(path string) (string, error) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(path); err == nil && len(text) > 0 {
			return strings.TrimSpace(string(text)), nil
		}
	}
	return "", fmt.Errorf("%s was not written within a minute", path)
}

// gone FILE waits until the file is no more.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gone FILE")
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(ts.MkAbs(args[0])); os.IsNotExist(err) {
			return
		}
	}
	ts.Fatalf("%s is still there after a minute", args[0])
}

// member NAME FILE KEY puts a member of a JSON object into the variable; KEY
// may lead into arrays and objects: items.0.kid.
func member(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: member NAME FILE KEY")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &value))
	for _, key := range strings.Split(args[2], ".") {
		var n int
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			_, err := fmt.Sscan(key, &n)
			ts.Check(err)
			value = v[n]
		default:
			ts.Fatalf("no %s in %s", args[2], args[1])
		}
	}
	if value == nil {
		ts.Fatalf("no %s in %s", args[2], args[1])
	}
	ts.Setenv(args[0], fmt.Sprint(value))
}

// hash STORE USER PREFIX checks how the stored password hash of a user begins.
func checkHash(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: [!] hash STORE USER PREFIX")
	}
	store, err := sqlite.Open(context.Background(), ts.MkAbs(args[0]))
	ts.Check(err)
	defer store.Close()
	u, err := store.UserByLogin(context.Background(), args[1])
	ts.Check(err)
	if strings.HasPrefix(u.PasswordHash, args[2]) == neg {
		ts.Fatalf("the hash of %s begins %.12s", args[1], u.PasswordHash)
	}
}

// sql STORE STATEMENT [RESULT] runs a statement on the store's file and, where
// one is given, demands the single value that comes back.
func runSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: sql STORE STATEMENT [RESULT]")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	if len(args) == 2 {
		_, err = db.Exec(args[1])
		ts.Check(err)
		return
	}
	var got string
	ts.Check(db.QueryRow(args[1]).Scan(&got))
	if got != args[2] {
		ts.Fatalf("%s: got %s, want %s", args[1], got, args[2])
	}
}

// checkMode PERM FILE… demands the files' permissions.
func checkMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode PERM FILE…")
	}
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s, want %s", filepath.Base(name), got, args[0])
		}
	}
}

// retry [-absent] PATTERN PROGRAM [ARG]… runs a program until its standard
// output matches, or matches no more: for what a server notices in its own time.
func retry(ts *testscript.TestScript, neg bool, args []string) {
	absent := len(args) > 0 && args[0] == "-absent"
	if absent {
		args = args[1:]
	}
	if neg || len(args) < 2 {
		ts.Fatalf("usage: retry [-absent] PATTERN PROGRAM [ARG]…")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		_ = ts.Exec(args[1], args[2:]...) // what it prints tells
		if pattern.MatchString(ts.ReadFile("stdout")) != absent {
			return
		}
	}
	ts.Fatalf("not within a minute: %s, last: %s", args[0], ts.ReadFile("stdout"))
}

// corrupt cut|flip FILE takes away the second half of a file, or changes a byte
// in each of its pages but the first.
func corrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: corrupt cut|flip FILE")
	}
	path := ts.MkAbs(args[1])
	content, err := os.ReadFile(path)
	ts.Check(err)
	if args[0] == "cut" {
		content = content[:len(content)/2]
	}
	for at := 4096; args[0] == "flip" && at < len(content); at += 4096 {
		content[at] ^= 0xff
	}
	ts.Check(os.WriteFile(path, content, 0o600))
}

// port NAME URL puts HOST:PORT of a URL into the variable.
func port(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: port NAME URL")
	}
	_, address, found := strings.Cut(args[1], "://")
	if !found {
		ts.Fatalf("%s is no URL", args[1])
	}
	ts.Setenv(args[0], address)
}
