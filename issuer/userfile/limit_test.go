package userfile_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"example.org/signet/issuer/userfile"
)

// padded is a user whose text in the file is exactly n bytes long.
func padded(n int, before, after string) string {
	return before + strings.Repeat("x", n-len(before)-len(after)) + after
}

// A user of exactly the limit is read, one byte more is refused, in every kind of file.
func TestLineLimitIsExact(t *testing.T) {
	const object = `{"username":"a","bio":"`
	kinds := map[string]struct {
		head, before, after, tail string
	}{
		"JSON lines": {"", object, `"}`, "\n"},
		"JSON array": {"[", object, `"}`, "]"},
		"CSV":        {"username,bio\n", "a,", "", "\n"},
	}
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			users, bad, _ := readAll(t, k.head+padded(userfile.MaxLine, k.before, k.after)+k.tail)
			if len(users) != 1 || len(bad) != 0 {
				t.Errorf("at the limit: %d users, refused %v", len(users), bad)
			}
			users, bad, _ = readAll(t, k.head+padded(userfile.MaxLine+1, k.before, k.after)+k.tail)
			if len(users) != 0 || len(bad) != 1 || !strings.Contains(bad[0], "longer than 64 KiB") {
				t.Errorf("one byte over: %d users, refused %v", len(users), bad)
			}
		})
	}
}

func TestFieldLimitIsExact(t *testing.T) {
	name := strings.Repeat("é", userfile.MaxField/2)
	if got := readOne(t, `{"username":"a","full_name":"`+name+`"}`); got.FullName != name {
		t.Errorf("full name has %d bytes", len(got.FullName))
	}
	if users, _, _ := readAll(t, `{"username":"a","full_name":"`+name+`x"}`); len(users) != 0 {
		t.Error("a longer one was taken")
	}
}

// Lines are counted as an editor counts them, over empty lines, fields that span
// lines and elements laid out over lines.
func TestLineNumbers(t *testing.T) {
	for file, want := range map[string][]int{
		"{\"username\":\"a\"}\n\n\r\n{\"username\":\"b\"}\r\n{\"username\":\"c\"}": {1, 4, 5},
		"\n\n{\"username\":\"a\"}\n": {3},
		"[\n{\"username\":\n\"a\"},{\"username\":\"b\"},\n\n\n{\"username\":\"c\"}\n]\n": {2, 3, 6},
		"username,bio\r\na,\"one\r\ntwo\r\nthree\"\r\n\r\nb,\r\nc,":                      {2, 6, 7},
	} {
		users, bad, _ := readAll(t, file)
		var lines []int
		for _, user := range users {
			lines = append(lines, user.Line)
		}
		if !slices.Equal(lines, want) || len(bad) != 0 {
			t.Errorf("%q: lines %v, refused %v; want %v", file, lines, bad, want)
		}
	}
}

// The offset serves a progress bar: it grows with every user, and lies behind the last
// one and not behind the next.
func TestOffsetFollowsTheUsers(t *testing.T) {
	const line = "{\"username\":\"a\"}\n"
	r, err := userfile.NewReader(strings.NewReader("\ufeff"+strings.Repeat(line, 1000)), userfile.Options{PlainPasswords: true})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 1000 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if want := int64(3 + (n+1)*len(line)); r.Offset() != want {
			t.Fatalf("offset is %d after %d users, want %d", r.Offset(), n+1, want)
		}
	}
}

func TestArrayWithoutUsers(t *testing.T) {
	for _, file := range []string{"[]", " [ ] \n", "\ufeff[\r\n]"} {
		r, err := userfile.NewReader(strings.NewReader(file), userfile.Options{PlainPasswords: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%q: %v, want the end", file, err)
		}
	}
}

// What a caller does with the list of ignored names must not change the reader's own.
func TestIgnoredIsACopy(t *testing.T) {
	r, err := userfile.NewReader(strings.NewReader("username,colour,items\na,1,2\n"), userfile.Options{PlainPasswords: true})
	if err != nil {
		t.Fatal(err)
	}
	r.Ignored()[0] = "changed"
	if got := r.Ignored(); !slices.Equal(got, []string{"colour", "items"}) {
		t.Errorf("ignored %v", got)
	}
}
