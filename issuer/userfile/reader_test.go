package userfile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/internal/secret"
	"example.org/signet/issuer/userfile"
)

const (
	sponge = "$2b$12$Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e"
	argon2 = "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc"
	older  = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
)

// revealed compares secrets by what they hold.
var revealed = cmp.Transformer("Reveal", secret.Text.Reveal)

// readAll reads a whole file and demands that its offset ends where the file does.
func readAll(t *testing.T, file string) (users []userfile.Record, bad []string, ignored []string) {
	t.Helper()
	r, err := userfile.NewReader(strings.NewReader(file), userfile.Options{PlainPasswords: true})
	if err != nil {
		t.Fatal(err)
	}
	users, bad = drain(t, r)
	if r.Offset() != int64(len(file)) {
		t.Errorf("offset is %d at the end of %d bytes", r.Offset(), len(file))
	}
	return users, bad, r.Ignored()
}

// drain reads to the end, and demands that the end stays.
func drain(t *testing.T, r *userfile.Reader) (users []userfile.Record, bad []string) {
	t.Helper()
	for {
		user, err := r.Next()
		var line *userfile.LineError
		switch {
		case err == io.EOF:
			if _, err := r.Next(); err != io.EOF {
				t.Errorf("after the end: %v", err)
			}
			return users, bad
		case errors.As(err, &line):
			bad = append(bad, err.Error())
			if !cmp.Equal(user, userfile.Record{}) {
				t.Errorf("a record beside the error %v", err)
			}
		case err != nil:
			t.Fatal(err)
		default:
			users = append(users, user)
		}
	}
}

// readOne reads a file that holds one good user.
func readOne(t *testing.T, file string) userfile.Record {
	t.Helper()
	users, bad, _ := readAll(t, file)
	if len(users) != 1 || len(bad) != 0 {
		t.Fatalf("%d users, refused %v; want one user", len(users), bad)
	}
	return users[0]
}

func ptr[T any](v T) *T { return &v }

