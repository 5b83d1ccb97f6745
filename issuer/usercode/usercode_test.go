package usercode_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"example.org/signet/issuer/usercode"
)

func TestParse(t *testing.T) {
	for typed, want := range map[string]string{
		"BCDFGHJK": "BCDF-GHJK", "bcdf-ghjk": "BCDF-GHJK", " bcdf ghjk ": "BCDF-GHJK", "B-C-D-F G H J K": "BCDF-GHJK",
		"bcdf–ghjk": "BCDF-GHJK", "bcdf\u00a0ghjk\n": "BCDF-GHJK",
	} {
		if c, ok := usercode.Parse(typed); !ok || c.String() != want {
			t.Errorf("%q: got %q, %v; want %s", typed, c, ok, want)
		}
	}
	for _, typed := range []string{
		"", "BCDFGHJ", "BCDFGHJKL", "ACDFGHJK", "BCDFGHJ1", "BCDF_GHJK", "ΒCDFGHJK", "BCDFGHJ\x00",
		strings.Repeat(" ", 64) + "BCDFGHJK", "BCDFGHJK" + strings.Repeat("-", 64),
	} {
		if c, ok := usercode.Parse(typed); ok {
			t.Errorf("%q is read as %s", typed, c)
		}
	}
}

func TestNew(t *testing.T) {
	seen := map[rune]int{}
	for range 500 {
		c, err := usercode.New(rand.Reader)
		if err != nil || !c.Valid() {
			t.Fatalf("got %q, %v", c, err)
		}
		if again, ok := usercode.Parse(c.String()); !ok || again != c {
			t.Errorf("%s is read as %q, %v", c, again, ok)
		}
		for _, letter := range c {
			seen[letter]++
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d letters were drawn, want 20", len(seen))
	}
	if _, err := usercode.New(bytes.NewReader(nil)); err == nil {
		t.Error("a code without randomness")
	}
	// Bytes of 240 and more are drawn again, since they would make some letters likelier.
	c, err := usercode.New(bytes.NewReader(append(bytes.Repeat([]byte{255}, 8), bytes.Repeat([]byte{239}, 8)...)))
	if err != nil || c != "ZZZZZZZZ" {
		t.Errorf("got %q, %v; want the last letter eight times", c, err)
	}
}

func FuzzUserCode(f *testing.F) {
	for _, seed := range []string{"", "BCDF-GHJK", "bcdfghjk", " b c-d", "ſCDFGHJK", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		c, ok := usercode.Parse(typed)
		if !ok {
			if c != "" {
				t.Fatalf("%q is no code, and %q is returned", typed, c)
			}
			return
		}
		if !c.Valid() {
			t.Fatalf("%q is read as %q", typed, c)
		}
		if again, ok := usercode.Parse(c.String()); !ok || again != c {
			t.Fatalf("%q is read as %q, and this as %q", typed, c, again)
		}
	})
}
