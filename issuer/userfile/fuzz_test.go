package userfile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"example.org/signet/issuer/account"
	"example.org/signet/issuer/password"
	"example.org/signet/issuer/userfile"
)

// FuzzReader reads any file to its end, and holds what comes out to its promises.
func FuzzReader(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, seed := range []string{
		"", "[", "[]", "[[", "{", "{}", "[{},{}]x", "[}{]", "{\"username\":\"a\"}", "[\"\n\",{\"email\":\"a@b\"}]",
		"username,password\na,\"b\n\"\"c\"\n", "username;role\na;\"x\n", "name\n\"", "0\r,", "name,x\na\r,\r\n\"a\r\"\r\n", "\ufeff{\"key\":1}", "\xff\xfe",
		`{"username":"a","created_at":{"$date":{"$numberLong":"1"}}}`, `{"username":"a","roles":"[\"x\",1]"}`,
		`{"username":"a","disabled":"x","is_active":1e400}`, `{"username":"\ud800","password":"b'b'"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := userfile.NewReader(bytes.NewReader(file), userfile.Options{PlainPasswords: true})
		if err != nil {
			if !errors.Is(err, userfile.ErrEmpty) && !errors.Is(err, userfile.ErrFormat) {
				t.Errorf("error is %v", err)
			}
			return
		}
		for line, steps := 0, 0; ; steps++ {
			if steps > len(file)+2 {
				t.Fatal("the reader does not come to an end")
			}
			user, err := r.Next()
			var bad *userfile.LineError
			switch {
			case err == io.EOF:
				if r.Offset() != int64(len(file)) {
					t.Errorf("offset is %d at the end of %d bytes", r.Offset(), len(file))
				}
				return
			case errors.As(err, &bad):
				line = checkOrder(t, line, bad.Line)
				checkReason(t, bad.Reason)
			case err != nil:
				t.Fatalf("error is %v", err)
			default:
				line = checkOrder(t, line, user.Line)
				checkUser(t, user)
			}
		}
	})
}

// checkOrder demands that lines never go back.
func checkOrder(t *testing.T, before, line int) int {
	if line < before || line < 1 {
		t.Errorf("line %d after line %d", line, before)
	}
	return line
}

func checkReason(t *testing.T, reason string) {
	if reason == "" || len(reason) > 200 || !utf8.ValidString(reason) {
		t.Errorf("reason is %q", reason)
	}
}

func checkUser(t *testing.T, user userfile.Record) {
	if name, err := account.Username(user.Username); err != nil || name != user.Username {
		t.Errorf("username %q: %q, %v", user.Username, name, err)
	}
	if user.Email != "" {
		if address, err := account.Email(user.Email); err != nil || address != user.Email {
			t.Errorf("e-mail %q: %q, %v", user.Email, address, err)
		}
	}
	for _, role := range user.Roles {
		if err := account.RoleName(role); err != nil {
			t.Error(err)
		}
	}
	if hash := user.PasswordHash.Reveal(); hash != "" && password.CheckHash(hash) != nil {
		t.Errorf("hash %q is not recognised", hash)
	}
	if pw := user.Password.Reveal(); pw != "" && (password.CheckNew(pw, password.UserInputs{}) != nil || password.LooksHashed(pw) || user.PasswordHash != "") {
		t.Errorf("password %q", pw)
	}
	if strings.ContainsAny(user.FullName+user.Phone, "\x00\r\n\x1b") || len(user.FullName) > 2*userfile.MaxField+1 {
		t.Errorf("full name %q, phone %q", user.FullName, user.Phone)
	}
	if year := user.CreatedAt.Year(); !user.CreatedAt.IsZero() && (year < 1970 || year > 9999) {
		t.Errorf("created at %v", user.CreatedAt)
	}
}