// Files as tutorials leave them behind.
func TestRealFiles(t *testing.T) {
	at := time.Date(2021, 4, 21, 15, 3, 58, 123e6, time.UTC)
	cases := []struct {
		file    string
		users   []userfile.Record
		bad     []string
		ignored []string
	}{
		{
			file:  "deta.jsonl",
			users: []userfile.Record{{Line: 1, Username: "flyingsponge", PasswordHash: sponge}},
		},
		{
			file: "fastapi.json",
			users: []userfile.Record{
				{Line: 2, Username: "johndoe", Email: "johndoe@example.com", FullName: "John Doe",
					PasswordHash: argon2, Disabled: ptr(false)},
				{Line: 16, OldID: "3", Username: "flyingsponge@example.com", Email: "flyingsponge@example.com",
					PasswordHash: sponge, Disabled: ptr(true)},
			},
			bad:     []string{"line 9: password hash is not usable: it is neither argon2, bcrypt, PBKDF2 nor scrypt"},
			ignored: []string{"id", "items", "is_superuser"},
		},
		{
			file: "mongoexport.jsonl",
			users: []userfile.Record{
				{Line: 1, OldID: "6080a7d2f1f2a0b1c2d3e4f5", Username: "sandy@example.com", Email: "sandy@example.com", FullName: "Sandy Cheeks",
					Phone: "5551234567", Roles: []string{"admin"}, PasswordHash: older, CreatedAt: at},
				{Line: 2, OldID: "6080a7d2f1f2a0b1c2d3e4f6", Username: "squid@example.com", Email: "squid@example.com", FullName: "Squidward Tentacles",
					Roles: []string{"user", "editor"}, PasswordHash: older, CreatedAt: at, Disabled: ptr(false)},
			},
			ignored: []string{"_id", "updatedAt", "__v"},
		},
		{
			file: "spreadsheet.csv",
			users: []userfile.Record{
				{Line: 2, OldID: "1", Username: "patrick", Email: "patrick@example.com", FullName: "Star, Patrick", Phone: "+1 555 0100",
					Roles: []string{"user", "editor"}, Password: "starfish-under-a-rock",
					CreatedAt: at.Add(456 * time.Microsecond), Disabled: ptr(false)},
				{Line: 3, OldID: "2", Username: "krabs", FullName: `Eugene "Mr." Krabs`, PasswordHash: sponge,
					CreatedAt: time.Date(2021, 4, 21, 13, 3, 58, 0, time.UTC), Disabled: ptr(true)},
			},
			ignored: []string{"id"},
		},
	}
	for _, c := range cases {
		t.Run(c.file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", c.file))
			if err != nil {
				t.Fatal(err)
			}
			users, bad, ignored := readAll(t, string(text))
			if diff := cmp.Diff(c.users, users, revealed); diff != "" {
				t.Errorf("users (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.bad, bad); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.ignored, ignored); diff != "" {
				t.Errorf("ignored (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFilesThatAreNotUsers(t *testing.T) {
	cases := []struct {
		name, file string
		want       error
		says       string
	}{
		{"nothing", "", userfile.ErrEmpty, ""},
		{"mark alone", "\ufeff", userfile.ErrEmpty, ""},
		{"white space", " \r\n\t\n", userfile.ErrEmpty, ""},
		{"separators alone", ",,\n\"\",\"\"\n", userfile.ErrEmpty, ""},
		{"UTF-16, little end first", "\xff\xfeu\x00s\x00", userfile.ErrFormat, "UTF-8"},
		{"UTF-16, big end first", "\xfe\xff\x00u\x00s", userfile.ErrFormat, "UTF-8"},
		{"object over lines", "{\n  \"username\": \"alice\"\n}\n", userfile.ErrFormat, "one JSON object a line"},
		{"CSV without a header", "alice,hunter2hunter2\nbob,hunter3hunter3\n", userfile.ErrFormat, "header"},
		{"header without a name", "id,password\n1,hunter2hunter2\n", userfile.ErrFormat, "username or email"},
		{"header with a column twice", "username,email,User Name\n", userfile.ErrFormat, "username twice"},
		{"header with an open quote", "username,\"email\nalice,x\n", userfile.ErrFormat, "header"},
		{"header that is not UTF-8", "username,\xff\n", userfile.ErrFormat, "UTF-8"},
		{"very long header", "username," + strings.Repeat("x", userfile.MaxLine), userfile.ErrFormat, "longer than 64 KiB"},
		{"HTML", "<!DOCTYPE html>\n<html>", userfile.ErrFormat, "header"},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", userfile.ErrFormat, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := userfile.NewReader(strings.NewReader(c.file), userfile.Options{PlainPasswords: true})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error is %v, want %v that says %q", err, c.want, c.says)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %q shows a password", err)
			}
		})
	}
}

// long is as much as fits into one user, without the user's braces and names.
var long = strings.Repeat("x", userfile.MaxLine)

// checkSkipping reads a file with the users a1, a2 and a3 among bad lines, which must be
// skipped one by one, with number and reason, so that none of the good ones is lost.
func checkSkipping(t *testing.T, file string, refused []string) {
	t.Helper()
	users, bad, _ := readAll(t, file)
	var names []string
	for _, user := range users {
		names = append(names, user.Username)
	}
	if want := []string{"a1", "a2", "a3"}; !slices.Equal(names, want) {
		t.Errorf("users %v, want %v", names, want)
	}
	if diff := cmp.Diff(refused, bad); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if strings.Contains(strings.Join(bad, " "), "hunter2") {
		t.Error("a reason shows a value")
	}
}

func TestBadJSONLinesAreSkipped(t *testing.T) {
	checkSkipping(t,
		"{\"username\":\"a1\"}\n"+
			"{\"username\":\"hunter2\n"+
			"{\"username\":\"a2\"}\r\n"+
			"\r\n"+
			"{\"username\":\""+long+"\"}\n"+
			"[1]\n"+
			"{\"username\":\"hunter2\"} {}\n"+
			"{\"username\":\"hun\xffter2\"}\n"+
			"{\"username\":\"x\",\"username\":\"y\"}\n"+
			"{\"username\":\"x\",\"_id\":1,\"_id\":2}\n"+
			"{\"username\":\"x\",\"userName\":\"y\"}\n"+
			"{\"username\":\"x\",}\n"+
			strings.Repeat("[", 20000)+"\n"+
			"{\"username\":\"x\",\"a\":"+strings.Repeat("[", 20000)+"}\n"+
			"{\"username\":\"a3\"}",
		[]string{
			"line 2: not valid JSON near byte 13",
			"line 5: longer than 64 KiB",
			"line 6: not a JSON object",
			"line 7: not valid JSON near byte 25",
			"line 8: not valid UTF-8",
			"line 9: a member is named twice",
			"line 10: a member is named twice",
			"line 11: username is given twice",
			"line 12: not valid JSON near byte 17",
			"line 13: not a JSON object",
			"line 14: not valid JSON near byte 21",
		},
	)
}

func TestBadArrayElementsAreSkipped(t *testing.T) {
	checkSkipping(t,
		"[{\"username\":\"a1\"},\n"+
			"{\"username\":\"hunter2},\n"+
			"}, {\"username\":\"a2\",\"full_name\":\"]},{[\\\"\"},\n"+
			"{\"username\":\""+long+"\"},\n"+
			"5, \"hunter2\", null, [{\"username\":\"no\"}],\n"+
			"{\"username\":\"x\"} {\"username\":\"y\"},,\n"+
			"{\"username\":\"a3\"},\n]\n",
		[]string{
			"line 2: not valid JSON near byte 13",
			"line 4: longer than 64 KiB",
			"line 5: not a JSON object",
			"line 5: not a JSON object",
			"line 5: not a JSON object",
			"line 5: not a JSON object",
			"line 6: not valid JSON near byte 19",
			"line 6: not valid JSON near byte 1",
		},
	)
}

func TestBadCSVRecordsAreSkipped(t *testing.T) {
	checkSkipping(t,
		"username,full_name\n"+
			"a1,\n"+
			"x\n"+
			"x,y,z\n"+
			"x,\"y\"z\n"+
			"x,y\"z\n"+
			"a2,\"over\nlines\"\n"+
			"a2,\"a \"\"quote\"\"\"\n"+
			"\r\n,\r\n"+
			"x,hun\xffter2\n"+
			"x\xc3,\xa9y\n"+
			"x,hun\x00ter2\n"+
			"x,"+long+"\n"+
			"x,\""+long+"\na9,\n\"\n"+
			"a3,last",
		[]string{
			"line 3: 1 fields where the header has 2",
			"line 4: 3 fields where the header has 2",
			"line 5: text after a closing quotation mark",
			"line 6: a quotation mark inside a field that does not begin with one",
			"line 7: full_name holds a control character",
			"line 12: not valid UTF-8",
			"line 13: not valid UTF-8",
			"line 14: full_name holds a NUL character",
			"line 15: longer than 64 KiB",
			"line 16: longer than 64 KiB",
		},
	)
}

// Whoever could write one field of somebody else's export must not be able to write a
// user with it.
func TestFieldCannotBecomeAUser(t *testing.T) {
	evil := "x\"\nmallory,admin\n"
	for name, file := range map[string]string{
		"quoted":          "username,role,bio\nalice,user,\"" + strings.ReplaceAll(evil, `"`, `""`) + "\"\n",
		"quoted and long": "username,role,bio\nalice,user,\"" + strings.Repeat("x", userfile.MaxLine) + "\nmallory,admin,\n\"\n",
		"never closed":    "username,role,bio\nalice,user,\"x\nmallory,admin,\n",
		"array":           "[{\"username\":\"alice\",\"bio\":\"x\\\"},{\\\"username\\\":\\\"mallory\\\"},\"}]",
	} {
		t.Run(name, func(t *testing.T) {
			users, _, _ := readAll(t, file)
			for _, user := range users {
				if user.Username != "alice" {
					t.Errorf("a field became the user %s", user.Username)
				}
			}
		})
	}
}

func TestFilesThatAreCutOff(t *testing.T) {
	cases := map[string][]string{
		"[{\"username\":\"a1\"},{\"userna":    {"line 1: not valid JSON near byte 2", "line 1: the array is not closed: the file may be cut off"},
		"[{\"username\":\"a1\"},":             {"line 1: the array is not closed: the file may be cut off"},
		"[{\"username\":\"a1\"}\n":            {"line 2: the array is not closed: the file may be cut off"},
		"[{\"username\":\"a1\"}]\nmore\nmore": {"line 2: there is text after the end of the array"},
		"{\"username\":\"a1\"}\n{\"userna":    {"line 2: not valid JSON near byte 2"},
		"username,role\na1,\na2,\"x\n":        {"line 3: a quotation mark is opened and never closed: nothing after it was read"},
	}
	for file, want := range cases {
		users, bad, _ := readAll(t, file)
		if len(users) != 1 || users[0].Username != "a1" {
			t.Errorf("%q: users %v, want a1", file, users)
		}
		if diff := cmp.Diff(want, bad); diff != "" {
			t.Errorf("%q: refused (-want +got):\n%s", file, diff)
		}
	}
}

func TestReadErrorsStay(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, head := range map[string]string{
		"JSON lines": "{\"username\":\"a1\"}\n{\"user",
		"JSON array": "[{\"username\":\"a1\"},{\"user",
		"CSV":        "username,role\na1,\na2,us",
	} {
		t.Run(name, func(t *testing.T) {
			r, err := userfile.NewReader(io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken)), userfile.Options{PlainPasswords: true})
			if err != nil {
				t.Fatal(err)
			}
			if user, err := r.Next(); err != nil || user.Username != "a1" {
				t.Fatalf("%q, %v; want a1", user.Username, err)
			}
			for range 2 {
				if _, err := r.Next(); !errors.Is(err, broken) {
					t.Errorf("error is %v, want that of the disk", err)
				}
			}
		})
	}
	if _, err := userfile.NewReader(iotest.ErrReader(broken), userfile.Options{}); !errors.Is(err, broken) {
		t.Errorf("error is %v, want that of the disk", err)
	}
}

// However the file comes in, in whole or byte by byte, the users are the same.
func TestSlowReaders(t *testing.T) {
	for _, name := range []string{"fastapi.json", "mongoexport.jsonl", "spreadsheet.csv"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := readAll(t, string(text))
		r, err := userfile.NewReader(iotest.OneByteReader(bytes.NewReader(text)), userfile.Options{PlainPasswords: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []userfile.Record
		for {
			user, err := r.Next()
			if err == io.EOF {
				break
			}
			if err == nil {
				got = append(got, user)
			}
		}
		if diff := cmp.Diff(want, got, revealed); diff != "" {
			t.Errorf("%s (-whole +slow):\n%s", name, diff)
		}
	}
}
