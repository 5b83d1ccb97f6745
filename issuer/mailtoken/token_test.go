package mailtoken_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/mailtoken"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

var now = time.Date(2026, 11, 30, 21, 0, 0, 0, time.UTC)

func masterKey(t *testing.T) keys.MasterKey {
	t.Helper()
	k, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func alice() storage.User {
	return storage.User{
		ID: "01930000-0000-7000-8000-000000000001", Username: "alice", Email: "alice@example.com", PasswordHash: "$argon2id$old", CreatedAt: now.Add(-time.Hour), Epoch: 3,
	}
}

// A token fits the user in the state that it was made for, and no other.
func TestToken_FitsOneState(t *testing.T) {
	s := mailtoken.NewSealer(rand.Reader, "https://id.example.com", masterKey(t))
	const reset, verify = mailtoken.Reset, mailtoken.Verify
	for name, c := range map[string]struct {
		purpose mailtoken.Purpose
		change  func(*storage.User)
		want    bool
	}{
		"reset, nothing changed":         {reset, func(*storage.User) {}, true},
		"reset, another profile":         {reset, func(u *storage.User) { u.FullName, u.Version = "Alice", 7 }, true},
		"reset, password changed":        {reset, func(u *storage.User) { u.PasswordHash = "$argon2id$new" }, false},
		"reset, signed out everywhere":   {reset, func(u *storage.User) { u.Epoch++ }, false},
		"reset, disabled":                {reset, func(u *storage.User) { u.Disabled = true }, false},
		"reset, another user of that id": {reset, func(u *storage.User) { u.CreatedAt = now }, false},
		"reset, another address":         {reset, func(u *storage.User) { u.Email = "eve@example.com" }, false},
		"reset, another role":            {reset, func(u *storage.User) { u.Roles = []string{"admin"} }, false},
		"reset, another user":            {reset, func(u *storage.User) { u.ID = "01930000-0000-7000-8000-000000000002" }, false},
		"verify, nothing changed":        {verify, func(*storage.User) {}, true},
		"verify, password changed":       {verify, func(u *storage.User) { u.PasswordHash, u.Epoch = "$argon2id$new", 4 }, true},
		"verify, verified":               {verify, func(u *storage.User) { u.EmailVerified = true }, false},
		"verify, another address":        {verify, func(u *storage.User) { u.Email = "eve@example.com" }, false},
	} {
		text, err := s.SealToken(mailtoken.New(c.purpose, alice(), "alice@example.com", now.Add(time.Minute)))
		if err != nil {
			t.Fatal(err)
		}
		token, u := s.OpenToken(text), alice()
		c.change(&u)
		if got := token.Fits(u, now); got != c.want {
			t.Errorf("%s: fits %t", name, got)
		}
		if token.Fits(alice(), now.Add(time.Minute)) {
			t.Errorf("%s: fits at its end", name)
		}
		if !token.MailedTo("alice@example.com") || token.MailedTo("eve@example.com") || token.MailedTo("") {
			t.Errorf("%s: the address is another", name)
		}
	}
}

// A link that an administrator hands over stays good when the address changes.
func TestToken_NotMailed_FitsAnyAddress(t *testing.T) {
	token, u := mailtoken.New(mailtoken.Invite, alice(), "", now.Add(time.Minute)), alice()
	u.Email = "alice@example.org"
	if !token.Fits(u, now) || token.MailedTo(u.Email) {
		t.Error("it does not fit, or shows that the new address is the user's")
	}
}

// A token of another issuer, master key, purpose or use, one that was altered, and what is none.
func TestOpenToken_ForeignText_FitsNobody(t *testing.T) {
	master := masterKey(t)
	s := mailtoken.NewSealer(rand.Reader, "https://id.example.com", master)
	token := mailtoken.New(mailtoken.Reset, alice(), "", now.Add(time.Minute))
	text, err := s.SealToken(token)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 160 {
		t.Errorf("a token has %d characters", len(text))
	}
	request, err := s.NewRequest("alice", now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.SealRequest(request)
	if err != nil {
		t.Fatal(err)
	}
	for name, opened := range map[string]mailtoken.Token{
		"another issuer":     mailtoken.NewSealer(rand.Reader, "https://other.example.com", master).OpenToken(text),
		"another master key": mailtoken.NewSealer(rand.Reader, "https://id.example.com", masterKey(t)).OpenToken(text),
		"a request":          s.OpenToken(other),
		"nothing":            s.OpenToken(""),
		"too long":           s.OpenToken(strings.Repeat("A", 1000)),
		"padded":             s.OpenToken(text + "="),
	} {
		if opened != (mailtoken.Token{}) || opened.Fits(alice(), now) {
			t.Errorf("%s: %+v", name, opened)
		}
	}
	for n := range text {
		altered := []byte(text)
		altered[n] ^= 1
		if s.OpenToken(string(altered)).Fits(alice(), now) {
			t.Fatalf("altered at %d it fits", n)
		}
	}
	if s.OpenRequest(text).Nonce != nil {
		t.Error("a token opens as a request")
	}
}

// While the master key changes, tokens and codes of the one before count.
func TestSealer_OtherMasterKeys(t *testing.T) {
	before, after := masterKey(t), masterKey(t)
	old := mailtoken.NewSealer(rand.Reader, "i", before)
	changed := mailtoken.NewSealer(rand.Reader, "i", after, before)
	text, err := old.SealToken(mailtoken.New(mailtoken.Reset, alice(), "", now.Add(time.Minute)))
	if err != nil || !changed.OpenToken(text).Fits(alice(), now) {
		t.Errorf("a token under the key before does not count: %v", err)
	}
	nonce := make([]byte, 16)
	if !changed.CheckCode(nonce, alice(), old.Code(nonce, alice())) {
		t.Error("a code under the key before does not count")
	}
}

func TestCode_CountsForOneRequestAndState(t *testing.T) {
	s := mailtoken.NewSealer(rand.Reader, "i", masterKey(t))
	nonce, other := bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16)
	code := s.Code(nonce, alice())
	if len(code) != 9 || code[4] != '-' {
		t.Errorf("the code is %q", code)
	}
	for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", " "), " " + strings.ReplaceAll(code, "-", "")} {
		if !s.CheckCode(nonce, alice(), typed) {
			t.Errorf("%q is wrong", typed)
		}
	}
	changed := alice()
	changed.PasswordHash = "$argon2id$new"
	moved := alice()
	moved.Email = "eve@example.com" // alice has chosen it herself, after the code was mailed
	for name, right := range map[string]bool{
		"another request": s.CheckCode(other, alice(), code), "another password": s.CheckCode(nonce, changed, code),
		"another address": s.CheckCode(nonce, moved, code),
		"nobody":          s.CheckCode(nonce, storage.User{}, s.Code(nonce, storage.User{})), "nothing": s.CheckCode(nonce, alice(), ""),
		"half": s.CheckCode(nonce, alice(), code[:4]),
	} {
		if right {
			t.Errorf("%s: the code counts", name)
		}
	}
}

// A token remembers the request, and one from before there were requests in them opens.
func TestToken_KeepsItsRequest(t *testing.T) {
	s := mailtoken.NewSealer(rand.Reader, "https://id.example.com", masterKey(t))
	nonce := bytes.Repeat([]byte{7}, 16)
	asked := mailtoken.New(mailtoken.Reset, alice(), alice().Email, now).From(nonce)
	for name, token := range map[string]mailtoken.Token{"asked": asked, "handed over": asked.From(make([]byte, 16))} {
		text, err := s.SealToken(token)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.OpenToken(text); got != token || got.Asked() != (name == "asked") {
			t.Errorf("%s: %+v, want %+v", name, got, token)
		}
	}
}

func TestMark_IsOfItsRequest(t *testing.T) {
	s := mailtoken.NewSealer(rand.Reader, "https://id.example.com", masterKey(t))
	one, two := bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16)
	if m := s.Mark(one); len(m) != mailtoken.MarkLength || !s.CheckMark(one, []string{"x", m}) || s.CheckMark(two, []string{m}) || s.CheckMark(one, nil) {
		t.Errorf("the mark %q", m)
	}
}
