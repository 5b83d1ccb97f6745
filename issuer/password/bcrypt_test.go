package password_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"example.org/signet/issuer/password"
)

// imported returns a bcrypt hash as a careless store would have made it.
func imported(t *testing.T, pw string) string {
	t.Helper()
	encoded, err := bcrypt.GenerateFromPassword([]byte(pw), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// The function repeats password and NUL in a circle, so the library takes p\0p for p;
// the first check shows that this is so, the second that we do not.
func TestBcryptTellsNULApart(t *testing.T) {
	encoded := imported(t, "p")
	if bcrypt.CompareHashAndPassword([]byte(encoded), []byte("p\x00p")) != nil {
		t.Fatal("the collision that this test guards against does not exist")
	}
	p := newPool(t)
	if !verify(t, p, encoded, "p").OK {
		t.Error("p does not match its own hash")
	}
	for _, other := range []string{"p\x00p", "p\x00", "p\x00p\x00p", "p\x00q"} {
		if verify(t, p, encoded, other).OK {
			t.Errorf("%q matches the hash of p", other)
		}
	}
}

func TestBcryptNeverTruncates(t *testing.T) {
	exact := strings.Repeat("x", 72)
	encoded := imported(t, exact)
	p := newPool(t)
	if !verify(t, p, encoded, exact).OK {
		t.Error("72 bytes do not match their own hash")
	}
	for _, suffix := range []string{"y", "x", strings.Repeat("z", 500)} {
		if verify(t, p, encoded, exact+suffix).OK {
			t.Errorf("72 bytes and a suffix of %d match", len(suffix))
		}
	}
}

func TestEmptyPasswordMatchesNoHashOfIt(t *testing.T) {
	p := newPool(t)
	const openwall = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"
	if bcrypt.CompareHashAndPassword([]byte(openwall), nil) != nil {
		t.Fatal("this is not the hash of the empty password")
	}
	if verify(t, p, openwall, "").OK {
		t.Error("an empty password was accepted")
	}
}

func TestBcryptSchemeHashes(t *testing.T) {
	p := newPool(t, withBcrypt)
	encoded, err := p.Hash(context.Background(), "", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if cost, err := bcrypt.Cost([]byte(encoded)); err != nil || cost != 4 {
		t.Errorf("cost %d, %v; want 4", cost, err)
	}
	if got := verify(t, p, encoded, "correct horse"); !got.OK || got.NeedsRehash {
		t.Errorf("own hash: %+v, want OK and current", got)
	}
}

func TestBcryptSchemeRefusesWhatItCannotTellApart(t *testing.T) {
	p := newPool(t, withBcrypt)
	_, err := p.Hash(context.Background(), "", strings.Repeat("x", 73))
	if !errors.Is(err, password.ErrTooLongForBcrypt) {
		t.Errorf("73 bytes: %v, want ErrTooLongForBcrypt", err)
	}
	if _, err := p.Hash(context.Background(), "", "pass\x00word"); !errors.Is(err, password.ErrNUL) {
		t.Errorf("NUL: %v, want ErrNUL", err)
	}
	if n := p.Evaluations(); n != 0 {
		t.Errorf("%d evaluations for refused passwords", n)
	}
}
